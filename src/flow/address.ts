/** Addresses of rows and packets as text: dotted IPv4, RFC 5952 for IPv6. */
import type { Endpoint } from "./event.ts";
import { ADDRESS_0, KIND, PORTS, ROW_WORDS, WIDE_0, WIDE_1 } from "./rows.ts";

/** Both ends of a row, side 0 first. */
export function rowEnds(words: Int32Array, row: number): [Endpoint, Endpoint] {
  const at = row * ROW_WORDS;
  const ports = words[at + PORTS]!;
  const v4 = (words[at + KIND]! & 0xff) === 4;
  const first = v4 ? ipv4Text(words[at + ADDRESS_0]!) : ipv6Text(words, at + WIDE_0);
  const second = v4 ? ipv4Text(words[at + ADDRESS_0 + 1]!) : ipv6Text(words, at + WIDE_1);
  return [
    { ip: first, port: ports >>> 16 },
    { ip: second, port: ports & 0xffff },
  ];
}

function ipv4Text(word: number): string {
  return `${word >>> 24}.${(word >>> 16) & 255}.${(word >>> 8) & 255}.${word & 255}`;
}

function ipv6Text(words: Int32Array, at: number): string {
  const groups: number[] = [];
  for (let word = 0; word < 4; word++) {
    groups.push(words[at + word]! >>> 16, words[at + word]! & 0xffff);
  }
  return ipv6Name(groups);
}

/**
 * Eight groups of 16 bits as RFC 5952 writes them: no leading zeros, the longest run of two or more zero
 * groups as `::`, lower case.
 */
export function ipv6Name(groups: readonly number[]): string {
  // An IPv4-mapped address is written with its dotted form (§5).
  if (groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff) {
    return `::ffff:${ipv4Text((groups[6]! << 16) | groups[7]!)}`;
  }
  let bestStart = -1;
  let bestLength = 1;
  for (let start = 0; start < 8; start++) {
    let length = 0;
    while (start + length < 8 && groups[start + length] === 0) length++;
    if (length > bestLength) {
      bestStart = start;
      bestLength = length;
    }
    start += length;
  }
  const hex = groups.map((group) => group.toString(16));
  if (bestStart < 0) return hex.join(":");
  const head = hex.slice(0, bestStart).join(":");
  const tail = hex.slice(bestStart + bestLength).join(":");
  return `${head}::${tail}`;
}
