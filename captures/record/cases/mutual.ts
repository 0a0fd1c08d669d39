/** Both sides show a certificate. */
import { type Case, type Scene, sent } from "../case.ts";
import { curl, own } from "../clients.ts";
import { CURL_HTTP1, inClear } from "../ordinary.ts";
import type { Certificate, KeyName } from "../pki.ts";
import { goPeer } from "../programs.ts";
import { CERTIFICATE_IN_CLEAR, TLS13 } from "../seen.ts";
import { nginx, ownServer } from "../servers.ts";

export const mutualCases: readonly Case[] = [
  {
    name: "mutual-tls12",
    shows: `
TLS 1.2 with a CertificateRequest. The client answers with the chain of \`CN=worker-7\`, an Ed25519 key that
the corp CA certified for client authentication: four certificates in clear, two from each side.`,
    client: ["curl"],
    server: ["nginx"],
    seen: [
      ...CERTIFICATE_IN_CLEAR,
      ["CertificateRequest", "tls.handshake.type == 13"],
      ["the client's CertificateVerify", "tls.handshake.type == 15"],
    ],
    async record(scene) {
      const name = "api.corp.example";
      const { corpRoot, corpLeaf } = scene.authorities;
      const certificate = await corpLeaf(name);
      const worker = await workload(scene, "Ed25519");
      const ask = [`ssl_client_certificate ${corpRoot.pem}`, "ssl_verify_client on"];
      const options = ["ssl_protocols TLSv1.2", ...ask, "ssl_verify_depth 2"];
      const server = await nginx(scene, { certificate, options });
      const identity = ["--cert", worker.fullChainPem, "--key", worker.key];
      const trust = ["--cacert", corpRoot.pem, ...CURL_HTTP1];
      const client = await curl(scene, { server, name, options: [...trust, ...identity] });
      const plain = { ...inClear(client, server, name, certificate), alpn: "http/1.1" };
      return [{ ...plain, clientCertificates: sent(worker) }];
    },
  },
  {
    name: "mutual-tls13",
    shows: `
TLS 1.3 between two Go programs that both show a certificate: all of it encrypted, so that the capture does
not even tell that the client was asked.`,
    client: ["go"],
    server: ["go"],
    seen: TLS13,
    async record(scene) {
      const name = "api.corp.example";
      const { corpRoot, corpLeaf } = scene.authorities;
      const certificate = await corpLeaf(name);
      const worker = await workload(scene, "P-256");
      const program = await goPeer(scene);
      const trust = ["-ca", corpRoot.pem];
      const server = await ownServer(scene, program, { certificate, options: trust });
      const identity = ["-cert", worker.fullChainPem, "-key", worker.key];
      const client = await own(scene, program, { server, name, options: [...trust, ...identity] });
      return [
        {
          ...inClear(client, server, name, certificate),
          version: "TLS1.3",
          group: "x25519",
          certificates: sent(certificate, false),
          clientCertificates: sent(worker, false),
        },
      ];
    },
  },
];

async function workload({ pki, authorities }: Scene, key: KeyName): Promise<Certificate> {
  return pki.issue({
    subject: "/O=Example Corp/CN=worker-7",
    key,
    issuer: authorities.corp,
    names: ["URI:spiffe://corp.example/ns/jobs/sa/worker-7"],
    purpose: "clientAuth",
    days: [-1, 30],
  });
}
