/** Root certificates from files, as a policy or `--roots` names them. */
import { pemAnchors } from "../trust/anchors.ts";
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

export const CERTIFICATES: PemKind = {
  label: "CERTIFICATE",
  endings: ["pem", "crt", "cer", "der"],
  /** A distribution's bundle has about 200 KB. */
  bytesMax: 8 * 2 ** 20,
};
