/** Step `path`, word for word: where signatures lead, and what kept them from leading anywhere. */
import { describe, expect, test } from "vitest";
import { Judge } from "../../../src/judge/decide.ts";
import { withRoots } from "../../../src/judge/policy/policy.ts";
import { parseCertificate } from "../../../src/trust/certificate.ts";
import { type Chain, ChainStore } from "../../../src/trust/store.ts";
import * as der from "../../trust/mint.ts";
import { pem } from "../../wire/identity.ts";
import { chains, handshake } from "../scene.ts";
import { alone, issuing, policyOf } from "../table.ts";

const key = der.ecKey();
const own = [der.altNames(der.dns("api.corp.example"))];
const chainOf = (...ders: Uint8Array[]) => new ChainStore().get(ders);
const nameless = der.mint({ key, subject: der.seq(), extensions: own });
const long = der.mint({ key, subject: der.name("n".repeat(150)), extensions: own });
const lost = der.mint({ key, issuer: der.seq(), signer: der.ecKey(), extensions: own });
const sha256 = (bytes: Uint8Array) => parseCertificate(bytes).sha256;
const rsaSpki = der.rsaKey(1024).publicKey.export({ type: "spki", format: "der" });
/** Signed by none of five keys of the issuer's name. */
const claimed = chainOf(
  der.mint({ key, issuer: der.name("CA"), signer: der.ecKey(), extensions: own }),
  ...Array.from({ length: 5 }, (_, i) =>
    der.mint({
      key: der.ecKey(i % 2 === 0 ? "prime256v1" : "secp384r1"),
      subject: der.name("CA"),
      issuer: der.name("Root"),
      ...(i === 0 && { spki: Uint8Array.from(rsaSpki) }),
    }),
  ),
);

async function said(issuers: string, chain: Chain, known = true) {
  const judge = new Judge(await policyOf(issuers, { known }));
  const possession = { state: "verified" } as const;
  const { verdict } = judge.judge(handshake({ chain, possession }));
  return verdict.reason.filter(({ step }) => step === "path");
}

describe("a path", () => {
  test.each<[string, string, Chain, boolean, string, number | undefined]>([
    [
      "to a root of a file says which",
      "",
      chains.good,
      true,
      "signatures lead to CN=Corp Root, a root of the policy's files",
      undefined,
    ],
    [
      "to what a line names says which line",
      `allow: [{spki: ${issuing.spki}}]`,
      chains.good,
      false,
      "signatures lead to CN=Corp CA 2,O=Example, which an `allow` line names",
      3,
    ],
    [
      "to the leaf alone that a line names is not said to be self-signed where it is not",
      `allow: [{certificate: ${sha256(lost)}}]`,
      chainOf(lost),
      false,
      "signatures lead to CN=leaf.example, which an `allow` line names",
      3,
    ],
    [
      "to a leaf that signed itself says so",
      `allow: [{spki: ${alone.spki}}]`,
      chains["self-signed"],
      false,
      "signatures lead to CN=alone, which an `allow` line names, which signed itself",
      3,
    ],
    [
      "to a certificate without a name says so",
      `allow: [{certificate: ${sha256(nameless)}}]`,
      chainOf(nameless),
      false,
      "signatures lead to a certificate without a name, which an `allow` line names, which signed itself",
      3,
    ],
    [
      "to a long name says the first of it",
      `allow: [{certificate: ${sha256(long)}}]`,
      chainOf(long),
      false,
      `signatures lead to CN=${"n".repeat(96)}…, which an \`allow\` line names, which signed itself`,
      3,
    ],
    [
      "from nobody says so",
      "unknown: cut",
      chainOf(lost),
      true,
      "cut: no path to a root or an approved key (unknown-issuer: no anchor signed it or its issuers: no issuer is named)",
      3,
    ],
  ])("%s", async (_, issuers, chain, known, says, line) => {
    expect(await said(issuers, chain, known)).toEqual([
      { step: "path", says, ...(line === undefined ? {} : { line }) },
    ]);
  });

  test("of a certificate alone that is a root does not say that a line names it", async () => {
    const roots = {
      kind: "file",
      name: "./alone.pem",
      pem: pem("CERTIFICATE", long),
      certificates: [sha256(long)],
    } as const;
    const policy = withRoots(await policyOf("", { known: false }), [roots]);
    const input = handshake({ chain: chainOf(long), possession: { state: "verified" } });
    const { verdict, findings } = new Judge(policy).judge(input);
    expect(verdict.reason.find(({ step }) => step === "path")?.says).toMatch(
      /^signatures lead to CN=n+…, a root of the policy's files$/,
    );
    expect(findings.map(({ rule }) => rule)).not.toContain("A16");
  });

  test("that is none says three reasons, each once, and no more than fit", async () => {
    const [reason] = await said("", claimed);
    expect(reason?.says).toBe(
      "cut: no path to a root or an approved key (unknown-issuer: no anchor signed it or its issuers: CN=CA; bad-signature: ecdsa-with-SHA256, but the key of CN=CA is RSA; bad-signature: the key of CN=CA did not make it)",
    );
    const far = der.mint({ key, issuer: der.name("i".repeat(400)), signer: der.ecKey() });
    const [cut] = await said("", chainOf(far));
    expect(cut?.says).toHaveLength("cut: no path to a root or an approved key ()".length + 300);
  });
});
