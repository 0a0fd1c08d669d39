/**
 * Prints a line as JSON: the same bytes as `escapeJson`, in less than half the time.
 *
 * Lines are flat, and much of what they hold is shared: what the judge said about one handshake it
 * says about ten thousand equal ones, and the objects that it says it with are frozen and the same.
 * So keys and plain strings are put together here, and the print of a frozen object is remembered.
 */
import { escapeJson } from "./escape.ts";
import { type FindingLine, type Line, SHARED, type TlsLine, type VerdictLine } from "./lines.ts";
import type { Phrases } from "./phrases.ts";

/**
 * Prints lines for an order that keeps `phrases`: what a line shares with others (`SHARED`, lines.ts)
 * becomes a reference, and only what is its own is printed again.
 */
export class ShortPrinter {
  readonly #phrases: Phrases;
  readonly #rests = new WeakMap<object, Rest>();
  /** The ends of the line before: a connection's lines come one after the other. */
  #place: TlsLine | FindingLine | VerdictLine | undefined;
  #ends = "";
  #time = "";
  #timeUs = Number.NaN;

  constructor(phrases: Phrases) {
    this.#phrases = phrases;
  }

  /** With its line break. */
  print(line: Line): string {
    if (line.kind !== "tls" && line.kind !== "finding" && line.kind !== "verdict") {
      return `${printLine(line)}\n`;
    }
    const shared = line[SHARED];
    if (shared === undefined || line.workload !== undefined) return `${printLine(line)}\n`;
    if (line.atUs !== this.#timeUs) {
      this.#timeUs = line.atUs;
      this.#time = `${line.atUs}`;
    }
    if (this.#place?.flow !== line.flow || this.#place?.client !== line.client) {
      this.#place = line;
      this.#ends = `,"client":"${line.client}","server":"${line.server}"`;
    }
    const head = `{"kind":"${line.kind}","atUs":${this.#time},"flow":"${line.flow}"`;
    const rest = this.#rests.get(shared) ?? this.#learn(line, shared, head);
    if (rest === undefined) return `${printLine(line)}\n`;
    return `${head}${rest.before}${this.#ends}${rest.behind}`;
  }

  /** What stands around the ends in the whole line; nothing if they are not printed as they are. */
  #learn(line: Line, shared: object, head: string): Rest | undefined {
    const whole = printLine(line);
    const at = whole.indexOf(this.#ends, head.length);
    if (at < 0 || !whole.startsWith(head)) return undefined;
    const before = whole.slice(head.length, at);
    const rest = {
      before: before === "" ? "" : this.#phrases.add(before),
      behind: this.#phrases.add(`${whole.slice(at + this.#ends.length)}\n`),
    };
    this.#rests.set(shared, rest);
    return rest;
  }
}

interface Rest {
  readonly before: string;
  readonly behind: string;
}

/** One line without a line break, safe for a terminal (escape.ts). */
export function printLine(line: Line): string {
  let json = `{"kind":"${line.kind}"`;
  for (const key in line) {
    const value = line[key as keyof Line] as unknown;
    if (value !== undefined && key !== "kind") json += prefixOf(key) + print(value);
  }
  return `${json}}`;
}

function print(value: unknown): string {
  if (value === null) return "null";
  switch (typeof value) {
    case "string":
      return PLAIN.test(value) ? `"${value}"` : escapeJson(value);
    case "number":
      // JSON has no word for what is not a number, and neither has the contract.
      return Number.isFinite(value) ? String(value) : "null";
    case "boolean":
      return value ? "true" : "false";
    default:
      return printObject(value as object);
  }
}

function printObject(value: object): string {
  // What may still change cannot be remembered, and what is used once is not worth it.
  if (!Object.isFrozen(value)) return Array.isArray(value) ? printArray(value) : escapeJson(value);
  let json = printed.get(value);
  if (json === undefined) {
    json = escapeJson(value);
    printed.set(value, json);
  }
  return json;
}

function printArray(items: readonly unknown[]): string {
  if (items.length === 0) return "[]";
  let json = "[";
  for (let index = 0; index < items.length; index++) {
    json += (index === 0 ? "" : ",") + print(items[index] ?? null);
  }
  return `${json}]`;
}

function prefixOf(key: string): string {
  let prefix = PREFIXES.get(key);
  if (prefix === undefined) {
    prefix = `,${JSON.stringify(key)}:`;
    PREFIXES.set(key, prefix);
  }
  return prefix;
}

const printed = new WeakMap<object, string>();
/** As many as there are keys in lines.ts. */
const PREFIXES = new Map<string, string>();
/** Printable ASCII without `"` and `\`. */
const PLAIN = /^[\x20\x21\x23-\x5b\x5d-\x7e]*$/;
