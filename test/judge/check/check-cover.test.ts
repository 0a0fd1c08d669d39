/** Whether one entry of a policy means all that another one means, and when approvals run out. */
import { describe, expect, test } from "vitest";
import { coversAllow, coversTarget } from "../../../src/judge/check/check-cover.ts";
import { expiryRemarks } from "../../../src/judge/check/check-expiry.ts";
import { overlapRemarks } from "../../../src/judge/check/check-overlap.ts";
import { parseTarget } from "../../../src/judge/destination.ts";
import {
  type AllowLine,
  defaultPolicy,
  type Policy,
  sealPolicy,
  type Target,
  withRoots,
} from "../../../src/judge/policy/policy.ts";
import { parseCertificate } from "../../../src/trust/certificate.ts";
import { root, rootFile } from "../scene.ts";

const target = (text: string) => parseTarget(text) as Target;

describe("a target", () => {
  test.each([
    ["a.example", "a.example", true],
    ["*.example", "a.example", true],
    ["*.example", "*.example", true],
    ["*.example", "*.a.example", false],
    ["*.a.example", "*.example", false],
    ["a.example", "*.example", false],
    ["a.example", "192.0.2.7", false],
    ["192.0.2.7", "a.example", false],
    ["192.0.2.7", "192.0.2.7", true],
    ["192.0.2.0/24", "192.0.2.7", true],
    ["192.0.2.0/24", "192.0.2.0/24", true],
    ["192.0.2.0/24", "192.0.2.0/25", true],
    ["192.0.2.0/25", "192.0.2.0/24", false],
    ["192.0.2.0/24", "192.0.3.0/24", false],
    ["::/0", "192.0.2.0/24", false],
    ["2001:db8::/32", "2001:db8:1::/48", true],
  ])("%s means all of %s: %s", (outer, inner, expected) => {
    expect(coversTarget(target(outer), target(inner))).toBe(expected);
  });
});

describe("an allow line", () => {
  const line = (more: Partial<AllowLine> = {}): AllowLine => ({ spki: "a", tolerate: [], ...more });
  const places = (...texts: string[]) => ({ for: texts.map(target) });
  const byRoots = (roots: string, more: Partial<AllowLine> = {}): AllowLine => ({
    roots,
    tolerate: [],
    ...more,
  });
  const byName = (issuerKey: string, more: Partial<AllowLine> = {}): AllowLine => ({
    issuerKey,
    tolerate: [],
    ...more,
  });

  test.each<[string, AllowLine, AllowLine, boolean]>([
    ["holds itself", line(), line(), true],
    ["does not hold another key", line(), line({ spki: "b" }), false],
    ["holds what selects more", byName("x"), byName("x", { issuerKey: "x" }), true],
    ["does not hold what selects less", line({ issuerKey: "x" }), line(), false],
    [
      "that needs a root does not hold one that does not",
      byName("x"),
      line({ issuerKey: "x" }),
      false,
    ],
    ["for a root holds one for the same root", byRoots("r"), byRoots("r", { ports: [1] }), true],
    ["for a root does not hold one for another", byRoots("r"), byRoots("s"), false],
    ["for any root holds one for a root", byName("x"), byName("x", { roots: "r" }), true],
    ["for a root does not hold one for any", byName("x", { roots: "r" }), byName("x"), false],
    ["for a place does not hold one for all", line(places("a.b")), line(), false],
    ["for all places holds one for some", line(), line(places("a.b")), true],
    [
      "for places holds one for some of them",
      line(places("a.b", "c.d")),
      line(places("c.d")),
      true,
    ],
    [
      "for a place does not hold one for two",
      line(places("a.b")),
      line(places("a.b", "c.d")),
      false,
    ],
    ["for ports does not hold one for all", line({ ports: [1] }), line(), false],
    ["for ports holds one for some of them", line({ ports: [1, 2] }), line({ ports: [2] }), true],
    ["for a workload does not hold one for all", line({ workloads: ["a"] }), line(), false],
    [
      "for workloads holds one for some of them",
      line({ workloads: ["a", "b"] }),
      line({ workloads: ["a"] }),
      true,
    ],
    ["that ends does not hold one that does not", line({ expiresUs: 5 }), line(), false],
    ["holds one that ends when it does", line({ expiresUs: 5 }), line({ expiresUs: 5 }), true],
    ["holds one that ends before", line({ expiresUs: 5 }), line({ expiresUs: 4 }), true],
    ["does not hold one that ends after", line({ expiresUs: 5 }), line({ expiresUs: 6 }), false],
    ["does not hold one that tolerates more", line(), line({ tolerate: ["weak"] }), false],
    ["holds one that tolerates less", line({ tolerate: ["weak"] }), line(), true],
  ])("%s", (_, outer, inner, expected) => {
    expect(coversAllow(outer, inner)).toBe(expected);
  });
});

