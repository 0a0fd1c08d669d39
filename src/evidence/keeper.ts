/**
 * From lines to evidence: for each verdict that is no pass, freezes what the ring has of the connection,
 * makes it fit to be written down, and hands it on.
 *
 * It is shown every line (those of `--observations` too, since those say what is secret where) and every
 * packet. A verdict may come while the packet that proves it is still being read, so what was judged is
 * frozen behind that packet. Later packets of the connection are none of the proof.
 *
 * What else the verdict rests on comes along: the first connection of a session that was resumed, earlier
 * ones that a finding compares it with, and the DNS conversations that name the server or its address.
 */
import { canonicalPolicy, type Policy } from "../judge/policy/policy.ts";
import {
  type FindingLine,
  type Line,
  MADE_OF,
  type PlaintextLine,
  type TlsLine,
  type VerdictLine,
} from "../report/lines.ts";
import { type Proof, type Rank, rankOf } from "./bundle.ts";
import { mentions } from "./mentions.ts";
import type { Quota } from "./quota.ts";
import type { PacketRecorder } from "./recorder.ts";
import { type Located, type Openness, type Redaction, redacted } from "./redaction.ts";
import type { KeptPacket } from "./ring.ts";

export interface KeeperOptions {
  readonly policy: () => Policy;
  /** What the clocks say now, for the manifest. */
  readonly clock: () => object;
  readonly quota: Quota;
  readonly keep: (proof: Proof, about: About) => void;
}

/** What the retention goes by, and whose it is. */
export interface About {
  readonly rank: Rank;
  readonly flow: number;
}

export class EvidenceKeeper {
  readonly #recorder: PacketRecorder;
  readonly #options: KeeperOptions;
  /** Lines about connections that were not judged yet, or not long ago. */
  readonly #lines = new Map<number, Line[]>();
  #owed: VerdictLine[] = [];

  constructor(recorder: PacketRecorder, options: KeeperOptions) {
    this.#recorder = recorder;
    this.#options = options;
    recorder.whenKept = () => this.#freezeOwed();
  }

