/**
 * Chains for the bench of the trust engine: a leaf and its issuer, both signed with RSA-2048, each
 * chain with certificates of its own, so that nothing that is remembered helps.
 */
import { generateKeyPairSync } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { type Identity, mint } from "../wire/identity.ts";

/** What a working process is given. */
export interface Chains {
  readonly root: Uint8Array;
  /** Leaf and issuer, by the DNS name of the leaf. */
  readonly chains: readonly { readonly name: string; readonly ders: readonly Uint8Array[] }[];
}

/** Mints them into a file; takes some seconds. */
export function writeChains(file: string): void {
  const [rootKey, issuerKey, leafKey] = [freshKey(), freshKey(), freshKey()];
  const root = mint({ subject: "CN=Bench Root", ca: true, key: rootKey });
  const certificates = Array.from({ length: CHAINS }, (_, i) => {
    const subject = `O=Bench,CN=Bench CA ${i}`;
    const issuer = mint({ subject, issuer: root, ca: true, key: issuerKey });
    const leaf = mint({ subject: `CN=${nameOf(i)}`, issuer, names: [nameOf(i)], key: leafKey });
    return [leaf, issuer];
  });
  const text = ({ der }: Identity) => Buffer.from(der).toString("base64");
  writeFileSync(file, [text(root), ...certificates.flat().map(text)].join("\n"));
}

export function readChains(file: string): Chains {
  const ders = readFileSync(file, "utf8")
    .split("\n")
    .map((line) => Uint8Array.from(Buffer.from(line, "base64")));
  const chains = Array.from({ length: CHAINS }, (_, i) => ({
    name: nameOf(i),
    ders: ders.slice(1 + 2 * i, 3 + 2 * i),
  }));
  return { root: ders[0]!, chains };
}

function nameOf(index: number): string {
  return `s${index}.bench.example`;
}

function freshKey() {
  return generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey;
}

/** A second of work, and five to sign them all. */
const CHAINS = 4000;
