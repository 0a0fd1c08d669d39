/**
 * A handshake of real peers, overheard: OpenSSL's or GnuTLS's server and client on loopback, and a relay
 * between them that keeps what each says.
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Server } from "node:net";
import { join } from "node:path";
import type { Said } from "../inspect/tls/hear.ts";

/** Options of `openssl genpkey`. */
export const KEYS = {
  "RSA-2048": ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"],
  "RSA-PSS": ["-algorithm", "RSA-PSS", "-pkeyopt", "rsa_keygen_bits:2048"],
  "P-256": ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"],
  "P-384": ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"],
  "P-521": ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-521"],
  Ed25519: ["-algorithm", "ED25519"],
  Ed448: ["-algorithm", "ED448"],
  DSA: [],
} as const;
export type KeyName = keyof typeof KEYS;

export interface Peer {
  readonly program: ChildProcess;
  readonly port: number;
}

/** A self-signed certificate and its key in one file, made by OpenSSL. */
export function identityFile(folder: string, key: KeyName): string {
  const file = join(folder, `${key}.pem`);
  if (key === "DSA") {
    const parameters = join(folder, "dsa-parameters.pem");
    openssl("dsaparam", "-out", parameters, "1024");
    openssl("gendsa", "-out", `${file}.key`, parameters);
  } else openssl("genpkey", ...KEYS[key], "-out", `${file}.key`);
  const made = openssl("req", "-x509", "-new", "-key", `${file}.key`, "-subj", "/CN=a.test");
  writeFileSync(file, made + openssl("pkey", "-in", `${file}.key`));
  return file;
}

/** Every version and suite that OpenSSL still has, whatever the machine's configuration thinks of them. */
export async function opensslServer(file: string, more: readonly string[] = []): Promise<Peer> {
  const port = await freePort();
  const legacy = ["-cipher", "ALL:COMPLEMENTOFALL:@SECLEVEL=0"];
  const identity = ["-cert", file, "-key", file];
  const argv = ["s_server", "-accept", `127.0.0.1:${port}`, ...identity, ...legacy, ...more];
  return listening(spawn("openssl", argv, QUIET), port);
}

export async function gnutlsServer(file: string, priority: string): Promise<Peer> {
  const port = await freePort();
  const identity = ["--x509certfile", file, "--x509keyfile", file];
  const argv = ["--port", String(port), "--echo", "--priority", priority, ...identity];
  return listening(spawn("gnutls-serv", argv, QUIET), port);
}

/** What passes while a client, given the relay's port, speaks with the server. */
export async function overheard(
  server: Peer,
  client: (port: number) => readonly [program: string, ...options: string[]],
): Promise<Said[]> {
  const said: Said[] = [];
  const relay = createServer({ noDelay: true }, (near) => {
    const far = connect({ host: "127.0.0.1", port: server.port, noDelay: true });
    for (const [side, from, to] of [
      [0, near, far],
      [1, far, near],
    ] as const) {
      from.on("data", (bytes) => {
        said.push({ side, bytes: Uint8Array.from(bytes) });
        to.write(bytes);
      });
      from.on("close", () => to.end());
      from.on("error", () => to.destroy());
    }
  });
  const port = await listen(relay);
  const [program, ...options] = client(port);
  const process = spawn(program, options, { ...QUIET, stdio: ["pipe", "ignore", "ignore"] });
  // Its input stays open until the handshake is over, or GnuTLS leaves too early.
  process.stdin?.on("error", () => {});
  process.stdin?.end("Q\n");
  const late = setTimeout(() => process.kill(), CLIENT_MS_MAX);
  await once(process, "exit");
  clearTimeout(late);
  relay.close();
  return said;
}

export const opensslClient =
  (...options: string[]) =>
  (port: number): readonly [string, ...string[]] => [
    "openssl",
    "s_client",
    "-connect",
    `127.0.0.1:${port}`,
    ...options,
  ];

export const gnutlsClient =
  (priority: string) =>
  (port: number): readonly [string, ...string[]] => [
    "gnutls-cli",
    "--insecure",
    "--port",
    String(port),
    "--priority",
    priority,
    "127.0.0.1",
  ];

function openssl(...options: string[]): string {
  const { status, stdout, stderr } = spawnSync("openssl", options, { encoding: "utf8" });
  if (status !== 0) throw new Error(`openssl ${options.join(" ")}\n${stderr}`);
  return stdout;
}

async function freePort(): Promise<number> {
  const server = createServer();
  const port = await listen(server);
  server.close();
  await once(server, "close");
  return port;
}

async function listen(server: Server): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

async function listening(program: ChildProcess, port: number): Promise<Peer> {
  for (let tries = 0; tries < TRIES_MAX; tries++) {
    const socket = connect({ host: "127.0.0.1", port });
    const isThere = await new Promise<boolean>((resolve) => {
      socket.on("connect", () => resolve(true)).on("error", () => resolve(false));
    });
    socket.destroy();
    if (isThere) return { program, port };
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  program.kill();
  throw new Error(`nothing listens on port ${port}`);
}

/** The machine's configuration may forbid old versions. */
const QUIET = {
  env: { ...process.env, OPENSSL_CONF: "/dev/null" },
  stdio: ["pipe", "ignore", "ignore"] as ("pipe" | "ignore")[],
};
const CLIENT_MS_MAX = 5_000;
const TRIES_MAX = 250;
