/** Step `hygiene`, as a table. */
import { describe, expect, test } from "vitest";
import { Judge } from "../../../src/judge/decide.ts";
import { ChainStore } from "../../../src/trust/store.ts";
import * as der from "../../trust/mint.ts";
import { chains, handshake } from "../scene.ts";
import { check, DN, policyOf } from "../table.ts";

describe("hygiene", () => {
  check([
    {
      name: "reports an expired certificate",
      policy: "",
      chain: "expired",
      decision: "report",
      rules: ["C02"],
    },
    {
      name: "reports one that is not valid yet",
      policy: "",
      chain: "not yet valid",
      decision: "report",
      rules: ["C02"],
    },
    {
      name: "judges dates at the packet's time",
      policy: "",
      chain: "expired",
      at: { atUs: Date.UTC(2026, 4, 1) * 1000 },
      decision: "pass",
    },
    {
      name: "reports a wrong name",
      policy: "",
      chain: "for another name",
      decision: "report",
      rules: ["C03"],
    },
    {
      name: "compares the address when the client sent no name",
      policy: "",
      chain: "good",
      at: { name: null },
      decision: "report",
      rules: ["C03"],
    },
    {
      name: "does what `hygiene` says",
      policy: "hygiene: refuse",
      chain: "expired",
      decision: "refuse",
      rules: ["C02"],
    },
    {
      name: "makes a note of style, whatever `hygiene` says",
      policy: "hygiene: cut",
      chain: "without key identifiers",
      decision: "pass",
      rules: ["C04"],
      says: /a note: the server's chain has missing-key-identifier/,
    },
    {
      name: "keeps a self-signed and a wrong name apart",
      policy: "",
      chain: "self-signed",
      at: { name: "x.example" },
      decision: "cut",
      rules: ["A16", "C03"],
    },
    {
      name: "makes a note of what a line tolerates",
      policy: `hygiene: cut, allow: [{issuer: "${DN}", tolerate: [expired]}]`,
      chain: "expired",
      decision: "pass",
      rules: ["C02"],
    },
    {
      name: "does not tolerate what the line does not name",
      policy: `hygiene: cut, allow: [{issuer: "${DN}", tolerate: [weak]}]`,
      chain: "expired",
      decision: "cut",
      rules: ["C02"],
    },
    {
      name: "does not tolerate for other destinations",
      policy: `hygiene: refuse, allow: [{issuer: "${DN}"}, {issuer: "${DN}", for: [x.example], tolerate: [expired]}]`,
      chain: "expired",
      decision: "refuse",
      rules: ["C02"],
    },
    {
      name: "makes no more than a note of a client's issuer",
      policy: "",
      chain: "good",
      at: { clientChain: chains["with an unknown issuer"] },
      decision: "pass",
      rules: ["A15"],
    },
    {
      name: "looks at a client's dates",
      policy: "hygiene: refuse",
      chain: "good",
      at: { clientChain: chains.expired },
      decision: "refuse",
      rules: ["C02"],
    },
  ]);
});

test("three faults are said, each once, and the others are counted", async () => {
  const made = { key: der.ecKey(), issuer: der.seq(), subject: der.seq(), version: undefined };
  const chain = new ChainStore().get([der.mint({ ...made, serial: Uint8Array.of(0) })]);
  const judge = new Judge(await policyOf(""));
  const { verdict } = judge.judge(handshake({ chain, possession: { state: "verified" } }));
  expect(verdict.reason.at(-1)?.says).toBe(
    "report: the server's chain has zero-serial (serial number is zero), empty-issuer (issuer is " +
      "empty), empty-subject (no subject, no critical subjectAltName) and 1 more",
  );
});

test("what cannot be read is said once", async () => {
  const judge = new Judge(await policyOf(""));
  const { verdict } = judge.judge(handshake({ chain: chains.unreadable }));
  const said = verdict.reason.filter(({ step }) => step === "hygiene").map(({ says }) => says);
  expect(said.join().split("unreadable (")).toHaveLength(2);
});
