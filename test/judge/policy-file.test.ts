/** What a policy file may say, and what its author is told when it says something else. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { defaultPolicy } from "../../src/judge/policy.ts";
import { PolicyError } from "../../src/judge/policy-error.ts";
import { parsePolicy, readPolicyFile } from "../../src/judge/policy-file.ts";
import { readRoots, withRoots } from "../../src/judge/roots.ts";
import { hashesOf, otherRoot, root } from "./scene.ts";

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

describe("a right file", () => {
  test("that says only its version is the default policy", async () => {
    const policy = await parsePolicy("version: 1", "p.yaml");
    expect(policy).toEqual(defaultPolicy);
  });

  test("keeps the lines of its allow and deny entries, exceptions and settings", async () => {
    const text = `version: 1
issuers:
  allow:
    - issuer: "CN=Corp CA"

    - spki: ${HASH}
  deny:
    - certificate: ${HASH}
  unknown:
    default: cut
    for:
      - {to: ["*.lab.example"], then: report}
  selfSigned: refuse
`;
    const { issuers } = await parsePolicy(text, "p.yaml");
    expect(issuers.allow?.map(({ line }) => line)).toEqual([4, 6]);
    expect(issuers.deny.map(({ line, then }) => [line, then])).toEqual([[8, "cut"]]);
    expect(issuers.unknown).toMatchObject({ default: "cut", line: 10, for: [{ line: 12 }] });
    expect(issuers.unapproved).toEqual(issuers.unknown);
    expect(issuers.selfSigned).toEqual({ default: "refuse", for: [], line: 13 });
    expect(issuers.hygiene).toEqual(defaultPolicy.issuers.hygiene);
  });

  test("tells an absent `allow` from an empty one", async () => {
    expect((await parsePolicy("version: 1\nissuers: {}", "p.yaml")).issuers.allow).toBeUndefined();
    expect((await parsePolicy("version: 1\nissuers: {allow: []}", "p.yaml")).issuers.allow).toEqual(
      [],
    );
  });

  test("reads pins as browsers write them", async () => {
    const pin = `sha256/${Buffer.from(HASH, "hex").toString("base64")}`;
    const { issuers } = await parsePolicy(
      `version: 1\nissuers: {deny: [{spki: ${pin}}]}`,
      "p.yaml",
    );
    expect(issuers.deny[0]?.spki).toBe(HASH);
  });

  test("means the whole last day by a date, and the whole minute by a time", async () => {
    const text = `version: 1\nissuers: {allow: [{spki: ${HASH}, expires: 2027-06-30}, {spki: ${HASH}, expires: "2027-06-30T12:00Z"}]}`;
    const { issuers } = await parsePolicy(text, "p.yaml");
    expect(issuers.allow?.map(({ expiresUs }) => expiresUs)).toEqual([
      Date.UTC(2027, 6, 1) * 1000 - 1,
      Date.UTC(2027, 5, 30, 12, 1) * 1000 - 1,
    ]);
  });

  test("writes international names as the wire does", async () => {
    const text = `version: 1\nissuers: {allow: [{spki: ${HASH}, for: ["*.BÜCHER.example"]}]}`;
    const { issuers } = await parsePolicy(text, "p.yaml");
    expect(issuers.allow?.[0]?.for).toEqual([{ kind: "name", text: "*.xn--bcher-kva.example" }]);
  });

  test("keeps what this version does not apply, and says so", async () => {
    const policy = await parsePolicy("version: 1\nprobe: {perHour: 60}", "p.yaml");
    expect(policy.later).toEqual({ probe: { perHour: 60 } });
    expect(policy.notices).toEqual([
      "`probe` is checked and kept, but this version does not apply it yet",
    ]);
  });

  test("can go to a worker", async () => {
    const policy = await parsePolicy(
      `version: 1\nissuers: {allow: [{spki: ${HASH}, for: [a.example]}]}`,
      "p.yaml",
    );
    expect(structuredClone(policy)).toEqual(policy);
  });
});

describe("the hash", () => {
  const hashOf = async (text: string) => (await parsePolicy(text, "p.yaml")).sha256;

  test("does not depend on comments, order, defaults that are spelt out, or pin notation", async () => {
    const pin = `sha256/${Buffer.from(HASH, "hex").toString("base64")}`;
    const short = `version: 1\nissuers: {deny: [{spki: ${HASH}}]}`;
    const long = `# hello\n\nissuers:\n  hygiene: report\n  deny:\n    - then: cut\n      spki: ${pin}\nmode: audit\nversion: 1\n`;
    expect(await hashOf(long)).toBe(await hashOf(short));
  });

  test.each([
    "mode: enforce",
    "issuers: {allow: []}",
    "issuers: {unknown: refuse}",
    "issuers: {unseen: {ech: cut}}",
    "issuers: {roots: []}",
    "probe: {perHour: 1}",
  ])("depends on %s", async (text) => {
    expect(await hashOf(`version: 1\n${text}`)).not.toBe(defaultPolicy.sha256);
  });
});

describe("roots", () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "portcullis-"));
    await writeFile(join(folder, "root.pem"), root.certificatePem);
    await writeFile(join(folder, "root.der"), root.der);
    await writeFile(join(folder, "other.crt"), otherRoot.certificatePem);
    await writeFile(join(folder, "notes.txt"), "no certificate");
    await writeFile(
      join(folder, "broken.pm"),
      "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n",
    );
    await writeFile(
      join(folder, "p.yaml"),
      "version: 1\nissuers: {roots: [./root.pem, mozilla]}\n",
    );
    await writeFile(join(folder, "latin1.yaml"), Buffer.from("version: 1 # \xe9", "latin1"));
  });
  afterAll(() => rm(folder, { recursive: true }));

  const HASHES = [root, otherRoot].map((identity) => hashesOf(identity).certificate).sort();

  test("are found from the policy's folder", async () => {
    const { issuers } = await readPolicyFile(join(folder, "p.yaml"));
    expect(issuers.roots).toMatchObject([
      { kind: "file", name: "./root.pem", certificates: [hashesOf(root).certificate] },
      { kind: "mozilla" },
    ]);
  });

  test("are read from DER, PEM, and a directory of both", async () => {
    expect(await readRoots(join(folder, "root.der"))).toMatchObject({
      root: { certificates: [hashesOf(root).certificate] },
    });
    expect(await readRoots(folder, "dir")).toMatchObject({
      root: { name: "dir", certificates: HASHES },
      faults: [],
    });
  });

  test.each([
    ["notes.txt", /found no certificate, expected PEM or DER/],
    ["broken.pm", /found no certificate \(certificate 1: /],
    ["gone.pem", /cannot be read \(ENOENT\)/],
  ])("that are none are a problem in words: %s", async (file, words) => {
    expect(await readRoots(join(folder, file), file)).toEqual({
      problem: expect.stringMatching(words),
    });
  });

  test("change the hash by what they hold and not by where they are", async () => {
    const [pem, der, other] = await Promise.all(
      ["root.pem", "root.der", "other.crt"].map(async (file) => {
        const read = await readRoots(join(folder, file));
        if ("problem" in read) throw new Error(read.problem);
        return withRoots(defaultPolicy, [read.root]).sha256;
      }),
    );
    expect(der).toBe(pem);
    expect(other).not.toBe(pem);
    expect(pem).not.toBe(defaultPolicy.sha256);
  });

  test("come with a policy in UTF-8 only", async () => {
    await expect(readPolicyFile(join(folder, "latin1.yaml"))).rejects.toThrow(
      "bytes that are not UTF-8",
    );
  });

  test("come with a policy that can be read", async () => {
    await expect(readPolicyFile(join(folder, "gone.yaml"))).rejects.toThrow(
      "cannot be read (ENOENT)",
    );
    await expect(readPolicyFile(folder)).rejects.toThrow(PolicyError);
  });
});
