/**
 * The wire's half of "crypto hardware was disabled", as recorded: each emulation is found, and its harmless
 * case in the same run is silent.
 */
import { describe, expect, test } from "vitest";
import { defaultPolicy, type Policy } from "../../src/judge/policy/policy.ts";
import { parsePolicy } from "../../src/judge/policy/policy-file.ts";
import { type ReplayOptions, replay } from "../../src/replay.ts";
import type { FindingLine, Line, TlsLine, VerdictLine } from "../../src/report/lines.ts";

/** Lines of a replay of bundled captures. */
async function linesOf(
  names: readonly string[],
  policy: Policy = defaultPolicy,
  more: Partial<ReplayOptions> = {},
): Promise<Line[]> {
  const lines: Line[] = [];
  const inputs = names.map((name) => `captures/${name}.pcap`);
  const options = { inputs, policy, local: [], observations: true, hash: false };
  await replay({ ...options, ...more }, (line) => void lines.push(line));
  return lines;
}

/** `flow rule name`, of B rules alone, in the order of flows. */
function found(lines: readonly Line[]): string[] {
  return lines
    .filter((line): line is FindingLine => line.kind === "finding" && line.rule.startsWith("B"))
    .sort((a, b) => Number(a.flow) - Number(b.flow))
    .map(({ flow, rule, name }) => `${flow} ${rule} ${name}`);
}

describe("without a policy", () => {
  test.each<[what: string, capture: string, rules: readonly string[]]>([
    [
      "a suite that encrypts nothing, and not AES-GCM beside it",
      "null-suite",
      ["2 B06 readable-records"],
    ],
    [
      "Go without AES, and neither an older processor nor a newer library",
      "aes-masked-go",
      ["3 B13 cipher-order-turned"],
    ],
    ["gRPC without AES", "aes-masked-grpc", ["2 B13 cipher-order-turned"]],
    ["a hybrid group that is gone, once", "hybrid-lost", ["4 B15 weaker-than-before"]],
    [
      "a configuration that took TLS 1.3 away",
      "floor-lost",
      ["5 B15 below-floor", "5 B15 weaker-than-before"],
    ],
    ["nothing in ordinary connections", "story", []],
  ])("%s", async (_, capture, rules) => {
    expect(found(await linesOf([capture]))).toEqual(rules);
  });

  test("what a suite without encryption carries is looked at, and never printed", async () => {
    const lines = await linesOf(["null-suite"]);
    const finding = lines.find((line) => line.kind === "finding" && line.rule === "B06");
    expect(finding).toMatchObject({ severity: "critical", evidence: { records: 3, readable: 3 } });
    expect(JSON.stringify(lines)).not.toMatch(/attack at dawn|forty horses/);
  });
});

