/**
 * Whether the files that a policy was made of are still those: its own, its roots, its revocation lists. A
 * process that runs for long asks now and then, and reads everything again when something differs;
 * nothing here keeps state or watches.
 *
 * A file is told by inode, size and time of change (`ctime`, which no program can set back): somebody
 * who puts another file in its place, edits it or restores its `mtime` is noticed. A directory counts
 * with everything in it that would be read.
 */
import type { BigIntStats } from "node:fs";
import { stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { LISTS } from "./crls.ts";
import { codeOf, filesAt, type PemKind } from "./pem-files.ts";
import type { Policy } from "./policy.ts";
import { CERTIFICATES, pathOfRoots } from "./roots.ts";

/** What is looked at: a path, and for a directory which files of it count. */
export interface Watched {
  readonly path: string;
  /** Absent for what is a single file. */
  readonly kind?: PemKind;
}

/** What a policy was made of, when it was read from this file. */
export function watchedBy(file: string, { issuers }: Policy): Watched[] {
  const directory = dirname(file);
  const roots = issuers.roots.flatMap((one) => (one.kind === "file" ? one.name : []));
  return [
    { path: file },
    ...roots.map((name) => ({
      path: pathOfRoots(name, directory) ?? name,
      kind: CERTIFICATES,
    })),
    ...(issuers.crls ?? []).map(({ name }) => ({ path: resolve(directory, name), kind: LISTS })),
  ];
}

/**
 * Equal texts, unchanged files. What cannot be looked at is part of the text as its error: a file that
 * went away, or came, is a change, and never throws.
 */
export async function fingerprintOf(watched: readonly Watched[]): Promise<string> {
  return (await Promise.all(watched.map(markOf))).join("\n");
}

async function markOf({ path, kind }: Watched): Promise<string> {
  try {
    const files = kind === undefined ? [path] : await filesAt(path, kind);
    if (typeof files === "string") return `${path}: ${files}`;
    const marks = await Promise.all(
      files.map(async (file) => `${file} ${markOfStat(await stat(file, { bigint: true }))}`),
    );
    return marks.join("\n");
  } catch (error) {
    return `${path}: ${codeOf(error)}`;
  }
}

function markOfStat({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return `${dev}:${ino} ${size} ${mtimeNs} ${ctimeNs}`;
}
