/** What one side says, with something wrong in its records, handshake messages or certificates. */
import { concat, pattern, uint } from "../wire/bytes.ts";
import { HANDSHAKE_TYPE, RECORD, record } from "../wire/tls.ts";
import { flipBits, mutateDer } from "./der-mutation.ts";
import type { Random } from "./random.ts";

/** One flight with one mutation. `others` are what a splice may take its end from. */
export function mutateFlight(
  flight: Uint8Array,
  others: readonly Uint8Array[],
  random: Random,
): Uint8Array {
  return random.pick(MUTATIONS)(flight, random, others);
}

/** A flight with one of its certificates changed, and all lengths around it right. */
export function mutateCertificate(flight: Uint8Array, random: Random): Uint8Array | undefined {
  const messages = messagesOf(flight);
  const found = messages.find(({ type }) => type === HANDSHAKE_TYPE.certificate);
  if (!found) return undefined;
  const ders = dersOf(flight, found);
  if (ders.length === 0) return undefined;
  const chosen = random.below(ders.length);
  const list = ders.map((der, index) => (index === chosen ? mutateDer(der, random) : der));
  if (random.chance(3)) list.push(...list, ...list);
  const entries = concat(...list.flatMap((der) => [uint(der.length, 3), der]));
  const body = concat(uint(entries.length, 3), entries);
  const message = concat(uint(HANDSHAKE_TYPE.certificate, 1), uint(body.length, 3), body);
  const before = flight.subarray(found.recordAt + 5, found.at);
  const behind = flight.subarray(found.at + found.bytes, found.recordEnd);
  const handshake = concat(before, message, behind);
  const size = handshake.length > 16_384 ? 16_384 : random.pick([16_384, 16_384, 1000]);
  const pieces: Uint8Array[] = [flight.subarray(0, found.recordAt)];
  for (let at = 0; at < handshake.length; at += size)
    pieces.push(record(RECORD.handshake, handshake.subarray(at, at + size)));
  return concat(...pieces, flight.subarray(found.recordEnd));
}

type Mutation = (flight: Uint8Array, random: Random, others: readonly Uint8Array[]) => Uint8Array;

const MUTATIONS: readonly Mutation[] = [
  flipBits,
  (flight, random) => lieAt(flight, recordOf(flight, random) + 3, 2, random),
  (flight, random) => set(flight, recordOf(flight, random), random.pick(TYPES)),
  (flight, random) =>
    set(flight, recordOf(flight, random) + 1 + random.below(2), random.below(256)),
  (flight, random) => lieAt(flight, messageOf(flight, random) + 1, 3, random),
  (flight, random) => set(flight, messageOf(flight, random), random.below(25)),
  // Any two or three bytes of a message may be a vector's length: many are.
  (flight, random) => lieAt(flight, insideOf(flight, random), 1 + random.below(3), random),
  (flight, random) => lieAt(flight, insideOf(flight, random), 1 + random.below(3), random),
  (flight, random) => split(flight, random),
  (flight, random) => flight.subarray(0, random.below(flight.length)),
  (flight, random, others) => splice(flight, random.pick(others), random),
  (flight, random) => insert(flight, random.below(flight.length), random),
  (flight, random) => insert(flight, recordOf(flight, random), random),
  (flight, random) => remove(flight, random),
  (flight, random) => again(flight, random),
];

function lieAt(flight: Uint8Array, at: number, width: number, random: Random): Uint8Array {
  if (at + width > flight.length) return flight;
  let was = 0;
  for (let index = 0; index < width; index++) was = was * 256 + flight[at + index]!;
  const out = flight.slice();
  out.set(uint(random.lie(was, width * 8), width), at);
  return out;
}

function set(flight: Uint8Array, at: number, value: number): Uint8Array {
  const out = flight.slice();
  if (at < out.length) out[at] = value;
  return out;
}

/** The same handshake bytes in other records: their boundaries mean nothing (RFC 8446 §5.1). */
function split(flight: Uint8Array, random: Random): Uint8Array {
  const size = random.pick([1, 2, 3, 4, 5, 7, 64, 500]);
  const pieces: Uint8Array[] = [];
  for (const at of recordsOf(flight)) {
    const end = Math.min(flight.length, recordEnd(flight, at));
    if (flight[at] !== RECORD.handshake || end - at - 5 > size * 400) {
      pieces.push(flight.subarray(at, end));
      continue;
    }
    for (let from = at + 5; from < end; from += size)
      pieces.push(record(RECORD.handshake, flight.subarray(from, Math.min(end, from + size))));
  }
  return concat(...pieces);
}

