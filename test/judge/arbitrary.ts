/** Random policies and handshakes over the world of scene.ts, for properties that hold for all. */
import fc from "fast-check";
import { parseTarget } from "../../src/judge/destination.ts";
import {
  type AllowLine,
  DECISIONS,
  type Decision,
  type DenyLine,
  defaultPolicy,
  type Policy,
  type Setting,
  sealPolicy,
  type Target,
  TOLERABLE,
  type UnseenAnswer,
  type Window,
} from "../../src/judge/policy/policy.ts";
import { parseDn } from "../../src/trust/name.ts";
import {
  type ChainName,
  chains,
  type Handshake,
  hashesOf,
  identities,
  root,
  rootFile,
} from "./scene.ts";

const DAY_US = 86_400_000_000;
const NOON_US = Date.UTC(2026, 10, 23, 12) * 1000;

const PLACES = ["*.corp.example", "api.corp.example", "x.example", "192.0.2.0/24", "2001:db8::/32"];
const target = fc.constantFrom(...PLACES).map((text) => parseTarget(text) as Target);

function settingOf<Answer>(answers: readonly Answer[]): fc.Arbitrary<Setting<Answer>> {
  const answer = fc.constantFrom(...answers);
  const entry = fc.tuple(fc.array(target, { minLength: 1, maxLength: 2 }), answer);
  const entries = fc.array(entry, { maxLength: 2 });
  return fc.tuple(answer, entries).map(([ordinary, exceptions]) => ({
    default: ordinary,
    for: exceptions.map(([to, then]) => ({ to, then })),
  }));
}

const NAMES = ["CN=Corp CA 2,O=Example", "CN=Corp Root", "CN=Other Root", "CN=api", "CN=alone"];
const hashes = fc.constantFrom(...Object.values(identities).map(hashesOf));
const byName = fc.constantFrom(...NAMES).map((issuer) => ({ issuer, issuerKey: parseDn(issuer)! }));
const byKey = hashes.map(({ spki }) => ({ spki }));
const byCertificate = hashes.map(({ certificate }) => ({ certificate }));
const byBoth = fc.tuple(byName, byKey).map(([name, key]) => ({ ...name, ...key }));
const selector = fc.oneof(byName, byKey, byCertificate, byBoth);
const byRoots = fc.constantFrom("mozilla", "./corp.pem").map((roots) => ({ roots }));

const expiry = fc.integer({ min: -60, max: 60 }).map((days) => {
  const expiresUs = NOON_US + days * DAY_US;
  return { expiresUs, expires: `day ${days}` };
});
const maybe = <T>(arbitrary: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 2, arbitrary: fc.constant({}) }, arbitrary);

export const allowLine: fc.Arbitrary<AllowLine> = fc
  .tuple(
    fc.oneof({ weight: 4, arbitrary: selector }, byRoots),
    maybe(fc.array(target, { minLength: 1, maxLength: 3 }).map((targets) => ({ for: targets }))),
    maybe(fc.constant({ ports: [443] })),
    maybe(fc.constant({ workloads: ["shop"] })),
    maybe(expiry),
    fc.subarray([...TOLERABLE]).map((tolerate) => ({ tolerate })),
  )
  .map((parts) => Object.assign({ tolerate: [] }, ...parts) as AllowLine);

export const denyLine: fc.Arbitrary<DenyLine> = fc
  .tuple(selector, fc.constantFrom("refuse" as const, "cut" as const))
  .map(([selects, then]) => ({ ...selects, then }));

/** Most are about a key of the scene, and open at most of its times. */
const window: fc.Arbitrary<Window> = fc
  .record({
    about: fc.oneof(
      hashes.map(({ spki }) => ({ key: spki })),
      fc.constant({ component: "wire.encryption" }),
    ),
    from: fc.integer({ min: -500, max: 100 }),
    days: fc.integer({ min: 0, max: 900 }),
    refused: fc.constantFrom({}, {}, { refused: "`signature` does not fit what the window says" }),
  })
  .map(({ about, from, days, refused }) => ({
    name: "change",
    ...about,
    fromUs: NOON_US + from * DAY_US,
    toUs: NOON_US + (from + days) * DAY_US,
    to: "then",
    ...refused,
  }));

const decision = settingOf<Decision>(DECISIONS);
const blind = settingOf<UnseenAnswer>(["report", "refuse", "cut", "probe", "remember"]);

export const policy: fc.Arbitrary<Policy> = fc
  .record({
    mode: fc.constantFrom("audit" as const, "enforce" as const),
    roots: fc.constantFrom([rootFile(root)], []),
    allow: fc.option(fc.array(allowLine, { maxLength: 4 }), { nil: undefined }),
    deny: fc.array(denyLine, { maxLength: 2 }),
    settings: fc.record({
      unknown: decision,
      unapproved: decision,
      selfSigned: decision,
      hygiene: decision,
    }),
    unseen: fc.record({ encrypted: blind, resumed: blind, ech: blind, otherwise: blind }),
    windows: fc.array(window, { maxLength: 2 }),
  })
  .map(({ mode, roots, allow, deny, settings, unseen, windows }) => {
    const approvals = allow === undefined ? {} : { allow };
    const issuers = { roots, ...approvals, deny, ...settings, unseen };
    return sealPolicy({ ...defaultPolicy, mode, issuers, windows });
  });

const chain = fc.constantFrom(...(Object.keys(chains) as ChainName[])).map((name) => chains[name]);

/** A handshake whose certificate was seen. */
export const seen: fc.Arbitrary<Handshake> = fc
  .record({
    chain,
    clientChain: fc.option(chain, { nil: undefined }),
    name: fc.constantFrom("api.corp.example", "API.corp.example.", "x.example", "", "*", null),
    ip: fc.constantFrom("192.0.2.7", "198.51.100.1", "2001:db8::7"),
    port: fc.constantFrom(443, 8443),
    days: fc.integer({ min: -400, max: 500 }),
    direction: fc.constantFrom(
      "egress" as const,
      "unknown" as const,
      "ingress" as const,
      "internal" as const,
    ),
    workload: fc.option(fc.constantFrom("shop", "other"), { nil: undefined }),
    possession: fc.constantFrom(
      { state: "verified" as const },
      { state: "failed" as const },
      { state: "unverified" as const, why: "not-checked" },
      { state: "unverified" as const, why: "static-rsa" },
    ),
  })
  .map(({ clientChain, workload, days, ...rest }) => ({
    ...rest,
    atUs: NOON_US + days * DAY_US,
    ...(clientChain === undefined ? {} : { clientChain }),
    ...(workload === undefined ? {} : { workload }),
  }));

/** One whose certificate was not. */
export const unseen: fc.Arbitrary<Handshake> = fc
  .tuple(
    seen,
    fc.constantFrom(
      "encrypted",
      "resumed",
      "ech",
      "quic",
      "cut-short",
      "loss",
      "none-sent",
      "raw-public-key",
      undefined,
    ),
  )
  .map(([handshake, why]) => ({ ...handshake, chain: undefined, why: why as Handshake["why"] }));
