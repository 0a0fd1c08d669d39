/** What mutants are made from: recorded handshakes, our own captures, and public ones if present. */
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { type Handshake, readHandshakes } from "./handshake-file.ts";

export interface Corpus {
  readonly handshakes: readonly Handshake[];
  /** Whole capture files, as they are. */
  readonly captures: readonly { readonly path: string; readonly bytes: Uint8Array }[];
  /** A mutant is the same elsewhere only if this is. */
  readonly digest: string;
}

export function loadCorpus(folders: readonly string[] = FOLDERS): Corpus {
  const handshakes = readHandshakes();
  const captures = folders.flatMap(capturesBelow);
  const hash = createHash("sha256");
  for (const { flights } of handshakes) for (const { bytes } of flights) hash.update(bytes);
  for (const { bytes } of captures) hash.update(bytes);
  return { handshakes, captures, digest: hash.digest("hex").slice(0, 12) };
}

function capturesBelow(folder: string): { path: string; bytes: Uint8Array }[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(p?cap|pcapng|ntar|dmp)$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
    .filter((path) => statSync(path).size <= CAPTURE_BYTES_MAX)
    .map((path) => ({ path, bytes: Uint8Array.from(readFileSync(path)) }));
}

const FOLDERS = ["captures", "../shared/captures"];
/** Larger ones cost many mutants' time each. */
const CAPTURE_BYTES_MAX = 20_000;
