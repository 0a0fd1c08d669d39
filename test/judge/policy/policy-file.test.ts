/** What a policy file may say, and the policy that it is. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { defaultPolicy } from "../../../src/judge/policy/policy.ts";
import { parsePolicy, readPolicyFile } from "../../../src/judge/policy/policy-file.ts";

const HASH = "a".repeat(64);

describe("a right file", () => {
  test("that says only its version is the default policy", async () => {
    const policy = await parsePolicy("version: 1", "p.yaml");
    expect(policy).toEqual(defaultPolicy);
  });

  test("keeps the lines of its allow and deny entries, exceptions and settings", async () => {
    const text = `version: 1
issuers:
  allow:
    - issuer: "CN=Corp CA"

    - spki: ${HASH}
  deny:
    - certificate: ${HASH}
  unknown:
    default: cut
    for:
      - {to: ["*.lab.example"], then: report}
  selfSigned: refuse
`;
    const { issuers } = await parsePolicy(text, "p.yaml");
    expect(issuers.allow?.map(({ line }) => line)).toEqual([4, 6]);
    expect(issuers.deny.map(({ line, then }) => [line, then])).toEqual([[8, "cut"]]);
    expect(issuers.unknown).toMatchObject({ default: "cut", line: 10, for: [{ line: 12 }] });
    expect(issuers.unapproved).toEqual(issuers.unknown);
    expect(issuers.selfSigned).toEqual({ default: "refuse", for: [], line: 13 });
    expect(issuers.hygiene).toEqual(defaultPolicy.issuers.hygiene);
  });

  test("keeps its resolvers, if it has any", async () => {
    const policy = await parsePolicy("version: 1\nresolvers: [10.0.0.53]", "p.yaml");
    expect(policy.resolvers).toEqual(["10.0.0.53"]);
    expect(await parsePolicy("version: 1", "p.yaml")).not.toHaveProperty("resolvers");
  });

  test("says as little as each key allows", async () => {
    const text = `version: 1
issuers: {deny: [{spki: ${HASH}, because: x}]}
expect:
  - {to: {ports: [1]}, encryption: {by: tls, ciphers: [aes-gcm]}}
mesh: [{ports: [65535], expect: plaintext}]
probe: {perHour: 0}
respond: {guards: {maxCutsPer: {count: 0, minutes: 1}}}
`;
    await expect(parsePolicy(text, "p.yaml")).resolves.toMatchObject({ version: 1 });
  });

  test("gives reasons of a thousand characters, and none longer or empty", async () => {
    const because = (text: string) =>
      parsePolicy(`version: 1\nissuers: {deny: [{spki: ${HASH}, because: "${text}"}]}`, "p.yaml");
    const { issuers } = await because("x".repeat(1000));
    expect(issuers.deny[0]?.because).toHaveLength(1000);
    for (const text of ["", "x".repeat(1001)]) await expect(because(text)).rejects.toThrow("2:");
  });

  test("is at most a megabyte", async () => {
    const folder = mkdtempSync(join(tmpdir(), "policy-"));
    try {
      const path = join(folder, "p.yaml");
      const sized = (bytes: number) => {
        writeFileSync(path, `version: 1\n#${"x".repeat(bytes - 13)}\n`);
        return readPolicyFile(path);
      };
      expect((await sized(2 ** 20)).version).toBe(1);
      await expect(sized(2 ** 20 + 1)).rejects.toThrow(
        `${path}: 1048577 bytes, expected at most 1048576`,
      );
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test("tells an absent `allow` from an empty one", async () => {
    expect((await parsePolicy("version: 1\nissuers: {}", "p.yaml")).issuers.allow).toBeUndefined();
    expect((await parsePolicy("version: 1\nissuers: {allow: []}", "p.yaml")).issuers.allow).toEqual(
      [],
    );
  });

  test("keeps what a deny line asks, and why, if it says so", async () => {
    const text = `version: 1\nissuers: {deny: [{spki: ${HASH}, then: refuse, because: retired}, {spki: ${HASH}}]}`;
    const { issuers } = await parsePolicy(text, "p.yaml");
    expect(issuers.deny.map(({ then, because }) => [then, because])).toEqual([
      ["refuse", "retired"],
      ["cut", undefined],
    ]);
    expect(issuers.deny[1]).not.toHaveProperty("because");
  });

  test("reads pins as browsers write them", async () => {
    const pin = `sha256/${Buffer.from(HASH, "hex").toString("base64")}`;
    const { issuers } = await parsePolicy(
      `version: 1\nissuers: {deny: [{spki: ${pin}}]}`,
      "p.yaml",
    );
    expect(issuers.deny[0]?.spki).toBe(HASH);
  });

  test("means the whole last day by a date, and the whole minute by a time", async () => {
    const text = `version: 1\nissuers: {allow: [{spki: ${HASH}, expires: 2027-06-30}, {spki: ${HASH}, expires: "2027-06-30T12:00Z"}]}`;
    const { issuers } = await parsePolicy(text, "p.yaml");
    expect(issuers.allow?.map(({ expiresUs }) => expiresUs)).toEqual([
      Date.UTC(2027, 6, 1) * 1000 - 1,
      Date.UTC(2027, 5, 30, 12, 1) * 1000 - 1,
    ]);
  });

  test("writes international names as the wire does", async () => {
    const text = `version: 1\nissuers: {allow: [{spki: ${HASH}, for: ["*.BÜCHER.example"]}]}`;
    const { issuers } = await parsePolicy(text, "p.yaml");
    expect(issuers.allow?.[0]?.for).toEqual([{ kind: "name", text: "*.xn--bcher-kva.example" }]);
  });

  test("keeps what this version does not apply, and says so", async () => {
    const policy = await parsePolicy("version: 1\ntransports: {quic: refuse}", "p.yaml");
    expect(policy.later).toEqual({ transports: { quic: "refuse" } });
    expect(policy.notices).toEqual([
      "`transports` is checked and kept, but this version does not apply it yet",
    ]);
  });

  test("says whom a probe may ask", async () => {
    const policy = await parsePolicy("version: 1\nprobe: {never: [192.0.2.0/24], perHour: 6}", "p");
    expect(policy.probe).toEqual({ never: ["192.0.2.0/24"], perHour: 6 });
    expect(policy.notices).toEqual([]);
  });

  test("is told of a line whose roots are none of the policy's", async () => {
    const text = `version: 1\nissuers: {allow: [{roots: mozilla}, {roots: ./x.pem}]}`;
    const { notices } = await parsePolicy(text, "p.yaml");
    expect(notices).toEqual(["`allow` names the roots ./x.pem, and `issuers.roots` does not"]);
  });

  test("can go to a worker", async () => {
    const policy = await parsePolicy(
      `version: 1\nissuers: {allow: [{spki: ${HASH}, for: [a.example]}]}`,
      "p.yaml",
    );
    expect(structuredClone(policy)).toEqual(policy);
  });
});

describe("the hash", () => {
  const hashOf = async (text: string) => (await parsePolicy(text, "p.yaml")).sha256;

  test("does not depend on comments, order, defaults that are spelt out, or pin notation", async () => {
    const pin = `sha256/${Buffer.from(HASH, "hex").toString("base64")}`;
    const short = `version: 1\nissuers: {deny: [{spki: ${HASH}}]}`;
    const long = `# hello\n\nissuers:\n  hygiene: report\n  deny:\n    - then: cut\n      spki: ${pin}\nmode: audit\nversion: 1\n`;
    expect(await hashOf(long)).toBe(await hashOf(short));
  });

  test.each([
    "mode: enforce",
    "issuers: {allow: []}",
    "issuers: {unknown: refuse}",
    "issuers: {unseen: {ech: cut}}",
    "issuers: {roots: []}",
    "probe: {perHour: 1}",
  ])("depends on %s", async (text) => {
    expect(await hashOf(`version: 1\n${text}`)).not.toBe(defaultPolicy.sha256);
  });
});
