/** NSS on both sides, which Firefox speaks TLS with. Debian's writes no key log. */
import { join } from "node:path";
import { type Case, type Connection, type Scene, sent } from "../case.ts";
import { within } from "../lab.ts";
import { inClear } from "../ordinary.ts";
import type { Certificate } from "../pki.ts";
import { run } from "../process.ts";
import { CERTIFICATE_IN_CLEAR } from "../seen.ts";
import { endpoint, SERVER } from "../servers.ts";

export const nss: Case = {
  name: "nss",
  shows: `
NSS on both sides, which Firefox speaks TLS with: TLS 1.2 with its certificate in clear, and TLS 1.3.`,
  client: ["tstclnt"],
  server: ["selfserv"],
  // selfserv binds to :: and to nothing else.
  lab: { ipv6: true },
  seen: [
    ...CERTIFICATE_IN_CLEAR,
    ["ServerHello of TLS 1.3", "tls.handshake.extensions.supported_version == 0x0304"],
  ],
  async record(scene) {
    const certificate = await scene.authorities.corpLeaf(NAME, { key: "RSA-2048" });
    const served = await database(scene, "server");
    await addKey(scene, served, certificate);
    const service = ["selfserv", "-d", served, "-n", "api", "-p", "443", "-V", "tls1.2:tls1.3"];
    await scene.lab.serve(service, 443);
    const own = await database(scene, "client");
    const root = ["-n", "root", "-t", "C,,", "-i", scene.authorities.corpRoot.pem];
    await run(["certutil", "-A", "-d", own, ...root]);
    const older = await handshake(scene, own, "tls1.2");
    const newer = await handshake(scene, own, "tls1.3");
    const line = (client: string) => inClear(client, endpoint(SERVER, 443), NAME, certificate);
    const hidden: Partial<Connection> = {
      version: "TLS1.3",
      certificates: sent(certificate, false),
    };
    return [line(older), { ...line(newer), ...hidden }];
  },
};

/** It reads its input to the end and ends when the server does, with a code of its own. */
async function handshake({ lab }: Scene, own: string, version: string): Promise<string> {
  const port = await lab.nextPort();
  const where = ["-h", SERVER, "-p", "443", "-a", NAME, "-4"];
  const argv = ["tstclnt", ...where, "-d", own, "-V", `${version}:${version}`, "-o"];
  await run(within("client", argv), { input: "GET / HTTP/1.0\r\n\r\n", allow: "any" });
  return endpoint("10.77.0.2", port);
}

/** An empty one, without a password. NSS keeps certificates and keys nowhere else. */
async function database({ lab }: Scene, name: string): Promise<string> {
  const folder = join(lab.folder, `nss-${name}`);
  await run(["mkdir", folder]);
  await run(["certutil", "-N", "-d", `sql:${folder}`, "--empty-password"]);
  return `sql:${folder}`;
}

async function addKey({ lab }: Scene, to: string, from: Certificate): Promise<void> {
  const file = join(lab.folder, "api.p12");
  const both = ["-inkey", from.key, "-in", from.fullChainPem, "-name", "api"];
  await run(["openssl", "pkcs12", "-export", ...both, "-out", file, "-passout", "pass:kept"]);
  await run(["pk12util", "-i", file, "-d", to, "-W", "kept"]);
}

const NAME = "api.corp.example";
