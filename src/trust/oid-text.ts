/** The dotted form of object identifiers (X.690 §8.19), and bytes as text. */

/** `undefined` for bytes that are no OBJECT IDENTIFIER's content. */
export function dottedOid(bytes: Uint8Array, from: number, to: number): string | undefined {
  const key = latin1(bytes, from, to);
  const known = OIDS_SEEN.get(key);
  if (known !== undefined) return known;
  const dotted = decode(bytes, from, to);
  if (dotted !== undefined && OIDS_SEEN.size < OIDS_SEEN_MAX) OIDS_SEEN.set(key, dotted);
  return dotted;
}

/** The bytes from `from` to `to`, one character each. */
export function latin1(bytes: Uint8Array, from: number, to: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString("latin1");
}

/** Arcs end where the top bit is clear and begin with no padding. UUIDs as arcs have 128 bits. */
function decode(bytes: Uint8Array, from: number, to: number): string | undefined {
  if (from === to || to - from > OID_BYTES_MAX || bytes[to - 1]! >= 0x80) return undefined;
  const arcs: bigint[] = [];
  let arc = 0n;
  let begins = true;
  for (let i = from; i < to; i++) {
    const byte = bytes[i]!;
    if (begins && byte === 0x80) return undefined;
    arc = (arc << 7n) | BigInt(byte & 0x7f);
    begins = byte < 0x80;
    if (!begins) continue;
    arcs.push(arc);
    arc = 0n;
  }
  // The first two arcs share one number: 0 to 2, and then up to 39 below 2.
  const first = arcs[0]! / 40n;
  const top = first > 2n ? 2n : first;
  return [top, arcs[0]! - top * 40n, ...arcs.slice(1)].join(".");
}

/** Real ones are under 20 bytes. */
const OID_BYTES_MAX = 64;
/** Decoding an OID costs more than looking it up; whoever sends thousands pays the decoding. */
const OIDS_SEEN_MAX = 1024;
const OIDS_SEEN = new Map<string, string>();
