/**
 * `portcullis demo --live`: the story on this machine, in two network namespaces: an approved call passes,
 * a self-signed one is cut, what is kept of it, and the release. Real servers, the real watcher, its real
 * output; nothing outside the two namespaces is touched, and both are gone at the end.
 */
import type { ChildProcess } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { isatty } from "node:tty";
import { fileURLToPath } from "node:url";
import { paint } from "../report/colour.ts";
import { escapeText } from "../report/escape.ts";
import { wrap } from "../report/layout.ts";
import type { FindingLine, Line, OutcomeLine, VerdictLine } from "../report/lines.ts";
import { ask } from "../watch/admin/ask.ts";
import { EXIT } from "./command.ts";
import { PEER, Stage, StageRefused } from "./live-stage.ts";
import { complain, Output } from "./output.ts";

/** Plays it and answers the exit code. */
export async function demoLive(): Promise<number> {
  if (process.platform !== "linux" || process.getuid?.() !== 0) {
    complain("demo --live makes network namespaces: it takes Linux and root (sudo)");
    return EXIT.REFUSED;
  }
  const stage = new Stage();
  const interrupted = (signal: NodeJS.Signals) => {
    stage.clear();
    complain(`${signal}: cleaned up`);
    process.exit(EXIT.REFUSED);
  };
  for (const signal of SIGNALS) process.on(signal, interrupted);
  try {
    stage.build();
    await play(stage);
    return EXIT.FINE;
  } catch (error) {
    if (!(error instanceof StageRefused)) throw error;
    complain(escapeText(error.message));
    return EXIT.REFUSED;
  } finally {
    stage.clear();
    for (const signal of SIGNALS) process.off(signal, interrupted);
  }
}

async function play(stage: Stage): Promise<void> {
  say(WHAT_IT_IS);
  const ca = stage.certificate("Corp Root CA");
  await serve(stage, APPROVED, stage.certificate(APPROVED.name, ca));
  await serve(stage, ROGUE, stage.certificate(ROGUE.name));
  const policy = stage.write("portcullis.yaml", POLICY);
  const gate = await Watcher.start(stage, policy);

  chapter("1. An approved call");
  const first = await call(stage, gate, APPROVED);
  row("policy", approvalOf(first));
  row("verdict", verdictOf(first));

  chapter("2. A self-signed call");
  const before = stage.framesAtPeer();
  const second = await call(stage, gate, ROGUE);
  const finding = await gate.line("finding", ({ flow }) => flow === second.flow);
  const outcome = await gate.line("outcome", ({ rung }) => rung === "fence");
  row("finding", `${finding.rule} ${finding.name}, ${finding.severity}: ${finding.summary}`);
  row("verdict", verdictOf(second));
  row("fence", `${outcome.status}${outcome.verified ? ", verified" : ""}: ${outcome.detail}`);

  chapter("3. The timeline, in milliseconds from the client's hello");
  for (const [ms, what] of await timeline(gate, second, outcome)) {
    row(ms.toFixed(1).padStart(7), what);
  }
  row("sent", `${stage.framesAtPeer() - before} frames of this call had reached the peer`);

  chapter("4. Nothing leaves any more");
  const cutAt = stage.framesAtPeer();
  const third = await attempt(stage, APPROVED);
  row(
    "approved",
    third ? "still passes, which is wrong" : "the approved call does not get out either",
  );
  row("frames", `${stage.framesAtPeer() - cutAt} reached the peer since the cut`);

  chapter("5. The evidence");
  await evidence(gate, stage);

  chapter("6. The release");
  const released = await ask(gate.admin, { verb: "release", because: "the demo goes on" });
  for (const { detail } of released.outcomes as OutcomeLine[]) row("release", detail);
  const fourth = await attempt(stage, APPROVED);
  row("approved", fourth ? "passes again" : "does not pass, which is wrong");
  say("");
  say("The two namespaces are removed now; nothing else of this machine was touched.");
}

/** The real program, in the workload's namespace. */
class Watcher {
  readonly admin: string;
  readonly #child: ChildProcess;
  readonly #lines: Line[] = [];
  #log = "";

