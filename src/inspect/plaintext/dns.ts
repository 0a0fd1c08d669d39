/**
 * DNS in clear (RFC 1035 §4), over UDP and, behind a length of two bytes, over TCP. Multicast DNS (RFC 6762)
 * and LLMNR (RFC 4795) have the same messages and are called the same; NetBIOS' names are not.
 *
 *     id (2) | QR opcode AA TC RD | RA Z AD CD code | four counts (2 each) | questions | records
 */
import { readName } from "../dns/name.ts";
import type { Detector, Match, Opening } from "./detector.ts";
import { answer, type Fit, together } from "./fit.ts";
import { datagramsOf, u16 } from "./number.ts";
import type { Said } from "./said.ts";

export const dns: Detector = { protocol: "dns", transports: ["udp", "tcp"], begins: {}, detect };

function detect({ transport, client, server }: Opening) {
  const [asked, answered] = [firstOf(client, transport), firstOf(server, transport)];
  // Whoever multicasts an answer was not asked by anybody that could be heard.
  const alone = server.length === 0 ? undefined : false;
  const question = messageFit(client, asked, alone);
  const reply = messageFit(server, answered, true);
  // A question that is right, and whoever answers it says it again: whatever else the answer holds.
  const repeated = question === "yes" && reply === "no" && repeats(client, asked, server, answered);
  const fit = repeated ? "yes" : together(question, reply);
  return answer(fit, (): Match => ({ exposes: [], startTls: "none" }));
}

type Place = readonly [from: number, to: number] | "short" | undefined;

function firstOf(said: Said, transport: "tcp" | "udp"): Place {
  if (transport === "udp") {
    const [first] = datagramsOf(said);
    return first;
  }
  if (said.length < 2) return said.length === 0 ? undefined : "short";
  const size = u16(said.bytes, 0);
  // The end may not have come yet.
  return [2, 2 + size];
}

/** @param response which it must be, if either */
function messageFit({ bytes, length }: Said, place: Place, response: boolean | undefined): Fit {
  if (place === undefined || place === "short") return "maybe";
  const [from, to] = place;
  if (to - from < HEADER_BYTES) return "no";
  if (length < from + HEADER_BYTES) return "maybe";
  const flags = u16(bytes, from + 2);
  if (!headerFits(flags) || (response !== undefined && flags >> 15 !== Number(response)))
    return "no";
  const questions = u16(bytes, from + 4);
  const records = u16(bytes, from + 6) + u16(bytes, from + 8) + u16(bytes, from + 10);
  if (questions + records === 0 || questions > QUESTIONS_MAX || records > RECORDS_MAX) return "no";
  // A question that asks brings no answers, but multicast's known ones and what an update sends.
  let at = from + HEADER_BYTES;
  const end = Math.min(to, length);
  for (let count = 0; count < questions + records; count++) {
    const name = readName(bytes, at, from, end);
    if (typeof name === "string")
      return length < to && count > 0 ? "yes" : length < to ? "maybe" : "no";
    if (NETBIOS.test(name.text)) return "no";
    const fixed = count < questions ? 4 : 10;
    if (name.end + fixed > to) return "no";
    if (name.end + fixed > length) return count > 0 ? "yes" : "maybe";
    const isOption = u16(bytes, name.end) === OPT;
    // The upper bit asks for a unicast answer, or says that a record is the only one (RFC 6762).
    const cls = u16(bytes, name.end + 2) & 0x7fff;
    if (!isOption && !CLASSES.has(cls) && cls !== 0x00fe && cls !== 0x00ff) return "no";
    at = name.end + fixed + (count < questions ? 0 : u16(bytes, name.end + 8));
    if (at > to) return "no";
    if (at > length) return "yes";
  }
  // Nothing follows the last record, but that some servers fill up.
  return to - at <= SLACK_BYTES_MAX ? "yes" : "no";
}

/** Whether an answer has the id of the question, and the question. */
function repeats(client: Said, asked: Place, server: Said, answered: Place): boolean {
  if (typeof asked !== "object" || typeof answered !== "object") return false;
  const name = readName(client.bytes, asked[0] + HEADER_BYTES, asked[0], client.length);
  if (typeof name === "string" || u16(server.bytes, answered[0] + 2) >> 15 === 0) return false;
  const count = name.end + 4 - (asked[0] + HEADER_BYTES);
  const [one, other] = [client.text, server.text];
  const at = HEADER_BYTES;
  return (
    u16(client.bytes, asked[0]) === u16(server.bytes, answered[0]) &&
    one.slice(asked[0] + at, asked[0] + at + count) ===
      other.slice(answered[0] + at, answered[0] + at + count)
  );
}

function headerFits(flags: number): boolean {
  const opcode = (flags >> 11) & 0xf;
  const isResponse = flags >> 15 === 1;
  if (!OPCODES.has(opcode) || (flags & 0x0040) !== 0) return false;
  return isResponse ? (flags & 0xf) <= CODE_MAX : (flags & 0xf) === 0;
}

const HEADER_BYTES = 12;
/** query, status, notify, update, stateful operations. */
const OPCODES = new Set([0, 2, 4, 5, 6]);
/** FORMERR to NOTZONE, and DSO's. */
const CODE_MAX = 11;
/** internet, chaos, hesiod, none, any. */
const CLASSES = new Set([1, 3, 4]);
const OPT = 41;
/** One in DNS, several where a multicaster asks; a message of a kilobyte has no room for more. */
const QUESTIONS_MAX = 64;
const RECORDS_MAX = 512;
const SLACK_BYTES_MAX = 2;
/** 16 bytes of a name in letters A to P (RFC 1001 §14.1). */
const NETBIOS = /^[A-P]{32}(?:\.|$)/;
