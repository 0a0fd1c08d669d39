/** Names that were asked for before they were connected to, or not. */
import { join } from "node:path";
import type { Case, Scene } from "../case.ts";
import { nothingSent, sent } from "../case.ts";
import { openssl, own } from "../clients.ts";
import { within } from "../lab.ts";
import { inClear } from "../ordinary.ts";
import { run } from "../process.ts";
import { opensslServer, ownServer, SERVER } from "../servers.ts";

export const dnsCases: readonly Case[] = [
  {
    name: "dns-bound",
    shows: `
A name that is asked for and then connected to: over UDP by an alias, and again over TCP, as clients do when
an answer is too long. The address of the connection is in both answers of 10.77.1.30.`,
    client: ["openssl"],
    server: ["openssl"],
    needs: ["dig", "dnsmasq"],
    seen: [
      ["the alias in the answer", 'dns.cname == "edge.corp.example" && udp'],
      ["the address in the answer over TCP", "dns.a == 10.77.1.10 && tcp"],
      ["the hello behind it", "tls.handshake.type == 1"],
    ],
    async record(scene) {
      const name = "api.corp.example";
      await resolver(scene, [
        `--host-record=edge.corp.example,${SERVER},300`,
        `--cname=${name},edge.corp.example`,
      ]);
      const certificate = await scene.authorities.corpLeaf(name);
      const server = await opensslServer(scene, { certificate, options: ["-tls1_2"] });
      await ask(scene, [name]);
      await ask(scene, ["+tcp", name]);
      const client = await openssl(scene, { server, name, options: ["-tls1_2"] });
      return [inClear(client, server, name, certificate)];
    },
  },
  {
    name: "dns-not-bound",
    shows: `
A name that is asked for, and a connection that says this name to another address than the answer gave
(10.77.1.66 instead of 10.77.1.10).`,
    client: ["openssl"],
    server: ["openssl"],
    needs: ["dig", "dnsmasq"],
    seen: [
      ["the address in the answer", "dns.a == 10.77.1.10"],
      ["the hello to another one", "tls.handshake.type == 1 && ip.dst == 10.77.1.66"],
    ],
    async record(scene) {
      const name = "api.corp.example";
      await resolver(scene, [`--host-record=${name},${SERVER},300`]);
      const certificate = await scene.authorities.corpLeaf(name);
      const service = { certificate, address: "10.77.1.66", options: ["-tls1_2"] };
      const server = await opensslServer(scene, service);
      await ask(scene, [name]);
      const client = await openssl(scene, { server, name, options: ["-tls1_2"] });
      return [inClear(client, server, name, certificate)];
    },
  },
  {
    name: "ech-accepted",
    shows: `
An encrypted ClientHello (RFC 9849) that the server takes: what it says in clear is the public name of the
configuration, which an HTTPS record of DNS gave for the name that is really meant.`,
    client: ["go"],
    server: ["go"],
    needs: ["dig", "dnsmasq"],
    seen: [
      ["the HTTPS record", "dns.resp.type == 65"],
      [
        "a hello with encrypted_client_hello",
        "tls.handshake.type == 1 && tls.handshake.extension.type == 65037",
      ],
    ],
    record: (scene) => encrypted(scene, { refused: false }),
  },
  {
    name: "ech-rejected",
    shows: `
An encrypted ClientHello with a configuration that the server does not know: the server goes on with what is in
clear, and the client ends the connection inside the encryption. No DNS was captured.`,
    client: ["go"],
    server: ["go"],
    seen: [
      [
        "a hello with encrypted_client_hello",
        "tls.handshake.type == 1 && tls.handshake.extension.type == 65037",
      ],
    ],
    record: (scene) => encrypted(scene, { refused: true }),
  },
];

async function encrypted(scene: Scene, { refused }: { refused: boolean }) {
  const program = join(scene.lab.folder, "ech-peer");
  await run(["go", "build", "-o", program, join(import.meta.dirname, "..", "ech.go")]);
  const make = async () => (await run([program, "-make", PUBLIC])).output.trim().split("\n");
  const [key, list] = await make();
  const [, stale] = await make();
  const names = [`DNS:${HIDDEN}`, `DNS:${PUBLIC}`];
  const certificate = await scene.authorities.corpLeaf(HIDDEN, { names });
  const options = ["-serve", `${key},${list}`];
  const server = await ownServer(scene, [program], { certificate, options });
  if (!refused) {
    const record = Buffer.concat([
      Buffer.from("0001000005", "hex"),
      lengthOf(list!),
      bytesOf(list!),
    ]);
    await resolver(scene, [
      `--host-record=${HIDDEN},${SERVER},300`,
      `--dns-rr=${HIDDEN},65,${record.toString("hex")}`,
    ]);
    await ask(scene, ["-t", "TYPE65", HIDDEN]);
    await ask(scene, [HIDDEN]);
  }
  const trust = ["-ca", scene.authorities.corpRoot.pem];
  const words = ["-config", refused ? stale! : list!, ...trust, ...(refused ? ["-refused"] : [])];
  const client = await own(scene, [program], { server, name: HIDDEN, options: words });
  const line = {
    ...inClear(client, server, PUBLIC, certificate),
    version: "TLS1.3",
    group: "x25519",
  };
  return [{ ...line, certificates: refused ? nothingSent : sent(certificate, false) }];
}

/** dnsmasq, which answers from `options` alone. */
async function resolver({ lab }: Scene, options: readonly string[]): Promise<void> {
  const own = [
    "--no-daemon",
    "--no-resolv",
    "--no-hosts",
    "--conf-file=/dev/null",
    "--pid-file=",
    "--user=root",
  ];
  const where = ["--bind-interfaces", `--listen-address=${RESOLVER}`, "--except-interface=lo"];
  await lab.serve(["dnsmasq", ...own, ...where, ...options], 53, "server", "udp");
}

async function ask({ lab }: Scene, words: readonly string[]): Promise<void> {
  await lab.nextPort();
  await run(within("client", ["dig", `@${RESOLVER}`, "+noall", "+answer", ...words]));
}

function bytesOf(base64: string): Buffer {
  return Buffer.from(base64, "base64");
}

function lengthOf(base64: string): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(bytesOf(base64).length);
  return length;
}

const RESOLVER = "10.77.1.30";
const HIDDEN = "secret.corp.example";
const PUBLIC = "public.corp.example";