test.each<[string, Policy["issuers"]["deny"], string[]]>([
  [
    "as strict is a duplicate",
    denials("refuse", "refuse"),
    ["duplicate: says the same as another line"],
  ],
  [
    "stricter holds it",
    denials("refuse", "cut"),
    ["shadowed: another line denies all that this line denies"],
  ],
])("a deny line beside another one that is %s", (_, deny, expected) => {
  const { issuers } = defaultPolicy;
  const policy = sealPolicy({ ...defaultPolicy, issuers: { ...issuers, deny } });
  expect(overlapRemarks(policy).map(({ kind, says }) => `${kind}: ${says}`)).toEqual(expected);
});

function denials(...decisions: ("refuse" | "cut")[]): Policy["issuers"]["deny"] {
  return decisions.map((then) => ({ spki: "a", then }));
}

describe("an approval", () => {
  const END_US = Date.UTC(2026, 11, 31) * 1000;
  const HOUR_US = 3_600_000_000;
  const policy = sealPolicy({
    ...defaultPolicy,
    issuers: {
      ...defaultPolicy.issuers,
      allow: [
        { spki: "a", tolerate: [] },
        { spki: "b", expiresUs: END_US, tolerate: [] },
      ],
    },
  });

  test.each([
    ["to its last microsecond", 0, "expires-in-1-day: this approval ends in less than a day"],
    ["for 24 hours", 24, "expires-in-1-day: this approval ends in a day"],
    ["for 25 hours", 25, "expires-in-7-days: this approval ends in a day"],
    ["for 7 days", 168, "expires-in-7-days: this approval ends in 7 days"],
    ["for 7 days and an hour", 169, "expires-in-30-days: this approval ends in 7 days"],
    ["for 30 days", 720, "expires-in-30-days: this approval ends in 30 days"],
  ])("that holds %s is warned of", (_, hours, expected) => {
    expect(said(policy, END_US - hours * HOUR_US)).toEqual([`${expected}, on 2026-12-31`]);
  });

  test("that holds for longer is not", () => {
    expect(said(policy, END_US - 721 * HOUR_US)).toEqual([]);
  });

  test("that ran out is reported for 30 days, to the microsecond", () => {
    const grace = 720 * HOUR_US;
    const reported = "expired: this approval ran out on 2026-12-31: reported until 2027-01-30";
    expect(said(policy, END_US + 1)).toEqual([`${reported}, then \`unapproved\``]);
    expect(said(policy, END_US + grace)).toEqual([`${reported}, then \`unapproved\``]);
    expect(said(policy, END_US + grace + 1)).toEqual([
      "expired: this approval ran out on 2026-12-31: the line approves nothing",
    ]);
  });

  test("of a root is its certificate's", () => {
    const { validToUs, validTo } = parseCertificate(root.der);
    const rooted = withRoots(defaultPolicy, [rootFile(root)]);
    const day = validTo.slice(0, 10);
    expect(said(rooted, validToUs)).toEqual([
      `expires-in-1-day: the root CN=Corp Root ends in less than a day, on ${day}`,
    ]);
    expect(said(rooted, validToUs + 1)).toEqual([
      `expired: the root CN=Corp Root expired on ${day}`,
    ]);
  });
});

function said(policy: Parameters<typeof expiryRemarks>[0], atUs: number): string[] {
  return expiryRemarks(policy, atUs).map(({ kind, says }) => `${kind}: ${says}`);
}