  private constructor(child: ChildProcess, admin: string) {
    this.#child = child;
    this.admin = admin;
    let text = "";
    child.stdout!.on("data", (bytes: Buffer) => {
      const lines = (text + bytes.toString()).split("\n");
      text = lines.pop()!;
      this.#lines.push(...lines.map((line) => JSON.parse(line) as Line));
    });
    child.stderr!.on("data", (bytes: Buffer) => {
      this.#log = (this.#log + bytes.toString()).slice(-2000);
    });
  }

  static async start(stage: Stage, policy: string): Promise<Watcher> {
    const admin = join(stage.folder, "run", "admin.sock");
    const door = fileURLToPath(new URL("./portcullis.mjs", import.meta.url));
    const program = existsSync(door)
      ? [process.execPath, door]
      : [process.execPath, process.argv[1]!];
    const options = ["--policy", policy, "--state", join(stage.folder, "state"), "--observations"];
    const command = [...program, "watch", ...options, "--admin", `unix:${admin}`];
    const watcher = new Watcher(stage.start("workload", command), admin);
    await watcher.#until(async () => {
      const answer = await ask(admin, { verb: "ready" }).catch(() => undefined);
      return answer?.good === true;
    });
    return watcher;
  }

  /** The first line of a kind that matches. */
  async line<Kind extends Line["kind"]>(
    kind: Kind,
    matches: (line: Extract<Line, { kind: Kind }>) => boolean,
  ): Promise<Extract<Line, { kind: Kind }>> {
    type Wanted = Extract<Line, { kind: Kind }>;
    let found: Wanted | undefined;
    await this.#until(async () => {
      found = this.#lines.find(
        (line): line is Wanted => line.kind === kind && matches(line as Wanted),
      );
      return found !== undefined;
    });
    return found!;
  }

  async #until(condition: () => Promise<boolean>): Promise<void> {
    const deadlineMs = performance.now() + WAIT_MS_MAX;
    while (!(await condition())) {
      const hasEnded = this.#child.exitCode !== null || this.#child.signalCode !== null;
      if (hasEnded || performance.now() > deadlineMs) {
        throw new StageRefused(
          `the watcher ${hasEnded ? "ended" : "is silent"}: ${this.#log.trim()}`,
        );
      }
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }
}

interface Server {
  readonly name: string;
  readonly port: number;
}

async function serve(stage: Stage, { port }: Server, { cert, key }: { cert: string; key: string }) {
  const options = ["-accept", String(port), "-cert", cert, "-key", key, "-tls1_2"];
  const server = stage.start("peer", ["openssl", "s_server", ...options]);
  await new Promise((resolve, reject) => {
    server.stdout!.once("data", resolve);
    server.once("exit", () => reject(new StageRefused("openssl s_server does not start")));
  });
  server.stdout!.resume();
}

/** A call that stays open and sends a byte now and then, as a workload does that has something to say. */
function client(stage: Stage, { name, port }: Server): ChildProcess {
  // A plain user without capabilities, as a workload should be.
  const plain = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"];
  const to = ["-connect", `${PEER}:${port}`, "-servername", name, "-tls1_2", "-quiet"];
  const child = stage.start("workload", [...plain, "openssl", "s_client", ...to]);
  const timer = setInterval(() => child.stdin!.write("x\n"), SEND_EVERY_MS);
  child.on("exit", () => clearInterval(timer));
  return child;
}

async function call(stage: Stage, gate: Watcher, server: Server): Promise<VerdictLine> {
  const child = client(stage, server);
  const to = `${PEER}:${server.port}`;
  row("who", `the workload calls ${server.name} (${to}) by TLS 1.2`);
  const verdict = await gate.line("verdict", (line) => line.server === to);
  if (verdict.decision === "pass") child.kill();
  return verdict;
}

/** Whether a handshake comes to its end. */
async function attempt(stage: Stage, server: Server): Promise<boolean> {
  const plain = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"];
  const to = [
    "-connect",
    `${PEER}:${server.port}`,
    "-servername",
    server.name,
    "-tls1_2",
    "-brief",
  ];
  const child = stage.start("workload", [...plain, "openssl", "s_client", ...to]);
  let said = "";
  child.stderr!.on("data", (bytes: Buffer) => {
    said += bytes.toString();
  });
  const until = performance.now() + ATTEMPT_MS_MAX;
  while (!said.includes("CONNECTION ESTABLISHED") && performance.now() < until) {
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    if (child.exitCode !== null) break;
  }
  child.kill();
  return said.includes("CONNECTION ESTABLISHED");
}

