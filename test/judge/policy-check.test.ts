/** What `policy check` warns of: policies that are right, and may not be what was meant. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { warningsOf } from "../../src/judge/check/check.ts";
import { overlapRemarks } from "../../src/judge/check/check-overlap.ts";
import { Judge } from "../../src/judge/decide.ts";
import { type Policy, sealPolicy, withRoots } from "../../src/judge/policy/policy.ts";
import { parsePolicy } from "../../src/judge/policy/policy-file.ts";
import { allowLine, policy, seen, unseen } from "./arbitrary.ts";
import { handshake, hashesOf, root, rootFile } from "./scene.ts";

const KEY = "a".repeat(64);
const OTHER = "b".repeat(64);
const NOW_US = Date.UTC(2026, 10, 23, 12) * 1000;

/** `line:column kind: message` for each warning. */
async function warnings(text: string): Promise<string[]> {
  const policy = await parsePolicy(text, "p.yaml");
  return warningsOf(policy, text, NOW_US).map(
    ({ line, column, kind, message }) => `${line}:${column} ${kind}: ${message}`,
  );
}

/** Lines from 4 on are entries of `allow`. */
const allow = (...lines: string[]) =>
  `version: 1\nissuers:\n  allow:\n${lines.map((line) => `    - {${line}}\n`).join("")}`;
const deny = (...lines: string[]) => allow(...lines).replace("allow", "deny");
/** About two seconds; `FC_RUNS` asks for more, or for fewer. */
const RUNS = Number(process.env.FC_RUNS ?? 1000);
const CA = '"CN=Corp CA"';
const CORP = 'for: ["*.corp.example"]';

