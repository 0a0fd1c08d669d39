/**
 * The connection table: every packet of a connection in, its bytes in order and once out.
 *
 * This is the hot path. A packet finds its row, moves counters, and in nearly every case ends
 * there, because a connection whose handshake has been read is *shunted*: of its payload only the
 * 5-byte TLS record headers are still looked at, to know how far to skip. Nothing is allocated for
 * such a packet. Whoever reads a connection is an `Inspector`, made at its first payload.
 *
 * Packet time drives everything, and which row a packet falls into never depends on when a dead
 * row was swept: an expired row that a packet finds is as good as none.
 */

import { type PacketView, TCP_FIN, TCP_RST, TCP_SYN } from "../decode/packet-view.ts";
import { TCP, UDP } from "../decode/transport.ts";
import { rowEnds } from "./address.ts";
import type { Flow, FlowEvent, Inspector, Side } from "./event.ts";
import { mayBeginHandshake } from "./handshake-datagram.ts";
import {
  ANSWER_SEEN,
  BOTH_FIN,
  CONFLICT,
  FIN_SEEN,
  isStranger,
  KNOWN,
  OPENED_BY_1,
  OPENER_KNOWN,
  openSide,
  RESET,
  rememberAnswer,
  reopens,
  settleAnswer,
} from "./opening.ts";
import { APPLICATION_DATA, takeHeldHeader, walkRecords } from "./record-walk.ts";
import {
  EXPECTED_0,
  FIN_AT_0,
  FIRST_AT,
  ID,
  KIND,
  LAST_AT,
  MODE_0,
  PACKETS_0,
  PARTIAL_0,
  PASSED_0,
  PAYLOAD_0,
  ROW_TIMES,
  ROW_WORDS,
  Rows,
  SKIP_0,
  STATE,
} from "./rows.ts";
import { Stream } from "./stream.ts";

/** What lies above the border. */
export interface Above {
  /** A connection's first payload, TCP or UDP (`flow.transport`): who reads it? */
  open(flow: Flow): Inspector;
  /** The connection is over; its inspector has had `closed`. */
  close(flow: Flow, inspector: Inspector): void;
  /** Bytes were sent twice and differ (C08). Once a connection and side. */
  overlap(flow: Flow, side: Side, offset: number, atUs: number): void;
  /** A packet of a link that encrypts (LINK). Lent: only until this returns. */
  link?(view: PacketView): void;
  /** A named limit was reached. `flow` is the one that lost something. */
  loss(what: string, flow: Flow | undefined, atUs: number): void;
}

export interface FlowLimits {
  /** Connections at once. */
  readonly flows: number;
  /** Bytes of unfinished handshakes and early segments, over all connections. */
  readonly heldBytes: number;
}

