/** The capture that `npm start` plays: five connections of two workloads, four different answers. */
import { type Case, sent } from "../case.ts";
import { curl, openssl, own } from "../clients.ts";
import { CURL_HTTP1, inClear } from "../ordinary.ts";
import { pause } from "../process.ts";
import { goPeer, NODE } from "../programs.ts";
import { nginx, opensslServer, ownServer } from "../servers.ts";

export const story: Case = {
  name: "story",
  shows: `
Two workloads, five connections, under \`captures/portcullis.yaml\`:

1. \`10.77.0.2\` to \`api.corp.example\`, TLS 1.2: the chain leads over \`CN=Corp Issuing CA 2,O=Example Corp\` to
   the corp root, and an \`allow\` line approves it. Fine.
2. \`10.77.0.2\` to \`logs.staging.example\`, TLS 1.2: a self-signed certificate.
3. \`10.77.0.2\` to \`updates.vendor.example\`, TLS 1.2: a chain to a root that nobody knows, as a box that
   breaks TLS open presents it.
4. \`10.77.0.2\` to \`payments.partner.example\`, TLS 1.3: the certificate (in truth from the corp CA) went
   encrypted, was not seen, and so is not called clean.
5. \`10.77.0.3\`, another workload, to \`api.corp.example\`: fine again.`,
  client: ["curl", "node", "go", "openssl"],
  server: ["nginx", "openssl", "go"],
  seen: [
    ["the four Certificates in clear", "tls.handshake.type == 11"],
    [
      "the ServerHello that selects TLS 1.3",
      "tls.handshake.type == 2 && tls.handshake.extensions.supported_version == 0x0304",
    ],
  ],
  async record(scene) {
    const { corpLeaf, corpRoot, strangerLeaf } = scene.authorities;
    const { pki } = scene;
    const go = await goPeer(scene);

    const api = await corpLeaf("api.corp.example");
    const tls12 = ["ssl_protocols TLSv1.2"];
    const apiServer = await nginx(scene, { certificate: api, options: tls12 });

    const logsName = "logs.staging.example";
    const subject = `/O=Staging/CN=${logsName}`;
    const logs = await pki.issue({ subject, key: "P-384", names: [`DNS:${logsName}`] });
    const place = { address: "10.77.1.20", port: 8443, options: ["-tls1_2"] };
    const logsServer = await opensslServer(scene, { ...place, certificate: logs });

    const updatesName = "updates.vendor.example";
    const updates = await strangerLeaf(updatesName);
    const there = { address: "10.77.1.66", options: tls12 };
    const updatesServer = await nginx(scene, { ...there, certificate: updates });

    const payName = "payments.partner.example";
    const pay = await corpLeaf(payName);
    const payServer = await ownServer(scene, go, { address: "10.77.1.30", certificate: pay });

    const trust = ["--cacert", corpRoot.pem, ...CURL_HTTP1];
    const asApi = { server: apiServer, name: "api.corp.example" };
    const one = await curl(scene, { ...asApi, options: trust });
    await pause(BETWEEN_MS);
    const two = await own(scene, NODE, { server: logsServer, name: logsName });
    await pause(BETWEEN_MS);
    const insecure = { options: ["-version", "1.2"] };
    const three = await own(scene, go, { server: updatesServer, name: updatesName, ...insecure });
    await pause(BETWEEN_MS);
    const four = await openssl(scene, { server: payServer, name: payName });
    await pause(BETWEEN_MS);
    const five = await curl(scene, { ...asApi, options: trust, address: "10.77.0.3" });

    const alpn = { alpn: "http/1.1" };
    const tls13 = { version: "TLS1.3", group: "x25519", certificates: sent(pay, false) };
    return [
      { ...inClear(one, apiServer, asApi.name, api), ...alpn },
      inClear(two, logsServer, logsName, logs),
      inClear(three, updatesServer, updatesName, updates),
      { ...inClear(four, payServer, payName, pay), ...tls13 },
      { ...inClear(five, apiServer, asApi.name, api), ...alpn },
    ];
  },
};

/** Long enough that a reader can tell the connections apart by their times. */
const BETWEEN_MS = 400;
