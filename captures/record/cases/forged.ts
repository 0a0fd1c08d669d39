/**
 * Forgeries: each looks like the approved server to whoever does not check everything. `forged.yaml`
 * enforces, and refuses every one of them.
 */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Case, Scene } from "../case.ts";
import { curl, own } from "../clients.ts";
import { CURL_HTTP1, inClear } from "../ordinary.ts";
import type { Certificate } from "../pki.ts";
import { IMPOSTOR } from "../programs.ts";
import { CERTIFICATE_IN_CLEAR } from "../seen.ts";
import { nginx, ownServer } from "../servers.ts";

export const forgedCases: readonly Case[] = [
  {
    ...ordinary("forged-root"),
    shows: `
A self-signed root that calls itself \`CN=Corp Issuing CA 2,O=Example Corp\`, as the approved issuer is
called, on a key of its own, and a leaf that it signed. A name is not a key: there is no path to
\`corp-root.pem\`.`,
    async record(scene) {
      const issuer = await scene.pki.issue({ subject: ISSUER, ca: true });
      const leaf = await scene.authorities.corpLeaf(NAME, { issuer });
      return visited(scene, await sending(scene, leaf, [leaf, issuer]));
    },
  },
  {
    ...ordinary("forged-intermediate"),
    shows: `
An intermediate with the approved issuer's name, \`CN=Corp Issuing CA 2,O=Example Corp\`, on another key and
from another root, and behind it the true intermediate, which really comes from the corp root. The names
chain; the leaf's signature is the false one's, and the true one is on no path.`,
    async record(scene) {
      const { authorities, pki } = scene;
      const issuer = await pki.issue({ subject: ISSUER, ca: true, issuer: authorities.stranger });
      const leaf = await authorities.corpLeaf(NAME, { issuer });
      return visited(scene, await sending(scene, leaf, [leaf, issuer, authorities.corp]));
    },
  },
  {
    ...ordinary("forged-extra"),
    shows: `
\`forged.yaml\` approves a partner's issuing CA by its key alone. The first connection is the partner's: its
leaf, and that CA. The second is not: a leaf and a CA that nobody knows, and the approved CA as a third
certificate that nothing leads to. Certificates that are not on the path approve nothing.`,
    beside: { file: "forged.yaml", text: policy },
    async record(scene) {
      const { authorities } = scene;
      const name = "files.partner.example";
      const ask = { names: [`DNS:${name}`], subject: `/O=Partner/CN=${name}` };
      const leaf = await authorities.corpLeaf(name, { ...ask, issuer: authorities.partner });
      const copy = await authorities.corpLeaf(name, { ...ask, issuer: authorities.stranger });
      const shown = [copy, authorities.stranger, authorities.partner];
      return [
        ...(await visited(scene, leaf, { name })),
        ...(await visited(scene, await sending(scene, copy, shown), { name, address: OTHER })),
      ];
    },
  },
  {
    ...ordinary("forged-name"),
    shows: `
The approved issuer really signed this certificate, for \`www.vendor.example\`, which the client asks for. The
\`allow\` line is for \`*.corp.example\` only: an issuer that is good for one name is not good for every name.`,
    async record(scene) {
      const name = "www.vendor.example";
      return visited(scene, await scene.authorities.corpLeaf(name), { name });
    },
  },
  {
    ...ordinary("forged-san"),
    shows: `
The client asks for \`api.corp.example\`; the certificate comes from the approved issuer and is for
\`www.corp.example\`: somebody who holds one of its certificates plays another server.`,
    async record(scene) {
      return visited(scene, await scene.authorities.corpLeaf("www.corp.example"));
    },
  },
  {
    ...ordinary("forged-expired-issuer"),
    shows: `
The leaf is valid, and so is its signature by the approved issuer; the issuer's own certificate ended two
days before the recording. What a retired CA signs is worth nothing, however new it is.`,
    async record(scene) {
      const { authorities, pki } = scene;
      const root = { ca: true, issuer: authorities.corpRoot } as const;
      const issuer = await pki.issue({ ...root, subject: ISSUER, days: [-400, -2] });
      return visited(scene, await authorities.corpLeaf(NAME, { issuer }));
    },
  },
  {
    ...ordinary("forged-static-rsa"),
    shows: `
A copied chain: every certificate in it is the true one's, and the server does not hold the key. With static
RSA it signs nothing, so nothing in the handshake tells. A client that is not in league with it would fail here, since
only the key's owner can decrypt its secret: both ends are \`captures/record/impostor.ts\`, which sends a random
ClientKeyExchange and random Finished messages. From outside that looks like any handshake with static RSA.`,
    client: ["node"],
    server: ["node"],
    seen: CERTIFICATE_IN_CLEAR,
    record: (scene) => impersonated(scene, "TLS_RSA_WITH_AES_128_GCM_SHA256"),
  },
  {
    ...ordinary("forged-signature"),
    shows: `
A copied chain with an ephemeral key exchange (ECDHE), which the server signs, though with a key of its own. An honest
client ends with \`decrypt_error\`; this one is in league with the server and goes on. Both ends are
\`captures/record/impostor.ts\`.`,
    client: ["node"],
    server: ["node"],
    seen: [
      ...CERTIFICATE_IN_CLEAR,
      ["the signature that is not the certificate's", "tls.handshake.type == 12"],
    ],
    async record(scene) {
      const { key } = await scene.pki.issue({ subject: "/CN=nobody", key: "RSA-2048" });
      const suite = "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256";
      return impersonated(scene, suite, ["-key", key]);
    },
  },
];

