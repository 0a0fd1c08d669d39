/** From captured packets to connections: what runs for every packet, whoever captured it. */
import type { PacketSink } from "./capture/packet-sink.ts";
import { TLS_KEY_LOG } from "./capture/pcapng.ts";
import { Census } from "./decode/census.ts";
import { decodeFrame } from "./decode/link.ts";
import { FRAGMENT, LINK, PacketView, TRANSPORT } from "./decode/packet-view.ts";
import { decodeTransport } from "./decode/transport.ts";
import type { PacketRecorder } from "./evidence/recorder.ts";
import { Fragments } from "./flow/fragments.ts";
import { type Above, FLOW_LIMITS, type FlowLimits, FlowTable } from "./flow/table.ts";
import type { FaultListener } from "./guarded.ts";
import type { BadLine, KeyLog } from "./inspect/keys/key-log.ts";
import { keyLogLines } from "./key-logs.ts";
import { lossLine, malformedLine } from "./report/build.ts";
import type { Line } from "./report/lines.ts";

export class Packets implements PacketSink {
  readonly clock = new Float64Array(1);
  count = 0;
  bytes = 0;
  /** Number and time of the first packet of the input underway. */
  firstPacket = 1;
  firstAtUs = Number.NaN;
  readonly #view = new PacketView();
  /** What the last packet was. */
  #what = -1;
  readonly #census = new Census();
  readonly #fragments = new Fragments();
  readonly #table: FlowTable;
  readonly #above: Above & FaultListener;
  readonly #keys: KeyLog;
  readonly #recorder: PacketRecorder | undefined;
  /** Lines of the input's Decryption Secrets Blocks that are none of a key log. */
  readonly #badSecrets: BadLine[] = [];

  /**
   * @param keys gets the secrets that come with the packets
   * @param recorder keeps what may become evidence
   */
  constructor(
    above: Above & FaultListener,
    keys: KeyLog,
    limits: FlowLimits = FLOW_LIMITS,
    recorder?: PacketRecorder | undefined,
  ) {
    this.#above = above;
    this.#keys = keys;
    this.#recorder = recorder;
    this.#table = new FlowTable(above, limits);
  }

  get flows(): number {
    return this.#table.flows;
  }

  packet(
    bytes: Uint8Array,
    offset: number,
    captured: number,
    original: number,
    link: number,
  ): void {
    const view = this.#view;
    view.atUs = this.clock[0]!;
    view.cut = original > captured ? original - captured : 0;
    this.#census.packet = ++this.count;
    this.bytes += captured;
    if (this.count === this.firstPacket) this.firstAtUs = view.atUs;
    const recorder = this.#recorder;
    recorder?.begin(bytes, offset, captured, original, link);
    try {
      let what = decodeFrame(view, bytes, offset, offset + captured, link, this.#census);
      if (what === FRAGMENT) {
        recorder?.fragment(view);
        if (this.#fragments.add(view)) what = decodeTransport(view, this.#census);
      }
      this.#what = what;
      if (what === TRANSPORT) {
        this.#table.packet(view);
        recorder?.packet(view, this.#table.numberOf(view), this.#table.isRead(view));
      } else if (what === LINK) this.#above.link?.(view);
    } catch (error) {
      this.#above.fault("packet", error, view.atUs);
    }
    recorder?.end();
  }

  /** Time has passed, whether packets came or not. */
  tick(nowUs: number): void {
    try {
      this.#table.tick(nowUs);
    } catch (error) {
      this.#above.fault("tick", error, nowUs);
    }
  }

  /** The clock was set: everything remembered was `byUs` later than it seemed. */
  shift(byUs: number): void {
    this.#table.shift(byUs);
  }

  /** The number of the connection that the last packet belongs to; 0: of none. */
  get lastFlow(): number {
    return this.#what === TRANSPORT ? this.#table.numberOf(this.#view) : 0;
  }

  secrets(type: number, bytes: Uint8Array): void {
    if (type !== TLS_KEY_LOG) return;
    const { bad } = this.#keys.add(bytes);
    if (this.#badSecrets.length < BAD_SECRETS_MAX) this.#badSecrets.push(...bad);
  }

  /** Of the input that was read. */
  *secretLines(file: string): Generator<Line> {
    const bad = this.#badSecrets.splice(0);
    yield* keyLogLines({ file, bad, count: bad.length, cut: false }, this.clock[0]!);
  }

  end(): void {
    this.#fragments.end();
    try {
      this.#table.end();
    } catch (error) {
      this.#above.fault("end", error, this.clock[0]!);
    }
  }

  /**
   * What was met and not read: a `loss` line a kind for what is sound, `malformed` for the rest.
   *
   * @param told kinds that have a line, and get no other; those that get one now are added
   */
  *unreadLines(told?: Set<string>): Generator<Line> {
    for (const met of this.#census.met) {
      const { packets, firstAtUs: atUs, firstPacket, what } = met;
      if (told?.has(what) === true) continue;
      told?.add(what);
      if (met.class === "unread") {
        yield lossLine({
          atUs,
          packetsDropped: packets,
          where: "decode",
          why: `${what}: not read`,
        });
      } else {
        const more = packets > 1 ? ` (and ${packets - 1} more)` : "";
        const reason = `${what}${more}, first in packet ${firstPacket}`;
        yield malformedLine({ kind: "malformed", at: "packet", reason, offset: 0 }, { atUs });
      }
    }
    for (const [why, { atUs, count }] of this.#fragments.losses) {
      if (told?.has(why) === true) continue;
      told?.add(why);
      const says = `${count} IP datagrams not put together: ${FRAGMENT_LOSSES[why]}`;
      yield lossLine({ atUs, packetsDropped: count, where: "ip-fragments", why: says });
    }
    const { unheld } = this.#keys;
    if (unheld > 0) {
      const why = `${unheld} handshakes were not kept for secrets that were still to come: too long, or too many`;
      yield lossLine({ atUs: this.clock[0]!, packetsDropped: 0, where: "key-log", why });
    }
  }
}

const FRAGMENT_LOSSES: Record<string, string> = {
  limit: "memory for fragments was used up",
  incomplete: "fragments are missing",
  overlap: "fragments overlap with different bytes",
  "too-long": "longer than 65,535 bytes",
};

/** Bad lines told of the secrets inside an input. */
const BAD_SECRETS_MAX = 100;
