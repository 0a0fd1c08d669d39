/** The policy as a value: what its hash covers, what is stricter, and what it looks at. */
import { describe, expect, test } from "vitest";
import { parseTarget } from "../../../src/judge/destination.ts";
import {
  type AllowLine,
  always,
  DECISIONS,
  defaultPolicy,
  looksAtAddresses,
  loosest,
  type Policy,
  type Setting,
  sealPolicy,
  strictest,
  type Target,
  withRoots,
} from "../../../src/judge/policy/policy.ts";
import { otherRoot, root, rootFile } from "../scene.ts";

const withIssuers = (issuers: Partial<Policy["issuers"]>): Policy =>
  sealPolicy({ ...defaultPolicy, issuers: { ...defaultPolicy.issuers, ...issuers } });
const line = (more: Partial<AllowLine>): AllowLine => ({ tolerate: [], ...more });
const reversed = <T extends object>(value: T): T =>
  Object.fromEntries(Object.entries(value).reverse()) as T;

describe("the hash of a policy", () => {
  const policy = (later: Record<string, unknown>) => sealPolicy({ ...defaultPolicy, later }).sha256;

  test("does not depend on the order in which keys stand", () => {
    const { issuers, ...rest } = defaultPolicy;
    const turned = { ...reversed({ ...rest, issuers: reversed(issuers) }) };
    expect(sealPolicy(turned).sha256).toBe(defaultPolicy.sha256);
    expect(policy({ a: 1, b: { c: 2, d: 3 } })).toBe(policy({ b: { d: 3, c: 2 }, a: 1 }));
  });

  test("does not depend on how a file of roots is called, in `allow` neither", () => {
    const named = (name: string) =>
      withIssuers({ roots: [rootFile(root, name)], allow: [line({ roots: name })] }).sha256;
    expect(named("./a.pem")).toBe(named("./b.pem"));
    const roots = [rootFile(otherRoot, "./other.pem"), rootFile(root, "./a.pem")];
    const approved = ["./other.pem", "./a.pem"].map(
      (name) => withIssuers({ roots, allow: [line({ roots: name })] }).sha256,
    );
    expect(new Set(approved).size).toBe(2);
  });

  test("depends on the order of a list, and on what is nothing", () => {
    const all = [{ a: [1, 2] }, { a: [2, 1] }, { a: { 0: 1, 1: 2 } }, { a: null }, { a: {} }, {}];
    expect(new Set(all.map(policy)).size).toBe(all.length);
  });

  test("covers what root files hold and not how they are called, wherever a line names them", () => {
    const named = (one: string, other: string, roots: string) =>
      withRoots(withIssuers({ allow: [line({ roots })] }), [
        rootFile(root, one),
        rootFile(otherRoot, other),
      ]).sha256;
    expect(named("./a.pem", "./b.pem", "./a.pem")).toBe(named("./x.pem", "./y.pem", "./x.pem"));
    expect(named("./a.pem", "./b.pem", "./a.pem")).not.toBe(named("./a.pem", "./b.pem", "./b.pem"));
  });

  test("is the same object's where no roots are added", () => {
    expect(withRoots(defaultPolicy, [])).toBe(defaultPolicy);
  });
});

test("of two decisions the stricter and the looser one are told apart", () => {
  for (const [i, a] of DECISIONS.entries()) {
    for (const [j, b] of DECISIONS.entries()) {
      expect([strictest(a, b), loosest(a, b)]).toEqual([
        DECISIONS[Math.max(i, j)],
        DECISIONS[Math.min(i, j)],
      ]);
    }
  }
});

describe("a policy looks at addresses", () => {
  const cidr = [parseTarget("192.0.2.0/24") as Target];
  const named = [parseTarget("a.example") as Target];
  const setting = <T>(then: T, to: Target[]): Setting<T> => ({
    default: then,
    for: [{ to, then }],
  });
  const { unseen } = defaultPolicy.issuers;

  test.each<[string, Partial<Policy["issuers"]>, boolean]>([
    ["not by default", {}, false],
    ["not for a name", { allow: [line({ for: named })] }, false],
    ["not for a workload", { allow: [line({ workloads: ["a"] })] }, false],
    ["for a network", { allow: [line({}), line({ for: [...named, ...cidr] })] }, true],
    ["for a port", { allow: [line({ for: named, ports: [443] })] }, true],
    ["for a port anywhere", { allow: [line({ ports: [443] })] }, true],
    ["not for what all get", { unknown: always("cut") }, false],
    ["not for an exception by name", { unknown: setting("cut", named) }, false],
    ["for an exception of `unknown`", { unknown: setting("cut", cidr) }, true],
    ["for an exception of `unapproved`", { unapproved: setting("cut", cidr) }, true],
    ["for an exception of `selfSigned`", { selfSigned: setting("cut", cidr) }, true],
    ["for an exception of `hygiene`", { hygiene: setting("cut", cidr) }, true],
    ["for an exception of `unseen`", { unseen: { ...unseen, ech: setting("cut", cidr) } }, true],
  ])("%s", (_, issuers, expected) => {
    expect(looksAtAddresses(withIssuers(issuers))).toBe(expected);
  });
});
