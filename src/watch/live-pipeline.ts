/**
 * A tap put together with everything that turns its packets into judged lines:
 *
 *     tap -> decode -> flow =border= inspect -> trust -> judge -> verdicts, lines
 *
 * Packets come when they come, and a tick comes every second: with it time passes for what waits, for
 * counters of what was lost, and for whoever looks whether the tap is still in place. Nothing here waits,
 * and nothing here keeps the process alive.
 */
import { uptime } from "node:os";
import { LiveClock, type TimeSources } from "../capture/tap/live-clock.ts";
import { openTap, type TapChoice } from "../capture/tap/open.ts";
import type { Tap, TapListener, TapMethod } from "../capture/tap/tap.ts";
import type { PacketRecorder } from "../evidence/recorder.ts";
import type { FlowLimits } from "../flow/table.ts";
import { KeyLog } from "../inspect/keys/key-log.ts";
import type { Policy } from "../judge/policy/policy.ts";
import { KeyLogFiles, keyLogLines } from "../key-logs.ts";
import { Packets } from "../packets.ts";
import type { Line, Severity } from "../report/lines.ts";
import { liveDirection } from "./live-direction.ts";
import { LiveJudging } from "./live-judging.ts";
import type { Judged } from "./live-verdicts.ts";
import { OwnAddresses } from "./own-addresses.ts";

export interface LivePipelineOptions {
  readonly policy: Policy;
  /** How to capture; default: the first that the kernel grants. */
  readonly capture?: TapChoice;
  /** Room for packets that were not read yet; default: as is right for each way of capturing. */
  readonly bufferBytes?: number;
  /** Also the lines that only say what was seen, and verdicts that are `pass`. */
  readonly observations?: boolean;
  /** Paths of key logs, whose secrets open what is sealed; they are read on as they grow. */
  readonly keyLogs?: readonly string[];
  /** Called for each verdict, `pass` too, before its lines are written: to act comes before to tell. */
  readonly onVerdict?: (judged: Judged) => void;
  /** Called for each packet of a connection, after it was read. Lent, as `PacketSink.packet` is. */
  readonly onPacket?: (packet: TappedPacket) => void;
  /** Keeps packets that may become evidence. It needs `observations`: they say what is secret where. */
  readonly recorder?: PacketRecorder;
  /** Nothing more will be captured, though nobody stopped it. */
  readonly onEnd?: (why: string) => void;
  readonly limits?: FlowLimits;
}

/** One object, reused for each packet. */
export interface TappedPacket {
  /** Number of its connection. */
  flow: number;
  bytes: Uint8Array;
  offset: number;
  captured: number;
  original: number;
  /** LINKTYPE_ value. */
  link: number;
  atUs: number;
}

export interface LiveState {
  readonly method: TapMethod;
  /** Which way of capturing was chosen, and why not one before it. */
  readonly why: string;
  readonly packets: number;
  readonly bytes: number;
  /** Packets known to be lost. */
  readonly lost: number;
  readonly flows: number;
  readonly handshakes: number;
  readonly certificates: number;
  readonly findings: Readonly<Record<Severity, number>>;
  /** Connections that are being read, and how many of them were not judged yet. */
  readonly open: number;
  readonly waiting: number;
  /** Packet time: integer microseconds since 1970. */
  readonly nowUs: number;
  /** So much went wrong in our own code that nothing here can be relied on. */
  readonly failed: boolean;
}

export class LivePipeline {
  readonly #clock: LiveClock;
  readonly #judging: LiveJudging;
  readonly #packets: Packets;
  readonly #tap: Tap;
  readonly #why: string;
  readonly #write: (line: Line) => void;
  readonly #keyLogs: KeyLogFiles;
  readonly #unread = new Set<string>();
  readonly #timer: NodeJS.Timeout;
  #lost = 0;
  #closed = false;

