/** The small notations of a policy file: hashes and points in time. */

/** Lower-case hex of `sha256/BASE64` (as pins are written), or of 64 hexadecimal digits. */
export function parseHash(text: string): string | undefined {
  if (HEX.test(text)) return text.toLowerCase();
  const base64 = PIN.exec(text)?.[1];
  return base64 === undefined ? undefined : Buffer.from(base64, "base64").toString("hex");
}

/**
 * The last microsecond that a date or time includes: a date means its whole day, in UTC, and a time
 * its whole minute or second. `undefined` for what is no date, as the 30th of February.
 */
export function endOfDayOrMoment(text: string): number | undefined {
  const span = spanOf(text);
  return span === undefined ? undefined : span.fromUs + span.us - 1;
}

/** The first microsecond of it instead. */
export function startOfDayOrMoment(text: string): number | undefined {
  return spanOf(text)?.fromUs;
}

function spanOf(text: string): { fromUs: number; us: number } | undefined {
  const match = MOMENT.exec(text);
  if (match === null) return undefined;
  const [, year, month, day, hours, minutes, seconds] = match;
  const at = Date.UTC(+year!, +month! - 1, +day!, +(hours ?? 0), +(minutes ?? 0), +(seconds ?? 0));
  const date = `${year}-${month}-${day}`;
  const time = `${hours ?? "00"}:${minutes ?? "00"}:${seconds ?? "00"}`;
  // Date.UTC carries over what does not exist; writing it back shows.
  if (new Date(at).toISOString() !== `${date}T${time}.000Z`) return undefined;
  const length = hours === undefined ? DAY_MS : seconds === undefined ? MINUTE_MS : SECOND_MS;
  return { fromUs: at * 1000, us: length * 1000 };
}

const HEX = /^[0-9a-fA-F]{64}$/;
/** 32 bytes are 43 characters of Base64 and one of padding. */
const PIN = /^sha256\/([A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=?)$/;
/** RFC 3339, with the seconds left out if one likes, in UTC only. */
const MOMENT = /^(\d{4})-(\d\d)-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d))?Z)?$/;
const SECOND_MS = 1000;
const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
