/**
 * Who logs in over RDP, where RDP itself does not encrypt (MS-RDPBCGR §2.2.1.11): domain, user and password
 * stand in the client's info packet, in UTF-16 as a rule. It comes in a data packet of X.224 and T.125:
 *
 *     TPKT  | 3 | 0 | length (2) |  X.224  | 2 f0 80 |  T.125  | 64 | from (2) | channel (2) | 70 | length |
 *     flags (2, little-endian) 0 0 | code page (4) | flags (4) | lengths (5 of 2) | domain 0 | user 0 | password 0
 *
 * Lengths do not count the zeros behind each, one character of them.
 */
import type { Exposure } from "./detector.ts";
import { u16, u16le, u32le } from "./number.ts";
import type { Said } from "./said.ts";

/** Nothing where there is no such packet, or it is encrypted. */
export function logonIn({ bytes, length }: Said): Exposure[] {
  let at = 0;
  for (let packets = 0; packets < PACKETS_MAX && at + PACKET_BYTES_MIN <= length; packets++) {
    if (bytes[at] !== TPKT || bytes[at + 1] !== 0) return [];
    const end = at + u16(bytes, at + 2);
    if (end <= at + 4) return [];
    const info = infoAt(bytes, at);
    if (info !== undefined) return exposed(bytes, info, Math.min(end, length));
    at = end;
  }
  return [];
}

/** Where the code page of an info packet is, if this is one. */
function infoAt(bytes: Uint8Array, at: number): number | undefined {
  if (u16(bytes, at + 4) !== DATA || bytes[at + 7] !== SEND_DATA_REQUEST) return undefined;
  // A length of two bytes says so by its first bit.
  const header = at + 13 + ((bytes[at + 13]! & 0x80) === 0 ? 1 : 2);
  const flags = u16le(bytes, header);
  return (flags & INFO_PACKET) !== 0 && (flags & ENCRYPTED) === 0 ? header + 4 : undefined;
}

function exposed(bytes: Uint8Array, info: number, end: number): Exposure[] {
  const zero = (u32le(bytes, info + 4) & UNICODE) === 0 ? 1 : 2;
  const [domain, user, password] = [8, 10, 12].map((place) => u16le(bytes, info + place));
  const userAt = info + 18 + domain! + zero;
  const passwordAt = userAt + user! + zero;
  const found: Exposure[] = [
    { what: "rdp user", side: "client", offset: userAt, bytes: user! },
    { what: "rdp password", side: "client", offset: passwordAt, bytes: password! },
  ];
  return found.filter((one) => one.bytes > 0 && one.offset + one.bytes <= end);
}

const TPKT = 3;
const DATA = 0x02f0;
const SEND_DATA_REQUEST = 0x64;
const INFO_PACKET = 0x40;
const ENCRYPTED = 0x08;
const UNICODE = 0x10;
/** Down to the security header. */
const PACKET_BYTES_MIN = 19;
/** Joining its channels takes a client some ten; each is another packet. */
const PACKETS_MAX = 64;
