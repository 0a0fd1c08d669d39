/** `portcullis rules`, and that what it says of each detection is true. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test, vi } from "vitest";
import { RULES } from "../../src/judge/rules/index.ts";
import { SEVERITIES } from "../../src/report/lines.ts";
import { linesOf, PROJECT, portcullis } from "./program.ts";

// Whole processes, on a machine that others use too.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const folder = mkdtempSync(join(tmpdir(), "portcullis-"));
afterAll(() => rmSync(folder, { recursive: true }));

describe("rules list", () => {
  test("has a line for each rule", async () => {
    const { code, out, err } = await portcullis(["rules", "list"]);
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(out.split("\n").map((line) => line.slice(0, 3))).toEqual([
      ...RULES.map(({ id }) => id),
      "",
    ]);
  });

  test("is JSON for programs", async () => {
    const { code, out } = await portcullis(["rules", "list", "--format", "json"]);
    expect(code).toBe(0);
    expect(JSON.parse(out)).toEqual(JSON.parse(JSON.stringify(RULES)));
  });
});

describe("rules show", () => {
  test.each(["C03", "c03", "wrong-name"])("finds a rule by %s", async (id) => {
    const { code, out } = await portcullis(["rules", "show", id]);
    expect(code).toBe(0);
    expect(out).toMatch(/^C03 wrong-name: Certificate for another name\n/);
    expect(out.match(/^[A-Z].*$/gm)?.slice(2)).toEqual([
      "What it means",
      "What it cannot see",
      "False positives, and the exception to paste into a policy",
      "How it is emulated",
      "What to do",
    ]);
  });

  test("is JSON for programs", async () => {
    const { out } = await portcullis(["rules", "show", "A18", "--format", "json"]);
    expect(JSON.parse(out)).toMatchObject({ id: "A18", name: "uninspectable", severity: "note" });
  });
});

test.each([
  [["rules"], "rules show <id>"],
  [["rules", "shwo"], "unknown command rules shwo, did you mean show?"],
  [["rules", "show"], "rules show expects an id"],
  [["rules", "show", "A15", "A16"], "rules show takes one id, found A16 as well"],
  [["rules", "show", "B03"], "no rule B03 in this version, expected A15, A16,"],
  [["rules", "show", "wrong-nmae"], "did you mean wrong-name?"],
  [["rules", "list", "A15"], "rules list takes no operand, found A15"],
  [["rules", "list", "--format", "xml"], "--format xml: expected text, json"],
])("%j is a wrong call: %s", async (args, message) => {
  const { code, out, err } = await portcullis(args);
  expect(err).toContain(message);
  expect({ code, out }).toEqual({ code: 2, out: "" });
});

describe("each rule", () => {
  test.each(RULES)("$id says all that is asked of it, in whole sentences", (rule) => {
    for (const text of [rule.means, rule.cannotSee, rule.emulation.says]) {
      expect(text).toMatch(/^[A-Z].*[.:]$/s);
    }
    expect(rule.falsePositives.length).toBeGreaterThan(0);
    for (const { when } of rule.falsePositives) expect(when).toMatch(/^[A-Z].*\.$/s);
  });

  const recorded = RULES.filter(({ emulation }) => emulation.capture !== undefined);

  test.each(recorded)("$id is found in the capture that emulates it", async (rule) => {
    const { findings } = await replayed(rule.emulation.capture!, "captures/portcullis.yaml");
    expect(findings.map((finding) => finding.rule)).toContain(rule.id);
  });

  const exceptions = recorded.flatMap(({ id, emulation, falsePositives }) =>
    falsePositives.flatMap(({ when, exception }) =>
      // Another public CA than the recorded one cannot be had offline: the next test has it.
      exception === undefined || when.includes("public CA to another")
        ? []
        : [{ id, when, exception, capture: captureFor(when, emulation.capture!) }],
    ),
  );

  test.each(exceptions)("$id is worth less with the exception for: $when", async (one) => {
    const { id, exception, capture } = one;
    // Without the exception: the same policy and nothing else.
    const bare = await replayed(capture, policyFile(id === "C01" ? DENYING : ""));
    expect(worthOf(id, bare)).toBeGreaterThanOrEqual(0);
    const excepted = await replayed(capture, policyFile(filledIn(exception, bare)));
    expect(worthOf(id, excepted)).toBeLessThan(worthOf(id, bare));
  });

  test("A15 has an exception for another public CA that a policy may say", async () => {
    const { falsePositives } = RULES.find(({ id }) => id === "A15")!;
    const { exception } = falsePositives.find(({ when }) => when.includes("public CA"))!;
    const text = `version: 1\n${exception!.replace("<server name>", "api.example.net")}\n`;
    const file = join(folder, "vendor.yaml");
    writeFileSync(file, text);
    expect(await portcullis(["policy", "check", file])).toMatchObject({
      code: 0,
      out: expect.stringContaining("right, no warning"),
    });
  });
});

const DENYING = 'issuers:\n  deny:\n    - issuer: "CN=Corp Issuing CA 1,O=Example Corp"';
/** Where an exception makes less of a finding than nothing, enforce shows it. */
const HEADER = "version: 1\nmode: enforce\nresolvers: [10.77.1.30]\n";

function policyFile(text: string): string {
  const file = join(folder, `${written++}.yaml`);
  writeFileSync(file, `${HEADER}${text}\n`);
  return file;
}
let written = 0;

interface Replayed {
  readonly findings: readonly Record<string, unknown>[];
  readonly tls: Record<string, unknown>;
}

async function replayed(capture: string, policy: string): Promise<Replayed> {
  const args = ["replay", capture, "--policy", policy, "--format", "jsonl", "--observations"];
  const lines = linesOf(await portcullis(args));
  return {
    findings: lines.filter(({ kind }) => kind === "finding"),
    tls: lines.find(({ kind }) => kind === "tls")!,
  };
}

/** The worst severity of a rule's findings as a number; -1 if there is none. */
function worthOf(id: string, { findings }: Replayed): number {
  const own = findings.filter(({ rule }) => rule === id);
  return Math.max(-1, ...own.map(({ severity }) => SEVERITIES.indexOf(severity as never)));
}

/** A CA of one's own is not the one that nobody knows. */
function captureFor(when: string, capture: string): string {
  return when.includes("your own") ? "captures/approved.pcap" : capture;
}

/** What the reader would write in place of `<...>`. */
function filledIn(exception: string, { tls }: Replayed): string {
  const { spki } = tls.certificates as { spki: string[] };
  const values: Record<string, string> = {
    "your-ca.pem": join(PROJECT, "captures/corp-root.pem"),
    spki: spki[0] ?? "",
    "server name": String(tls.serverName),
    address: String(tls.server).replace(/:\d+$/, ""),
    date: "2027-06-30",
    who: "network-team",
    why: "INC-1",
    "denied certificate": "a".repeat(64),
  };
  return exception.replace(/<([^>]+)>/g, (_, name: string) => {
    expect(Object.keys(values)).toContain(name);
    return values[name]!;
  });
}
