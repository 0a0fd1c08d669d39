/**
 * How a TCP connection begins, and whether a SYN on known ends begins another (RFC 9293 §3.5, §3.10.7.4).
 *
 * Captures lose packets, ports are used again, and a sender may forge a SYN to make a sensor look away.
 * So one packet alone never ends or moves a connection that is open: a second opening counts when it
 * is answered, a second answer when it is acknowledged.
 */
import { type PacketView, TCP_ACK } from "../decode/packet-view.ts";
import { CANDIDATE, EXPECTED_0, STATE, SYN_AT_0 } from "./rows.ts";

/** A SYN that belongs to this row, first or repeated. Returns the row's new state. */
export function openSide(words: Int32Array, at: number, side: 0 | 1, view: PacketView): number {
  let state = words[at + STATE]!;
  if ((state & (KNOWN << side)) === 0) {
    state |= (KNOWN << side) | (SYN_SEEN << side);
    words[at + EXPECTED_0 + side] = (view.seq + 1) | 0;
    words[at + SYN_AT_0 + side] = view.seq;
  }
  const answers = (view.flags & TCP_ACK) !== 0;
  if (answers && (state & (KNOWN << (1 - side))) === 0) {
    state |= KNOWN << (1 - side);
    words[at + EXPECTED_0 + 1 - side] = view.ack;
  }
  if ((state & OPENER_KNOWN) === 0) {
    state |= OPENER_KNOWN;
    const opener = answers ? 1 - side : side;
    if (opener === 1) state |= OPENED_BY_1;
  }
  words[at + STATE] = state;
  return state;
}

/** A SYN with another sequence number than the one that this side is known by. */
export function isStranger(words: Int32Array, at: number, side: 0 | 1, seq: number): boolean {
  return (words[at + STATE]! & (SYN_SEEN << side)) !== 0 && words[at + SYN_AT_0 + side] !== seq;
}

/**
 * Whether a packet with SYN begins another connection on the ends of this row. On one that is still
 * open it does so only when it is the answer to a SYN that was remembered as the candidate.
 */
export function reopens(
  words: Int32Array,
  at: number,
  side: 0 | 1,
  view: PacketView,
  idleUs: number,
): boolean {
  const state = words[at + STATE]!;
  if ((view.flags & TCP_ACK) !== 0) {
    const asked = (state & (CANDIDATE_SEEN << (1 - side))) !== 0;
    return asked && ((view.ack - 1) | 0) === words[at + CANDIDATE];
  }
  const again = (state & (SYN_SEEN << side)) !== 0 && words[at + SYN_AT_0 + side] === view.seq;
  const unknown = (state & (KNOWN << side)) === 0;
  if (again || unknown) return false;
  if ((state & (RESET | BOTH_FIN)) !== 0 || idleUs > REOPEN_IDLE_US) return true;
  words[at + CANDIDATE] = view.seq;
  words[at + STATE] = (state & ~(CANDIDATE_SEEN * 3 + ANSWER_SEEN)) | (CANDIDATE_SEEN << side);
  return false;
}

/**
 * A SYN-ACK with another sequence number than the first, before any payload of that side: of two
 * answers one is real, and the side that asked says which when it acknowledges it.
 */
export function rememberAnswer(words: Int32Array, at: number, side: 0 | 1, view: PacketView): void {
  if ((view.flags & TCP_ACK) === 0) return;
  words[at + CANDIDATE] = view.seq;
  words[at + STATE]! &= ~(CANDIDATE_SEEN * 3);
  words[at + STATE]! |= ANSWER_SEEN | (side === 1 ? ANSWER_OF_1 : 0);
}

/** A packet while two answers are open: the first acknowledgement settles them. */
export function settleAnswer(words: Int32Array, at: number, side: 0 | 1, view: PacketView): void {
  const answerer = (words[at + STATE]! & ANSWER_OF_1) !== 0 ? 1 : 0;
  if (side === answerer || (view.flags & TCP_ACK) === 0) return;
  if (((view.ack - 1) | 0) === words[at + CANDIDATE]) {
    words[at + SYN_AT_0 + answerer] = words[at + CANDIDATE]!;
    words[at + EXPECTED_0 + answerer] = view.ack;
  }
  words[at + STATE]! &= ~(ANSWER_SEEN | ANSWER_OF_1);
}

/** Bits of STATE; those of a side are shifted left by it. */
export const KNOWN = 0x001;
const SYN_SEEN = 0x004;
export const FIN_SEEN = 0x010;
export const BOTH_FIN = 0x030;
/** Bytes of the side were sent twice and differ. */
export const CONFLICT = 0x040;
export const RESET = 0x100;
export const OPENER_KNOWN = 0x200;
export const OPENED_BY_1 = 0x400;
const CANDIDATE_SEEN = 0x800;
export const ANSWER_SEEN = 0x2000;
const ANSWER_OF_1 = 0x4000;

/** Twice the longest segment lifetime that Linux assumes: then an unanswered SYN is a new beginning. */
const REOPEN_IDLE_US = 60_000_000;
