/** Revocation as the judge sees it: stapled OCSP responses, and lists from files. */
import { createPublicKey, sign } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Judge, type Judgement } from "../../src/judge/decide.ts";
import { readCrls, withCrls } from "../../src/judge/policy/crls.ts";
import { defaultPolicy, type Policy, withRoots } from "../../src/judge/policy/policy.ts";
import { PolicyError } from "../../src/judge/policy/policy-error.ts";
import { parsePolicy, readPolicyFile } from "../../src/judge/policy/policy-file.ts";
import { parseCertificate } from "../../src/trust/certificate.ts";
import { extension, oid, seq, time, tlv } from "../trust/mint.ts";
import { type MintOcsp, mintOcsp } from "../trust/mint-ocsp.ts";
import { type Identity, pem } from "../wire/identity.ts";
import {
  AT_US,
  chains,
  handshake,
  identities,
  issuing,
  otherRoot,
  root,
  rootFile,
} from "./scene.ts";

const keys = ({ key }: Identity) => ({ privateKey: key, publicKey: createPublicKey(key) });

function staple(spec: Partial<MintOcsp> = {}): Uint8Array {
  return mintOcsp({
    about: identities.good.der,
    issuer: issuing.der,
    signer: keys(issuing),
    from: "20261120000000Z",
    to: "20261130000000Z",
    ...spec,
  });
}

function list(by: Identity, serial: Uint8Array, number = [extension("2.5.29.20", tlv(2, serial))]) {
  const algorithm = seq(oid("1.2.840.10045.4.3.2"));
  const tbs = seq(
    tlv(2, Uint8Array.of(1)),
    algorithm,
    Uint8Array.from(parseCertificate(by.der).subjectDer),
    time("261101000000Z"),
    time("261201000000Z"),
    seq(seq(tlv(2, serial), time("261105000000Z"))),
    tlv(0xa0, seq(...number)),
  );
  const signature = sign("sha256", tbs, by.key);
  return seq(tbs, algorithm, tlv(3, Uint8Array.of(0), signature));
}

const serialOf = ({ der }: Identity) => Uint8Array.from(parseCertificate(der).serialDer);
const known = withRoots(defaultPolicy, [rootFile(root)]);
const proved = { possession: { state: "verified" } } as const;

function judged(policy: Policy, stapled?: readonly Uint8Array[], atUs = AT_US): Judgement {
  const chain = chains.good;
  return new Judge(policy).judge(
    handshake({ chain, atUs, ...proved, ...(stapled && { stapled }) }),
  );
}

const rules = ({ findings }: Judgement) =>
  findings.map(({ rule, severity, evidence }) =>
    `${rule} ${severity} ${evidence.why ?? ""}`.trim(),
  );
const says = ({ verdict }: Judgement) => verdict.reason.map((reason) => reason.says).join("\n");