export class FlowTable {
  /** Connections seen so far, which is also the last number given. */
  flows = 0;
  readonly #above: Above;
  readonly #rows: Rows;
  readonly #inspectors: (Inspector | undefined)[] = [];
  readonly #flowOf: (Flow | undefined)[] = [];
  /** Two a row, by side. */
  readonly #streams: (Stream | undefined)[] = [];
  readonly #spare: Stream[] = [];
  readonly #heldMax: number;
  #held = 0;
  #hand = 0;
  #tick = 0;
  /**
   * Time of the packet at work. A field, because a double that is passed to a function which V8
   * does not inline is an allocation. NaN first, so that it never holds a small integer.
   */
  #now = Number.NaN;
  /** Reused for every `bytes` and `datagram` event: lent like the bytes themselves. */
  readonly #event: Mutable<Extract<FlowEvent, { kind: "bytes" }>> = {
    kind: "bytes",
    side: 0,
    bytes: NOTHING,
    from: 0,
    to: 0,
    offset: 0,
    atUs: Number.NaN,
  };

  readonly #datagramEvent: Mutable<Extract<FlowEvent, { kind: "datagram" }>> = {
    kind: "datagram",
    side: 0,
    bytes: NOTHING,
    from: 0,
    to: 0,
    cut: 0,
    atUs: Number.NaN,
  };

  constructor(above: Above, limits: FlowLimits = FLOW_LIMITS) {
    this.#above = above;
    this.#rows = new Rows(limits.flows);
    this.#heldMax = limits.heldBytes;
  }

  /** A decoded TCP or UDP packet. */
  packet(view: PacketView): void {
    this.#now = view.atUs;
    if ((++this.#tick & SWEEP_MASK) === 0) this.#sweepOne();
    if (view.protocol === TCP) this.#tcp(view);
    else if (view.protocol === UDP) this.#udp(view);
  }

  /** Time has passed, whether packets came or not: some rows are looked at, and dead ones closed. */
  tick(nowUs: number): void {
    this.#now = nowUs;
    const rows = Math.min(TICK_ROWS, this.#rows.walked);
    for (let looked = 0; looked < rows; looked++) this.#sweepOne();
  }

  /** The clock was set: everything remembered was `byUs` later than it seemed. */
  shift(byUs: number): void {
    this.#rows.shift(byUs);
  }

  /**
   * The number of the connection that a packet just given belongs to, for those who keep packets; 0: of
   * none. Costs another look into the table.
   */
  numberOf(view: PacketView): number {
    const row = this.#rows.find(view);
    return row < 0 ? 0 : this.#rows.words[row * ROW_WORDS + ID]!;
  }

  /** Whether somebody reads on, in either direction, in the connection that a packet belongs to. */
  isRead(view: PacketView): boolean {
    const row = this.#rows.find(view);
    if (row < 0) return false;
    const at = row * ROW_WORDS + MODE_0;
    return this.#rows.words[at] === OPEN || this.#rows.words[at + 1] === OPEN;
  }

  /** No more packets will come: closes every connection, oldest first. */
  end(): void {
    const rows = this.#rows;
    const left: number[] = [];
    for (let row = 0; row < rows.reached; row++) if (rows.used(row)) left.push(row);
    left.sort((a, b) => rows.words[a * ROW_WORDS + ID]! - rows.words[b * ROW_WORDS + ID]!);
    for (const row of left) this.#close(row, "end");
  }

  #udp(view: PacketView): void {
    const rows = this.#rows;
    let row = rows.find(view);
    if (row >= 0 && this.#expired(row)) {
      this.#close(row, "idle");
      row = -1;
    }
    if (row < 0) row = this.#open(view);
    const side = rows.side;
    const time = row * ROW_TIMES;
    rows.times[time + LAST_AT] = Math.max(rows.times[time + LAST_AT]!, view.atUs);
    rows.times[time + PACKETS_0 + side]!++;
    rows.times[time + PAYLOAD_0 + side]! += view.end - view.payload;
    const empty = view.end === view.payload && view.missing <= 0;
    if (!empty && rows.words[row * ROW_WORDS + MODE_0 + side] === OPEN)
      this.#datagram(row, side, view);
  }

  /** Nothing is kept of a datagram here, so nothing limits how many an inspector may read. */
  #datagram(row: number, side: Side, view: PacketView): void {
    const inspector = this.#inspectors[row] ?? this.#inspect(row);
    const first = view.payload < view.end ? view.bytes[view.payload]! : 0;
    if (inspector.wants === "records" && !mayBeginHandshake(first)) return;
    const event = this.#datagramEvent;
    event.side = side;
    event.bytes = view.bytes;
    event.from = view.payload;
    event.to = view.end;
    event.cut = Math.max(view.missing, 0);
    event.atUs = this.#now;
    inspector.push(event);
    if (inspector.wants === "nothing") this.#conclude(row, "end");
  }

  #tcp(view: PacketView): void {
    const rows = this.#rows;
    let row = rows.find(view);
    if (row >= 0 && this.#startsAnew(row, view)) row = -1;
    if (row < 0) row = this.#open(view);

    const side = rows.side;
    const words = rows.words;
    const times = rows.times;
    const at = row * ROW_WORDS;
    const time = row * ROW_TIMES;
    const flags = view.flags;
    const captured = view.end - view.payload;
    if (view.atUs > times[time + LAST_AT]!) times[time + LAST_AT] = view.atUs;
    times[time + PACKETS_0 + side]!++;

    let seq = view.seq;
    let state = words[at + STATE]!;
    if ((flags & TCP_SYN) !== 0) {
      // One that does not belong to this connection tells nothing about it, data included.
      if (isStranger(words, at, side, seq)) {
        if (times[time + PASSED_0 + side] === 0) rememberAnswer(words, at, side, view);
        return;
      }
      state = openSide(words, at, side, view);
      seq = (seq + 1) | 0;
    } else if ((state & (KNOWN << side)) === 0) {
      state |= KNOWN << side;
      words[at + EXPECTED_0 + side] = seq;
      words[at + STATE] = state;
    }

    if ((state & ANSWER_SEEN) !== 0) settleAnswer(words, at, side, view);
    const count = captured + view.missing;
    if (count > 0) {
      times[time + PAYLOAD_0 + side]! += captured;
      const mode = words[at + MODE_0 + side]!;
      if (mode !== DROP) {
        const early = (seq - words[at + EXPECTED_0 + side]!) | 0;
        if (early === 0 && mode === SHUNT && view.missing === 0) {
          // Nearly every packet of a bulk transfer ends here.
          words[at + EXPECTED_0 + side] = (seq + captured) | 0;
          times[time + PASSED_0 + side]! += captured;
          const skip = words[at + SKIP_0 + side]!;
          if (skip >= captured) words[at + SKIP_0 + side] = skip - captured;
          else this.#walk(row, side, view.bytes, view.payload, view.end);
          const stream = this.#streams[row * 2 + side];
          if (stream !== undefined && stream.pending.length > 0) this.#drain(row, side);
        } else {
          this.#payload(row, side, view, early);
        }
      }
    }
    if ((flags & (TCP_FIN | TCP_RST)) !== 0) this.#finish(row, side, (seq + count) | 0, flags);
  }

  /** Payload that is not the next bytes of a shunted direction. */
  #payload(row: number, side: Side, view: PacketView, early: number): void {
    const rows = this.#rows;
    const time = row * ROW_TIMES;
    const passed = rows.times[time + PASSED_0 + side]!;
    const captured = view.end - view.payload;
    if (early <= 0) {
      // Bytes from before the first that we believe this direction has: never a silent end of them.
      if (passed + early < 0 && captured > 1) {
        this.#above.loss("tcp-before-start", this.#flow(row), this.#now);
      }
      const repeated = Math.min(-early, captured);
      if (repeated > 0) this.#repeat(row, side, view, repeated, passed + early);
      const fresh = captured + early;
      const from = view.payload + repeated;
      if (fresh > 0 || (fresh + view.missing > 0 && view.missing > 0)) {
        const missing = fresh >= 0 ? view.missing : view.missing + fresh;
        this.#deliver(row, side, view.bytes, from, view.end, missing);
        this.#drain(row, side);
      }
      return;
    }
    const stream = this.#stream(row, side);
    const offset = passed + early;
    const before = stream.pendingBytes;
    const agrees = stream.hold(view.bytes, view.payload, view.end, offset, view.missing, this.#now);
    this.#hold(stream, stream.pendingBytes - before);
    if (!agrees) this.#conflict(row, side, offset);
    const full =
      stream.pendingBytes > PENDING_BYTES_MAX || stream.pending.length > PENDING_SEGMENTS_MAX;
    if (full || this.#held > this.#heldMax) {
      this.#above.loss("tcp-pending", this.#flow(row), this.#now);
      this.#gap(row, side, "limit");
    }
  }

  /** Bytes that were seen before: a retransmission, if they are the same. */
  #repeat(row: number, side: Side, view: PacketView, repeated: number, offset: number): void {
    // A keep-alive sends one old byte of no meaning (RFC 1122 §4.2.3.6).
    if (repeated === 1 && view.end - view.payload === 1) return;
    const stream = this.#streams[row * 2 + side];
    if (stream === undefined) return;
    if (!stream.agrees(view.bytes, view.payload, view.payload + repeated, offset)) {
      this.#conflict(row, side, offset);
    }
  }

  #conflict(row: number, side: Side, offset: number): void {
    const at = row * ROW_WORDS + STATE;
    const bit = CONFLICT << side;
    if ((this.#rows.words[at]! & bit) !== 0) return;
    this.#rows.words[at]! |= bit;
    this.#above.overlap(this.#flow(row), side, offset, this.#now);
  }

  /** The next bytes of a direction, in order. */
  #deliver(
    row: number,
    side: Side,
    bytes: Uint8Array,
    from: number,
    to: number,
    missing: number,
  ): void {
    const rows = this.#rows;
    const at = row * ROW_WORDS;
    const count = Math.max(to - from, 0);
    rows.words[at + EXPECTED_0 + side] = (rows.words[at + EXPECTED_0 + side]! + count) | 0;
    const mode = rows.words[at + MODE_0 + side]!;
    if (mode === SHUNT) {
      rows.times[row * ROW_TIMES + PASSED_0 + side]! += count;
      this.#walk(row, side, bytes, from, to);
    } else if (mode === OPEN && count > 0) {
      this.#read(row, side, bytes, from, to);
    } else {
      rows.times[row * ROW_TIMES + PASSED_0 + side]! += count;
    }
    if (missing > 0) this.#lose(row, side, missing, "snaplen");
  }

  /** Hands bytes to the connection's inspector. `PASSED` moves here. */
  #read(row: number, side: Side, bytes: Uint8Array, from: number, to: number): void {
    const times = this.#rows.times;
    const offset = times[row * ROW_TIMES + PASSED_0 + side]!;
    times[row * ROW_TIMES + PASSED_0 + side] = offset + (to - from);
    const inspector = this.#inspectors[row] ?? this.#inspect(row);
    const stream = this.#stream(row, side);
    stream.keep(bytes, from, to, offset);
    this.#hold(stream, to - from);
    const event = this.#event;
    event.side = side;
    event.bytes = bytes;
    event.from = from;
    event.to = to;
    event.offset = offset;
    event.atUs = this.#now;
    inspector.push(event);
    if (inspector.wants !== "bytes") this.#turn(row, inspector);
    else if (stream.held - stream.pendingBytes > STREAM_BYTES_MAX || this.#held > this.#heldMax) {
      this.#above.loss("tcp-reassembly", this.#flow(row), this.#now);
      const atUs = this.#now;
      inspector.push({
        kind: "gap",
        side,
        offset: offset + (to - from),
        count: 0,
        why: "limit",
        atUs,
      });
      this.#drop(row);
    }
  }

  /** Follows what the inspector wants now. */
  #turn(row: number, inspector: Inspector): void {
    // Nothing more can be learned: there is no reason to keep what was until the end.
    if (inspector.wants === "nothing") return this.#conclude(row, "end");
    const rows = this.#rows;
    const at = row * ROW_WORDS;
    const next = inspector.nextRecord;
    for (const side of SIDES) {
      // The inspector knows nothing of a side that is shunted already: the walk does.
      if (rows.words[at + MODE_0 + side] === SHUNT) continue;
      const passed = rows.times[row * ROW_TIMES + PASSED_0 + side]!;
      if (next[side] < 0) {
        // A few records more: nothing is kept of them for comparison with retransmissions.
        this.#release(row, side, true);
        continue;
      }
      const skip = next[side] - passed;
      rows.words[at + MODE_0 + side] = SHUNT;
      rows.words[at + SKIP_0 + side] = Math.max(skip, 0);
      rows.words[at + PARTIAL_0 + side] = 0;
      this.#release(row, side, true);
    }
  }

  #drop(row: number): void {
    const at = row * ROW_WORDS;
    for (const side of SIDES) {
      this.#rows.words[at + MODE_0 + side] = DROP;
      this.#release(row, side, false);
    }
  }

  #walk(row: number, side: Side, bytes: Uint8Array, from: number, to: number): void {
    const stop = walkRecords(this.#rows.words, row * ROW_WORDS, side, bytes, from, to);
    if (stop >= 0) this.#resume(row, side, bytes, stop, to);
  }

  /**
   * The shunt ends: the inspector reads again, from the record header at `from`, or from those bytes of
   * it that the last segment held.
   */
  #resume(row: number, side: Side, bytes: Uint8Array, from: number, to: number): void {
    const rows = this.#rows;
    const inspector = this.#inspectors[row];
    if (inspector === undefined) return this.#drop(row);
    const at = row * ROW_WORDS;
    const held = takeHeldHeader(rows.words, at, side);
    const passed = rows.times[row * ROW_TIMES + PASSED_0 + side]!;
    const offset = passed - (to - from) - held.length;
    const type = held[0] ?? bytes[from]!;
    const why = type === APPLICATION_DATA ? "header" : "record-type";
    rows.words[at + MODE_0 + side] = OPEN;
    inspector.push({ kind: "resumed", side, offset, why, atUs: this.#now });
    if (inspector.wants === "nothing") return this.#conclude(row, "end");
    rows.times[row * ROW_TIMES + PASSED_0 + side] = offset;
    if (held.length > 0) this.#read(row, side, held, 0, held.length);
    if (from >= to) return;
    // What was read just now may have asked for the shunt, or for nothing.
    const mode = rows.words[at + MODE_0 + side]!;
    if (mode === OPEN) return this.#read(row, side, bytes, from, to);
    rows.times[row * ROW_TIMES + PASSED_0 + side]! += to - from;
    if (mode === SHUNT) this.#walk(row, side, bytes, from, to);
  }

  /** Early segments whose turn has come. */
  #drain(row: number, side: Side): void {
    const stream = this.#streams[row * 2 + side];
    if (stream === undefined) return;
    const times = this.#rows.times;
    for (;;) {
      const passed = times[row * ROW_TIMES + PASSED_0 + side]!;
      const segment = stream.take(passed);
      if (segment === undefined) return;
      this.#hold(stream, -segment.bytes.length);
      const old = passed - segment.offset;
      if (
        old > 0 &&
        !stream.agrees(segment.bytes, 0, Math.min(old, segment.bytes.length), segment.offset)
      ) {
        this.#conflict(row, side, segment.offset);
      }
      if (old > segment.bytes.length + segment.missing) continue;
      const from = Math.min(old, segment.bytes.length);
      const missing = segment.missing - Math.max(old - segment.bytes.length, 0);
      this.#deliver(row, side, segment.bytes, from, segment.bytes.length, missing);
      if (this.#rows.words[row * ROW_WORDS + MODE_0 + side] === DROP) return;
    }
  }

  /** Gives up on what is missing before the first early segment, and goes on behind it. */
  #gap(row: number, side: Side, why: "loss" | "limit"): void {
    const stream = this.#streams[row * 2 + side];
    const first = stream?.pending[0];
    if (first === undefined) return;
    const passed = this.#rows.times[row * ROW_TIMES + PASSED_0 + side]!;
    if (first.offset > passed) this.#lose(row, side, first.offset - passed, why);
    this.#drain(row, side);
  }

  /** `count` bytes of a direction will never come. */
  #lose(row: number, side: Side, count: number, why: "loss" | "snaplen" | "limit"): void {
    const rows = this.#rows;
    const at = row * ROW_WORDS;
    const offset = rows.times[row * ROW_TIMES + PASSED_0 + side]!;
    rows.times[row * ROW_TIMES + PASSED_0 + side] = offset + count;
    rows.words[at + EXPECTED_0 + side] = (rows.words[at + EXPECTED_0 + side]! + count) | 0;
    const mode = rows.words[at + MODE_0 + side]!;
    if (mode === DROP) return;
    if (mode === SHUNT) {
      const skip = rows.words[at + SKIP_0 + side]!;
      if (rows.words[at + PARTIAL_0 + side] === 0 && count <= skip) {
        rows.words[at + SKIP_0 + side] = skip - count;
        return;
      }
    }
    const inspector = this.#inspectors[row] ?? this.#inspect(row);
    rows.words[at + MODE_0 + side] = OPEN;
    if (mode === SHUNT)
      inspector.push({ kind: "resumed", side, offset, why: "gap", atUs: this.#now });
    inspector.push({ kind: "gap", side, offset, count, why, atUs: this.#now });
    if (inspector.wants !== "bytes") this.#turn(row, inspector);
  }

  /** Whether a packet found a row that is over, so that it begins another connection. */
  #startsAnew(row: number, view: PacketView): boolean {
    if (this.#expired(row)) {
      this.#close(row, "idle");
      return true;
    }
    if ((view.flags & TCP_SYN) === 0) return false;
    const idleUs = this.#now - this.#rows.times[row * ROW_TIMES + LAST_AT]!;
    const { words, side } = this.#rows;
    if (!reopens(words, row * ROW_WORDS, side, view, idleUs)) return false;
    this.#close(row, "reused");
    return true;
  }

  /**
   * A FIN or RST. The row stays for a while, since late packets are no new connection. Whoever reads the
   * connection is told at once when both sides have said all that they announced, or when one was
   * reset and there was nothing left to read. If there was, reading goes on: a forged RST must not end
   * that of a handshake which continues, nor of one that has yet to begin.
   */
  #finish(row: number, side: Side, finAt: number, flags: number): void {
    const words = this.#rows.words;
    const at = row * ROW_WORDS;
    if ((flags & TCP_RST) !== 0) words[at + STATE]! |= RESET;
    if ((flags & TCP_FIN) !== 0) {
      words[at + STATE]! |= FIN_SEEN << side;
      words[at + FIN_AT_0 + side] = finAt;
    }
    const inspector = this.#inspectors[row];
    if (inspector === undefined) return;
    const state = words[at + STATE]!;
    const ended =
      (state & BOTH_FIN) === BOTH_FIN &&
      words[at + EXPECTED_0] === words[at + FIN_AT_0] &&
      words[at + EXPECTED_0 + 1] === words[at + FIN_AT_0 + 1];
    const fresh = inspector.wants === "bytes" && inspector.idle;
    const reset = (state & RESET) !== 0 && (fresh || inspector.wants !== "bytes");
    if (ended || reset) this.#conclude(row, "end");
    if (fresh && !ended) for (const of of SIDES) words[at + MODE_0 + of] = OPEN;
  }

  #expired(row: number): boolean {
    const idle = this.#now - this.#rows.times[row * ROW_TIMES + LAST_AT]!;
    if (idle <= CLOSED_LINGER_US) return false;
    const at = row * ROW_WORDS;
    if (this.#rows.words[at + KIND]! >> 8 === UDP) return idle > UDP_IDLE_US;
    const state = this.#rows.words[at + STATE]!;
    if ((state & RESET) !== 0 || (state & BOTH_FIN) === BOTH_FIN) return true;
    return idle > TCP_IDLE_US;
  }

  /** Looks at one row every few packets, so that dead connections go without ever stopping the work. */
  #sweepOne(): void {
    const rows = this.#rows;
    if (++this.#hand >= rows.walked) this.#hand = 0;
    if (rows.used(this.#hand) && this.#expired(this.#hand)) this.#close(this.#hand, "idle");
  }

  #open(view: PacketView): number {
    const rows = this.#rows;
    let row = rows.add(view);
    if (row < 0) {
      this.#evict();
      row = rows.add(view);
    }
    rows.words[row * ROW_WORDS + ID] = ++this.flows;
    rows.times[row * ROW_TIMES + FIRST_AT] = view.atUs;
    rows.times[row * ROW_TIMES + LAST_AT] = view.atUs;
    return row;
  }

  /** The table is full: the stalest of the rows behind the hand goes. */
  #evict(): void {
    const rows = this.#rows;
    let stalest = -1;
    let since = Number.POSITIVE_INFINITY;
    for (let step = 0; step < EVICTION_SAMPLE; step++) {
      if (++this.#hand >= rows.reached) this.#hand = 0;
      const last = rows.times[this.#hand * ROW_TIMES + LAST_AT]!;
      if (rows.used(this.#hand) && last < since) {
        stalest = this.#hand;
        since = last;
      }
    }
    this.#above.loss("flow-table", this.#flow(stalest), this.#now);
    this.#close(stalest, "evicted");
  }

  #close(row: number, why: "idle" | "reused" | "evicted" | "end"): void {
    const rows = this.#rows;
    const lastAt = rows.times[row * ROW_TIMES + LAST_AT]!;
    const now = this.#now;
    this.#now = lastAt;
    this.#flush(row);
    this.#conclude(row, why);
    rows.remove(row);
    this.#now = now;
  }

  /** The connection's inspector is told that it is over, and everything but the row is let go of. */
  #conclude(row: number, why: "idle" | "reused" | "evicted" | "end"): void {
    const rows = this.#rows;
    const inspector = this.#inspectors[row];
    if (inspector !== undefined) {
      const state = rows.words[row * ROW_WORDS + STATE]!;
      const fin = (state & BOTH_FIN) === BOTH_FIN;
      const how = (state & RESET) !== 0 ? "rst" : fin ? "fin" : why;
      const atUs = rows.times[row * ROW_TIMES + LAST_AT]!;
      inspector.push({ kind: "closed", why: how, atUs });
      this.#above.close(this.#flow(row), inspector);
      this.#inspectors[row] = undefined;
    }
    this.#drop(row);
    this.#flowOf[row] = undefined;
  }

  /** Delivers what waited for bytes that never came, the side that has waited longer first. */
  #flush(row: number): void {
    const first = this.#streams[row * 2]?.pending[0]?.atUs ?? Number.POSITIVE_INFINITY;
    const second = this.#streams[row * 2 + 1]?.pending[0]?.atUs ?? Number.POSITIVE_INFINITY;
    for (const side of first <= second ? SIDES : SIDES_TURNED) {
      for (let rounds = 0; rounds <= PENDING_SEGMENTS_MAX + 1; rounds++) {
        const stream = this.#streams[row * 2 + side];
        if (stream === undefined || stream.pending.length === 0) break;
        this.#gap(row, side, "loss");
      }
    }
  }

  #inspect(row: number): Inspector {
    const inspector = this.#above.open(this.#flow(row));
    this.#inspectors[row] = inspector;
    return inspector;
  }

  /** The connection as an object, made when somebody above the border first needs it. */
  #flow(row: number): Flow {
    const known = this.#flowOf[row];
    if (known !== undefined) return known;
    const rows = this.#rows;
    const at = row * ROW_WORDS;
    const state = rows.words[at + STATE]!;
    const opener: Side = (state & OPENED_BY_1) !== 0 ? 1 : 0;
    const flow: Flow = {
      id: rows.words[at + ID]!,
      transport: rows.words[at + KIND]! >> 8 === TCP ? "tcp" : "udp",
      ends: rowEnds(rows.words, row),
      ...((state & OPENER_KNOWN) !== 0 && { opener }),
      openedAtUs: rows.times[row * ROW_TIMES + FIRST_AT]!,
    };
    this.#flowOf[row] = flow;
    return flow;
  }

  #stream(row: number, side: Side): Stream {
    const index = row * 2 + side;
    const known = this.#streams[index];
    if (known !== undefined) return known;
    const stream = this.#spare.pop() ?? new Stream();
    this.#streams[index] = stream;
    return stream;
  }

  /** Gives a direction's memory back: all of it, or what was delivered only. */
  #release(row: number, side: Side, keepPending: boolean): void {
    const index = row * 2 + side;
    const stream = this.#streams[index];
    if (stream === undefined) return;
    if (keepPending && stream.pending.length > 0) {
      stream.forget();
      this.#hold(stream, stream.pendingBytes - stream.held);
      return;
    }
    this.#hold(stream, -stream.held);
    stream.reset();
    this.#streams[index] = undefined;
    if (this.#spare.length < SPARE_STREAMS_MAX) this.#spare.push(stream);
  }

  #hold(stream: Stream, bytes: number): void {
    stream.held += bytes;
    this.#held += bytes;
  }
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

const SIDES: readonly Side[] = [0, 1];
const SIDES_TURNED: readonly Side[] = [1, 0];
const NOTHING = new Uint8Array(0);
/** Modes of a side. */
const OPEN = 0;
const SHUNT = 1;
const DROP = 2;

/** Longer than two segment lifetimes of a late packet, shorter than a port's reuse. */
const CLOSED_LINGER_US = 10_000_000;
const UDP_IDLE_US = 180_000_000;
const TCP_IDLE_US = 3_600_000_000;

/** Early bytes and segments of one direction before what is missing is given up. */
const PENDING_BYTES_MAX = 1_048_576;
const PENDING_SEGMENTS_MAX = 1024;
/** What one direction may deliver before its inspector has decided. */
const STREAM_BYTES_MAX = 1_048_576;
const SPARE_STREAMS_MAX = 256;
const EVICTION_SAMPLE = 64;
/** Rows that a tick looks at: a table of 65,536 once in half a minute, in a fraction of a millisecond. */
const TICK_ROWS = 2048;
/** One row is looked at every 8 packets: less often than that, the table would grow by it. */
const SWEEP_MASK = 7;

export const FLOW_LIMITS: FlowLimits = { flows: 262_144, heldBytes: 50_331_648 };
