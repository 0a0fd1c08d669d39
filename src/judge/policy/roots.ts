/** Root certificates from files, as a policy or `--roots` names them. */
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { pemAnchors } from "../../trust/anchors.ts";
import { type PemKind, readPemFiles } from "./pem-files.ts";
import type { FileRoots } from "./policy.ts";

export { withRoots } from "./policy.ts";

export interface RootsRead {
  readonly root: FileRoots;
  /** Certificates that cannot be roots, in words; the others count. */
  readonly faults: readonly string[];
}

/** `name` is how a policy calls it. Every error of the file system becomes a `problem`, in words. */
export async function readRoots(
  path: string,
  name: string = path,
): Promise<RootsRead | { readonly problem: string }> {
  const read = await readPemFiles(path, CERTIFICATES);
  if ("problem" in read) return { problem: `${name}: ${read.problem}` };
  const { pem } = read;
  const { anchors, faults } = pemAnchors(pem);
  const certificates = anchors.flatMap(({ certificate }) => certificate?.sha256 ?? []);
  if (certificates.length === 0) {
    const why = faults[0] === undefined ? "" : ` (${faults[0]})`;
    return { problem: `${name}: found no certificate${why}, expected PEM or DER` };
  }
  const root: FileRoots = {
    kind: "file",
    name,
    pem,
    certificates: [...new Set(certificates)].sort(),
  };
  return { root, faults: faults.map((fault) => `${name}: ${fault}`) };
}

/** Roots as a policy names them: `system`, or a path from `directory`. */
export async function readNamedRoots(
  name: string,
  directory: string,
): Promise<RootsRead | { readonly problem: string }> {
  const path = pathOfRoots(name, directory);
  if (path !== undefined) return readRoots(path, name);
  return { problem: `${name}: none of ${SYSTEM_BUNDLES.join(", ")} is here` };
}

/** Where named roots stand; `undefined` when the system has none. */
export function pathOfRoots(name: string, directory: string): string | undefined {
  return name === SYSTEM ? SYSTEM_BUNDLES.find(existsSync) : resolve(directory, name);
}

const SYSTEM = "system";
/** One file each, as distributions write them (TRUST-STORES); the first that exists counts, as in Go. */
const SYSTEM_BUNDLES = [
  "/etc/ssl/certs/ca-certificates.crt",
  "/etc/pki/tls/certs/ca-bundle.crt",
  "/etc/ssl/ca-bundle.pem",
  "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
  "/etc/ssl/cert.pem",
];

export const CERTIFICATES: PemKind = {
  label: "CERTIFICATE",
  endings: ["pem", "crt", "cer", "der"],
  /** A distribution's bundle has about 200 KB. */
  bytesMax: 8 * 2 ** 20,
};
