/**
 * Ten servers with certificates of ten issuers, and a policy that approves some of them: each in another
 * way, and each of the others not for another reason. For whoever writes a first policy.
 */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Case, Connection, Scene } from "../case.ts";
import { curl } from "../clients.ts";
import { CURL_HTTP1, inClear } from "../ordinary.ts";
import type { Certificate } from "../pki.ts";
import { CERTIFICATE_IN_CLEAR } from "../seen.ts";
import { endpoint, SERVER } from "../servers.ts";

export const tenIssuers: Case = {
  name: "ten-issuers",
  shows: `
One workload, ten servers, ten issuers, and \`ten-issuers.yaml\`, which approves four of them: by the issuer's
name, by a key without a root, by one certificate, by a file of roots. The other six are not approved, each for
another reason: a denied issuer, an approval that ended ten days ago, one that ended two months ago, an
approval for another destination, an issuer nobody knows, and a certificate signed by nobody.

\`portcullis replay --policy captures/ten-issuers.yaml captures/ten-issuers.pcap\` says why not, and with
\`--observations\` also which line approved the others.`,
  client: ["curl"],
  server: ["nginx"],
  seen: CERTIFICATE_IN_CLEAR,
  beside: { file: "ten-issuers.yaml", text: policy },
  async record(scene) {
    const servers = await makeServers(scene);
    MADE.set(scene, servers);
    await serveByName(scene, servers);
    const server = endpoint(SERVER, PORT);
    const connections: Connection[] = [];
    for (const [name, certificate] of Object.entries(servers)) {
      const client = await curl(scene, { server, name, options: ["--insecure", ...CURL_HTTP1] });
      connections.push({ ...inClear(client, server, name, certificate), alpn: "http/1.1" });
    }
    return connections;
  },
};

/** By the name of the server, in the order in which they are visited. */
async function makeServers({ authorities, pki }: Scene): Promise<Servers> {
  const { corpRoot, stranger, retired } = authorities;
  const ca = (organisation: string, name: string, issuer?: Certificate) =>
    pki.issue({ ca: true, subject: `/O=${organisation}/CN=${name}`, ...(issuer && { issuer }) });
  const leaf = (name: string, issuer?: Certificate) =>
    authorities.corpLeaf(name, { subject: `/CN=${name}`, ...(issuer && { issuer }) });
  const outside = async (organisation: string) =>
    ca(organisation, `${organisation} Issuing CA`, await ca(organisation, `${organisation} Root`));
  const alone = (name: string) =>
    pki.issue({ subject: `/CN=${name}`, names: [`DNS:${name}`], days: [-10, 390] });
  return {
    "api.corp.example": await leaf("api.corp.example"),
    "files.partner.example": await leaf("files.partner.example", await outside("Partner")),
    "printer.corp.example": await alone("printer.corp.example"),
    "bench.lab.example": await leaf(
      "bench.lab.example",
      await ca("Example Corp", "Lab Issuing CA", corpRoot),
    ),
    "old.corp.example": await leaf("old.corp.example", retired),
    "parts.supplier.example": await leaf("parts.supplier.example", await outside("Supplier")),
    "mail.former.example": await leaf("mail.former.example", await outside("Former")),
    "shop.corp.example": await leaf(
      "shop.corp.example",
      await ca("Example Corp", "Build Issuing CA", corpRoot),
    ),
    "updates.vendor.example": await leaf("updates.vendor.example", stranger),
    "logs.staging.example": await alone("logs.staging.example"),
  };
}

/** One nginx that has all of them, and chooses by the name that the client asks for. */
async function serveByName({ lab }: Scene, servers: Servers): Promise<void> {
  const at = (name: string) => join(lab.folder, name);
  const paths = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
  const blocks = Object.entries(servers).map(
    ([name, { fullChainPem, key }]) => `server { listen ${endpoint(SERVER, PORT)} ssl;
server_name ${name}; ssl_protocols TLSv1.2; ssl_session_cache off; ssl_session_tickets off;
ssl_certificate ${fullChainPem}; ssl_certificate_key ${key};
location / { default_type text/plain; return 200 "ok\\n"; } }`,
  );
  const lines = [
    "daemon off; master_process off; worker_processes 1;",
    `pid ${at("nginx.pid")}; error_log stderr warn; events {}`,
    "http { access_log off; keepalive_timeout 1s; server_tokens off;",
    "server_names_hash_bucket_size 64;",
    ...paths.map((name) => `${name}_temp_path ${at(name)};`),
    ...blocks,
    "}",
  ];
  await writeFile(at("nginx.conf"), `${lines.join("\n")}\n`);
  await lab.serve(["nginx", "-p", lab.folder, "-e", "stderr", "-c", at("nginx.conf")], PORT);
}

function policy(scene: Scene): string {
  const servers = MADE.get(scene)!;
  const leaf = (name: string) => servers[name]!.facts;
  const issuer = (name: string) => servers[name]!.sent[1]!;
  return `# For ten-issuers.pcap beside it: which issuer is approved for what, and in how many ways.
# Written by captures/record.ts, since keys are new ones in every recording.
version: 1
mode: audit
issuers:
  roots: [mozilla, ./corp-root.pem]
  allow:
    # By name: counts under one of the roots above, since anyone can write a name into a certificate.
    - issuer: "CN=Corp Issuing CA 2,O=Example Corp"
      for: ["*.corp.example"]
      approved: {by: network-team, because: our own servers}
    # By key: stands without a root.
    - spki: ${issuer("files.partner.example").spkiSha256}
      for: ["*.partner.example"]
      approved: {by: network-team, on: ${day(-200)}, because: contract with Partner}
    # One certificate, signed by itself: this printer and no other.
    - certificate: ${leaf("printer.corp.example").sha256}
      for: [printer.corp.example]
    # Whatever leads to a root of this file.
    - roots: ./corp-root.pem
      for: ["*.lab.example"]
    # Ended, and reported for 30 days before it counts no more.
    - spki: ${issuer("parts.supplier.example").spkiSha256}
      for: ["*.supplier.example"]
      expires: ${day(-10)}
    - spki: ${issuer("mail.former.example").spkiSha256}
      for: ["*.former.example"]
      expires: ${day(-60)}
    - issuer: "CN=Build Issuing CA,O=Example Corp"
      for: [build.corp.example]
  deny:
    - issuer: "CN=Corp Issuing CA 1,O=Example Corp"
      because: retired
`;
}

/** Days from now, as a policy writes it. */
function day(offset: number): string {
  return new Date(Date.now() + offset * 86_400_000).toISOString().slice(0, 10);
}

type Servers = Readonly<Record<string, Certificate>>;

const MADE = new WeakMap<Scene, Servers>();
const PORT = 443;
