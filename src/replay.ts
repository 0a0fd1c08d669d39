/**
 * The pipeline put together: capture files in, lines out.
 *
 *     capture -> decode -> flow =border= inspect -> trust -> judge -> lines
 *
 * Every part below thinks and none of them waits; the one place that catches what was never meant
 * to happen is here, too. Lines leave unsorted, as connections end; the sinks put them in order.
 */
import { inCaptureOrder } from "./capture/order.ts";
import type { PacketSink } from "./capture/packet-sink.ts";
import { TLS_KEY_LOG } from "./capture/pcapng.ts";
import { type CaptureEnd, type ReadOptions, readCapture } from "./capture/read.ts";
import { BUFFER_BYTES } from "./capture/source.ts";
import { Census } from "./decode/census.ts";
import { decodeFrame } from "./decode/link.ts";
import { FRAGMENT, PacketView, TRANSPORT } from "./decode/packet-view.ts";
import { decodeTransport } from "./decode/transport.ts";
import { Fragments } from "./flow/fragments.ts";
import { FlowTable } from "./flow/table.ts";
import { type BadLine, KeyLog } from "./inspect/keys/key-log.ts";
import { Judging, type JudgingOptions } from "./judging.ts";
import { KeyLogFiles, type Unusable } from "./key-logs.ts";
import { lossLine, malformedLine, summaryLine } from "./report/build.ts";
import type { Input, Line, Severity, SummaryLine } from "./report/lines.ts";

export interface ReplayOptions extends Omit<JudgingOptions, "keys"> {
  /** Paths, `-` for standard input. Together they are one capture. */
  readonly inputs: readonly string[];
  /** Paths of key logs, whose secrets open what is sealed. */
  readonly keyLogs?: readonly string[];
  /** Also each input's SHA-256. */
  readonly hash: boolean;
  /** Stop reading an input after so many bytes (decompressed). */
  readonly maxBytes?: number;
  /** Instead of the process's standard input, for `-`. */
  readonly stdin?: AsyncIterable<Uint8Array>;
  readonly progress?: (done: Progress) => void;
}

export interface Progress {
  /** Bytes of all inputs taken so far, as stored. */
  readonly bytes: number;
  /** Absent when the size of an input is not known. */
  readonly totalBytes?: number;
  readonly packets: number;
  readonly atEnd: boolean;
}

export interface ReplayEnd {
  /** Inputs that could not be read whole. What came before was judged. */
  readonly unreadable: readonly { file: string; atByte: number; reason: string }[];
  /** The worst severity among the findings. */
  readonly worst?: Severity;
  /** So many things went wrong in ourselves that the rest was not read. */
  readonly failed: boolean;
  readonly summary: SummaryLine;
}

/**
 * Reads the inputs as one capture and writes every line that they give, in no particular order, the
 * summary last. Throws what the operating system says when an input or a key log cannot be opened;
 * never because of what is in one.
 */
export async function replay(
  options: ReplayOptions,
  write: (line: Line) => void,
): Promise<ReplayEnd> {
  const keys = new KeyLog();
  const keyLogs = new KeyLogFiles(options.keyLogs ?? [], keys);
  const judging = new Judging({ ...options, keys }, write);
  const packets = new Packets(judging, keys);
  const unreadable: { file: string; atByte: number; reason: string }[] = [];
  const inputs: Input[] = [];
  const buffer = new Uint8Array(BUFFER_BYTES);
  const progress = new Tally(options);
  for (const file of await inCaptureOrder(options.inputs)) {
    if (judging.failed) break;
    const before = packets.count;
    packets.firstPacket = before + 1;
    const reading = readOptions(options, buffer, packets, progress);
    const end = await readCapture(
      file,
      packets,
      file === "-" ? withMoreKeys(reading, keyLogs) : reading,
    );
    const lastAtUs = packets.clock[0]!;
    const seen = packets.count > before;
    inputs.push({
      bytes: end.bytes,
      ...(seen && { firstAtUs: packets.firstAtUs, lastAtUs }),
      ...(end.sha256 !== undefined && { sha256: end.sha256 }),
    });
    if (end.damage !== undefined) unreadable.push({ file, ...end.damage });
    for (const line of damageLines(end, file, lastAtUs)) write(line);
    for (const line of packets.secretLines(file)) write(line);
    progress.close(end.bytes);
  }
  packets.end();
  for (const line of packets.unreadLines()) write(line);
  for (const log of keyLogs.close())
    for (const line of keyLogLines(log, packets.clock[0]!)) write(line);
  judging.end();
  const summary = summaryLine({
    atUs: packets.count === 0 ? 0 : packets.clock[0]!,
    packets: packets.count,
    bytes: packets.bytes,
    flows: packets.flows,
    handshakes: judging.handshakes,
    certificates: judging.certificates,
    findings: judging.findings,
    inputs,
  });
  write(summary);
  options.progress?.({ ...progress.done(packets.count), atEnd: true });
  const worst = judging.worst;
  return { unreadable, ...(worst && { worst }), failed: judging.failed, summary };
}

