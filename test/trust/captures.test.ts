/**
 * Real certificates, many of them malformed or odd, against what OpenSSL and the `cryptography`
 * package read from them. They are found in the raw bytes of captures by length and hash, so only
 * those that one packet holds whole; the pipeline's own tests see the others.
 */
import { hash } from "node:crypto";
import { existsSync, readFileSync, statSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { type Certificate, parseCertificate } from "../../src/trust/certificate.ts";
import { ATTRIBUTE, SIGNATURE } from "../../src/trust/oid.ts";

describe.skipIf(!existsSync(`${FOLDER()}/truth.ndjson`))("of public captures", () => {
  test("every field of the leaves that are found whole equals the truth's", () => {
    const seen = new Map<string, { ours: Certificate; truth: Leaf }>();
    for (const { file, leaves } of truths()) {
      const path = `${FOLDER()}/${file}`;
      if (!existsSync(path) || statSync(path).size > FILE_BYTES_MAX) continue;
      const bytes = readFileSync(path);
      for (const truth of leaves) {
        const der = seen.has(truth.sha256) ? undefined : find(bytes, truth);
        if (der !== undefined) seen.set(truth.sha256, { ours: parseCertificate(der), truth });
      }
    }
    const differences = [...seen.values()].flatMap(({ ours, truth }) => compare(ours, truth));
    const faulty = [...seen.values()].filter(({ ours }) => ours.faults.length > 0);
    console.log(`${seen.size} certificates, ${faulty.length} with faults`);
    expect(seen.size).toBeGreaterThan(80);
    expect(differences).toEqual([]);
  });
});

interface Leaf {
  readonly sha256: string;
  readonly der_bytes: number;
  readonly subject_rfc4514: string;
  readonly issuer_rfc4514: string;
  readonly serial: string;
  readonly not_before: string;
  readonly not_after: string;
  readonly x509_version: number;
  readonly sig_alg: string;
  readonly key_type: string;
  readonly key_bits: number;
  readonly san: readonly string[];
  readonly is_ca: boolean | null;
  readonly self_signed: boolean;
}

function compare(ours: Certificate, truth: Leaf): string[] {
  const pairs: [string, unknown, unknown][] = [
    ["subject", ours.subject, withShortNames(truth.subject_rfc4514)],
    ["issuer", ours.issuer, withShortNames(truth.issuer_rfc4514)],
    ["serial", BigInt(`0x${ours.serial}`), BigInt(`0x${truth.serial}`)],
    ["validFrom", ours.validFrom, truth.not_before],
    ["validTo", ours.validTo, truth.not_after],
    ["version", ours.version, truth.x509_version],
    ["signature", ours.signature.replace(/-pss-.*/, "-pss"), signatureName(truth.sig_alg)],
    ["key", `${ours.key.type} ${ours.key.bits}`, `${truth.key_type} ${truth.key_bits}`],
    // `cryptography` says null to what it has no basicConstraints for, and then often gave up
    // on all extensions, the names among them.
    ["names", gaveUp(truth) ? "" : ours.names.join(), truth.san.join()],
    ["ca", ours.ca, truth.is_ca ?? false],
    ["selfSigned", ours.selfSigned, truth.self_signed],
  ];
  return pairs
    .filter(([, mine, theirs]) => mine !== theirs)
    .map(([field, mine, theirs]) => `${truth.sha256} ${field}: ${mine}, expected ${theirs}`);
}

function gaveUp({ is_ca, san }: Leaf): boolean {
  return is_ca === null && san.length === 0;
}

/** `cryptography` has short names for RFC 4514's nine types only. */
function withShortNames(dn: string): string {
  return dn.replace(/(^|,|\+)(\d+(?:\.\d+)+)=/g, (whole, before: string, oid: string) => {
    return oid in ATTRIBUTE ? `${before}${ATTRIBUTE[oid]}=` : whole;
  });
}

function signatureName(name: string): string {
  const lower = name.toLowerCase();
  return SIGNATURE[name]?.name ?? BY_LOWER.get(lower) ?? lower;
}

function* truths(): Generator<{ file: string; leaves: Leaf[] }> {
  for (const line of readFileSync(`${FOLDER()}/truth.ndjson`, "utf8").trimEnd().split("\n")) {
    const { file, tls_streams: streams = [] } = JSON.parse(line) as {
      file: string;
      tls_streams?: { server_chain?: { leaf?: Leaf } | null }[];
    };
    const leaves = streams.flatMap(({ server_chain: chain }) => chain?.leaf ?? []);
    if (leaves.length > 0) yield { file, leaves };
  }
}

function find(bytes: Buffer, { sha256, der_bytes: length }: Leaf): Uint8Array | undefined {
  const head = Buffer.from([0x30, 0x82, (length - 4) >> 8, (length - 4) & 0xff]);
  for (let at = bytes.indexOf(head); at >= 0; at = bytes.indexOf(head, at + 1)) {
    const der = bytes.subarray(at, at + length);
    if (hash("sha256", der) === sha256) return Uint8Array.from(der);
  }
  return undefined;
}

function FOLDER(): string {
  return "../shared/captures";
}

const BY_LOWER = new Map(
  Object.values(SIGNATURE).map(({ name }) => [name.toLowerCase(), name] as const),
);
const FILE_BYTES_MAX = 50 * 2 ** 20;
