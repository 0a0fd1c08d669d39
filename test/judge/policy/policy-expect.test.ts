/** `expect` and `mesh` of a policy file: as values, in the hash, and what is refused. */
import { describe, expect, test } from "vitest";
import { PolicyError } from "../../../src/judge/policy/policy-error.ts";
import { parsePolicy } from "../../../src/judge/policy/policy-file.ts";

const policyOf = (body: string) => parsePolicy(`version: 1\n${body}`, "p.yaml");

async function refusal(body: string): Promise<string> {
  try {
    await policyOf(body);
    return "";
  } catch (error) {
    if (error instanceof PolicyError) return error.message;
    throw error;
  }
}

const FULL = `expect:
  - to: {cidr: 10.20.0.0/16, ports: [5432, 6379]}
    encryption: {by: tls, minVersion: TLS1.2, ciphers: aes-gcm, groups: [X25519MLKEM768], visibleAt: node}
    otherwise: cut
    hardware: {kind: cpu-aes}
  - to: {cidr: 10.40.0.7}
    encryption: {by: tls}
    hardware: {kind: hsm, identity: {of: client, issuer: "CN=HSM Root"}}
mesh: [{ports: [15001, 15006], expect: plaintext}]
`;

test("are typed, and know their lines", async () => {
  const { expect: lines, mesh, later, notices } = await policyOf(FULL);
  expect(lines?.[0]).toMatchObject({
    line: 3,
    to: { cidr: { kind: "cidr", bits: 16 }, ports: [5432, 6379] },
    by: "tls",
    minVersion: "TLS1.2",
    ciphers: ["aes-gcm"],
    groups: ["X25519MLKEM768"],
    visibleAt: "node",
    otherwise: "cut",
    hardware: { kind: "cpu-aes" },
  });
  expect(lines?.[1]).toMatchObject({
    line: 7,
    hardware: { kind: "hsm", identity: { of: "client", issuer: "CN=HSM Root" } },
  });
  expect(mesh).toEqual([{ line: 10, ports: [15001, 15006] }]);
  expect(later).toEqual({});
  expect(notices).toEqual([]);
});

test("are part of the hash, and where they stand is not", async () => {
  const { sha256 } = await policyOf(FULL);
  expect((await policyOf(`\n\n# moved\n${FULL}`)).sha256).toBe(sha256);
  expect((await policyOf(FULL.replace("TLS1.2", "TLS1.3"))).sha256).not.toBe(sha256);
  expect((await policyOf(FULL.replace("15006", "15007"))).sha256).not.toBe(sha256);
});

describe("refused with its place", () => {
  test.each([
    [
      "a version that is none",
      "expect: [{to: {}, encryption: {by: tls, minVersion: TLS1.4}}]",
      /2:\d+.*TLS1\.4.*TLS1\.3/,
    ],
    [
      "something that encrypts nothing",
      "expect: [{to: {}, encryption: {by: base64}}]",
      /base64.*wireguard/,
    ],
    [
      "an identity that leads nowhere",
      "expect: [{to: {}, encryption: {by: tls}, hardware: {kind: hsm, identity: {of: client}}}]",
      /`issuer` or `spki`/,
    ],
    [
      "an identity that no hardware holds",
      'expect: [{to: {}, encryption: {by: tls}, hardware: {kind: qat, identity: {of: client, issuer: "CN=a"}}}]',
      /`kind: hsm`/,
    ],
  ])("%s", async (_, body, message) => {
    expect(await refusal(body)).toMatch(message);
  });
});
