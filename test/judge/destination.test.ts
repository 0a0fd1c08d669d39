/** Names and networks of a policy: which are understood, and what they cover. */
import { describe, expect, test } from "vitest";
import {
  coversAddress,
  coversName,
  type Destination,
  parseTarget,
  placeName,
  settingFor,
} from "../../src/judge/destination.ts";
import { Memo } from "../../src/judge/memo.ts";
import type { Target } from "../../src/judge/policy/policy.ts";

const target = (text: string) => parseTarget(text) as Target;
const entry = (to: string[], then: string, line: number) => ({ to: to.map(target), then, line });

describe("a target", () => {
  test.each([
    ["10.0.0.0/8", "10.255.1.2", true],
    ["10.0.0.0/8", "11.0.0.0", false],
    ["192.0.2.7", "192.0.2.7", true],
    ["192.0.2.7", "192.0.2.8", false],
    ["192.0.2.128/25", "192.0.2.127", false],
    ["192.0.2.128/25", "192.0.2.200", true],
    ["0.0.0.0/0", "203.0.113.9", true],
    ["0.0.0.0/0", "2001:db8::1", false],
    ["2001:db8::/33", "2001:db8:7fff::1", true],
    ["2001:db8::/33", "2001:db8:8000::1", false],
    ["::/0", "2001:db8::1", true],
    ["::/0", "192.0.2.1", false],
    ["::1", "::1", true],
    ["2001:DB8:0:0::1", "2001:db8::1", true],
    ["10.0.0.0/8", "no address", false],
    ["10.0.0.0/8", "", false],
  ])("%s covers the address %s: %s", (text, ip, covered) => {
    expect(coversAddress(target(text), ip)).toBe(covered);
  });

  test.each([
    ["api.example", "api.example", true],
    ["api.example", "x.api.example", false],
    ["*.example.net", "a.example.net", true],
    ["*.example.net", "a.b.example.net", false],
    ["*.example.net", "example.net", false],
    ["*.example.net", "aexample.net", false],
    ["*.example.net", ".example.net", false],
    ["API.Example", "api.example", true],
    ["api.example.", "api.example", true],
    ["10.0.0.0/8", "10.0.0.1", false],
  ])("%s covers the name %s: %s", (text, name, covered) => {
    expect(coversName(target(text), name)).toBe(covered);
  });

  test.each([
    "",
    "*",
    "*.",
    "a b",
    "*.*.example",
    "a.*.example",
    "-a.example",
    "1.2.3",
    "1.2.3.4/33",
    "1.2.3.4/",
    "1.2.3.4/a",
    "1.2.3.4/8",
    "::/129",
    "fe80::1%eth0",
    "example/24",
    "[::1]",
  ])("is not %j", (text) => {
    expect(parseTarget(text)).toBeTypeOf("string");
  });
});

describe("a setting", () => {
  const setting = {
    default: "cut",
    line: 3,
    for: [entry(["*.lab.example", "10.9.0.0/16"], "report", 5), entry(["10.0.0.0/8"], "refuse", 6)],
  };

  test.each([
    [{ name: "a.lab.example", ip: "192.0.2.1" }, "report", 5],
    [{ name: undefined, ip: "10.9.1.1" }, "report", 5],
    [{ name: "b.example", ip: "10.8.1.1" }, "refuse", 6],
    [{ name: "b.example", ip: "192.0.2.1" }, "cut", 3],
  ])("has for %j the answer %s of line %i", (place, answer, line) => {
    expect(settingFor(setting, { port: 443, ...place })).toEqual({ answer, line });
  });
});

describe("a place", () => {
  const at = { ip: "192.0.2.7", port: 443 };
  test.each<[string, Destination, string]>([
    [
      "with a name is called by it, as it was sent",
      { ...at, serverName: "A.example", name: "a.example" },
      "A.example",
    ],
    ["without a name is called by its address", at, "192.0.2.7:443"],
    ["with an address of six is called so in brackets", { ip: "::1", port: 8443 }, "[::1]:8443"],
    [
      "with what cannot be a name is called by both",
      { ...at, serverName: "a b" },
      "a b (192.0.2.7:443)",
    ],
    ["with an empty name is called by both", { ...at, serverName: "" }, " (192.0.2.7:443)"],
  ])("%s", (_, destination, expected) => {
    expect(placeName(destination)).toBe(expected);
  });
});

describe("a memo", () => {
  test("never holds more than its limit, and keeps what is asked for", () => {
    const memo = new Memo<number>(4);
    memo.set("kept", 0);
    for (let i = 1; i <= 100; i++) {
      memo.set(`k${i}`, i);
      expect(memo.get("kept")).toBe(0);
    }
    const held = Array.from({ length: 100 }, (_, i) => memo.get(`k${i + 1}`)).filter(
      (v) => v !== undefined,
    );
    expect(held.length).toBeLessThan(4);
    expect(memo.get("k100")).toBe(100);
  });

  /** Asked one by one, each of another memo: who asks for an old answer brings it back. */
  const held = (entriesMax: number, keys: string) => {
    const holds = (wanted: string) => {
      const memo = new Memo<string>(entriesMax);
      for (const key of keys) memo.set(key, key);
      return memo.get(wanted) === wanted;
    };
    return [...new Set(keys)].filter(holds).join("");
  };

  test.each([
    ["of 4 holds the last four where nothing was asked for", 4, "abcd", "abcd"],
    ["of 4 drops the older half for a fifth", 4, "abcde", "cde"],
    ["of 5 holds as much as one of 4", 5, "abcde", "cde"],
    ["of 4 does not age by what it holds already", 4, "abababcab", "abc"],
    ["of 2 holds two", 2, "abc", "bc"],
    ["of 1 holds two all the same, in its two halves", 1, "abc", "bc"],
  ])("%s", (_, entriesMax, keys, expected) => {
    expect(held(entriesMax, keys)).toBe(expected);
  });
});
