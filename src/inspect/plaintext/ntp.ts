/**
 * NTP (RFC 5905 §7.3, and SNTP) without or with authentication: it is never encrypted.
 *
 *     | leap 2 version 3 mode 3 | stratum | poll | precision | delay (4) | dispersion (4) | reference (4)
 *     | times of 8 bytes: reference, origin, receive, transmit | extensions, key and digest
 *
 * A server repeats the client's transmit time as its origin, which is sure. Of one side alone it is a guess.
 */
import type { Detector, Match, Opening } from "./detector.ts";
import { answer, type Fit, together } from "./fit.ts";
import { datagramsOf, u32 } from "./number.ts";
import type { Said } from "./said.ts";

export const ntp: Detector = { protocol: "ntp", transports: ["udp"], begins: {}, detect };

function detect({ client, server }: Opening) {
  const asked = packetFit(client, [1, 3, 5]);
  const answered = packetFit(server, [2, 4]);
  if (asked === "no" || answered === "no") return undefined;
  const both = client.length > 0 && server.length > 0;
  if (both && !answers(client, server)) return undefined;
  return answer(
    together(asked, answered),
    (): Match => ({ exposes: [], startTls: "none", ...(!both && { weak: true }) }),
  );
}

function packetFit({ bytes, datagrams }: Said, modes: readonly number[]): Fit {
  const [first] = datagramsOf({ bytes, datagrams });
  if (first === undefined) return "maybe";
  const [at, to] = first;
  const size = to - at;
  if (size < PACKET_BYTES || size > PACKET_BYTES_MAX || size % 4 !== 0) return "no";
  const version = (bytes[at]! >> 3) & 7;
  const precision = bytes[at + 3]!;
  if (version < 1 || version > 4 || !modes.includes(bytes[at]! & 7)) return "no";
  if (bytes[at + 1]! > STRATUM_MAX || bytes[at + 2]! > POLL_MAX) return "no";
  // A power of two below a second, as a negative number; clients may say nothing.
  if (precision < PRECISION_MIN && precision !== 0 && precision !== UNTOLD) return "no";
  // Both are seconds in 16.16: more than a few of them is no clock.
  if (u32(bytes, at + 4) >= SECONDS_MAX << 16 || u32(bytes, at + 8) >= SECONDS_MAX << 16)
    return "no";
  return u32(bytes, at + 40) === 0 ? "no" : "yes";
}

/** Whether one of the first answers repeats the time of one of the first requests. */
function answers(client: Said, server: Said): boolean {
  const times = new Set<string>();
  for (const [at] of datagramsOf(client)) times.add(client.text.slice(at + 40, at + 48));
  for (const [at] of datagramsOf(server)) {
    if (times.has(server.text.slice(at + 24, at + 32))) return true;
  }
  return false;
}

const PACKET_BYTES = 48;
/** Network time security (RFC 8915) carries cookies; most have none. */
const PACKET_BYTES_MAX = 1_280;
const STRATUM_MAX = 16;
const POLL_MAX = 17;
/** 2^-32 seconds. */
const PRECISION_MIN = 0xe0;
/** What a client puts there that tells no more of its clock than it must, as chrony does. */
const UNTOLD = 0x20;
const SECONDS_MAX = 128;
