/**
 * Certificates, or revocation lists, from files: PEM with any number of them, one in DER, or a
 * directory of either. The one place of `judge` that opens files which are not policies.
 */
import { readdir, readFile, stat } from "node:fs/promises";
import { basename, join } from "node:path";

/** What is looked for. */
export interface PemKind {
  /** Between the dashes. */
  readonly label: string;
  /** Names that count in a directory, without the dot. */
  readonly endings: readonly string[];
  /** Bounds one file. */
  readonly bytesMax: number;
}

/** The text of all files, DER ones as PEM; every error of the file system becomes words. */
export async function readPemFiles(
  path: string,
  kind: PemKind,
): Promise<{ readonly pem: string } | { readonly problem: string }> {
  try {
    const files = await filesAt(path, kind);
    if (typeof files === "string") return { problem: files };
    const texts: string[] = [];
    for (const file of files) {
      const text = await readPem(file, kind);
      if (text === undefined)
        return { problem: `${basename(file)} has more than ${kind.bytesMax} bytes` };
      texts.push(text);
    }
    return { pem: texts.join("\n") };
  } catch (error) {
    return { problem: `cannot be read (${codeOf(error)})` };
  }
}

/** The file itself, or those of a directory in the order of their names. */
export async function filesAt(path: string, { endings }: PemKind): Promise<string[] | string> {
  const found = await stat(path);
  if (found.isFile()) return [path];
  if (!found.isDirectory()) return "is neither a file nor a directory";
  const counts = (name: string) =>
    endings.some((ending) => name.toLowerCase().endsWith(`.${ending}`));
  const names = (await readdir(path)).filter(counts).sort();
  if (names.length > FILES_MAX) return `${names.length} files, expected at most ${FILES_MAX}`;
  if (names.length === 0) {
    const every = endings.map((ending) => `.${ending}`);
    return `no file in it ends in ${every.slice(0, -1).join(", ")} or ${every.at(-1)}`;
  }
  return names.map((name) => join(path, name));
}

/** `undefined` if it is too large. */
async function readPem(file: string, { label, bytesMax }: PemKind): Promise<string | undefined> {
  const { size } = await stat(file);
  if (size > bytesMax) return undefined;
  const bytes = await readFile(file);
  if (bytes[0] !== DER_SEQUENCE) return bytes.toString("latin1");
  const body = bytes.toString("base64").replace(/(.{64})/g, "$1\n");
  return `-----BEGIN ${label}-----\n${body}\n-----END ${label}-----\n`;
}

export function codeOf(error: unknown): string {
  if (error instanceof Error && "code" in error) return String(error.code);
  return String(error);
}

const DER_SEQUENCE = 0x30;
/** A distribution has about 150 of certificates. */
const FILES_MAX = 4096;