type Visit = Awaited<ReturnType<Case["record"]>>;

function ordinary(name: string): Pick<Case, "name" | "client" | "server" | "seen"> {
  return { name, client: ["curl"], server: ["nginx"], seen: CERTIFICATE_IN_CLEAR };
}

/** One visit of a client that checks nothing. */
async function visited(
  scene: Scene,
  certificate: Certificate,
  { name = NAME, address }: { name?: string; address?: string } = {},
): Promise<Visit> {
  const where = address === undefined ? {} : { address };
  const options = ["ssl_protocols TLSv1.2"];
  const server = await nginx(scene, { certificate, options, ...where });
  const client = await curl(scene, { server, name, options: ["-k", ...CURL_HTTP1] });
  return [{ ...inClear(client, server, name, certificate), alpn: "http/1.1" }];
}

async function impersonated(scene: Scene, cipher: string, key: string[] = []): Promise<Visit> {
  const certificate = await scene.authorities.corpLeaf(NAME, { key: "RSA-2048" });
  const copied = { ...certificate, key: "" };
  const server = await ownServer(scene, IMPOSTOR, { certificate: copied, options: key });
  const client = await own(scene, IMPOSTOR, { server, name: NAME });
  return [{ ...inClear(client, server, NAME, certificate), cipher }];
}

/** The certificate with other company: `chain` is what a server then sends, leaf first. */
async function sending(
  { lab }: Scene,
  certificate: Certificate,
  chain: readonly Certificate[],
): Promise<Certificate> {
  const fullChainPem = join(lab.folder, "shown.pem");
  const texts = await Promise.all(chain.map(({ pem }) => readFile(pem, "utf8")));
  await writeFile(fullChainPem, texts.join(""));
  return { ...certificate, fullChainPem, sent: chain.map(({ facts }) => facts) };
}

function policy({ authorities }: Scene): string {
  return `# Enforces, and refuses every forgery beside it: \`portcullis replay --policy captures/forged.yaml captures/forged-*.pcap\`.
# Written by captures/record.ts, since the partner's key is a new one in every recording of forged-extra.
version: 1
mode: enforce
issuers:
  roots: [./corp-root.pem]
  allow:
    - issuer: "CN=Corp Issuing CA 2,O=Example Corp"
      for: ["*.corp.example"]
    # This key stands without a root.
    - spki: ${authorities.partner.facts.spkiSha256}
      for: ["*.partner.example"]
  unknown: refuse
  unapproved: refuse
  selfSigned: refuse
  hygiene: refuse
  unseen: {otherwise: refuse}
`;
}

const NAME = "api.corp.example";
const ISSUER = "/O=Example Corp/CN=Corp Issuing CA 2";
const OTHER = "10.77.1.20";
