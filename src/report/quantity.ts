/** Numbers as people read them. */

/** `2026-11-02 10:00:01.123 UTC`; the bare number when no calendar has that day. */
export function instant(atUs: number): string {
  const ms = Math.floor(atUs / 1000);
  if (Math.abs(ms) > MS_MAX) return `${atUs} µs after 1970`;
  return `${new Date(ms).toISOString().replace("T", " ").slice(0, -1)} UTC`;
}

/** `2026-11-02 10:00:01 to 10:00:09 UTC`, with a second date where the day is another. */
export function period(fromUs: number, toUs: number): string {
  const from = instant(fromUs);
  const to = instant(toUs);
  const [fromDay, fromTime, zone] = from.split(" ");
  const [toDay, toTime] = to.split(" ");
  if (zone !== "UTC" || !to.endsWith("UTC")) return `${from} to ${to}`;
  const end = fromDay === toDay ? toTime : `${toDay} ${toTime}`;
  return `${fromDay} ${fromTime?.slice(0, 8)} to ${end?.slice(0, -4)} UTC`;
}

/** `1 connection`, `12,345 connections`. */
export function many(count: number, noun: string, plural = `${noun}s`): string {
  return `${thousands(count)} ${count === 1 ? noun : plural}`;
}

/** `12,345`. Not by `toLocaleString`, whose first call takes 16 ms. */
export function thousands(count: number): string {
  return String(count).replace(/\B(?=(?:\d{3})+$)/g, ",");
}

/** `812 bytes`, `1.5 MB`: powers of 1000, as disks and networks count. */
export function size(bytes: number): string {
  if (bytes < 1000) return many(bytes, "byte");
  const power = Math.min(UNITS.length, Math.floor(Math.log10(bytes) / 3));
  const value = bytes / 1000 ** power;
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ${UNITS[power - 1]}`;
}

const UNITS = ["kB", "MB", "GB", "TB"];
/** The last day that a Date can hold (ECMA-262 §21.4.1.1). */
const MS_MAX = 8.64e15;