describe("with a policy", () => {
  const enforced = (expect: string) =>
    parsePolicy(
      `version: 1\nmode: enforce\nissuers: {unseen: {otherwise: report, encrypted: report}}\n${expect}`,
      "p.yaml",
    );
  const verdicts = (lines: readonly Line[]) =>
    lines
      .filter((line): line is VerdictLine => line.kind === "verdict")
      .map(({ decision }) => decision);

  test("plaintext where TLS is expected is cut, and elsewhere is normal", async () => {
    const to = (ip: string) => enforced(`expect: [{to: {cidr: ${ip}}, encryption: {by: tls}}]\n`);
    const cut = await linesOf(["plain-redis"], await to("10.77.1.10"));
    expect(found(cut)).toEqual(["1 B01 plaintext-expected-encrypted"]);
    expect(verdicts(cut)).toEqual(["cut"]);
    expect(cut.find(({ kind }) => kind === "plaintext")).toMatchObject({
      expected: { line: 4, by: "tls", visibleAt: "pod" },
    });
    const elsewhere = await linesOf(["plain-redis"], await to("10.77.1.66"));
    expect(found(elsewhere)).toEqual([]);
    expect(verdicts(elsewhere)).toEqual(["pass"]);
  });

  test("plaintext that goes over to TLS is not", async () => {
    const policy = await enforced("expect: [{to: {cidr: 10.77.1.10}, encryption: {by: tls}}]\n");
    const lines = await linesOf(["plain-imap-starttls", "plain-pop3-starttls"], policy);
    expect(found(lines)).toEqual([]);
  });

  test("a leg of a mesh is no egress: it is reported at most", async () => {
    const expecting = "expect: [{to: {cidr: 10.77.1.10}, encryption: {by: tls}}]\n";
    const policy = await enforced(`${expecting}mesh: [{ports: [6379], expect: plaintext}]\n`);
    const lines = await linesOf(["plain-redis"], policy);
    expect(lines.find(({ kind }) => kind === "plaintext")).toMatchObject({ direction: "internal" });
    expect(found(lines)).toEqual([]);
    expect(verdicts(lines)).toEqual(["pass"]);
  });

  test.each<[what: string, capture: string, rules: readonly string[]]>([
    ["WireGuard that was killed", "wireguard-killed", ["2 B02 link-encryption-vanished"]],
    ["and not one that came back within seconds", "wireguard-flap", []],
    ["IPsec whose policy was flushed", "ipsec-flushed", ["1 B02 link-encryption-vanished"]],
    ["and not a rekey", "ipsec-rekeyed", []],
  ])("a link that fell silent: %s", async (_, capture, rules) => {
    const wireguard = "{to: {cidr: 10.99.0.0/24}, encryption: {by: wireguard}}";
    const ipsec = "{to: {cidr: 10.77.1.10}, encryption: {by: ipsec}}";
    const policy = await enforced(`expect: [${wireguard}, ${ipsec}]\n`);
    const lines = await linesOf([capture], policy);
    expect(found(lines)).toEqual(rules);
    expect(verdicts(lines).includes("cut")).toBe(rules.length > 0);
  });

  test("IPsec whose policy was flushed is told without a line, and cuts nothing", async () => {
    const lines = await linesOf(["ipsec-flushed"]);
    expect(found(lines)).toEqual(["1 B02 link-encryption-vanished"]);
    expect(verdicts(lines)).toEqual(["pass", "report"]);
    expect(found(await linesOf(["ipsec-rekeyed"]))).toEqual([]);
  });

  describe("an HSM that falls silent", () => {
    const declared = "{to: {cidr: 10.77.1.0/24, ports: [1792]}, encryption: {by: tls}, ";
    const policy = () => enforced(`expect: [${declared}hardware: {kind: hsm}}]\n`);

    test("is told of the workload that lost it, and not of the one that failed over", async () => {
      const lines = await linesOf(["hsm-silent"], await policy());
      const findings = lines.filter((line): line is FindingLine => line.kind === "finding");
      const told = findings.filter(({ rule }) => rule.startsWith("B"));
      expect(told).toMatchObject([
        {
          rule: "B16",
          evidence: { workload: "10.77.0.2", hsm: "10.77.1.10:1792" },
        },
      ]);
      expect(told[0]?.evidence.silentSeconds).toBeGreaterThanOrEqual(300);
      // Both spoke TLS after it, and so the silence of one is what differs.
      const after = lines.filter(
        (line): line is TlsLine => line.kind === "tls" && line.atUs >= told[0]!.atUs - 60e6,
      );
      const who = after.map(({ client }) => client.split(":")[0]);
      expect(who.sort()).toEqual(["10.77.0.2", "10.77.0.3"]);
    });

    test("is nothing where no line says that it is one", async () => {
      expect(found(await linesOf(["hsm-silent"]))).toEqual([]);
    });
  });

  test("an identity that left its HSM is told, and not one that its CA gave a new key", async () => {
    const identity = 'identity: {of: server, issuer: "CN=HSM Root"}';
    const policy = await enforced(
      `expect: [{to: {cidr: 10.77.1.0/24}, encryption: {by: tls}, hardware: {kind: hsm, ${identity}}}]\n`,
    );
    const lines = await linesOf(["hsm-identity"], policy);
    expect(found(lines)).toEqual(["4 B17 hsm-identity-lost"]);
    const told = lines.find((line) => line.kind === "finding" && line.rule === "B17");
    expect(told).toMatchObject({
      evidence: {
        why: "leads-elsewhere",
        issuer: "CN=Inspection Issuing CA,O=Inline Inspection Ltd",
      },
    });
    const rotated = lines.filter(
      (line): line is TlsLine => line.kind === "tls" && line.server === "10.77.1.20:8443",
    );
    expect(new Set(rotated.map(({ certificates }) => certificates.spki[0])).size).toBe(2);
  });

  test("a tunnel is called what it is, and is no plaintext", async () => {
    const lines = await linesOf(["wireguard-killed"]);
    expect(lines.filter(({ kind }) => kind === "opaque")).toMatchObject([
      { why: "encrypted-unknown", encryption: "wireguard" },
    ]);
  });

  test("a workload's name stands on its lines, and is whose baseline it is", async () => {
    const network = { kind: "cidr", text: "10.77.0.2", bytes: [10, 77, 0, 2], bits: 32 } as const;
    const workloads = [{ network, name: "payments/api" }];
    const lines = await linesOf(["aes-masked-go"], defaultPolicy, { workloads });
    const finding = lines.find((line) => line.kind === "finding" && line.rule === "B13");
    expect(finding).toMatchObject({
      workload: "payments/api",
      evidence: { workload: "payments/api" },
    });
  });
});
