/** The list of rules against the folder and against what DETECTIONS says of each. */
import { readdirSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { clip } from "../../../src/judge/finding.ts";
import { evasionFinding } from "../../../src/judge/rules/evasion.ts";
import { RULES, ruleById } from "../../../src/judge/rules/index.ts";

describe("the list of rules", () => {
  test("has every file of the folder that is a rule", () => {
    const files = readdirSync("src/judge/rules").filter((file) => !NO_RULES.includes(file));
    expect(files).toHaveLength(RULES.length);
  });

  test("has each id once, and finds it", () => {
    expect(new Set(RULES.map(({ id }) => id)).size).toBe(RULES.length);
    for (const rule of RULES) expect(ruleById(rule.id)).toBe(rule);
    expect(ruleById("Z99")).toBeUndefined();
  });

  test.each([
    ["A15", "unknown-issuer", "warning"],
    ["A16", "self-signed", "warning"],
    ["A18", "uninspectable", "note"],
    ["C01", "denied-issuer", "critical"],
    ["C02", "expired-or-not-yet-valid", "warning"],
    ["C03", "wrong-name", "breach"],
    ["C04", "weak-or-malformed", "warning"],
    ["C05", "possession-failed", "critical"],
    ["C06", "certificate-divergence", "critical"],
    ["C07", "name-not-bound", "warning"],
    ["C08", "evasion", "breach"],
  ])("has %s as %s, worth a %s", (id, name, severity) => {
    expect(ruleById(id)).toMatchObject({ name, severity });
  });

  test.each(RULES)("$id says what to do in one sentence, and what it is in ATT&CK", (rule) => {
    expect(rule.whatToDo).toMatch(/^[A-Z][^.!?]*(?:\.[a-z][^.!?]*)*\.$/);
    expect(rule.attack.length).toBeGreaterThan(0);
    for (const { strategy, is, version } of rule.attack) {
      expect(["T1608.003", "T1600.002"]).toContain(strategy);
      expect(is).toMatch(/^T\d{4}(?:\.\d{3})?$/);
      expect(version).toBe("18.1");
    }
  });
});

describe("evasion", () => {
  test("says which side, where, and how often", () => {
    const finding = evasionFinding({ side: "client", offset: 100, bytes: 7, count: 3 });
    expect(finding).toMatchObject({ rule: "C08", severity: "breach", certificates: [] });
    expect(finding.summary).toContain(
      "client side sent different bytes for the same place 3 times",
    );
    expect(finding.evidence).toEqual({ side: "client", offset: 100, bytes: 7, count: 3 });
  });
});

describe("clip", () => {
  test.each([
    ["short", 5, "short"],
    ["longer", 5, "long…"],
    ["ab😀cd", 4, "ab…"],
    ["ab😀cd", 5, "ab😀…"],
    ["five!", 5, "five!"],
    ["ab\u{10000}cd", 4, "ab…"],
    ["ab\u{10000}cd", 5, "ab\u{10000}…"],
    ["ab\u{10ffff}cd", 4, "ab…"],
    ["ab\ud7ffcd", 4, "ab\ud7ff…"],
    ["ab\ue000cd", 4, "ab\ue000…"],
  ])("%s to %i characters is %s", (text, max, clipped) => {
    expect(clip(text, max)).toBe(clipped);
  });
});

const NO_RULES = ["index.ts", "attack.ts", "hygiene-case.ts"];