describe("a stapled OCSP response", () => {
  test("that revokes the certificate is an issuer that does not stand for it", () => {
    const judgement = judged(known, [staple({ status: "revoked" })]);
    expect(rules(judgement)).toEqual(["A15 breach revoked", "C04 warning"]);
    expect(judgement.verdict).toMatchObject({ decision: "report", would: "cut" });
    expect(says(judgement)).toMatch(
      /cut: the path was revoked \(revoked: by CN=Corp CA 2,O=Example on 2026-05-01T00:00:00Z/,
    );
    expect(judgement.findings[0]?.summary).toMatch(
      /and was revoked: its key may be in other hands/,
    );
    expect(judgement.findings[1]?.summary).toMatch(/its issuer took it back/);
  });

  test("that says good is told in the step that found the path", () => {
    const judgement = judged(known, [staple()]);
    expect(judgement.verdict.decision).toBe("pass");
    expect(rules(judgement)).toEqual([]);
    expect(says(judgement)).toMatch(/a stapled OCSP response says it is not revoked/);
    expect(says(judged(known))).not.toMatch(/OCSP/);
  });

  test.each<[string, Partial<MintOcsp>]>([
    ["is out of date", { to: "20261121000000Z" }],
    ["was not made by the issuer", { signer: keys(otherRoot), status: "revoked" }],
    ["is about another certificate", { serial: Uint8Array.of(9), status: "revoked" }],
  ])("that %s is a note and changes nothing", (_, spec) => {
    const judgement = judged(known, [staple(spec)]);
    expect(judgement.verdict.decision).toBe("pass");
    expect(rules(judgement)).toEqual(["C04 note"]);
    expect(judgement.findings[0]?.summary).toMatch(/unusable-staple: whether it was revoked/);
  });

  test("belongs to its handshake: the next one without it is judged without it", () => {
    const judge = new Judge(known);
    const [good, revoked] = [[staple()], [staple({ status: "revoked" })]];
    const decide = (stapled?: Uint8Array[]) =>
      judge.judge(handshake({ chain: chains.good, ...proved, ...(stapled && { stapled }) }));
    expect(decide().verdict.would).toBeUndefined();
    expect(decide(revoked).verdict.would).toBe("cut");
    expect(decide(good).verdict.would).toBeUndefined();
    expect(decide().verdict.would).toBeUndefined();
    expect(decide(revoked)).toBe(decide(revoked));
  });

  test("is forgotten in time: what was good is out of date later", () => {
    const judge = new Judge(known);
    const stapled = [staple()];
    const at = (day: number) =>
      rules(
        judge.judge(
          handshake({
            chain: chains.good,
            stapled,
            ...proved,
            atUs: Date.UTC(2026, 10, day) * 1000,
          }),
        ),
      );
    expect(at(25)).toEqual([]);
    expect(at(31)).toEqual(["C04 note"]);
    expect(at(26)).toEqual([]);
  });

  test("says nothing about a leaf that a line names: a person vouches for that one", async () => {
    const { spki } = { spki: parseCertificate(identities.good.der).spkiSha256 };
    const policy = await parsePolicy(
      `version: 1\nissuers: {roots: [], allow: [{spki: ${spki}}]}\n`,
      "p.yaml",
    );
    const judgement = judged(policy, [staple({ status: "revoked" })]);
    expect(judgement.verdict.decision).toBe("pass");
  });
});

describe("revocation lists from files", () => {
  let folder: string;
  const leafList = list(issuing, serialOf(identities.good));
  const caList = list(root, serialOf(issuing));
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "portcullis-crls-"));
    const put = (name: string, text: string | Uint8Array) => writeFile(join(folder, name), text);
    await put("leaf.crl", leafList);
    await put("ca.pem", pem("X509 CRL", caList));
    await put("both.pem", pem("X509 CRL", leafList) + pem("X509 CRL", caList));
    await put("nothing.txt", "no list");
    await put("unnumbered.der", list(issuing, serialOf(identities.good), []));
    await put("root.cer", root.certificatePem);
    await put("p.yaml", "version: 1\nissuers: {roots: [./root.cer], crls: [./leaf.crl]}\n");
    await put("gone.yaml", "version: 1\nissuers:\n  crls:\n    - ./gone.crl\n");
  });
  afterAll(() => rm(folder, { recursive: true }));
  const read = async (name: string) => {
    const crls = await readCrls(join(folder, name), name);
    if ("problem" in crls) throw new Error(crls.problem);
    return crls;
  };

  test.each([
    ["leaf.crl", /revoked: by CN=Corp CA 2,O=Example on 2026-11-05T00:00:00Z, says its revocation/],
    ["ca.pem", /revoked: by CN=Corp Root on 2026-11-05/],
    ["both.pem", /revoked: by CN=Corp CA 2/],
  ])("revoke what they name: %s", async (name, words) => {
    const judgement = judged(withCrls(known, [(await read(name)).crls]));
    expect(judgement.verdict.would).toBe("cut");
    expect(rules(judgement)).toEqual(["A15 breach revoked", "C04 warning"]);
    expect(says(judgement)).toMatch(words);
  });

  test("are read from a directory of them, and told when they cannot be used", async () => {
    const { crls, faults } = await read(".");
    expect(crls.lists).toHaveLength(5);
    expect(faults).toEqual([".: list 5 is not used: no cRLNumber"]);
  });

  test("that are late are a note, and what they do not name stays as it was", async () => {
    const policy = withCrls(known, [(await read("leaf.crl")).crls]);
    const other = withCrls(known, [
      { name: "x", lists: [list(issuing, Uint8Array.of(77))], sha256: ["x"] },
    ]);
    expect(rules(judged(other))).toEqual([]);
    const late = judged(other, undefined, Date.UTC(2026, 11, 2) * 1000);
    expect(rules(late)).toEqual(["C04 note"]);
    expect(policy.sha256).not.toBe(known.sha256);
  });

  test("change the policy's hash by what they hold and not by where they are", async () => {
    const sha256 = async (name: string) => withCrls(known, [(await read(name)).crls]).sha256;
    expect(await sha256("both.pem")).toBe(
      withCrls(known, [{ ...(await read("both.pem")).crls, name: "elsewhere" }]).sha256,
    );
    expect(await sha256("leaf.crl")).not.toBe(await sha256("ca.pem"));
    expect(withCrls(known, [])).toBe(known);
  });

  test("are named by a policy, from its own folder", async () => {
    const policy = await readPolicyFile(join(folder, "p.yaml"));
    expect(policy.issuers.crls).toMatchObject([{ name: "./leaf.crl" }]);
    expect(judged(policy).verdict.would).toBe("cut");
  });

  test("that are not there are told with their place in the policy", async () => {
    const refused = await readPolicyFile(join(folder, "gone.yaml")).catch(
      (error: unknown) => error,
    );
    expect(refused).toBeInstanceOf(PolicyError);
    expect(String(refused)).toMatch(/gone\.yaml:4:7: \.\/gone\.crl: cannot be read \(ENOENT\)/);
  });

  test("that are none are a problem in words", async () => {
    expect(await readCrls(join(folder, "nothing.txt"), "x")).toEqual({
      problem: "x: found no revocation list, expected PEM (X509 CRL) or DER",
    });
    expect(await readCrls(join(folder, "none"), "x")).toEqual({
      problem: "x: cannot be read (ENOENT)",
    });
  });
});
