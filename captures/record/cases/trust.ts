/** Who issued the certificate: approved, denied, unknown, nobody; and what else can be wrong with it. */
import type { Case } from "../case.ts";
import { curl, gnutls, openssl, own } from "../clients.ts";
import { CURL_HTTP1, GNUTLS_12, inClear } from "../ordinary.ts";
import { goPeer, NODE } from "../programs.ts";
import { CERTIFICATE_IN_CLEAR } from "../seen.ts";
import { gnutlsServer, nginx, opensslServer } from "../servers.ts";

export const trustCases: readonly Case[] = [
  {
    name: "approved",
    shows: `
A connection that is fine under \`captures/portcullis.yaml\`: TLS 1.2 to \`api.corp.example\`, whose
certificate (ECDSA P-256) comes from \`CN=Corp Issuing CA 2,O=Example Corp\`, and that from the corp root
(RSA) in \`corp-root.pem\`. The root makes the chain valid; the \`allow\` line for that issuer and
\`*.corp.example\` approves it. Under the default policy the same chain is an unknown issuer: no certificate
that leads to a Mozilla root can be made offline.`,
    client: ["curl"],
    server: ["nginx"],
    seen: CERTIFICATE_IN_CLEAR,
    async record(scene) {
      const certificate = await scene.authorities.corpLeaf("api.corp.example");
      const options = [
        "ssl_protocols TLSv1.2",
        "ssl_ciphers ECDHE-ECDSA-AES128-GCM-SHA256",
        "http2",
      ];
      const server = await nginx(scene, { certificate, options });
      const trust = ["--cacert", scene.authorities.corpRoot.pem, "--curves", "X25519:P-256"];
      const client = await curl(scene, { server, name: "api.corp.example", options: trust });
      const chosen = { cipher: ECDSA_SUITE, group: "x25519", alpn: "h2" };
      return [{ ...inClear(client, server, "api.corp.example", certificate), ...chosen }];
    },
  },
  {
    name: "denied",
    shows: `
A valid chain to the corp root, over \`CN=Corp Issuing CA 1,O=Example Corp\`, which is retired: a \`deny\` line
of \`captures/portcullis.yaml\` names it, and no \`allow\` line takes that back.`,
    client: ["curl"],
    server: ["openssl"],
    seen: CERTIFICATE_IN_CLEAR,
    async record(scene) {
      const name = "old.corp.example";
      const issuer = scene.authorities.retired;
      const certificate = await scene.authorities.corpLeaf(name, { issuer });
      const server = await opensslServer(scene, { certificate, options: ["-tls1_2"] });
      const options = ["--cacert", scene.authorities.corpRoot.pem, ...CURL_HTTP1];
      const client = await curl(scene, { server, name, options });
      return [inClear(client, server, name, certificate)];
    },
  },
  {
    name: "self-signed",
    shows: `
One certificate (ECDSA P-384), subject and issuer \`CN=logs.staging.example,O=Staging\`, and its own key
verifies it: self-signed in fact, not only by its names.`,
    client: ["node"],
    server: ["openssl"],
    seen: CERTIFICATE_IN_CLEAR,
    async record(scene) {
      const name = "logs.staging.example";
      const subject = `/O=Staging/CN=${name}`;
      const certificate = await scene.pki.issue({ subject, key: "P-384", names: [`DNS:${name}`] });
      const server = await opensslServer(scene, { certificate, port: 8443, options: ["-tls1_2"] });
      const client = await own(scene, NODE, { server, name });
      return [inClear(client, server, name, certificate)];
    },
  },
  {
    name: "unknown-issuer",
    shows: `
A well-formed chain, leaf (RSA) and issuing CA, to a private root that nobody approved and that is not
sent: \`CN=Inspection Root,O=Inline Inspection Ltd\`, as a box that breaks TLS open would present it.`,
    client: ["go"],
    server: ["nginx"],
    seen: CERTIFICATE_IN_CLEAR,
    async record(scene) {
      const name = "updates.vendor.example";
      const certificate = await scene.authorities.strangerLeaf(name);
      const options = ["ssl_protocols TLSv1.2", "ssl_ciphers ECDHE-RSA-AES128-GCM-SHA256"];
      const server = await nginx(scene, { certificate, options });
      const client = await own(scene, await goPeer(scene), {
        server,
        name,
        options: ["-version", "1.2"],
      });
      const cipher = "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256";
      return [{ ...inClear(client, server, name, certificate), cipher, group: "x25519" }];
    },
  },
  {
    name: "expired",
    shows: `
The chain is approved, the leaf was valid until two days before the recording. The client does not check.`,
    client: ["curl"],
    server: ["nginx"],
    seen: CERTIFICATE_IN_CLEAR,
    async record(scene) {
      const name = "reports.corp.example";
      const certificate = await scene.authorities.corpLeaf(name, { days: [-100, -2] });
      const server = await nginx(scene, { certificate, options: ["ssl_protocols TLSv1.2"] });
      const client = await curl(scene, { server, name, options: ["-k", ...CURL_HTTP1] });
      return [{ ...inClear(client, server, name, certificate), alpn: "http/1.1" }];
    },
  },
  {
    name: "not-yet-valid",
    shows: `
The chain is approved, the leaf becomes valid thirty days after the recording. The client does not check.`,
    client: ["openssl"],
    server: ["gnutls-serv"],
    seen: CERTIFICATE_IN_CLEAR,
    async record(scene) {
      const name = "next.corp.example";
      const certificate = await scene.authorities.corpLeaf(name, { days: [30, 120] });
      const options = ["--priority", GNUTLS_12];
      const server = await gnutlsServer(scene, { certificate, options });
      const client = await openssl(scene, { server, name });
      return [inClear(client, server, name, certificate)];
    },
  },
  {
    name: "wrong-name",
    shows: `
The client asks for \`billing.corp.example\`; the certificate, approved otherwise, is for
\`www.corp.example\` and \`corp.example\` only.`,
    client: ["gnutls-cli"],
    server: ["openssl"],
    seen: CERTIFICATE_IN_CLEAR,
    async record(scene) {
      const names = ["DNS:www.corp.example", "DNS:corp.example"];
      const certificate = await scene.authorities.corpLeaf("www.corp.example", { names });
      const server = await opensslServer(scene, { certificate, options: ["-tls1_2"] });
      const name = "billing.corp.example";
      const options = ["--insecure", "--priority", GNUTLS_12];
      const client = await gnutls(scene, { server, name, options });
      return [inClear(client, server, name, certificate)];
    },
  },
  {
    name: "weak-key",
    shows: `
The chain is approved, and the leaf's RSA key has 1024 bits: whoever can spare the computing time finds its
private half. Both ends were told to take it (\`SECLEVEL=0\`).`,
    client: ["openssl"],
    server: ["openssl"],
    seen: CERTIFICATE_IN_CLEAR,
    async record(scene) {
      const name = "legacy.corp.example";
      const certificate = await scene.authorities.corpLeaf(name, { key: "RSA-1024" });
      const lenient = ["-cipher", "ECDHE-RSA-AES128-GCM-SHA256:@SECLEVEL=0"];
      const server = await opensslServer(scene, { certificate, options: ["-tls1_2", ...lenient] });
      const client = await openssl(scene, { server, name, options: lenient });
      const cipher = "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256";
      return [{ ...inClear(client, server, name, certificate), cipher, group: "x25519" }];
    },
  },
];

const ECDSA_SUITE = "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256";
