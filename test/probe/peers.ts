/**
 * Real servers and clients on loopback, for what a probe says beside what a workload says: each pair of
 * programs speaks through a relay that keeps what passed.
 */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TlsObservation } from "../../src/inspect/observation.ts";
import { TlsConnection } from "../../src/inspect/tls/connection.ts";
import { flow } from "../inspect/tls/hear.ts";
import { type Identity, mint } from "../wire/identity.ts";

export const root = mint({ subject: "CN=Probe Root", ca: true, keyType: "P-384" });
const leaf = (keyType: "P-256" | "rsa-2048") =>
  mint({ subject: "CN=probe.test", names: ["probe.test"], issuer: root, keyType });
export const leaves = { "P-256": leaf("P-256"), "rsa-2048": leaf("rsa-2048") } as const;

/** What goes with one file of tests: a folder, and the programs started. */
export class Stage {
  readonly folder = mkdtempSync(join(tmpdir(), "probe-test-"));
  readonly #programs: ChildProcess[] = [];
  readonly #servers: Server[] = [];
  readonly #sockets = new Set<Socket>();
  #go: string | undefined;

  /** The relay's port, and what passed, once the client has ended. */
  async relay(to: number): Promise<{ port: number; passed: Passed[] }> {
    const passed: Passed[] = [];
    const server = createServer((client) => {
      const pieces: Passed["pieces"] = [];
      passed.push({ pieces });
      const upstream = connect({ host: "127.0.0.1", port: to });
      for (const [side, from, other] of [
        [0, client, upstream],
        [1, upstream, client],
      ] as const) {
        this.#sockets.add(from);
        from.on("data", (bytes: Buffer) => {
          pieces.push({ side, bytes: Uint8Array.from(bytes) });
          other.write(bytes);
        });
        from.on("end", () => other.end());
        from.on("error", () => other.destroy());
      }
    });
    return { port: await this.listen(server), passed };
  }

  async listen(server: Server): Promise<number> {
    this.#servers.push(server);
    server.on("connection", (socket) => this.#sockets.add(socket));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return (server.address() as AddressInfo).port;
  }

  file(name: string, content: string): string {
    const path = join(this.folder, name);
    writeFileSync(path, content);
    return path;
  }

  /** Certificate chain and key as files. */
  identity(of: Identity, name: string): { chain: string; key: string } {
    const chain = this.file(`${name}.pem`, `${of.certificatePem}${root.certificatePem}`);
    return { chain, key: this.file(`${name}.key`, of.keyPem) };
  }

  /** A server program; returns once its port listens. */
  async serve(argv: readonly string[], port: number): Promise<number> {
    const program = spawn(argv[0]!, argv.slice(1), { stdio: "ignore", cwd: this.folder });
    this.#programs.push(program);
    for (let tries = 0; tries < TRIES_MAX; tries++) {
      if (program.exitCode !== null) break;
      if (listens(port)) return port;
      await pause(POLL_MS);
    }
    throw new Error(`${argv.join(" ")} does not listen on ${port}`);
  }

  /** Ends with the stage. */
  own(program: ChildProcess): void {
    this.#programs.push(program);
  }

  /** A client program, to its end. Its exit code is its own affair. */
  async run(argv: readonly string[], input = ""): Promise<void> {
    const program = spawn(argv[0]!, argv.slice(1), { stdio: ["pipe", "ignore", "ignore"] });
    this.#programs.push(program);
    program.stdin?.on("error", () => {});
    if (input !== "") program.stdin?.write(input);
    else program.stdin?.end();
    const late = setTimeout(() => program.kill("SIGKILL"), CLIENT_MS_MAX);
    await new Promise<void>((resolve) => program.once("close", () => resolve()));
    clearTimeout(late);
  }

  /** The Go peer that captures are recorded with. */
  go(): string {
    if (this.#go === undefined) {
      this.#go = join(this.folder, "go-peer");
      execFileSync("go", ["build", "-o", this.#go, "captures/record/peer.go"], { stdio: "pipe" });
    }
    return this.#go;
  }

  async end(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    for (const server of this.#servers) server.close();
    for (const program of this.#programs) {
      if (program.exitCode !== null || program.signalCode !== null) continue;
      const ended = new Promise<void>((resolve) => program.once("close", () => resolve()));
      program.kill("SIGTERM");
      const late = setTimeout(() => program.kill("SIGKILL"), 2000);
      await ended;
      clearTimeout(late);
    }
    rmSync(this.folder, { recursive: true, force: true });
  }
}

export interface Passed {
  readonly pieces: { readonly side: 0 | 1; readonly bytes: Uint8Array }[];
}

/** The workload's hello and what can be seen of its connection. */
export function workload({ pieces }: Passed): { hello: Uint8Array; seen: TlsObservation } {
  const connection = new TlsConnection(flow, undefined, true);
  const offsets: [number, number] = [0, 0];
  for (const { side, bytes } of pieces) {
    const [from, to, offset] = [0, bytes.length, offsets[side]];
    connection.push({ kind: "bytes", side, bytes, from, to, offset, atUs: 1_000 });
    offsets[side] += to;
  }
  const first = Buffer.concat(pieces.filter(({ side }) => side === 0).map(({ bytes }) => bytes));
  const length = first.readUInt16BE(3);
  return { hello: Uint8Array.from(first.subarray(9, 5 + length)), seen: connection.result()! };
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return port;
}

export const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

function listens(port: number): boolean {
  const found = execFileSync("ss", ["-Hltn", `sport = :${port}`], { encoding: "utf8" });
  return found.trim() !== "";
}

const TRIES_MAX = 200;
const POLL_MS = 25;
const CLIENT_MS_MAX = 8000;
