/** What is said of connections that are not encrypted as a policy expects: B01, B06 and B15. */
import { describe, expect, test } from "vitest";
import type { Expectation } from "../../../src/judge/expectation.ts";
import { belowFloorFinding } from "../../../src/judge/rules/below-floor.ts";
import {
  type InClear,
  plaintextFinding,
} from "../../../src/judge/rules/plaintext-expected-encrypted.ts";
import { type Readable, readableFinding } from "../../../src/judge/rules/readable-records.ts";
import type { Shortfall } from "../../../src/judge/strength.ts";

const PLACE = "db.example";
const line = { by: "tls", line: 4 } as Expectation;
const clear = (seen: InClear, at: Expectation = line, place = PLACE) =>
  plaintextFinding("cut", place, at, seen);
const secret = { what: "a password" } as never;
const readable = (seen: Partial<Readable>, place = PLACE) =>
  readableFinding("report", { why: "null-suite", place, records: 0, readable: 0, ...seen });
const long = (letter: string, max: number) => [letter.repeat(max), letter.repeat(max + 1)] as const;

describe("B01 says", () => {
  test("which protocol was in clear, for sure", () => {
    const { summary, confidence, evidence } = clear({ protocol: "postgresql", exposes: [] });
    expect(summary).toBe(`${PLACE} is spoken to in clear (postgresql) where tls is expected.`);
    expect(confidence).toBe("high");
    expect(evidence).toEqual({ expected: "tls", line: 4, protocol: "postgresql", exposes: 0 });
  });

  test("how many secrets were in it", () => {
    const { summary, evidence } = clear({ protocol: "http", exposes: [secret] });
    expect(summary).toContain("(http, with 1 secrets in it)");
    expect(evidence.exposes).toBe(1);
  });

  test("that an offer to encrypt was taken out, and of another offer only in the evidence", () => {
    const stripped = clear({ protocol: "smtp", startTls: "stripped" });
    expect(stripped.summary).toMatch(/expected; the offer of STARTTLS was taken out\.$/);
    const refused = clear({ protocol: "smtp", startTls: "refused" });
    expect(refused.summary).toMatch(/expected\.$/);
    expect(refused.evidence.startTls).toBe("refused");
  });

  test("of bytes that no grammar fits how they measure, and is less sure", () => {
    const at = { by: "tls" } as Expectation;
    const { summary, confidence, evidence } = clear({ entropy: 4.12345, printable: 0.98765 }, at);
    expect(summary).toContain("(bytes that can be read)");
    expect(confidence).toBe("medium");
    expect(evidence).toEqual({ expected: "tls", exposes: 0, entropy: 4.123, printable: 0.988 });
  });

  test("seventy characters of a place", () => {
    const [fits, not] = long("p", 70);
    expect(clear({ protocol: "http" }, line, fits).summary).toContain(`${fits} is`);
    expect(clear({ protocol: "http" }, line, not).summary).toContain(`${"p".repeat(69)}… is`);
  });
});

describe("B06 says", () => {
  test("that a suite encrypts nothing, for sure", () => {
    const cipher = "TLS_RSA_WITH_NULL_SHA256";
    const { name, summary, severity, confidence, evidence } = readable({ cipher, line: 4 });
    expect(summary).toBe(`TLS with ${PLACE} agreed on ${cipher}, which encrypts nothing.`);
    expect([name, severity, confidence]).toEqual(["readable-records", "critical", "high"]);
    expect(evidence).toEqual({ why: "null-suite", cipher, line: 4 });
  });

  test.each([
    ["clear-in-records", "readable-records", "critical"],
    ["offload-view", "readable-records", "note"],
    ["offload-lost", "offload-lost", "warning"],
  ] as const)("%s by the name %s, as a %s, and how much was read", (why, named, worth) => {
    const { name, severity, confidence, evidence } = readable({ why, records: 3, readable: 1 });
    expect([name, severity, confidence]).toEqual([named, worth, "medium"]);
    expect(evidence).toEqual({ why, records: 3, readable: 1 });
  });

  test("seventy characters of a place, and of one record that it was read", () => {
    const [fits, not] = long("p", 70);
    expect(readable({}, fits).summary).toContain(`with ${fits} agreed`);
    expect(readable({}, not).summary).toContain(`with ${"p".repeat(69)}… agreed`);
    expect(readable({ records: 1 }).evidence).toMatchObject({ records: 1, readable: 0 });
  });
});

describe("B15 says", () => {
  const short = (found: string, more: Partial<Shortfall> = {}): Shortfall => {
    return { what: "cipher", found, expected: "better", ...more };
  };
  const below = (...shortfalls: Shortfall[]) =>
    belowFloorFinding("report", PLACE, shortfalls, undefined);

  test("what was found, as a breach, and as critical where it hides next to nothing", () => {
    expect(below(short("RC4")).severity).toBe("breach");
    expect(below(short("anon", { isBroken: true })).severity).toBe("critical");
    expect(below(short("RC4")).summary).toContain("RC4");
  });
});