  private constructor(options: LivePipelineOptions, write: (line: Line) => void) {
    const { policy, observations = false, onVerdict, limits = LIVE_LIMITS } = options;
    const { keyLogs = [] } = options;
    // Their writers add to them as they go, a moment behind the packets that need it.
    const keys = new KeyLog(keyLogs.length > 0);
    this.#keyLogs = new KeyLogFiles(keyLogs, keys);
    this.#clock = new LiveClock(SOURCES);
    this.#write = write;
    let tap: Tap | undefined;
    this.#judging = new LiveJudging(
      {
        policy,
        keys,
        observations,
        directionOf: liveDirection(new OwnAddresses()),
        // Asked only once packets come.
        isFirstBytesOnly: () => tap?.firstBytesOnly === true,
        ...(onVerdict !== undefined && { onVerdict }),
      },
      write,
    );
    this.#packets = new Packets(this.#judging, keys, limits, options.recorder);
    const opened = openTap(this.#listener(options), {
      clock: this.#clock,
      choice: options.capture ?? "auto",
      bufferBytes: options.bufferBytes,
    });
    tap = opened.tap;
    this.#tap = opened.tap;
    this.#why = opened.why;
    this.#timer = setInterval(() => this.tick(), TICK_MS);
    this.#timer.unref();
  }

  /**
   * Begins to capture in this process's network namespace. Throws `KernelRefused` where the kernel grants
   * no way of capturing, and what the operating system says where a key log cannot be read.
   */
  static open(options: LivePipelineOptions, write: (line: Line) => void): LivePipeline {
    return new LivePipeline(options, write);
  }

  /** Resolves when packets are captured; before that some may pass unseen. */
  get started(): Promise<void> {
    return this.#tap.started;
  }

  get state(): LiveState {
    const { connections: open, waiting } = this.#judging.underway;
    return {
      method: this.#tap.method,
      why: this.#why,
      packets: this.#packets.count,
      bytes: this.#packets.bytes,
      lost: this.#lost,
      flows: this.#packets.flows,
      handshakes: this.#judging.handshakes,
      certificates: this.#judging.certificates,
      findings: this.#judging.findings,
      open,
      waiting,
      nowUs: this.#clock.nowUs(),
      failed: this.#judging.failed,
    };
  }

  /** Another policy holds from here on, for the connections that are open as well. */
  adopt(policy: Policy): void {
    this.#judging.adopt(policy, this.#clock.nowUs());
  }

  /** Time has passed. Called by its own timer; again does no harm. */
  tick(): void {
    if (this.#closed) return;
    const shiftUs = this.#clock.tick();
    if (shiftUs !== 0) {
      this.#packets.shift(shiftUs);
      this.#judging.shift(shiftUs);
    }
    this.#keyLogs.readOn();
    this.#tap.check();
    const nowUs = this.#clock.nowUs();
    this.#packets.tick(nowUs);
    this.#judging.tick(nowUs);
    for (const line of this.#packets.unreadLines(this.#unread)) this.#write(line);
  }

  /** Captures no more, and judges what is open as it is. */
  async close(): Promise<void> {
    if (this.#closed) return;
    await this.#tap.stop();
    this.#closed = true;
    clearInterval(this.#timer);
    this.#packets.end();
    const nowUs = this.#clock.nowUs();
    for (const log of this.#keyLogs.close()) {
      for (const line of keyLogLines(log, nowUs)) this.#write(line);
    }
    for (const line of this.#packets.unreadLines()) this.#write(line);
    this.#judging.end();
  }

  #listener({ onPacket, onEnd, keyLogs = [] }: LivePipelineOptions): TapListener {
    const packets = this.#packets;
    const { clock } = packets;
    let keysReadUs = 0;
    const tapped: TappedPacket = { ...NOTHING_TAPPED };
    return {
      clock,
      packet: (bytes, offset, captured, original, link) => {
        if (keyLogs.length > 0 && Math.abs(clock[0]! - keysReadUs) > KEYS_READ_EVERY_US) {
          keysReadUs = clock[0]!;
          this.#keyLogs.readOn();
        }
        packets.packet(bytes, offset, captured, original, link);
        if (onPacket === undefined) return;
        tapped.flow = packets.lastFlow;
        if (tapped.flow === 0) return;
        tapped.bytes = bytes;
        tapped.offset = offset;
        tapped.captured = captured;
        tapped.original = original;
        tapped.link = link;
        tapped.atUs = clock[0]!;
        onPacket(tapped);
      },
      lost: (count, why) => {
        this.#lost += count;
        this.#judging.packetsLost(count, why, this.#clock.nowUs());
      },
      ended: (why) => onEnd?.(why),
    };
  }
}

const SOURCES: TimeSources = {
  wallMs: Date.now,
  sinceBootMs: () => uptime() * 1000,
  steadyMs: () => performance.now(),
};
const NOTHING_TAPPED: TappedPacket = {
  flow: 0,
  bytes: new Uint8Array(0),
  offset: 0,
  captured: 0,
  original: 0,
  link: 0,
  atUs: 0,
};
const TICK_MS = 1000;
/** Reading on costs a system call for each file. */
const KEYS_READ_EVERY_US = 2000;
/** 10 MB of rows at most: what conntrack holds by default on a machine of 2 GB. */
const LIVE_LIMITS: FlowLimits = { flows: 65_536, heldBytes: 16_777_216 };
