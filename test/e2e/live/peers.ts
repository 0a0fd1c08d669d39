/** Real servers in the peer's namespace, each on a port of its own, and what their clients are called. */
import { type SpawnOptions, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Pair, PEER } from "../../netns/pair.ts";
import { mint } from "../../wire/identity.ts";

export const NAME = "api.corp.example";

export const PORTS = {
  opensslSelfSigned: 4431,
  opensslApproved: 4432,
  openssl13: 4433,
  nginxApproved: 4434,
  nginxPlain: 8080,
  nodeUnknown: 4435,
} as const;

/** Files that servers and policies are made of. */
export class Peers {
  readonly folder = mkdtempSync(join(tmpdir(), "portcullis-peers-"));
  /** Approves what the corporate root has signed, and only reports. */
  readonly policy = this.#file("policy.yaml", POLICY);

  constructor() {
    const root = mint({ subject: "CN=Corp Root,O=Example Corp", ca: true, keyType: "rsa-2048" });
    const stranger = mint({ subject: "CN=Other Root", ca: true });
    this.#identity("approved", mint({ ...LEAF, issuer: root }));
    this.#identity("unknown", mint({ ...LEAF, issuer: stranger }));
    this.#identity("self", mint(LEAF));
    this.#file("corp-root.pem", root.certificatePem);
  }

  /** Starts them all, and waits until each takes connections. */
  async start(pair: Pair): Promise<void> {
    const { folder } = this;
    const openssl = (name: string, port: number, ...more: string[]) =>
      pair.spawn(
        "peer",
        ["openssl", "s_server", "-www", "-quiet", "-accept", `${port}`, ...more].concat([
          "-cert",
          `${folder}/${name}.pem`,
          "-key",
          `${folder}/${name}.key`,
        ]),
        QUIET,
      );
    openssl("self", PORTS.opensslSelfSigned);
    openssl("approved", PORTS.opensslApproved);
    openssl("self", PORTS.openssl13, "-tls1_3");
    mkdirSync(`${folder}/nginx`);
    const conf = this.#file("nginx.conf", nginxConf(folder));
    pair.spawn("peer", ["nginx", "-p", `${folder}/nginx`, "-e", "stderr", "-c", conf], QUIET);
    pair.spawn("peer", [process.execPath, this.#file("server.mjs", NODE_SERVER), folder], QUIET);
    for (const port of Object.values(PORTS)) await listening(pair, port);
  }

  close(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  #identity(name: string, { certificatePem, keyPem }: ReturnType<typeof mint>): void {
    this.#file(`${name}.pem`, certificatePem);
    this.#file(`${name}.key`, keyPem);
  }

  #file(name: string, content: string): string {
    const path = join(this.folder, name);
    writeFileSync(path, content);
    return path;
  }
}

/** Clients run in the workload's namespace; each makes one connection. */
export const CLIENTS = {
  curl: (port: number, ...more: string[]) => [
    ...["curl", "-sk", "--max-time", "10", "--resolve", `${NAME}:${port}:${PEER.ipv4}`],
    ...[...more, `https://${NAME}:${port}/`],
  ],
  curlIpv6: (port: number, ...more: string[]) => [
    ...["curl", "-sk", "--max-time", "10", "--resolve", `${NAME}:${port}:[${PEER.ipv6}]`],
    ...[...more, `https://${NAME}:${port}/`],
  ],
  curlPlain: (port: number) => ["curl", "-s", "--max-time", "10", `http://${PEER.ipv4}:${port}/`],
  openssl: (port: number, ...more: string[]) => [
    ...["openssl", "s_client", "-connect", `${PEER.ipv4}:${port}`, "-servername", NAME, ...more],
  ],
  node: (port: number, maxVersion: string) => [
    ...[process.execPath, "-e", NODE_CLIENT, PEER.ipv4, `${port}`, NAME, maxVersion],
  ],
} as const;

/** Makes many connections at once, and waits for the end of all; answers how many were established. */
export async function connectMany(pair: Pair, port: number, count: number): Promise<number> {
  const command = [process.execPath, "-e", NODE_BURST, PEER.ipv4, `${port}`, NAME, `${count}`];
  const child = pair.spawn("workload", command, { stdio: ["ignore", "pipe", "ignore"] });
  let said = "";
  child.stdout!.on("data", (bytes) => {
    said += String(bytes);
  });
  await new Promise((resolve) => child.once("close", resolve));
  return Number(said);
}

/** Makes one connection, and waits for its end; what the client thinks of it does not matter. */
export function connect(pair: Pair, command: readonly string[]): void {
  const [program, ...args] = pair.command("workload", command);
  spawnSync(program!, args, { stdio: ["pipe", "ignore", "ignore"], input: "Q\n", timeout: 20_000 });
}

async function listening(pair: Pair, port: number): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    const [program, ...args] = pair.command("peer", ["ss", "-Hltn", `sport = :${port}`]);
    const { stdout } = spawnSync(program!, args, { encoding: "utf8" });
    if (stdout.includes(`:${port}`)) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`nobody listens to port ${port} of the peer`);
}

const LEAF = { subject: `CN=${NAME}`, names: [NAME], keyType: "rsa-2048" } as const;
const QUIET: SpawnOptions = { stdio: ["ignore", "ignore", "ignore"] };

const POLICY = `version: 1
mode: audit
issuers:
  roots: [./corp-root.pem]
  allow:
    - roots: ./corp-root.pem
`;

const nginxConf = (folder: string) => `
daemon off;
master_process off;
pid ${folder}/nginx/pid;
events {}
http {
  access_log off;
  client_body_temp_path ${folder}/nginx/body;
  proxy_temp_path ${folder}/nginx/proxy;
  fastcgi_temp_path ${folder}/nginx/fastcgi;
  uwsgi_temp_path ${folder}/nginx/uwsgi;
  scgi_temp_path ${folder}/nginx/scgi;
  server {
    listen ${PORTS.nginxPlain};
    listen [::]:${PORTS.nginxApproved} ssl http2;
    listen ${PORTS.nginxApproved} ssl http2;
    ssl_certificate ${folder}/approved.pem;
    ssl_certificate_key ${folder}/approved.key;
    location / { return 200 "hello\\n"; }
  }
}
`;

const NODE_SERVER = `
import { readFileSync } from "node:fs";
import { createServer } from "node:https";
const folder = process.argv[2];
const [cert, key] = ["pem", "key"].map((kind) => readFileSync(folder + "/unknown." + kind));
createServer({ cert, key }, (_, response) => response.end("hello")).listen(${PORTS.nodeUnknown});
`;

const NODE_BURST = `
const [host, port, servername, count] = process.argv.slice(1);
const options = { host, port: Number(port), servername, maxVersion: "TLSv1.2" };
let [left, established] = [Number(count), 0];
const next = () => {
  if (left-- <= 0) return;
  const socket = require("node:tls").connect({ ...options, rejectUnauthorized: false }, () => {
    established++;
    socket.end("GET / HTTP/1.0\\r\\n\\r\\n");
  });
  socket.on("error", () => {}).on("close", next).resume();
};
for (let at = 0; at < 20; at++) next();
process.on("exit", () => process.stdout.write(String(established)));
`;

const NODE_CLIENT = `
const [host, port, servername, maxVersion] = process.argv.slice(1);
const options = { host, port: Number(port), servername, maxVersion, rejectUnauthorized: false };
const socket = require("node:tls").connect(options, () => socket.end());
socket.on("error", () => {}).resume();
`;
