/** Step 7 of an explanation: the line that covers a connection, what it asks for, and what it decides. */
import { describe, expect, test } from "vitest";
import { explain, type Outcome } from "../../../src/judge/explain/explain.ts";
import type { Given } from "../../../src/judge/explain/explain-assume.ts";
import { expecting } from "../encounter.ts";
import { AT_US, chains } from "../scene.ts";

const given = (more: Partial<Given>): Given => ({ atUs: AT_US, ...more });

/** `cut 4 expect`: decision, line, step. */
const brief = ({ decision, decided }: Outcome) =>
  [decision, decided.line ?? "-", decided.step].join(" ");

/** Of step 7 about a connection, where the first line of `expect` is line 4. */
async function told(lines: string, more: Partial<Given>, below = "") {
  const explanation = explain(await expecting(lines, below), given(more));
  const { outcome, expect: step } = explanation;
  const says = outcome.walk.filter(({ step: name }) => name === "expect").map((one) => one.says);
  const cases = step?.cases.map((one) => `${one.if}: ${brief(one.outcome)}`);
  return { ...explanation, says, line: step?.line, asks: step?.asks, cases };
}

const GOOD = "TLS1.3, TLS_AES_256_GCM_SHA384, X25519MLKEM768";

test("a policy that expects nothing has no such step", async () => {
  const explanation = explain(await expecting("  []"), given({ name: "a.example" }));
  expect(explanation.expect).toBeUndefined();
  expect(explanation.outcome.walk.map(({ step }) => step)).not.toContain("expect");
});

describe("TLS that is expected", () => {
  const LINE = `  - {to: {cidr: 10.20.0.0/16, ports: [5432]}, encryption: {by: tls, minVersion: TLS1.3, ciphers: aes-gcm, groups: X25519MLKEM768, visibleAt: pod}, otherwise: refuse, hardware: {kind: cpu-aes}}`;

  test("is asked for in the line's own words", async () => {
    const { line, asks } = await told(LINE, { ip: "10.20.0.5", port: 5432 });
    expect(line).toBe(4);
    expect(asks).toEqual([
      "by: tls",
      "minVersion: TLS1.3",
      "ciphers: aes-gcm",
      "groups: X25519MLKEM768",
      "visibleAt: pod",
      "hardware: cpu-aes, unknown from the wire alone",
      "otherwise: refuse",
    ]);
  });

  test("is walked as met, and told for each thing that may fall short", async () => {
    const { says, cases, assumed } = await told(LINE, { ip: "10.20.0.5", port: 5432 });
    expect(says).toEqual([`met: ${GOOD}`]);
    expect(assumed).toContain(
      "encryption: as the line of `expect` asks, seen where it must be visible",
    );
    expect(cases).toEqual([
      `it is ${GOOD}: pass - approval`,
      "it is TLS1.2, TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384, x25519: refuse 4 expect",
      "it is TLS1.3, TLS_CHACHA20_POLY1305_SHA256, X25519MLKEM768: refuse 4 expect",
      "it is TLS1.3, TLS_AES_256_GCM_SHA384, x25519: refuse 4 expect",
      "it is in clear: refuse 4 expect",
      "it is in clear, and no --vantage says where it was seen: pass 4 expect",
    ]);
  });

  test("covers no other port", async () => {
    const { says, line, asks, cases } = await told(LINE, { ip: "10.20.0.5", port: 5433 });
    expect(says).toEqual(["no expectation covers this connection"]);
    expect(line).toBeUndefined();
    expect(asks).toEqual(["nothing: no line of `expect` covers this connection"]);
    expect(cases).toEqual(["it is in clear: pass - expect"]);
  });

  test("is cut in clear, where the line does not say otherwise, and only reported when weak", async () => {
    const { asks, cases } = await told("  - {to: {cidr: 10.20.0.0/16}, encryption: {by: dtls}}", {
      ip: "10.20.0.5",
    });
    expect(asks).toContain("otherwise: cut what is in clear, report the rest (the default)");
    expect(cases?.[1]).toBe(
      "it is DTLS1.0, TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA, x25519: report 4 expect",
    );
    expect(cases?.at(-1)).toBe("it is in clear: cut 4 expect");
  });
});

test("a name covers what is in clear by the DNS, and a wildcard does not", async () => {
  const lines = `  - {to: {name: db.example}, encryption: {by: tls}}
  - {to: {name: "*.wide.example"}, encryption: {by: tls}}`;
  const bound = "it is in clear, to an address that the DNS bound to";
  const { cases } = await told(lines, { name: "db.example" });
  expect(cases?.at(-1)).toBe(`${bound} db.example: cut 4 expect`);
  const wide = await told(lines, { name: "a.wide.example" });
  expect(wide.line).toBe(5);
  expect(wide.cases?.at(-1)).toBe(`${bound} a.wide.example: pass - expect`);
});

test("a link is told as seen outside of it, and as unknown without a vantage", async () => {
  const { says, cases } = await told("  - {to: {cidr: 10.30.0.0/16}, encryption: {by: ipsec}}", {
    ip: "10.30.0.1",
  });
  expect(says).toEqual(["met: ipsec"]);
  expect(cases).toEqual([
    "it goes inside ipsec: pass 4 expect",
    `it is ${GOOD}: report 4 expect`,
    "it is in clear: cut 4 expect",
    "it is in clear, and no --vantage says where it was seen: pass 4 expect",
  ]);
});

test("a leg of a mesh may be in clear", async () => {
  const mesh = "mesh: [{ports: [15001], expect: plaintext}]";
  const { line, asks, cases } = await told("  []", { ip: "10.8.0.1", port: 15001 }, mesh);
  expect(line).toBe(5);
  expect(asks).toEqual(["mesh: in clear to a proxy, which encrypts it later"]);
  expect(cases).toEqual(["it is in clear: pass 5 expect"]);
});

test("an identity that an HSM holds is held against the certificate that is given", async () => {
  const line = (issuer: string) =>
    `  - {to: {cidr: 10.20.0.5}, encryption: {by: tls}, hardware: {kind: hsm, identity: {of: server, issuer: "${issuer}"}}}`;
  const shown = { ip: "10.20.0.5", name: "api.corp.example", chain: chains.good };
  const away = await told(line("CN=HSM Root"), shown);
  expect(away.asks).toContain(
    'hardware: hsm, whose key the server\'s certificate has: it must lead to "CN=HSM Root"',
  );
  expect(away.says.at(-1)).toBe(
    "report: not met: the server's certificate does not lead to the HSM's CA",
  );
  const issuer = chains.good.certificates[0]!.issuer;
  const there = await told(line(issuer), shown);
  expect(there.says.at(-1)).toBe("met: the server's certificate leads to the HSM's CA");
});