describe("a policy is warned", () => {
  test.each<[name: string, text: string, warnings: string[]]>([
    [
      "of an issuer that is approved everywhere",
      allow(`issuer: ${CA}`),
      [
        "4:7 too-broad: approves this issuer for every destination; `for:` says which ones are meant",
      ],
    ],
    [
      "of roots that are approved everywhere",
      allow("roots: mozilla"),
      ["4:7 too-broad: approves whatever a root of mozilla vouches for, everywhere; add `for:`"],
    ],
    [
      "of all addresses at once",
      allow('roots: mozilla, for: [0.0.0.0/0, "::/0", 8.0.0.0/7]'),
      [
        "4:30 too-broad: 0.0.0.0/0 is every IPv4 address",
        "4:41 too-broad: ::/0 is every IPv6 address",
        "4:49 too-broad: 8.0.0.0/7 is a large part of every IPv4 address",
        "4:49 shadowed: 0.0.0.0/0 holds it already",
      ],
    ],
    [
      "of a wildcard for a whole top-level name",
      allow('roots: mozilla, for: ["*.com", "*.example.com"]'),
      ["4:30 too-broad: *.com is every name below com"],
    ],
    [
      "of wrong names that an issuer may have anywhere",
      allow(`issuer: ${CA}, ${CORP}, tolerate: [expired, name]`),
      [
        "4:75 too-broad: tolerates a wrong name of whatever this issuer signs; pin `spki` or `certificate`",
      ],
    ],
    [
      "of wrong names, though they are the first that is tolerated",
      allow(`issuer: ${CA}, ${CORP}, tolerate: [name]`),
      [
        "4:66 too-broad: tolerates a wrong name of whatever this issuer signs; pin `spki` or `certificate`",
      ],
    ],
    [
      "of nothing where a certificate that we do not hold is named with its key",
      allow(`certificate: ${KEY}, spki: ${OTHER}, ${CORP}`),
      [],
    ],
    [
      "line by line, whatever it is warned of",
      allow(`issuer: ${CA}, for: [a.corp.example, a.corp.example]`, 'issuer: "CN=B"'),
      [
        "4:52 duplicate: a.corp.example for the second time",
        "5:7 too-broad: approves this issuer for every destination; `for:` says which ones are meant",
      ],
    ],
    [
      "of an unknown issuer that passes everywhere",
      "version: 1\nissuers:\n  unknown: pass\n",
      [
        "3:12 too-broad: `unknown: pass` lets chains that lead to no root through without a word, everywhere",
      ],
    ],
    [
      "of an exception that is the rule",
      "version: 1\nissuers:\n  selfSigned: {default: cut, for: [{to: [0.0.0.0/0], then: report}]}\n",
      ["3:42 too-broad: 0.0.0.0/0 is every IPv4 address"],
    ],
    [
      "of a line that another one holds",
      allow(`issuer: ${CA}, for: [a.corp.example]`, `issuer: ${CA}, ${CORP}`),
      ["4:7 shadowed: line 5 approves all that this line approves"],
    ],
    [
      "of a line that another one holds for longer, and for one of its places",
      allow(
        `spki: ${KEY}, for: [a.corp.example], expires: 2027-06-30`,
        `spki: ${KEY}, for: [x.example, "*.corp.example"], expires: 2027-07-01`,
      ),
      ["4:7 shadowed: line 5 approves all that this line approves"],
    ],
    [
      "of the later one of two lines that say the same",
      allow(`spki: ${KEY}, approved: {by: me}`, `spki: sha256/${pin(KEY)}`),
      ["5:7 duplicate: says the same as line 4"],
    ],
    [
      "of an approval that a denial undoes",
      `${allow(`spki: ${KEY}, issuer: ${CA}, ${CORP}`)}  deny: [{issuer: "cn=corp  ca"}]\n`,
      ["4:7 shadowed: line 5 denies what this line approves, and `deny` wins"],
    ],
    [
      "of a denial that another one holds",
      deny(`issuer: ${CA}, spki: ${KEY}`, `issuer: ${CA}`),
      ["4:7 shadowed: line 5 denies all that this line denies"],
    ],
    [
      "of a destination that stands there twice",
      allow("roots: mozilla, for: [a.example, A.example., 10.0.0.0/8, 10.1.0.0/16]"),
      [
        "4:41 duplicate: a.example for the second time",
        "4:65 shadowed: 10.0.0.0/8 holds it already",
      ],
    ],
    [
      "of an exception that an earlier one decides",
      'version: 1\nissuers:\n  unknown:\n    default: cut\n    for:\n      - {to: ["*.lab.example"], then: report}\n      - {to: [b.example, a.lab.example], then: refuse}\n',
      ["7:26 shadowed: line 6 decides about a.lab.example first"],
    ],
    [
      "of roots that the policy does not have",
      allow("roots: ./gone.pem, for: [a.example]"),
      [
        "4:15 never-matches: ./gone.pem is none of `issuers.roots` (mozilla), so the line approves nothing",
      ],
    ],
    [
      "of a policy without a root and a key",
      `${allow(`issuer: ${CA}, ${CORP}`)}  roots: []\n`,
      ["5:10 never-matches: no root and no key: every chain is unknown"],
    ],
    [
      "of the one line that needs a root where none is",
      `${allow(`issuer: ${CA}, ${CORP}`, `spki: ${KEY}`)}  roots: []\n`,
      [
        "4:7 never-matches: a line without `spki` or `certificate` needs a path to `roots`, and there are none",
      ],
    ],
    [
      "of a price for what cannot happen",
      "version: 1\nissuers: {unapproved: report}\n",
      ["2:23 never-matches: without `allow` every valid chain is approved, so this never decides"],
    ],
    [
      "of keys that this version does not apply",
      "version: 1\nhost: {}\n",
      ["2:7 not-applied: `host` is checked and kept, but this version does not apply it yet"],
    ],
  ])("%s", async (_, text, expected) => {
    expect(await warnings(text)).toEqual(expected);
  });

  test.each([
    ["2026-10-01", "expired: this approval ran out on 2026-10-01: the line approves nothing"],
    [
      "2026-11-22",
      "expired: this approval ran out on 2026-11-22: reported until 2026-12-22, then `unapproved`",
    ],
    ["2026-11-23", "expires-in-1-day: this approval ends in less than a day, on 2026-11-23"],
    ["2026-11-24", "expires-in-7-days: this approval ends in a day, on 2026-11-24"],
    ["2026-11-29", "expires-in-7-days: this approval ends in 6 days, on 2026-11-29"],
    ["2026-11-30", "expires-in-30-days: this approval ends in 7 days, on 2026-11-30"],
    ["2026-12-22", "expires-in-30-days: this approval ends in 29 days, on 2026-12-22"],
  ])("on 2026-11-23 at noon of an approval until %s", async (date, message) => {
    const column = `    - {spki: ${KEY}, expires: `.length + 1;
    expect(await warnings(allow(`spki: ${KEY}, expires: ${date}`))).toEqual([
      `4:${column} ${message}`,
    ]);
  });

  test("of a certificate that has another key and another name than its line says", async () => {
    const { certificate, spki } = hashesOf(root);
    const text = deny(
      `certificate: ${certificate}, spki: ${OTHER}`,
      `certificate: ${certificate}, issuer: "CN=Else"`,
      `certificate: ${certificate}, spki: ${spki}, issuer: "CN=corp root"`,
    );
    const policy = withRoots(await parsePolicy(text, "p.yaml"), [rootFile(root)]);
    const messages = warningsOf(policy, text, NOW_US).map(({ line, message }) => [line, message]);
    expect(messages).toEqual([
      [4, `the certificate of this line has the key ${spki}`],
      [5, "the certificate of this line is CN=Corp Root"],
    ]);
  });

  test("of no roots that are some of the policy's", async () => {
    const text = allow("roots: mozilla, for: [a.example]", "roots: ./corp.pem, for: [b.example]");
    const policy = withRoots(await parsePolicy(text, "p.yaml"), [rootFile(root)]);
    expect(warningsOf({ ...policy, notices: [] }, text, NOW_US)).toEqual([]);
  });

  test("of a root that is about to expire", async () => {
    const text = "version: 1\n";
    const policy = withRoots(await parsePolicy(text, "p.yaml"), [rootFile(root)]);
    const said = (atUs: number) => warningsOf(policy, text, atUs).map(({ message }) => message);
    expect(said(NOW_US)).toEqual([]);
    expect(said(Date.UTC(2999, 0, 1) * 1000)).toEqual([
      expect.stringMatching(/^the root CN=Corp Root expired on \d{4}-\d\d-\d\d$/),
    ]);
  });
});

