/** Which connection a resumed one goes back to. */
import { describe, expect, test } from "vitest";
import type { TlsObservation } from "../../src/inspect/observation.ts";
import type { Binding } from "../../src/judge/binding.ts";
import { Judge, type JudgeInput } from "../../src/judge/decide.ts";
import {
  always,
  defaultPolicy,
  sealPolicy,
  type UnseenAnswer,
} from "../../src/judge/policy/policy.ts";
import { Sessions } from "../../src/judge/resumption.ts";
import { AT_US, chains, handshake, hashesOf, identities, root, rootFile } from "./scene.ts";

const DAY_US = 86_400_000_000;
type Shape = Partial<TlsObservation> & { readonly ip?: string };

const policy = (resumed: UnseenAnswer = "remember") =>
  sealPolicy({
    ...defaultPolicy,
    mode: "enforce",
    issuers: {
      ...defaultPolicy.issuers,
      roots: [rootFile(root)],
      unseen: { ...defaultPolicy.issuers.unseen, resumed: always(resumed) },
    },
  });
const judge = new Judge(policy());

function first(shape: Shape = {}, chain: keyof typeof chains = "good"): JudgeInput {
  const { ip = "192.0.2.7", ...rest } = shape;
  const input = handshake({ chain: chains[chain], ip, possession: { state: "verified" } });
  return { ...input, observation: { ...input.observation, sessionsGiven: ["id 1"], ...rest } };
}

function again(shape: Shape = {}): TlsObservation {
  const { ip = "192.0.2.7", ...rest } = shape;
  const { observation } = handshake({ why: "resumed", ip, atUs: AT_US + 1 });
  return { ...observation, resumed: "session-id", sessionUsed: "id 1", ...rest };
}

function firstOf(
  resumed: TlsObservation,
  input: JudgeInput = first(),
  binding: Binding = "unknown",
) {
  const sessions = new Sessions();
  sessions.add(input.observation, judge.judge(input), binding);
  return sessions.firstOf(resumed);
}

describe("TLS 1.2: the session", () => {
  test.each<[string, boolean, TlsObservation, JudgeInput?]>([
    ["of a good connection is known", true, again()],
    ["is known at another address of the same name", true, again({ ip: "192.0.2.8" })],
    ["with another id is not", false, again({ sessionUsed: "id 2" })],
    ["under another name is not", false, again({ serverName: "other.example" })],
    ["is not known before it began", false, again({ atUs: AT_US - 1 })],
    ["is known in the microsecond in which it began", true, again({ atUs: AT_US })],
    ["is known for a day", true, again({ atUs: AT_US + DAY_US })],
    ["is not known for longer", false, again({ atUs: AT_US + DAY_US + 1 })],
    ["of a handshake that was not finished is not", false, again(), first({ established: false })],
    ["of a resumed connection is not", false, again(), first({ resumed: "ticket" })],
    [
      "of a certificate that would be cut is not",
      false,
      again(),
      first({}, "with an unknown issuer"),
    ],
    [
      "of a connection that shows no certificate is not",
      false,
      again(),
      { ...first({ certificates: { seen: "no", chain: [] } }), chain: undefined },
    ],
    ["is none of a connection that resumed nothing", false, again({ resumed: false })],
  ])("%s", (_, known, resumed, input = first()) => {
    expect(firstOf(resumed, input)).toEqual(known ? { flow: 1, atUs: AT_US } : undefined);
  });
});

test("the session of one certificate alone is known, and that of none is not, whatever that is worth", () => {
  const blind = { ...defaultPolicy.issuers.unseen, otherwise: always("report" as const) };
  const pinned = hashesOf(identities.good).spki;
  const lenient = new Judge(
    sealPolicy({
      ...policy(),
      issuers: { ...policy().issuers, allow: [{ spki: pinned, tolerate: [] }], unseen: blind },
    }),
  );
  const known = (input: JudgeInput) => {
    const sessions = new Sessions();
    const judgement = lenient.judge(input);
    expect(["pass", "report"]).toContain(judgement.verdict.decision);
    sessions.add(input.observation, judgement, "unknown");
    return sessions.firstOf(again()) !== undefined;
  };
  expect(known(first({}, "without its intermediate"))).toBe(true);
  const none = first({ certificates: { seen: "no", chain: [] } });
  expect(known({ ...none, chain: undefined })).toBe(false);
});

test("the session of a connection that would be refused is not known", () => {
  const refusing = sealPolicy({
    ...policy(),
    issuers: { ...policy().issuers, unknown: always("refuse" as const) },
  });
  const input = first({}, "with an unknown issuer");
  const judgement = new Judge(refusing).judge(input);
  expect(judgement.verdict.decision).toBe("refuse");
  const sessions = new Sessions();
  sessions.add(input.observation, judgement, "unknown");
  expect(sessions.firstOf(again())).toBeUndefined();
});

