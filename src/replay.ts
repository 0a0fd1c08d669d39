/**
 * The pipeline put together: capture files in, lines out.
 *
 *     capture -> decode -> flow =border= inspect -> trust -> judge -> lines
 *
 * Every part below thinks and none of them waits; the one place that catches what was never meant
 * to happen is here, too. Lines leave unsorted, as connections end; the sinks put them in order.
 */
import { inCaptureOrder } from "./capture/order.ts";
import { type CaptureEnd, type ReadOptions, readCapture } from "./capture/read.ts";
import { BUFFER_BYTES } from "./capture/source.ts";
import type { PacketRecorder } from "./evidence/recorder.ts";
import { KeyLog } from "./inspect/keys/key-log.ts";
import { Judging, type JudgingOptions } from "./judging.ts";
import { KeyLogFiles, keyLogLines } from "./key-logs.ts";
import { Packets } from "./packets.ts";
import { malformedLine, summaryLine } from "./report/build.ts";
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
  /** Ask servers, now, for the certificates that their connections hid. */
  readonly probe?: boolean;
  /** Keeps packets that may become evidence. */
  readonly recorder?: PacketRecorder;
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
  const isPiped = options.inputs.includes("-");
  const keys = new KeyLog(isPiped && (options.keyLogs ?? []).length > 0);
  const keyLogs = new KeyLogFiles(options.keyLogs ?? [], keys);
  const probing = options.probe === true ? await import("./probing.ts") : undefined;
  const judging = new Judging({ ...options, keys, waits: probing?.isProbeable }, write);
  const packets = new Packets(judging, keys, undefined, options.recorder);
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
  if (probing !== undefined) {
    const prober = probing.proberOf(options.policy.probe);
    for (const { observation, isEvaded } of judging.takeWaiting()) {
      const probed = await probing.probedWith(prober, observation);
      judging.resolve({ observation: probed, isEvaded });
    }
  }
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

/** Where packets come through a pipe as they are sent, the peers write their keys as they go. */
function withMoreKeys(options: ReadOptions, keyLogs: KeyLogFiles): ReadOptions {
  return { ...options, onBytes: () => keyLogs.readOn() };
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
