/**
 * The two time types of a certificate (RFC 5280 §4.1.2.5): UTCTime until 2049, GeneralizedTime from
 * 2050 on, both in UTC, with seconds, without fractions.
 */
import { type DerReader, TAG } from "./der.ts";
import { latin1 } from "./oid-text.ts";

/** Microseconds since 1970; NaN, and a fault, when the element is not a time. */
export function readTime(parent: DerReader, what: string): number {
  const element = parent.any(what);
  if (element.broken) return Number.NaN;
  const { tag, bytes, start, from, to } = element;
  const short = tag === TAG.UTC_TIME;
  const text = latin1(bytes, from, to);
  const match = (short ? UTC_TIME : GENERALIZED_TIME).exec(text);
  if ((!short && tag !== TAG.GENERALIZED_TIME) || match === null) {
    element.faults.add("bad-time", start, `${what}: not a UTC time with seconds`);
    return Number.NaN;
  }
  const [year, month, day, hour, minute, second] = match.slice(1).map(Number) as Six;
  // RFC 5280 §4.1.2.5.1: two digits from 50 on are of the last century.
  const fullYear = short ? year + (year < 50 ? 2000 : 1900) : year;
  const date = new Date(0);
  date.setUTCFullYear(fullYear, month - 1, day);
  date.setUTCHours(hour, minute, second);
  const clock = hour <= 23 && minute <= 59 && second <= 59;
  if (!clock || date.getUTCDate() !== day || date.getUTCMonth() !== month - 1) {
    element.faults.add("bad-time", start, `${what}: no such date`);
    return Number.NaN;
  }
  if (!short && fullYear < 2050) {
    element.faults.add("time-encoding", start, `${what}: GeneralizedTime before 2050`);
  }
  return date.getTime() * 1000;
}

/** RFC 3339 in UTC, to the second; "" for what is not a time. */
export function formatTime(us: number): string {
  return Number.isNaN(us) ? "" : new Date(us / 1000).toISOString().replace(".000Z", "Z");
}

type Six = [number, number, number, number, number, number];

const UTC_TIME = /^(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/;
const GENERALIZED_TIME = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/;