test("the session is the server's, whichever end opened the connection", () => {
  const turn = (observation: TlsObservation): TlsObservation => {
    const [client, server] = observation.flow.ends;
    return { ...observation, client: 1, flow: { ...observation.flow, ends: [server, client] } };
  };
  const nameless = { serverName: undefined as never };
  expect(firstOf(turn(again(nameless)), first(nameless))).toEqual({ flow: 1, atUs: AT_US });
  expect(firstOf(turn(again({ ...nameless, ip: "192.0.2.8" })), first(nameless))).toBeUndefined();
});

test("of one destination eight beginnings are kept, the latest", () => {
  const sessions = new Sessions();
  for (let id = 1; id <= 9; id++) {
    const input = first();
    const flow = { ...input.observation.flow, id };
    sessions.add({ ...input.observation, flow, atUs: AT_US + id }, judge.judge(input), "unknown");
  }
  expect(sessions.firstOf(again({ atUs: AT_US + 1 }))).toBeUndefined();
  expect(sessions.firstOf(again({ atUs: AT_US + 2 }))).toEqual({ flow: 2, atUs: AT_US + 2 });
});

describe("TLS 1.3: the destination", () => {
  const tls13 = (shape: Shape = {}) => first({ version: "TLS1.3", ...shape });
  const psk = (shape: Shape = {}) => again({ version: "TLS1.3", resumed: "psk", ...shape });
  const client = { ip: "10.0.0.9", port: 40_000 };
  const flow = { ...again().flow, ends: [client, again().flow.ends[1]] as const };

  test.each<[string, boolean, TlsObservation, JudgeInput, Binding]>([
    ["of a verified and bound connection is known", true, psk(), tls13(), "bound"],
    ["of one that was not bound is not", false, psk(), tls13(), "unknown"],
    [
      "of one whose key was not verified is not",
      false,
      psk(),
      { ...tls13(), possession: { state: "unverified", why: "budget" } },
      "bound",
    ],
    ["of TLS 1.2 is not", false, psk(), first(), "bound"],
    ["at another address is not", false, psk({ ip: "192.0.2.8" }), tls13(), "bound"],
    ["of another client is not", false, psk({ flow }), tls13(), "bound"],
    ["of a resumed connection is not", false, psk(), tls13({ resumed: "psk" }), "bound"],
    [
      "is not known for longer than a day",
      false,
      psk({ atUs: AT_US + DAY_US + 1 }),
      tls13(),
      "bound",
    ],
  ])("%s", (_, known, resumed, input, binding) => {
    expect(firstOf(resumed, input, binding) !== undefined).toBe(known);
  });
});

test("the connection that began last before it is the first one, whichever ended first", () => {
  const sessions = new Sessions();
  for (const id of [3, 1, 2, 9]) {
    const input = first();
    const flow = { ...input.observation.flow, id };
    sessions.add({ ...input.observation, flow, atUs: AT_US + id }, judge.judge(input), "unknown");
  }
  expect(sessions.firstOf(again({ atUs: AT_US + 5 }))).toEqual({ flow: 3, atUs: AT_US + 3 });
});

describe("a resumed connection", () => {
  const known = { flow: 1, atUs: AT_US };
  test.each([
    ["remember", "known", "session-id", known, "pass", "resumed-known", "medium"],
    ["remember", "known by destination", "psk", known, "pass", "resumed-known", "low"],
    ["remember", "unknown", "session-id", undefined, "refuse", "resumed-unknown", "low"],
    ["report", "known", "session-id", known, "report", "resumed-known", "medium"],
  ] as const)(
    "with resumed: %s, %s, of %s",
    (setting, _, resumed, start, decision, name, confidence) => {
      const input = { ...handshake({ why: "resumed" }), first: start };
      const seen = { ...input, observation: { ...input.observation, resumed } };
      const { verdict, evidence } = new Judge(policy(setting)).judge(seen);
      expect(verdict.decision).toBe(decision);
      expect(evidence).toEqual({ class: name, confidence });
    },
  );

  test("with early data is a class of its own, and nothing to remember", () => {
    const input = { ...handshake({ why: "resumed" }), first: known };
    const observation = { ...input.observation, resumed: "psk", early: true } as const;
    const { verdict, evidence, possession } = judge.judge({ ...input, observation });
    expect(verdict.decision).toBe("refuse");
    expect([evidence.class, possession]).toEqual([
      "unverifiable",
      { state: "unverified", why: "0-rtt" },
    ]);
    expect(
      judge.judge({ ...input, observation: { ...observation, early: undefined as never } }).verdict
        .decision,
    ).toBe("pass");
  });
});
