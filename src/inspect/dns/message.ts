/**
 * DNS messages (RFC 1035 §4): the question, and of an answer the records that answer it.
 *
 *     id 2 | QR 1 opcode 4 AA TC RD RA Z 3 RCODE 4 | counts of four sections, 2 each
 *     question   name | type 2 | class 2
 *     record     name | type 2 | class 2 | TTL 4 | length 2 | data
 *
 * The authority and additional sections are not read: anybody may put anything there.
 */
import { ipv6Name } from "../../flow/address.ts";
import { u16 } from "../tls/bytes.ts";
import { type EchConfig, readEchConfigs } from "./ech-config.ts";
import { readName } from "./name.ts";

export interface DnsQuestion {
  /** As sent, with its case. */
  readonly name: string;
  readonly type: number;
  readonly class: number;
}

export type DnsRecord = {
  /** Owner, as sent. */
  readonly name: string;
  /** Seconds. */
  readonly ttl: number;
} & (
  | { readonly kind: "address"; readonly addresses: readonly string[] }
  | { readonly kind: "alias"; readonly target: string }
  /** HTTPS or SVCB (RFC 9460): hints are addresses as well. */
  | {
      readonly kind: "service";
      readonly target: string;
      readonly addresses: readonly string[];
      readonly ech: readonly EchConfig[] | undefined;
    }
);

export interface DnsMessage {
  readonly id: number;
  readonly response: boolean;
  readonly opcode: number;
  readonly truncated: boolean;
  readonly code: number;
  readonly question: DnsQuestion;
  /** Of kinds that are read, in the order sent. */
  readonly answers: readonly DnsRecord[];
}

/** Reads the message in [from, to), which asks one question. Text says why it cannot be right. */
export function readMessage(bytes: Uint8Array, from: number, to: number): DnsMessage | string {
  if (to - from < HEADER_BYTES) return `message of ${to - from} bytes, expected at least 12`;
  const flags = u16(bytes, from + 2);
  const questions = u16(bytes, from + 4);
  if (questions !== 1) return `${questions} questions, expected 1`;
  const name = readName(bytes, from + HEADER_BYTES, from, to);
  if (typeof name === "string") return name;
  if (name.end + 4 > to) return "question runs over the end";
  const question = {
    name: name.text,
    type: u16(bytes, name.end),
    class: u16(bytes, name.end + 2),
  };
  const answers: DnsRecord[] = [];
  const count = u16(bytes, from + 6);
  let at = name.end + 4;
  for (let index = 0; index < count; index++) {
    if (index === RECORDS_MAX) return `more than ${RECORDS_MAX} answers`;
    const read = readRecord(bytes, at, from, to);
    if (typeof read === "string") return read;
    if (read.record !== undefined) answers.push(read.record);
    at = read.end;
  }
  return {
    id: u16(bytes, from),
    response: flags >> 15 === 1,
    opcode: (flags >> 11) & 15,
    truncated: (flags & 0x0200) !== 0,
    code: flags & 15,
    question,
    answers,
  };
}

/**
 * Whether a conversation may begin with these bytes as DNS does: a query that has nothing but its
 * question and a few additional records. Nothing else asks like that by accident.
 */
export function beginsDns(bytes: Uint8Array, from: number, to: number): boolean {
  if (to - from < HEADER_BYTES + 5) return false;
  // QR, opcode and Z (RFC 1035 §4.1.1; AD and CD: RFC 4035 §3.1.6); answers, authority, additional.
  if ((u16(bytes, from + 2) & 0xf84f) !== 0 || u16(bytes, from + 6) !== 0) return false;
  if (u16(bytes, from + 8) !== 0 || u16(bytes, from + 10) > 2) return false;
  const message = readMessage(bytes, from, to);
  if (typeof message === "string") return false;
  const { question } = message;
  return question.class === INTERNET && question.type !== 0;
}

function readRecord(
  bytes: Uint8Array,
  start: number,
  from: number,
  to: number,
): { readonly record: DnsRecord | undefined; readonly end: number } | string {
  const owner = readName(bytes, start, from, to);
  if (typeof owner === "string") return owner;
  const at = owner.end;
  if (at + 10 > to) return "record runs over the end";
  const length = u16(bytes, at + 8);
  const data = at + 10;
  const end = data + length;
  if (end > to) return `record data of ${length} bytes in ${to - data}`;
  // The most significant bit has no meaning, and counts as zero (RFC 2181 §8).
  const seconds = u16(bytes, at + 4) * 65_536 + u16(bytes, at + 6);
  const head = { name: owner.text, ttl: seconds > TTL_MAX ? 0 : seconds };
  if (u16(bytes, at + 2) !== INTERNET) return { record: undefined, end };
  switch (u16(bytes, at)) {
    case A:
      if (length !== 4) return `A record of ${length} bytes, expected 4`;
      return { record: { ...head, kind: "address", addresses: [ipv4(bytes, data)] }, end };
    case AAAA:
      if (length !== 16) return `AAAA record of ${length} bytes, expected 16`;
      return { record: { ...head, kind: "address", addresses: [ipv6(bytes, data)] }, end };
    case CNAME: {
      const target = readName(bytes, data, from, end);
      if (typeof target === "string") return target;
      return { record: { ...head, kind: "alias", target: target.text }, end };
    }
    case SVCB:
    case HTTPS: {
      const service = readService(bytes, data, from, end);
      return typeof service === "string" ? service : { record: { ...head, ...service }, end };
    }
    default:
      return { record: undefined, end };
  }
}

/** SvcPriority, TargetName, SvcParams in ascending order of their keys (RFC 9460 §2.2). */
function readService(bytes: Uint8Array, data: number, from: number, end: number) {
  if (data + 3 > end) return `service record of ${end - data} bytes`;
  const target = readName(bytes, data + 2, from, end);
  if (typeof target === "string") return target;
  const addresses: string[] = [];
  let ech: readonly EchConfig[] | undefined;
  for (let at = target.end; at < end; ) {
    if (at + 4 > end) return "service parameter runs over the end";
    const key = u16(bytes, at);
    const body = at + 4;
    const next = body + u16(bytes, at + 2);
    if (next > end) return "service parameter runs over the end";
    if (key === IPV4_HINT)
      for (let one = body; one + 4 <= next; one += 4) addresses.push(ipv4(bytes, one));
    if (key === IPV6_HINT)
      for (let one = body; one + 16 <= next; one += 16) addresses.push(ipv6(bytes, one));
    if (key === ECH) ech = readEchConfigs(bytes, body, next);
    at = next;
  }
  return { kind: "service" as const, target: target.text, addresses, ech };
}

function ipv4(bytes: Uint8Array, at: number): string {
  return `${bytes[at]}.${bytes[at + 1]}.${bytes[at + 2]}.${bytes[at + 3]}`;
}

function ipv6(bytes: Uint8Array, at: number): string {
  return ipv6Name(Array.from({ length: 8 }, (_, group) => u16(bytes, at + 2 * group)));
}

const HEADER_BYTES = 12;
const INTERNET = 1;
const A = 1;
const CNAME = 5;
const AAAA = 28;
const SVCB = 64;
const HTTPS = 65;
/** SvcParamKeys (RFC 9460 §14.3.2; `ech`: RFC 9848). */
const IPV4_HINT = 4;
const ECH = 5;
const IPV6_HINT = 6;
/** A message of 65,535 bytes could hold thousands; answers for a name hold a few dozen. */
const RECORDS_MAX = 256;
const TTL_MAX = 2 ** 31 - 1;
