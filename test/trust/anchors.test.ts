/** Anchors: where they come from, and which certificates they name. */
import { getCACertificates } from "node:tls";
import { describe, expect, test } from "vitest";
import {
  Anchors,
  certificateAnchor,
  keyAnchor,
  mozillaAnchors,
  pemAnchors,
} from "../../src/trust/anchors.ts";
import { parseCertificate } from "../../src/trust/certificate.ts";
import { basicConstraints, ecKey, mint, name, oid, seq, tlv } from "./mint.ts";

const pem = getCACertificates("bundled")[0]!;
const root = mozillaAnchors()[0]!.certificate!;

const pemOf = (der: Uint8Array) =>
  `-----BEGIN CERTIFICATE-----\n${Buffer.from(der).toString("base64")}\n-----END CERTIFICATE-----\n`;

describe("Mozilla's roots", () => {
  test("are Node's, whatever the environment says", () => {
    expect(mozillaAnchors()).toHaveLength(getCACertificates("bundled").length);
    expect(mozillaAnchors()).toBe(mozillaAnchors());
    expect(mozillaAnchors().every(({ profile }) => profile === "webpki")).toBe(true);
  });

  test("carry the dates and domains that Mozilla knows of them", () => {
    const of = (subject: string) =>
      mozillaAnchors().find(({ certificate }) => certificate!.subject.includes(subject));
    expect(of("CN=Izenpe.com")?.distrustAfterUs).toBe(Date.parse("2026-04-15T23:59:59Z") * 1000);
    expect(of("CN=TUBITAK")?.domains).toContain("gov.tr");
    expect(of("CN=ISRG Root X1")?.distrustAfterUs).toBeUndefined();
    expect(of("CN=ISRG Root X1")?.domains).toBeUndefined();
  });
});

describe("a PEM file", () => {
  test("gives every certificate in it, and text around them does not matter", () => {
    const { anchors, faults } = pemAnchors(
      `# comment\n${pem}\nmore\r\n${pem.replaceAll("\n", "\r\n")}`,
    );
    expect(anchors.map(({ certificate }) => certificate!.sha256)).toEqual([
      root.sha256,
      root.sha256,
    ]);
    expect(faults).toEqual([]);
  });

  test("says which of its certificates cannot be read, and gives the others", () => {
    const broken = pem.replace(/\n.{20}/, "\nAAAA");
    const { anchors, faults } = pemAnchors(`${broken}${pem}`);
    expect(anchors).toHaveLength(1);
    expect(faults).toEqual([expect.stringMatching(/^certificate 1: /)]);
  });

  test("says which of its certificates has no key that can be used, and gives the others", () => {
    const spki = seq(seq(oid("1.2.3.4")), tlv(3, Uint8Array.of(0, 1)));
    const odd = mint({ key: ecKey(), spki, issuer: name("odd") });
    const blocks = [pem, pemOf(odd), pemOf(mint({ key: ecKey(), extensions: [] })), pem];
    const { anchors, faults } = pemAnchors(blocks.join("\n"));
    expect(anchors.map(({ certificate }) => certificate!.sha256)).toEqual([
      root.sha256,
      root.sha256,
    ]);
    expect(faults).toEqual(["certificate 2: no usable key", "certificate 3: extensions: empty"]);
  });

  test("gives a certificate that is only odd", () => {
    const { anchors, faults } = pemAnchors(pemOf(mint({ key: ecKey(), serial: Uint8Array.of(0) })));
    expect([anchors.length, anchors[0]?.profile, faults]).toEqual([1, "rfc5280", []]);
  });

  test("without certificates gives none", () => {
    expect(pemAnchors("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----")).toEqual({
      anchors: [],
      faults: [],
    });
  });
});

describe("anchors", () => {
  const other = parseCertificate(
    mint({ key: ecKey(), subject: name("other"), extensions: [basicConstraints(true)] }),
  );

  test("are found by their subject", () => {
    const [anchor] = pemAnchors(pem).anchors;
    expect(Anchors.of([anchor!]).issuers(root.subjectKey)).toEqual([anchor]);
    expect(Anchors.of([anchor!]).issuers(other.subjectKey)).toEqual([]);
  });

  test("name a certificate by its hash, by its key's hash, or by being it", () => {
    const named = (anchor: Parameters<typeof Anchors.of>[0]) => Anchors.of(anchor).naming(root);
    const [byKey, byHash] = [keyAnchor(root.spkiSha256, 3), certificateAnchor(root.sha256)];
    expect(named([byKey])).toBe(byKey);
    expect(named([byHash])).toBe(byHash);
    expect(named(pemAnchors(pem).anchors)?.source).toBe("file");
    expect(named([keyAnchor(other.spkiSha256), certificateAnchor(other.sha256)])).toBeUndefined();
    expect(named([byKey, byHash])).toBe(byHash);
    expect([byKey.line, "line" in byHash]).toEqual([3, false]);
  });

  test("are the first of equal ones", () => {
    const twice = [keyAnchor(root.spkiSha256, 1), keyAnchor(root.spkiSha256, 2)];
    expect(Anchors.of(twice).naming(root)?.line).toBe(1);
    const roots = [...pemAnchors(pem).anchors, ...mozillaAnchors()];
    expect(Anchors.of(roots).issuers(root.subjectKey)).toHaveLength(1);
  });

  test("are roots although a policy names the same certificate before", () => {
    const both = Anchors.of([certificateAnchor(root.sha256, 5), ...pemAnchors(pem).anchors]);
    expect(both.naming(root)?.line).toBe(5);
    expect(both.issuers(root.subjectKey)).toHaveLength(1);
  });

  test("never name what has no key", () => {
    const nothing = parseCertificate(new Uint8Array());
    expect(Anchors.of([keyAnchor("")]).naming(nothing)).toBeUndefined();
  });

  test("name what has all of a hash, a key's hash and a subject, and nothing that has some", () => {
    const { spkiSha256, sha256, subjectKey } = root;
    const mean = [{ spkiSha256 }, { sha256 }, { spkiSha256, sha256 }].flatMap((hashes) =>
      [{}, { subjectKey }, { subjectKey: "2.5.4.3=1:x" }].map((about) => {
        const anchor = { source: "policy", profile: "rfc5280", ...hashes, ...about } as const;
        return Anchors.of([anchor]).naming(root) !== undefined;
      }),
    );
    const each = [true, true, false];
    expect(mean).toEqual([...each, ...each, ...each]);
    const other = { ...certificateAnchor(sha256, 7), spkiSha256: "a".repeat(64) };
    expect(Anchors.of([other]).naming(root)).toBeUndefined();
    expect(Anchors.of([other, keyAnchor(spkiSha256, 8)]).naming(root)?.line).toBe(8);
  });
});
