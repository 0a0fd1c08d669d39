/**
 * The real program beside a real workload: `portcullis watch` in the workload's end of a pair of network
 * namespaces, and what it prints, logs and answers.
 */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ask } from "../../../src/watch/admin/ask.ts";
import { PROJECT } from "../../cli/program.ts";
import { Pair } from "../../netns/pair.ts";

export type Line = Record<string, unknown> & { readonly kind: string };

export class Bench {
  readonly pair = new Pair();
  readonly folder = mkdtempSync(join(tmpdir(), "portcullis-live-"));
  readonly policyFile = join(this.folder, "portcullis.yaml");
  readonly #gates: Gate[] = [];

  policy(text: string): void {
    writeFileSync(this.policyFile, text);
  }

  /** Begins to watch. Without `ready` it may still be starting. */
  watch(...args: string[]): Gate {
    const gate = new Gate(this, args);
    this.#gates.push(gate);
    return gate;
  }

  /** The same, started by another program: with fewer rights, say. */
  watchThrough(through: readonly string[], ...args: string[]): Gate {
    const gate = new Gate(this, args, through);
    this.#gates.push(gate);
    return gate;
  }

  /** A self-signed certificate and its key for `name`, by openssl. */
  identity(name: string): { readonly cert: string; readonly key: string } {
    const [cert, key] = [join(this.folder, `${name}.crt`), join(this.folder, `${name}.key`)];
    const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
    const about = ["-subj", `/CN=${name}`, "-addext", `subjectAltName=DNS:${name}`, "-days", "30"];
    openssl("req", "-x509", ...curve, "-keyout", key, "-out", cert, ...about);
    return { cert, key };
  }

  /** openssl s_server at the peer's end. Resolves when it accepts. */
  async server(port: number, name: string, ...options: string[]): Promise<ChildProcess> {
    const { cert, key } = this.identity(name);
    const served = ["s_server", "-accept", String(port), "-cert", cert, "-key", key, ...options];
    // It ends a connection when its own standard input ends.
    const child = this.pair.spawn("peer", ["openssl", ...served], {
      stdio: ["pipe", "pipe", "ignore"],
    });
    await new Promise((resolve) => child.stdout!.once("data", resolve));
    child.stdout!.resume();
    return child;
  }

  /** openssl s_client at the workload's end. What is written to its standard input is sent. */
  client(port: number, name: string, ...options: string[]): ChildProcess {
    const to = ["s_client", "-connect", `10.91.0.2:${port}`, "-servername", name, ...options];
    const child = this.pair.spawn("workload", ["openssl", ...to], {
      stdio: ["pipe", "pipe", "ignore"],
    });
    child.stdin!.on("error", () => {});
    return child;
  }

  /** Whether a datagram may leave the workload's namespace. */
  leaves(address = "10.91.0.2"): boolean {
    try {
      this.pair.run("workload", "bash", "-c", `echo x 2>&1 > /dev/udp/${address}/9`);
      return true;
    } catch {
      return false;
    }
  }

  async close(): Promise<void> {
    for (const gate of this.#gates) await gate.kill();
    this.pair.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

export class Gate {
  readonly child: ChildProcess;
  readonly lines: Line[] = [];
  log = "";
  readonly #admin: string;
  readonly #ended: Promise<number | string>;
  #wake = Promise.withResolvers<void>();

  constructor(
    { pair, folder, policyFile }: Bench,
    args: readonly string[],
    through: readonly string[] = [],
  ) {
    this.#admin = join(folder, "run", "admin.sock");
    const [program, ...rest] = pair.command("workload", [
      ...through,
      process.execPath,
      join(PROJECT, "src/cli/portcullis.mjs"),
      ...["watch", "--policy", policyFile, "--admin", `unix:${this.#admin}`],
      ...(args.includes("--state") ? args : ["--state", join(folder, "state"), ...args]),
    ]);
    // Not by the pair, which kills what it started before anybody has looked at it.
    this.child = spawn(program!, rest, { cwd: PROJECT, stdio: ["ignore", "pipe", "pipe"] });
    let text = "";
    this.child.stdout!.on("data", (bytes: Buffer) => {
      const whole = (text + bytes.toString()).split("\n");
      text = whole.pop()!;
      this.lines.push(...whole.map((line) => JSON.parse(line) as Line));
      this.#wake.resolve();
      this.#wake = Promise.withResolvers();
    });
    this.child.stderr!.on("data", (bytes: Buffer) => {
      this.log += bytes.toString();
      this.#wake.resolve();
      this.#wake = Promise.withResolvers();
    });
    this.#ended = new Promise((resolve) => {
      this.child.on("close", (code, signal) => {
        resolve(signal ?? code ?? 0);
        this.#wake.resolve();
      });
    });
  }

  /** Its exit code, or the signal that ended it. */
  get ended(): Promise<number | string> {
    return this.#ended;
  }

  /** Waits until it stands guard. Throws when it ends instead. */
  async ready(): Promise<this> {
    for (;;) {
      if (this.#hasEnded) throw new Error(`it ended instead: ${this.log}`);
      const answer = await ask(this.#admin, { verb: "ready" }).catch(() => undefined);
      if (answer?.good === true) return this;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** Waits for a line that matches; what it printed is in the error of a test that runs out of time. */
  async line(kind: string, matches: (line: Line) => boolean = () => true): Promise<Line> {
    return await this.until(() => this.lines.find((one) => one.kind === kind && matches(one)));
  }

  async until<T>(find: () => T | undefined | false): Promise<T> {
    for (;;) {
      const found = find();
      if (found !== undefined && found !== false) return found;
      if (this.#hasEnded) {
        throw new Error(`it ended: ${this.log}\n${JSON.stringify(this.lines)}`);
      }
      await this.#wake.promise;
    }
  }

  /** By its admin socket. */
  async ask(request: object): Promise<Record<string, unknown>> {
    return await ask(this.#admin, request);
  }

  async status(): Promise<Record<string, unknown>> {
    return (await this.ask({ verb: "status" })).status as Record<string, unknown>;
  }

  get #hasEnded(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }

  /** Of a kind, as one would count them. */
  of(kind: string): Line[] {
    return this.lines.filter((line) => line.kind === kind);
  }

  async kill(signal: NodeJS.Signals = "SIGKILL"): Promise<number | string> {
    if (!this.#hasEnded) this.child.kill(signal);
    return await this.#ended;
  }
}

/** Resolves when a process has ended, also when that was long ago. */
export async function gone(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  await new Promise((resolve) => child.on("exit", resolve));
}

function openssl(...args: string[]): void {
  execFileSync("openssl", args, { stdio: "ignore" });
}