describe("a policy is not warned", () => {
  test.each([
    ["of an ordinary line", allow(`issuer: ${CA}, ${CORP}`)],
    ["of a key without a place, which is for its own names", allow(`spki: ${KEY}`)],
    ["of a whole private network", allow('roots: mozilla, for: [10.0.0.0/8, "fc00::/7"]')],
    [
      "of a pinned line beside one that needs a root",
      allow(`issuer: ${CA}, spki: ${KEY}, ${CORP}`, `issuer: ${CA}, ${CORP}`),
    ],
    [
      "of lines that differ in ports, workloads, time or tolerance",
      allow(
        `spki: ${KEY}, ports: [443]`,
        `spki: ${KEY}, workloads: [shop]`,
        `spki: ${KEY}, ports: [443, 8443], expires: 2027-06-30`,
        `spki: ${KEY}, ports: [443], expires: 2027-01-01, tolerate: [weak]`,
      ),
    ],
    [
      "of a wildcard that does not hold the name itself, or two labels",
      allow('roots: mozilla, for: ["*.corp.example", corp.example, a.b.corp.example]'),
    ],
    [
      "of a milder denial with more to select",
      deny(`issuer: ${CA}, then: refuse`, `issuer: ${CA}, spki: ${KEY}, then: cut`),
    ],
    [
      "of lines whose places overlap in part",
      allow(
        `spki: ${KEY}, ports: [443]`,
        `spki: ${KEY}, ${CORP}`,
        `spki: ${KEY}, for: [a.corp.example, b.example], ports: [443, 444]`,
      ),
    ],
    [
      "of an exception for all places that refuses",
      "version: 1\nissuers:\n  selfSigned: {default: cut, for: [{to: [0.0.0.0/0], then: refuse}]}\n",
    ],
    ["of a far date", allow(`spki: ${KEY}, expires: 2026-12-24`)],
  ])("%s", async (_, text) => {
    expect(await warnings(text)).toEqual([]);
  });
});

describe("what is told to be shadowed or duplicate", () => {
  const judged = (policy: Policy, shape: Parameters<typeof handshake>[0]) => {
    const { decision, would } = new Judge(policy).judge(handshake(shape)).verdict;
    return { decision, would };
  };

  /** With parts of one line put into another, so that lines often nearly hold each other. */
  const overlapping = fc
    .tuple(policy, allowLine, fc.nat(), fc.boolean())
    .map(([full, { issuer: _, issuerKey: __, ...own }, at, narrow]) => {
      const { allow = [] } = full.issuers;
      const line = allow[at % Math.max(1, allow.length)];
      if (line === undefined) return full;
      const part = narrow
        ? { ...line, ports: [443], tolerate: line.tolerate.slice(1) }
        : { ...line, ...own };
      return sealPolicy({ ...full, issuers: { ...full.issuers, allow: [part, ...allow] } });
    });

  test("can be taken away, and no verdict changes", () => {
    let removed = 0;
    fc.assert(
      fc.property(
        overlapping,
        fc.array(fc.oneof(seen, unseen), { maxLength: 9 }),
        (full, shapes) => {
          // A line that `deny` undoes still says which key stands without a root.
          const said = overlapRemarks(full).find(
            ({ path, says }) => path.length === 3 && !says.includes("`deny` wins"),
          );
          if (said === undefined) return;
          removed++;
          const [, key, index] = said.path as ["issuers", "allow" | "deny", number];
          const lines = full.issuers[key]!.filter((_, i) => i !== index);
          const without = sealPolicy({ ...full, issuers: { ...full.issuers, [key]: lines } });
          for (const shape of shapes) expect(judged(without, shape)).toEqual(judged(full, shape));
        },
      ),
      { numRuns: RUNS },
    );
    expect(removed).toBeGreaterThan(RUNS * 0.1);
  });
});

function pin(hex: string): string {
  return Buffer.from(hex, "hex").toString("base64");
}
