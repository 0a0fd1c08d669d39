/**
 * Our `certificate` lines against what OpenSSL and Python's cryptography say about the same leaves.
 * Where two writers may spell a value differently (names in a DN, odd SANs) it is not compared.
 */
import { beforeAll, describe, expect, test } from "vitest";
import type { CertificateLine } from "../../src/report/lines.ts";
import { replayed } from "./ours.ts";
import { readTruth, SHARED, sharedIsHere, type TruthLeaf } from "./truth.ts";

describe.skipIf(!sharedIsHere)("the leaf certificates of others", () => {
  const ours = new Map<string, CertificateLine>();
  const theirs = new Map<string, TruthLeaf>();

  beforeAll(async () => {
    for (const { file, tls_streams } of readTruth()) {
      const chains = tls_streams.flatMap((s) => [s.server_chain?.leaf, s.client_chain?.leaf]);
      for (const leaf of chains) if (leaf?.x509_version) theirs.set(leaf.sha256, leaf);
      if (!chains.some((leaf) => leaf !== undefined)) continue;
      const { lines } = await replayed(`${SHARED}/${file}`);
      for (const line of lines) if (line.kind === "certificate") ours.set(line.sha256, line);
    }
  }, READ_MS_MAX);

  test("are read as they are: serial, validity, key, CA or not", () => {
    const both = [...theirs.values()].filter((leaf) => ours.has(leaf.sha256));
    console.log(`\n${both.length} of truth's ${theirs.size} leaf certificates compared\n`);
    expect(both.length).toBeGreaterThan(LEAVES_MIN);
    expect(both.map((leaf) => factsOf(ours.get(leaf.sha256)!))).toEqual(both.map(factsOfTruth));
  });

  test("have the same names in the same order", () => {
    const plain = [...theirs.values()].filter((leaf) => leaf.san?.length && ours.has(leaf.sha256));
    const compared = plain.filter((leaf) => leaf.san!.every((name) => PLAIN_NAME.test(name)));
    expect(compared.length).toBeGreaterThan(LEAVES_MIN);
    expect(compared.map((leaf) => ours.get(leaf.sha256)!.names)).toEqual(
      compared.map((l) => l.san),
    );
  });
});

function factsOf({ sha256, serial, validFrom, validTo, key, ca }: CertificateLine) {
  const { type, bits, curve } = key;
  return { sha256, serial: trimmed(serial), validFrom, validTo, type, bits, curve, ca };
}

function factsOfTruth(leaf: TruthLeaf): ReturnType<typeof factsOf> {
  return {
    sha256: leaf.sha256,
    serial: trimmed(leaf.serial),
    validFrom: leaf.not_before,
    validTo: leaf.not_after,
    type: leaf.key_type,
    bits: leaf.key_bits ?? undefined,
    curve: leaf.curve ?? undefined,
    ca: leaf.is_ca ?? false,
  };
}

/** Truth has a number, we have the bytes. */
function trimmed(serial: string): string {
  return serial.replace(/^0+(?=.)/, "");
}

/** A host name or an address: not the other kinds, which everybody prints in another way. */
const PLAIN_NAME = /^[A-Za-z0-9*._:-]+$/;
/** Fewer would mean that something is not read any more. */
const LEAVES_MIN = 150;
const READ_MS_MAX = 180_000;