function splice(flight: Uint8Array, other: Uint8Array, random: Random): Uint8Array {
  const [from, to] = random.chance(50)
    ? [recordOf(flight, random), recordOf(other, random)]
    : [random.below(flight.length), random.below(other.length)];
  return concat(flight.subarray(0, from), other.subarray(to));
}

function insert(flight: Uint8Array, at: number, random: Random): Uint8Array {
  return concat(flight.subarray(0, at), random.pick(INSERTED), flight.subarray(at));
}

function remove(flight: Uint8Array, random: Random): Uint8Array {
  const at = random.below(flight.length);
  return concat(flight.subarray(0, at), flight.subarray(at + 1 + random.below(40)));
}

function again(flight: Uint8Array, random: Random): Uint8Array {
  const at = recordOf(flight, random);
  return concat(
    flight.subarray(0, Math.min(flight.length, recordEnd(flight, at))),
    flight.subarray(at),
  );
}

function recordsOf(flight: Uint8Array): number[] {
  const out: number[] = [];
  for (let at = 0; at + 5 <= flight.length; at = recordEnd(flight, at)) out.push(at);
  return out.length > 0 ? out : [0];
}

function recordEnd(flight: Uint8Array, at: number): number {
  return at + 5 + ((flight[at + 3]! << 8) | flight[at + 4]!);
}

function recordOf(flight: Uint8Array, random: Random): number {
  return random.pick(recordsOf(flight));
}

interface Message {
  readonly at: number;
  readonly type: number;
  readonly bytes: number;
  readonly recordAt: number;
  readonly recordEnd: number;
}

/** Messages that lie whole in one record, up to the first record that is not a handshake. */
function messagesOf(flight: Uint8Array): Message[] {
  const out: Message[] = [];
  for (const recordAt of recordsOf(flight)) {
    if (flight[recordAt] !== RECORD.handshake) break;
    const end = Math.min(flight.length, recordEnd(flight, recordAt));
    for (let at = recordAt + 5; at + 4 <= end; ) {
      const bytes = 4 + (flight[at + 1]! << 16) + (flight[at + 2]! << 8) + flight[at + 3]!;
      if (at + bytes > end) break;
      out.push({ at, type: flight[at]!, bytes, recordAt, recordEnd: end });
      at += bytes;
    }
  }
  return out;
}

function messageOf(flight: Uint8Array, random: Random): number {
  const messages = messagesOf(flight);
  return messages.length > 0 ? random.pick(messages).at : recordOf(flight, random) + 5;
}

function insideOf(flight: Uint8Array, random: Random): number {
  const messages = messagesOf(flight);
  if (messages.length === 0) return random.below(flight.length);
  const { at, bytes } = random.pick(messages);
  return at + random.below(bytes);
}

const DERS = new WeakMap<Uint8Array, readonly Uint8Array[]>();

/** Views that stay the same for the same flight, so that what is known of them is found again. */
function dersOf(flight: Uint8Array, { at, bytes }: Message): readonly Uint8Array[] {
  const known = DERS.get(flight);
  if (known) return known;
  const out: Uint8Array[] = [];
  for (let from = at + 7; from + 3 <= at + bytes; ) {
    const length = (flight[from]! << 16) + (flight[from + 1]! << 8) + flight[from + 2]!;
    if (from + 3 + length > at + bytes) break;
    out.push(flight.subarray(from + 3, from + 3 + length));
    from += 3 + length;
  }
  DERS.set(flight, out);
  return out;
}

const TYPES = [0, 19, 20, 21, 22, 23, 24, 25, 128, 255];
const INSERTED = [
  record(RECORD.alert, Uint8Array.of(1, 0)),
  record(RECORD.alert, Uint8Array.of(2, 40)),
  record(RECORD.alert, Uint8Array.of(1)),
  record(RECORD.changeCipherSpec, Uint8Array.of(1)),
  record(RECORD.handshake, new Uint8Array(0)),
  record(RECORD.handshake, Uint8Array.of(0, 0, 0, 0)),
  record(RECORD.applicationData, pattern(100)),
  record(RECORD.applicationData, new Uint8Array(0)),
  record(RECORD.heartbeat, Uint8Array.of(1, 255, 255)),
  pattern(17),
];
