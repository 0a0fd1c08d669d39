/** What a probe's answer is worth (VISIBILITY, "Evidence, confidence, verdict"). */
import { describe, expect, test } from "vitest";
import type { TlsObservation } from "../../../src/inspect/observation.ts";
import type { Binding } from "../../../src/judge/binding.ts";
import { Judge } from "../../../src/judge/decide.ts";
import { type ChainName, chains, handshake } from "../scene.ts";
import { policyOf } from "../table.ts";

interface Row {
  readonly name: string;
  readonly probed: NonNullable<TlsObservation["probed"]>;
  readonly binding?: Binding;
  readonly unseen?: string;
  readonly chain?: ChainName;
  readonly class: string;
  readonly decision: string;
  readonly rules: readonly string[];
}

const ROWS: Row[] = [
  {
    name: "the same length and a bound name are consistent, and pass where probes are asked for",
    probed: "equal",
    binding: "bound",
    class: "probe-consistent",
    decision: "pass",
    rules: [],
  },
  {
    name: "but not where the policy asks for something else",
    probed: "equal",
    binding: "bound",
    unseen: "encrypted: refuse",
    class: "probe-consistent",
    decision: "refuse",
    rules: ["A18"],
  },
  {
    name: "without an answer that binds the name it is otherwise",
    probed: "equal",
    binding: "unknown",
    class: "probe-unbound",
    decision: "refuse",
    rules: ["A18"],
  },
  {
    name: "and so is a flight that nothing was known of",
    probed: "incomparable",
    binding: "bound",
    class: "probe-unbound",
    decision: "refuse",
    rules: ["A18"],
  },
  {
    name: "another length is divergence, whatever else is good",
    probed: "differs",
    binding: "bound",
    class: "cert-divergence",
    decision: "refuse",
    rules: ["C06"],
  },
  {
    name: "and priced by otherwise",
    probed: "differs",
    binding: "bound",
    unseen: "encrypted: probe, otherwise: cut",
    class: "cert-divergence",
    decision: "cut",
    rules: ["C06"],
  },
  {
    name: "a chain that leads nowhere is as bad as one in clear",
    probed: "equal",
    binding: "bound",
    chain: "self-signed",
    class: "probe-consistent",
    decision: "cut",
    rules: ["A16"],
  },
];

async function judged(
  { probed, binding, unseen = "encrypted: probe", chain = "good" }: Row,
  mode = "enforce",
) {
  const policy = await policyOf(`unseen: {${unseen}}`, { mode });
  const input = handshake({
    chain: chains[chain],
    possession: { state: "verified" },
    ...(binding !== undefined && { binding }),
  });
  const observation = { ...input.observation, version: "TLS1.3", probed };
  return new Judge(policy).judge({ ...input, observation });
}

describe("a certificate that a probe was shown", () => {
  test.each(ROWS)("$name", async (row) => {
    const { verdict, findings, evidence } = await judged(row);
    expect(evidence.class).toBe(row.class);
    expect(verdict.decision).toBe(row.decision);
    expect(findings.map(({ rule }) => rule)).toEqual(row.rules);
  });

  test("is never called verified, and never better than medium-high", async () => {
    for (const row of ROWS) {
      const { evidence } = await judged(row);
      expect(evidence.class).not.toBe("verified");
      if (row.class !== "cert-divergence")
        expect(["medium-high", "low-medium"]).toContain(evidence.confidence);
    }
  });

  test("that diverges is critical in audit as well, where it is only reported", async () => {
    const { verdict, findings } = await judged(ROWS[4]!, "audit");
    expect(verdict.decision).toBe("report");
    expect(findings).toMatchObject([{ rule: "C06", severity: "critical" }]);
  });

  test("is not taken for the same handshake without its probe", async () => {
    const judge = new Judge(await policyOf("unseen: {encrypted: probe}"));
    const input = handshake({
      chain: chains.good,
      possession: { state: "verified" },
      binding: "bound",
    });
    const classes = ([undefined, "equal", "differs", undefined] as const).map((probed) => {
      const observation = { ...input.observation, ...(probed && { probed }) };
      return judge.judge({ ...input, observation }).evidence.class;
    });
    expect(classes).toEqual(["verified", "probe-consistent", "cert-divergence", "verified"]);
  });
});