  /** Every line, as it is written. */
  line(line: Line): void {
    if (line.flow === undefined) return;
    const flow = Number(line.flow);
    this.#remember(flow, line);
    if (line.kind !== "verdict") return;
    this.#recorder.flows.decide(flow, line.decision);
    if (line.decision === "pass") return;
    this.#owed.push(line);
    if (!this.#recorder.isBusy) this.#freezeOwed();
  }

  #remember(flow: number, line: Line): void {
    const known = this.#lines.get(flow);
    if (known === undefined) this.#lines.set(flow, [line]);
    else if (known.length < LINES_MAX) known.push(line);
    if (this.#lines.size <= CONNECTIONS_MAX) return;
    const [oldest] = this.#lines.keys();
    this.#lines.delete(oldest!);
  }

  #freezeOwed(): void {
    if (this.#owed.length === 0) return;
    for (const verdict of this.#owed.splice(0)) this.#freeze(verdict);
  }

  #freeze(verdict: VerdictLine): void {
    const flow = Number(verdict.flow);
    const lines = [...(this.#lines.get(flow) ?? [verdict])];
    const { quota, keep, policy, clock } = this.#options;
    if (!quota.takes(keyOf(verdict, lines), verdict.atUs)) return;
    const { packets, missed } = this.#recorder.ring.freeze(flow);
    const redaction = redactionOf(verdict, lines);
    const beside = this.#beside(verdict, lines);
    const all = [...redacted(packets, redaction), ...beside];
    const { openness, located } = redaction;
    keep(
      {
        verdict,
        lines,
        packets: all.sort((a, b) => a.position - b.position),
        missed,
        openness,
        located,
        presented: (verdict[MADE_OF]?.presented ?? []).map(({ der }) => der),
        flows: this.#recorder.flows.lastHour(verdict.atUs),
        policy: canonicalPolicy(policy()),
        clock: clock(),
      },
      { rank: rankOf(verdict), flow },
    );
  }

  /** Packets of other connections that the verdict rests on. */
  #beside(verdict: VerdictLine, lines: readonly Line[]): KeptPacket[] {
    const { ring, names } = this.#recorder;
    const tls = tlsOf(lines);
    const first = Number(tls?.evidence.first ?? 0);
    const earlier = [first, ...this.#before(Number(verdict.flow), lines)];
    const sessions = [...new Set(earlier)].flatMap((flow) => this.#fit(flow));
    const about = { server: verdict.server ?? "", serverName: tls?.serverName ?? "" };
    const answers = names
      .filter((flow) => flow !== Number(verdict.flow) && !earlier.includes(flow))
      .map((flow) => ring.freeze(flow).packets)
      .filter((packets) => packets.some(({ bytes }) => mentions(bytes, about)));
    return [...sessions, ...answers.slice(-ANSWERS_MAX).flat()];
  }

  /** Connections that a finding compares this one with: by the same client, to the same name or at that time. */
  #before(flow: number, lines: readonly Line[]): number[] {
    const compared = lines.filter(
      (line): line is FindingLine => line.kind === "finding" && isComparison(line),
    );
    const mine = tlsOf(lines) ?? compared[0];
    if (compared.length === 0 || mine === undefined) return [];
    const times = new Set(compared.map(({ evidence }) => evidence.beforeUs));
    const server = "serverName" in mine ? mine.serverName : undefined;
    const found: number[] = [];
    for (const [other, said] of this.#lines) {
      const tls = other < flow ? tlsOf(said) : undefined;
      if (tls === undefined || hostOf(tls.client) !== hostOf(mine.client)) continue;
      const isSame = tls.serverName === server || tls.server === mine.server;
      if (isSame || times.has(tls.atUs)) found.push(other);
    }
    return found.slice(-BEFORE_MAX);
  }

  /** Packets of a connection that was judged before, as they may be written. */
  #fit(flow: number): KeptPacket[] {
    const lines = this.#lines.get(flow) ?? [];
    const verdict = lines.find((line): line is VerdictLine => line.kind === "verdict");
    if (verdict === undefined) return [];
    return redacted(this.#recorder.ring.freeze(flow).packets, redactionOf(verdict, lines));
  }
}

/** What may be written of a connection: as little as it takes, and nothing of what nobody recognised. */
export function redactionOf(verdict: VerdictLine, lines: readonly Line[]): Redaction {
  const madeOf = verdict[MADE_OF];
  const said: readonly { readonly kind: string }[] = [...(madeOf?.clear ?? []), ...lines];
  const clear = said.filter((one): one is PlaintextLine => one.kind === "plaintext");
  const located = distinct(clear.flatMap(({ exposes }) => exposes));
  const isHandshake = madeOf?.presented !== undefined || lines.some(({ kind }) => kind === "tls");
  // A detector tells so many secrets and no more: behind the last of them there may be others.
  const isMore = located.length >= EXPOSES_TOLD_MAX;
  const openness: Openness = isMore || !isHandshake ? "clear" : "handshake";
  const { client = "", server = "" } = verdict;
  // What encrypts, and was recognised by its own words, is no secret.
  const isNamed = said.some((one) => "encryption" in one && one.encryption !== undefined);
  const isKnown = isHandshake || isNamed || clear.length > 0;
  return { openness: isKnown ? openness : "unknown", client, server, located };
}

/** Whether a finding says what was otherwise before (B13, B15). */
function isComparison({ evidence }: FindingLine): boolean {
  return evidence.before !== undefined || evidence.beforeUs !== undefined;
}

function tlsOf(lines: readonly Line[]): TlsLine | undefined {
  return lines.find((line): line is TlsLine => line.kind === "tls");
}

function hostOf(end: string | undefined): string {
  return (end ?? "").replace(/:\d+$/, "");
}

/** The lines may say again what the verdict was made of. */
function distinct(exposes: PlaintextLine["exposes"]): Located[] {
  const known = new Map<string, Located>();
  for (const { side, offset, bytes } of exposes) {
    known.set(`${side} ${offset} ${bytes}`, { side, offset, bytes });
  }
  return [...known.values()];
}

/** Of a workload: its finding, and the key or the server that it is about. */
function keyOf(verdict: VerdictLine, lines: readonly Line[]): string {
  const tls = tlsOf(lines);
  const finding = lines.find((line): line is FindingLine => line.kind === "finding");
  const leaf = tls?.certificates.spki[0] ?? finding?.certificates?.[0];
  const what = leaf ?? hostOf(verdict.server);
  return `${verdict.workload ?? ""} ${verdict.findings.join("+")} ${what}`;
}

/** Lines of one connection. */
const LINES_MAX = 64;
const CONNECTIONS_MAX = 4096;
/** As many secrets as a `plaintext` line tells (inspect/plaintext/observe.ts). */
const EXPOSES_TOLD_MAX = 16;
/** DNS conversations that come along. */
const ANSWERS_MAX = 8;
/** Earlier connections, where a finding is a comparison with them. */
const BEFORE_MAX = 8;
