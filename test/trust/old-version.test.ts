/** Certificates from before version 3 (DETECTIONS, C04): weak as leaf, and no matter in a root. */
import { expect, test } from "vitest";
import { Anchors } from "../../src/trust/anchors.ts";
import { parseCertificate } from "../../src/trust/certificate.ts";
import { FINDINGS } from "../../src/trust/finding.ts";
import { validate } from "../../src/trust/validate.ts";
import { basicConstraints, ecKey, type Mint, mint, name } from "./mint.ts";

const [rootKey, leafKey] = [ecKey(), ecKey()];

function said(leaf: Partial<Mint>, root: Partial<Mint> = {}): string[] {
  const extensions = [basicConstraints(true)];
  const top = mint({ subject: name("Root"), key: rootKey, extensions, ...root });
  const end = mint({ key: leafKey, signer: rootKey, issuer: name("Root"), ...leaf });
  const { findings } = validate({
    chain: [parseCertificate(end)],
    anchors: Anchors.of([
      { source: "file", profile: "rfc5280", certificate: parseCertificate(top) },
    ]),
    purpose: "server",
    atUs: Date.parse("2026-06-01T00:00:00Z") * 1000,
  });
  return findings.filter(({ name }) => name === "old-version").map(({ detail }) => detail);
}

test.each<[string, Partial<Mint>, string[]]>([
  ["version 1", { version: undefined }, ["version 1, expected 3"]],
  ["version 2", { version: 1 }, ["version 2, expected 3"]],
  ["version 3", {}, []],
])("a leaf of %s", (_, leaf, expected) => {
  expect(said(leaf)).toEqual(expected);
});

test("a root of version 1 is nobody's fault", () => {
  expect(said({}, { version: undefined, extensions: undefined })).toEqual([]);
});

test("can be tolerated as weak, and else invalidates", () => {
  expect(FINDINGS["old-version"]).toMatchObject({ invalidates: true, hygiene: "weak" });
});
