/** What the author of a wrong policy file is told: where it is, what stands there, what was expected. */
import { describe, expect, test } from "vitest";
import { PolicyError } from "../../src/judge/policy/policy-error.ts";
import { parsePolicy } from "../../src/judge/policy/policy-file.ts";

const HASH = "a".repeat(64);

/** All problems of a text, as lines without the file's name. */
async function complaints(text: string): Promise<string[]> {
  try {
    await parsePolicy(text, "p.yaml");
    return [];
  } catch (error) {
    expect(error).toBeInstanceOf(PolicyError);
    return (error as PolicyError).message
      .split("\n")
      .map((line) => line.replace("p.yaml:", "").trim());
  }
}

describe("a wrong file", () => {
  test.each<[name: string, text: string, problems: string[]]>([
    ["is not an empty one", "\n \n", ["an empty file, expected at least `version: 1`"]],
    ["is not a comment alone", "# later\n", ["an empty file, expected at least `version: 1`"]],
    ["has a version", "mode: audit", ["1:1: no `version`, expected 1"]],
    ["is not of another version", "version: 2", ["1:10: 2, expected 1"]],
    ["is a map", "- version: 1", ["1:1: a list, expected a map"]],
    [
      "is one document",
      "version: 1\n---\nversion: 1",
      ["2:1: Source contains multiple documents; please use YAML.parseAllDocuments()"],
    ],
    ["says a key once", "version: 1\nversion: 1", ['2:1: key "version" for the second time']],
    ["has text as keys", "version: 1\n1: 2", ["2:1: a key that is not text, expected a name"]],
    [
      "has no unknown tag",
      "version: !!python/none 1",
      ["1:10: Unresolved tag: tag:yaml.org,2002:python/none"],
    ],
    [
      "is told the nearest key",
      "version: 1\nissuers:\n  dney: []",
      ['3:3: unknown key "dney", did you mean `deny`?'],
    ],
    [
      "is told a key that is half as far as it is long",
      "version: 1\nprobe: {nexer: 1, neverabc: 1, neve: 1}",
      [
        '2:9: unknown key "nexer", did you mean `never`?',
        '2:19: unknown key "neverabc", did you mean `never`?',
        '2:32: unknown key "neve", did you mean `never`?',
      ],
    ],
    [
      "is told a key that is two letters off, whatever its length",
      "version: 1\nprobe: {nev: 1, ne: 1, xxver: 1, xxxer: 1, PERHOUR: 1}",
      [
        '2:9: unknown key "nev", did you mean `never`?',
        '2:17: unknown key "ne", expected never, perHour',
        '2:24: unknown key "xxver", did you mean `never`?',
        '2:34: unknown key "xxxer", expected never, perHour',
        '2:44: unknown key "PERHOUR", did you mean `perHour`?',
      ],
    ],
    [
      "has ids of rules where they belong",
      "version: 1\nrules: {A2: {}}",
      ['2:9: key "A2", expected the id of a rule, as A02'],
    ],
    [
      "is told the nearest key inside a rule's exceptions",
      "version: 1\nrules: {A02: {exept: []}}",
      ['2:15: unknown key "exept", did you mean `except`?'],
    ],
    [
      "is shown as much as a person would",
      `version: 1\nmode: ${"m".repeat(60)}`,
      [`2:7: "${"m".repeat(60)}", expected audit, enforce`],
    ],
    [
      "is not shown more",
      `version: 1\nmode: ${"m".repeat(61)}`,
      [`2:7: "${"m".repeat(60)}…", expected audit, enforce`],
    ],
    ["has text where text belongs", "version: 1\nmode: 5", ["2:7: 5, expected audit, enforce"]],
    ["has text and no list", "version: 1\nmode: [audit]", ["2:7: a list, expected audit, enforce"]],
    ["has text and no map", "version: 1\nmode: {}", ["2:7: a map, expected audit, enforce"]],
    ["has something", "version: 1\nmode:", ["2:6: null, expected audit, enforce"]],
    [
      "is told all keys where none is near",
      "version: 1\nprobe: {zzzzzzz: 1}",
      ['2:9: unknown key "zzzzzzz", expected never, perHour'],
    ],
    [
      "is told the nearest key inside an exception",
      "version: 1\nissuers: {unknown: {default: cut, for: [{to: [a.b], them: cut}]}}",
      [
        "2:41: no `then`, expected pass, report, refuse, cut",
        '2:53: unknown key "them", did you mean `then`?',
      ],
    ],
    [
      "does not hide a prototype",
      "version: 1\n__proto__: {mode: enforce}",
      [expect.stringMatching(/^2:1: unknown key "__proto__"/) as never],
    ],
    [
      "names a decision",
      "version: 1\nissuers: {hygiene: warn}",
      ['2:20: "warn", expected pass, report, refuse, cut'],
    ],
    [
      "does not call the unseen clean",
      "version: 1\nissuers: {unseen: {otherwise: pass}}",
      ['2:31: "pass", expected report, refuse, cut: what was not seen is never clean'],
    ],
    [
      "does not probe for what has no class",
      "version: 1\nissuers: {unseen: {otherwise: probe}}",
      ['2:31: "probe", expected report, refuse, cut'],
    ],
    [
      "says whom a line approves",
      "version: 1\nissuers:\n  allow:\n    - for: [a.example]",
      [
        "4:7: a map, expected `issuer`, `spki`, `certificate` or `roots`: a line must say whom it approves",
      ],
    ],
    [
      "says whom a line denies",
      "version: 1\nissuers:\n  deny:\n    - then: cut",
      ["4:7: a map, expected `issuer`, `spki` or `certificate`: a line must say whom it denies"],
    ],
    [
      "has whole hashes",
      `version: 1\nissuers: {deny: [{spki: ${"a".repeat(63)}}]}`,
      [
        expect.stringMatching(
          /^2:25: "a+…", expected 64 hexadecimal digits or `sha256\/`/,
        ) as never,
      ],
    ],
    [
      "has names that are names",
      'version: 1\nissuers: {deny: [{issuer: "Evil CA"}]}',
      ['2:27: "Evil CA", expected a name as RFC 4514 writes it, "CN=Corp CA,O=Example Corp"'],
    ],
    [
      "has dates that exist",
      `version: 1\nissuers: {allow: [{spki: ${HASH}, expires: 2026-02-29}]}`,
      [expect.stringContaining('"2026-02-29", expected a date') as never],
    ],
    [
      "has networks without host bits",
      `version: 1\nissuers: {allow: [{spki: ${HASH}, for: [10.0.0.1/8]}]}`,
      [expect.stringContaining('"10.0.0.1/8", expected zeros behind the prefix') as never],
    ],
    [
      "has one star, in front",
      `version: 1\nissuers: {allow: [{spki: ${HASH}, for: ["a.*.example"]}]}`,
      [expect.stringContaining('"a.*.example", expected a DNS name') as never],
    ],
    [
      "has no empty `for`, which would mean nowhere",
      `version: 1\nissuers: {allow: [{spki: ${HASH}, for: []}]}`,
      [expect.stringContaining("an empty list, expected at least 1") as never],
    ],
    [
      "has ports that exist",
      `version: 1\nissuers: {allow: [{spki: ${HASH}, ports: [65536]}]}`,
      [expect.stringContaining("65536, expected at most 65535") as never],
    ],
    [
      "names root files that exist",
      "version: 1\nissuers: {roots: [./gone.pem]}",
      ["2:19: ./gone.pem: cannot be read (ENOENT)"],
    ],
    [
      "has an alias that means something",
      "version: *x",
      ["1:10: an alias that names nothing before it"],
    ],
    [
      "has no alias inside itself",
      "version: 1\nexpect: &e [*e]",
      ["2:13: an alias inside what it stands for"],
    ],
  ])("%s", async (_, text, problems) => {
    expect(await complaints(text)).toEqual(problems);
  });

  const KEYS =
    "issuer, spki, certificate, roots, for, ports, workloads, expires, approved, tolerate";
  const DECISIONS = "pass, report, refuse, cut";
  const BLIND = "report, refuse, cut, probe: what was not seen is never clean";

  test.each<[issuers: string, problems: string[]]>([
    ['{allow: [{isuer: "CN=X"}]}', ['20: unknown key "isuer", did you mean `issuer`?']],
    ["{allow: [{for: [a.b], zzzzzz: 1}]}", [`32: unknown key "zzzzzz", expected ${KEYS}`]],
    [
      '{allow: [{isuer: "CN=X"}, {for: [a.b]}]}',
      [
        '20: unknown key "isuer", did you mean `issuer`?',
        "36: a map, expected `issuer`, `spki`, `certificate` or `roots`: a line must say whom it approves",
      ],
    ],
    ["{allow: {}}", ["18: a map, expected a list"]],
    ["{deny: [5]}", ["18: 5, expected a map"]],
    [
      "{deny: [{spki: [1], then: [cut]}]}",
      ["25: a list, expected text", "36: a list, expected refuse, cut"],
    ],
    ["{unknown: [cut]}", [`20: a list, expected ${DECISIONS}`]],
    ["{unknown: 5}", [`20: 5, expected ${DECISIONS}`]],
    ["{unknown: {default: cut, for: 5}}", ["40: 5, expected a list"]],
    ["{unknown: {for: []}}", [`20: no \`default\`, expected ${DECISIONS}`]],
    ["{unknown: {default: [cut], for: []}}", [`30: a list, expected ${DECISIONS}`]],
    ["{unseen: [cut]}", ["19: a list, expected a map"]],
    ["{unseen: {ech: {default: pass, for: []}}}", [`35: "pass", expected ${BLIND}`]],
    [
      "{unseen: {ech: {default: cut, for: [{to: [a.b], then: pass}]}}}",
      [`64: "pass", expected ${BLIND}`],
    ],
    ["{roots: mozilla}", ['18: "mozilla", expected a list']],
    ["{roots: [5]}", ["19: 5, expected text"]],
    ["[]", ["10: an empty list, expected a map"]],
  ])("is told of `issuers: %s` what it is and what it should be", async (issuers, problems) => {
    expect(await complaints(`version: 1\nissuers: ${issuers}`)).toEqual(
      problems.map((problem) => `2:${problem}`),
    );
  });

  test("is told everything at once, in the order of the file", async () => {
    const text =
      "version: 3\nmod: audit\nissuers:\n  roots: [./gone.pem]\n  hygiene: warn\nrespond: {laddr: []}\n";
    const lines = (await complaints(text)).map((line) => line.split(":")[0]);
    expect(lines).toEqual(["1", "2", "4", "5", "6"]);
  });

  test("has a limit of problems that are told", async () => {
    const text = `version: 1\nissuers:\n  deny:\n${"    - {}\n".repeat(200)}`;
    expect(await complaints(text)).toHaveLength(50);
  });

  test.each([
    ["flow lists", `version: 1\nexpect: ${"[".repeat(20)}${"]".repeat(20)}`],
    [
      "blocks",
      `version: 1\n${Array.from({ length: 20 }, (_, i) => `${" ".repeat(i)}a:`).join("\n")}`,
    ],
    ["a hundred thousand lists", `version: 1\nexpect: ${"[".repeat(100_000)}`],
  ])("nests no deeper than the limit: %s", async (_, text) => {
    expect((await complaints(text)).join()).toMatch(/nested more than 16 deep|call stack/);
  });

  test("does not grow without bound through aliases", async () => {
    const steps = Array.from({ length: 12 }, (_, i) => `  - &a${i + 1} [${`*a${i}, `.repeat(8)}]`);
    const text = `version: 1\nexpect:\n  - &a0 [x]\n${steps.join("\n")}\n`;
    expect((await complaints(text)).join()).toContain("more than 100 aliases");
  });
});
