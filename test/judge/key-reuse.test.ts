/** One key with certificates for unrelated names: a note, the same in whatever order they were seen. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { KeyReuse } from "../../src/judge/key-reuse.ts";
import { type Certificate, parseCertificate } from "../../src/trust/certificate.ts";
import { altNames, dns, ecKey, ip, mint, name } from "../trust/mint.ts";

const [key, other] = [ecKey(), ecKey()];
const leaf = (names: readonly (string | Uint8Array)[], of = key, subject = "server") =>
  parseCertificate(
    mint({
      key: of,
      subject: name(subject),
      extensions:
        names.length === 0
          ? []
          : [altNames(...names.map((one) => (typeof one === "string" ? dns(one) : one)))],
    }),
  );

/** What is looked at of a certificate, without the certificate: of these there may be thousands. */
function supposed(shape: Partial<Record<"spkiSha256" | "sha256", string>> & { names?: string[] }) {
  const { spkiSha256 = "key", sha256 = "1", names = [`${sha256}.test`] } = shape;
  return {
    spkiSha256,
    sha256,
    names,
    subject: "",
    commonName: undefined,
  } as unknown as Certificate;
}

function told(...leaves: ReturnType<typeof leaf>[]): string[][] {
  const reuse = new KeyReuse();
  for (const [i, one] of leaves.entries()) reuse.see(one, 100 + i);
  return reuse.findings().map(({ finding }) => finding.evidence.names as string[]);
}