/** From captured packets to connections: what runs for every packet. */
class Packets implements PacketSink {
  readonly clock = new Float64Array(1);
  count = 0;
  bytes = 0;
  /** Number and time of the first packet of the input underway. */
  firstPacket = 1;
  firstAtUs = Number.NaN;
  readonly #view = new PacketView();
  readonly #census = new Census();
  readonly #fragments = new Fragments();
  readonly #table: FlowTable;
  readonly #judging: Judging;
  readonly #keys: KeyLog;
  /** Lines of the input's Decryption Secrets Blocks that are none of a key log. */
  readonly #badSecrets: BadLine[] = [];

  constructor(judging: Judging, keys: KeyLog) {
    this.#judging = judging;
    this.#keys = keys;
    this.#table = new FlowTable(judging);
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
    try {
      let what = decodeFrame(view, bytes, offset, offset + captured, link, this.#census);
      if (what === FRAGMENT && this.#fragments.add(view)) {
        what = decodeTransport(view, this.#census);
      }
      if (what === TRANSPORT) this.#table.packet(view);
    } catch (error) {
      this.#judging.fault("packet", error, view.atUs);
    }
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
      this.#judging.fault("end", error, this.clock[0]!);
    }
  }

  /** What was met and not read: a `loss` line a kind for what is sound, `malformed` for the rest. */
  *unreadLines(): Generator<Line> {
    for (const met of this.#census.met) {
      const { packets, firstAtUs: atUs, firstPacket, what } = met;
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
      const says = `${count} IP datagrams not put together: ${FRAGMENT_LOSSES[why]}`;
      yield lossLine({ atUs, packetsDropped: count, where: "ip-fragments", why: says });
    }
  }
}

const FRAGMENT_LOSSES: Record<string, string> = {
  limit: "memory for fragments was used up",
  incomplete: "fragments are missing",
  overlap: "fragments overlap with different bytes",
  "too-long": "longer than 65,535 bytes",
};

/** Bytes done over all inputs, for the progress report. */
class Tally {
  readonly #options: ReplayOptions;
  #before = 0;
  #current = 0;
  #total: number | undefined;

  constructor(options: ReplayOptions) {
    this.#options = options;
  }

  read(taken: number, size: number | undefined, packets: number): void {
    this.#current = taken;
    this.#total = this.#options.inputs.length === 1 ? size : undefined;
    this.#options.progress?.({ ...this.done(packets), atEnd: false });
  }

  close(bytes: number): void {
    this.#before += bytes;
    this.#current = 0;
  }

  done(packets: number): Omit<Progress, "atEnd"> {
    const totalBytes = this.#total;
    const bytes = this.#before + this.#current;
    return { bytes, packets, ...(totalBytes !== undefined && { totalBytes }) };
  }
}

function readOptions(
  options: ReplayOptions,
  buffer: Uint8Array,
  packets: Packets,
  progress: Tally,
): ReadOptions {
  return {
    buffer,
    hash: options.hash,
    ...(options.maxBytes !== undefined && { maxBytes: options.maxBytes }),
    ...(options.stdin !== undefined && { stdin: options.stdin }),
    ...(options.progress !== undefined && {
      onRead: (taken, size) => progress.read(taken, size, packets.count),
    }),
  };
}

/** A sender that writes to a pipe may write the keys as it goes. */
function withMoreKeys(options: ReadOptions, keyLogs: KeyLogFiles): ReadOptions {
  return {
    ...options,
    onRead: (taken, size) => {
      keyLogs.readOn();
      return options.onRead?.(taken, size);
    },
  };
}

/** Where a line of a key log is wrong: nothing of what stands in it. */
function* keyLogLines({ file, bad, count, cut }: Unusable, atUs: number): Generator<Line> {
  const at = "key-log";
  for (const { line, reason } of bad) {
    yield malformedLine(
      { kind: "malformed", at, reason: `line ${line}: ${reason}`, offset: 0 },
      { atUs, file },
    );
  }
  const more = count - bad.length;
  const rest = [
    ...(more > 0 ? [`${more} more lines of it cannot be right`] : []),
    ...(cut ? ["longer than any key log: not read to its end"] : []),
  ];
  for (const reason of rest)
    yield malformedLine({ kind: "malformed", at, reason, offset: 0 }, { atUs, file });
}

function* damageLines(end: CaptureEnd, file: string, atUs: number): Generator<Line> {
  for (const oddity of end.oddities) {
    const { reason, atByte: offset } = oddity;
    yield malformedLine({ kind: "malformed", at: "pcapng-block", reason, offset }, { atUs, file });
  }
  if (end.damage === undefined) return;
  const { reason, atByte: offset } = end.damage;
  yield malformedLine({ kind: "malformed", at: "capture", reason, offset }, { atUs, file });
}

/** Bad lines told of the secrets inside an input. */
const BAD_SECRETS_MAX = 100;
