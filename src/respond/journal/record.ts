/**
 * One record of the journal: a slot of 512 bytes, written once and never again.
 *
 *     byte  0      4      5       6            8          16      24     32        40
 *          +------+------+-------+------------+----------+-------+------+---------+-- ..
 *          | PCJ1 | kind | flags | text bytes | sequence | epoch | atUs | sinceUs |
 *          +------+------+-------+------------+----------+-------+------+---------+-- ..
 *           40              72                                        496          512
 *        .. +---------------+-----------------------------------------+------------+
 *           | policy SHA-256 | instance, rule, by, because; zeros      |  checksum  |
 *        .. +---------------+-----------------------------------------+------------+
 *
 * Numbers are little-endian; a text is its length in two bytes and its UTF-8. Three facts shape it:
 *
 *   1. A disk writes sectors of 512 bytes or a multiple. With one record a sector, a write that was
 *      torn can damage the record that was being written and no other.
 *   2. A segment is zeros before it is used, so a slot that is not zeros and not a sound record is one
 *      that somebody tried to write: it is never taken for the end of the journal (state.ts).
 *   3. Each record stands for itself: a record that was lost before it changes nothing in what it says.
 *
 * The checksum is half a SHA-256, against chance. Whoever may write here could forge it: what keeps the
 * workload out is that the directory is not in its file system, and belongs to us alone.
 */
import { hash } from "node:crypto";

export interface JournalRecord {
  readonly kind: "cut" | "release";
  /** Counts cuts, from 1. A release carries that of the newest cut that it closes. */
  readonly epoch: number;
  /** By the wall clock, integer microseconds since 1970. */
  readonly atUs: number;
  /** When the first cut that was not released since was made; of a release, its own time. */
  readonly sinceUs: number;
  /** SHA-256 of the policy that decided, lower-case hex; "" where none did. */
  readonly policySha256: string;
  /** Which run of which container: whatever the caller tells them apart by. */
  readonly instance: string;
  /** Id of the finding's rule, as `A15`; "" for a cut by hand, and for a release. */
  readonly rule: string;
  /** The person; "" for the gate itself. */
  readonly by: string;
  /** Why, for people. Cut short where the slot has no room for all of it. */
  readonly because: string;
  /** Written again at the head of a segment, so that the ones before it are not needed. */
  readonly carried: boolean;
}

/** A slot that was read: nothing was written yet, a record, or what cannot be one. */
export type Slot =
  | { readonly is: "empty" }
  | { readonly is: "record"; readonly record: JournalRecord; readonly sequence: number }
  | { readonly is: "damaged"; readonly reason: string };

/** The slot of a record. Texts that are longer than their room are cut short between characters. */
export function encodeSlot(record: JournalRecord, sequence: number): Uint8Array {
  const slot = Buffer.alloc(SLOT_BYTES);
  slot.write(MAGIC, 0, "latin1");
  slot[4] = record.kind === "cut" ? CUT : RELEASE;
  slot.writeBigUInt64LE(BigInt(sequence), 8);
  slot.writeBigUInt64LE(BigInt(record.epoch), 16);
  slot.writeBigUInt64LE(BigInt(Math.max(0, Math.trunc(record.atUs))), 24);
  slot.writeBigUInt64LE(BigInt(Math.max(0, Math.trunc(record.sinceUs))), 32);
  if (/^[0-9a-f]{64}$/.test(record.policySha256)) slot.write(record.policySha256, 40, "hex");
  let at = TEXT_AT;
  let isShort = false;
  for (const name of TEXTS) {
    const room = Math.min(ROOM[name], TEXT_END - at - 2);
    const text = prefix(record[name], room);
    isShort ||= text.length < record[name].length;
    at = slot.writeUInt16LE(slot.write(text, at + 2, "utf8"), at) + Buffer.byteLength(text);
  }
  slot[5] = (record.carried ? CARRIED : 0) | (isShort ? SHORTENED : 0);
  slot.writeUInt16LE(at - TEXT_AT, 6);
  slot.set(checksum(slot), TEXT_END);
  return slot;
}

/** What a slot of 512 bytes holds. Never throws: the disk may give back anything. */
export function decodeSlot(bytes: Uint8Array): Slot {
  const slot = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (slot.every((byte) => byte === 0)) return { is: "empty" };
  if (slot.length !== SLOT_BYTES) return damaged(`${slot.length} bytes, expected ${SLOT_BYTES}`);
  const magic = slot.toString("latin1", 0, 4);
  if (magic !== MAGIC) return damaged(`begins with ${slot.toString("hex", 0, 4)}, expected PCJ1`);
  if (!checksum(slot).equals(slot.subarray(TEXT_END))) return damaged("its checksum is wrong");
  const kind = slot[4];
  if (kind !== CUT && kind !== RELEASE)
    return damaged(`kind ${kind}, expected ${CUT} or ${RELEASE}`);
  const texts = textsOf(slot);
  if (texts === undefined) return damaged("its texts do not fit into it");
  const numbers = [8, 16, 24, 32].map((at) => Number(slot.readBigUInt64LE(at)));
  const [sequence = 0, epoch = 0, atUs = 0, sinceUs = 0] = numbers;
  if (!numbers.every(Number.isSafeInteger))
    return damaged("a number in it is too large to count on");
  const policy = slot.toString("hex", 40, TEXT_AT);
  const record: JournalRecord = {
    kind: kind === CUT ? "cut" : "release",
    epoch,
    atUs,
    sinceUs,
    policySha256: policy === NO_POLICY ? "" : policy,
    ...texts,
    carried: (slot[5]! & CARRIED) !== 0,
  };
  return { is: "record", record, sequence };
}

function textsOf(slot: Buffer): Record<(typeof TEXTS)[number], string> | undefined {
  const texts = { instance: "", rule: "", by: "", because: "" };
  let at = TEXT_AT;
  for (const name of TEXTS) {
    const bytes = slot.readUInt16LE(at);
    if (bytes > TEXT_END - at - 2) return undefined;
    texts[name] = slot.toString("utf8", at + 2, at + 2 + bytes);
    at += 2 + bytes;
    if (at > TEXT_END - 2 && name !== "because") return undefined;
  }
  return texts;
}

/** As much of a text as fits into `bytesMax` bytes of UTF-8, and no half of a character. */
function prefix(text: string, bytesMax: number): string {
  const wellFormed = text.toWellFormed();
  if (Buffer.byteLength(wellFormed) <= bytesMax) return wellFormed;
  let bytes = 0;
  let kept = "";
  for (const character of wellFormed) {
    bytes += Buffer.byteLength(character);
    if (bytes > bytesMax) break;
    kept += character;
  }
  return kept;
}

function checksum(slot: Buffer): Buffer {
  return hash("sha256", slot.subarray(0, TEXT_END), "buffer").subarray(0, SLOT_BYTES - TEXT_END);
}

function damaged(reason: string): Slot {
  return { is: "damaged", reason };
}

/** A sector of every disk in use; those with sectors of 4,096 bytes write eight slots at once or none. */
export const SLOT_BYTES = 512;
const MAGIC = "PCJ1";
const CUT = 1;
const RELEASE = 2;
const CARRIED = 1;
const SHORTENED = 2;
const TEXT_AT = 72;
const TEXT_END = 496;
const NO_POLICY = "0".repeat(64);
const TEXTS = ["instance", "rule", "by", "because"] as const;
/** Bytes of UTF-8. The last has whatever the others leave: at least 216. */
const ROOM = { instance: 96, rule: 16, by: 88, because: TEXT_END };
