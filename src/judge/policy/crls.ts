/** Certificate revocation lists from files, as a policy or `--crl` names them. Nothing fetches one. */
import { hash } from "node:crypto";
import { parseRevocationList, pemRevocationLists } from "../../trust/revocation.ts";
import { type PemKind, readPemFiles } from "./pem-files.ts";
import type { FileCrls } from "./policy.ts";

export { withCrls } from "./policy.ts";

export interface CrlsRead {
  readonly crls: FileCrls;
  /** Lists that say nothing, in words; the others count. */
  readonly faults: readonly string[];
}

/** `name` is how a policy calls it. Every error of the file system becomes a `problem`, in words. */
export async function readCrls(
  path: string,
  name: string = path,
): Promise<CrlsRead | { readonly problem: string }> {
  const read = await readPemFiles(path, LISTS);
  if ("problem" in read) return { problem: `${name}: ${read.problem}` };
  const lists = pemRevocationLists(read.pem);
  if (lists.length === 0) {
    return { problem: `${name}: found no revocation list, expected PEM (X509 CRL) or DER` };
  }
  const faults = lists.flatMap((der, i) => {
    const { refused } = parseRevocationList(der);
    return refused === undefined ? [] : [`${name}: list ${i + 1} is not used: ${refused}`];
  });
  const sha256 = lists.map((der) => hash("sha256", der));
  return { crls: { name, lists, sha256: sha256.sort() }, faults };
}

export const LISTS: PemKind = {
  label: "X509 CRL",
  endings: ["crl", "pem", "der"],
  /** The largest public lists have about 40 MB. */
  bytesMax: 64 * 2 ** 20,
};