describe("one key", () => {
  test.each<[string, ReturnType<typeof leaf>[], string[][]]>([
    ["for unrelated names is told", [leaf(["a.test"]), leaf(["b.test"])], [["a.test", "b.test"]]],
    ["for one certificate is not", [leaf(["a.test", "b.test"])], []],
    ["for a renewed certificate is not", [leaf(["www.a.test"]), leaf(["www.a.test"])], []],
    ["for one domain's names is not", [leaf(["www.a.test"]), leaf(["api.a.test"])], []],
    ["for a domain and its wildcard is not", [leaf(["*.a.test"]), leaf(["A.test"])], []],
    [
      "for names that a third certificate joins is not",
      [leaf(["a.test"]), leaf(["b.test"]), leaf(["a.test", "b.test"])],
      [],
    ],
    [
      "for two companies of one registry is told",
      [leaf(["a.co.uk"]), leaf(["b.co.uk"])],
      [["a.co.uk", "b.co.uk"]],
    ],
    [
      "for two addresses is told",
      [leaf([ip(192, 0, 2, 1)]), leaf([ip(192, 0, 2, 2)])],
      [["192.0.2.1", "192.0.2.2"]],
    ],
    [
      "for appliances without other names is told by their subjects",
      [leaf([], key, "router-1"), leaf([], key, "router-2")],
      [["router-1", "router-2"]],
    ],
    [
      "for addresses that end alike is told",
      [leaf([ip(192, 0, 2, 1)]), leaf([ip(198, 51, 2, 1)])],
      [["192.0.2.1", "198.51.2.1"]],
    ],
    ["for one company below a registry is not", [leaf(["www.a.co.uk"]), leaf(["api.a.co.uk"])], []],
    ["for the same subject is not", [leaf([], key, "router"), leaf([], key, "router")], []],
    ["is not another key", [leaf(["a.test"]), leaf(["b.test"], other)], []],
  ])("%s", (_, leaves, expected) => {
    expect(told(...leaves)).toEqual(expected);
  });

  test("is a note of C04, with each certificate, at the earliest sight of any", () => {
    const reuse = new KeyReuse();
    const leaves = [leaf(["a.test"]), leaf(["b.test"])];
    reuse.see(leaves[0]!, 50);
    reuse.see(leaves[1]!, 70);
    reuse.see(leaves[1]!, 30);
    const [{ finding, atUs }] = reuse.findings() as [ReturnType<KeyReuse["findings"]>[0]];
    expect(atUs).toBe(30);
    expect(finding).toMatchObject({ rule: "C04", severity: "note" });
    expect(finding.certificates).toEqual(leaves.map(({ sha256 }) => sha256).sort());
    expect(finding.summary).toBe(
      "One key is in the certificates of a.test, b.test: whoever holds it can be any of them.",
    );
  });

  test("says the same in whatever order its certificates were seen", () => {
    const leaves = ["a.test", "b.test", "c.a.test", "d.test"].map((one) => leaf([one]));
    const first = new KeyReuse();
    for (const [i, one] of leaves.entries()) first.see(one, i);
    fc.assert(
      fc.property(fc.shuffledSubarray([0, 1, 2, 3], { minLength: 4 }), (order) => {
        const reuse = new KeyReuse();
        for (const i of order) reuse.see(leaves[i]!, i);
        expect(reuse.findings()).toEqual(first.findings());
      }),
      { numRuns: 24 },
    );
  });

  test.each([
    [3, "n0.test, n1.test, n2.test: whoever"],
    [4, "n0.test, n1.test, n2.test and 1 more: whoever"],
  ])("of %i owners is told with three of them", (count, words) => {
    const reuse = new KeyReuse();
    for (let i = 0; i < count; i++) reuse.see(leaf([`n${i}.test`]), i);
    expect(reuse.findings()[0]?.finding.summary).toContain(`certificates of ${words}`);
  });

  test("is told with the first 36 characters of a name", () => {
    const [fits, not] = [`${"a".repeat(31)}.test`, `${"b".repeat(32)}.test`];
    const reuse = new KeyReuse();
    for (const one of [fits, not]) reuse.see(leaf([one]), 1);
    expect(reuse.findings()[0]?.finding.summary).toContain(
      `of ${fits}, ${"b".repeat(32)}.te…: whoever`,
    );
  });

  test("of a certificate that cannot be read is none", () => {
    const reuse = new KeyReuse();
    for (const sha256 of ["1", "2"]) reuse.see(supposed({ spkiSha256: "", sha256 }), 1);
    expect(reuse.findings()).toEqual([]);
  });

  test("is told alone as well, as far as its names were seen", () => {
    const reuse = new KeyReuse();
    const known = (spki: string) => reuse.findingsOf(spki).map(({ finding }) => finding.evidence);
    expect(known("key")).toEqual([]);
    reuse.see(supposed({ sha256: "1" }), 1);
    expect(known("key")).toEqual([]);
    reuse.see(supposed({ sha256: "2" }), 2);
    expect(known("key")).toMatchObject([{ spkiSha256: "key", names: ["1.test", "2.test"] }]);
    expect(known("other")).toEqual([]);
    expect(reuse.findingsOf("key")).toEqual(reuse.findings());
  });

  test("is told in the order of the keys' hashes", () => {
    const reuse = new KeyReuse();
    for (const spkiSha256 of ["b", "c", "a"])
      for (const sha256 of ["1", "2"])
        reuse.see(supposed({ spkiSha256, sha256: `${spkiSha256}${sha256}` }), 1);
    const keys = reuse.findings().map(({ finding }) => finding.evidence.spkiSha256);
    expect(keys).toEqual(["a", "b", "c"]);
  });

  test.each([
    [256, 0],
    [257, 1],
  ])("compares the first 256 names of a certificate: %i", (count, told) => {
    const many = Array.from({ length: count }, (_, i) => `n${i}.test`);
    const reuse = new KeyReuse();
    reuse.see(supposed({ sha256: "1", names: many }), 1);
    reuse.see(supposed({ sha256: "2", names: [many.at(-1)!] }), 1);
    expect(reuse.findings()).toHaveLength(told);
  });

  test("holds no more than its limits, counts what is beyond, and says since when", () => {
    const reuse = new KeyReuse();
    for (let i = 0; i < 20; i++) reuse.see(leaf([`n${i}.test`]), i);
    expect([reuse.uncounted, reuse.lostAtUs]).toEqual([4, 16]);
    expect(reuse.findings()[0]?.finding.certificates).toHaveLength(16);
  });

  test("holds 20,000 certificates, and one that it holds needs no more room", () => {
    const reuse = new KeyReuse();
    const nth = (i: number) => supposed({ spkiSha256: `${i}`, sha256: `${i}` });
    for (let i = 0; i < 20_000; i++) reuse.see(nth(i), i);
    reuse.see(nth(7), 30_000);
    expect(reuse.uncounted).toBe(0);
    reuse.see(nth(20_000), 40_000);
    expect([reuse.uncounted, reuse.lostAtUs]).toEqual([1, 40_000]);
  });
});