async function timeline(
  gate: Watcher,
  verdict: VerdictLine,
  outcome: OutcomeLine,
): Promise<[number, string][]> {
  const { text } = (await ask(gate.admin, { verb: "metrics" })) as { text: string };
  const fenceMs = Number(/^portcullis_fence_seconds_sum (\S+)$/m.exec(text)?.[1] ?? 0) * 1000;
  const toldMs = (outcome.atUs - verdict.atUs) / 1000;
  const tookMs = outcome.tookMs ?? 0;
  const proofMs = Math.max(0, toldMs - tookMs - fenceMs);
  return [
    [0, "the client says hello"],
    [proofMs, "the server has shown its certificate and proved its key: the verdict is cut"],
    [proofMs + fenceMs, `nothing leaves any more (${fenceMs.toFixed(2)} ms after that packet)`],
    [toldMs, "sockets are ended, all of it is verified and told"],
  ];
}

/** What was written, replayed by the same program. */
async function evidence(gate: Watcher, stage: Stage): Promise<void> {
  const folder = join(stage.folder, "state", "evidence");
  const bundles = existsSync(folder) ? readdirSync(folder, { recursive: true }).map(String) : [];
  const capture = bundles.find((name) => name.endsWith(".pcapng"));
  if (capture === undefined) {
    row("kept", "the journal: what was cut, why, since when");
    return;
  }
  row("kept", bundles.filter((name) => name.includes(".")).join(", "));
  const { replay } = await import("../replay.ts");
  const { readPolicyFile } = await import("../judge/policy/policy-file.ts");
  const policy = await readPolicyFile(join(stage.folder, "portcullis.yaml"));
  const findings: FindingLine[] = [];
  await replay(
    { inputs: [join(folder, capture)], policy, local: [], observations: false, hash: false },
    (line) => void (line.kind === "finding" && findings.push(line)),
  );
  row(
    "replayed",
    findings.map(({ rule, severity }) => `${rule}, ${severity}`).join("; ") || "nothing",
  );
  const status = (await ask(gate.admin, { verb: "status" })).status as { journal?: string };
  row("journal", status.journal ?? "none");
}

/** The line of the policy that approved it. */
function approvalOf({ reason }: VerdictLine): string {
  const line = reason.find(({ step }) => step === "approval")?.line;
  if (line === undefined) return "no line approved it";
  return `line ${line}: ${POLICY.split("\n")[line - 1]?.trim() ?? ""}`;
}

function verdictOf({ decision, reason }: VerdictLine): string {
  const said = reason.find(({ step }) => step !== "possession");
  return `${decision}${said === undefined ? "" : `: ${said.says}`}`;
}

function say(text: string): void {
  new Output(1).print(`${wrap(text, COLUMNS).join("\n")}\n`);
}

function chapter(title: string): void {
  const colour = isatty(1) && !process.env.NO_COLOR && process.env.TERM !== "dumb";
  new Output(1).print(`\n${paint(title, "bold", colour)}\n`);
}

function row(name: string, says: string): void {
  const lines = wrap(escapeText(says), COLUMNS - NAME_COLUMNS - 3);
  const text = lines.map(
    (line, at) => `   ${(at === 0 ? name : "").padEnd(NAME_COLUMNS)}${line}\n`,
  );
  new Output(1).print(text.join(""));
}

const APPROVED: Server = { name: "api.corp.example", port: 443 };
const ROGUE: Server = { name: "evil.example", port: 8443 };
const POLICY = `version: 1
mode: enforce
issuers:
  roots: [./Corp-Root-CA.crt]
  allow: [{roots: ./Corp-Root-CA.crt, for: ["*.corp.example"]}]
respond: {ladder: [refuse, fence], onFailure: open}
`;
const WHAT_IT_IS =
  "Two network namespaces and a cable between them: a workload and its peer. The real watcher stands " +
  "beside the workload; the servers are openssl's. Nothing else of this machine is touched.";
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
const COLUMNS = 98;
const NAME_COLUMNS = 10;
const SEND_EVERY_MS = 20;
const POLL_MS = 10;
/** Of each wait; the whole of it takes about five seconds. */
const WAIT_MS_MAX = 10_000;
const ATTEMPT_MS_MAX = 1000;
