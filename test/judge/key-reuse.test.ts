/** One key with certificates for unrelated names: a note, the same in whatever order they were seen. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { KeyReuse } from "../../src/judge/key-reuse.ts";
import { parseCertificate } from "../../src/trust/certificate.ts";
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

  test("holds no more than its limits, and counts what is beyond", () => {
    const reuse = new KeyReuse();
    for (let i = 0; i < 20; i++) reuse.see(leaf([`n${i}.test`]), i);
    expect(reuse.uncounted).toBe(4);
    expect(reuse.findings()[0]?.finding.certificates).toHaveLength(16);
  });
});
