/**
 * Root certificates from files: a PEM bundle, one DER certificate, or a directory of either. The one
 * place of `judge` that opens files which are not policies.
 */
import { readdir, readFile, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { pemAnchors } from "../trust/anchors.ts";
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
  try {
    const files = await filesAt(path);
    if (typeof files === "string") return { problem: `${name}: ${files}` };
    const texts: string[] = [];
    for (const file of files) {
      const text = await readPem(file);
      if (text === undefined)
        return { problem: `${name}: ${basename(file)} has more than ${FILE_BYTES_MAX} bytes` };
      texts.push(text);
    }
    const pem = texts.join("\n");
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
  } catch (error) {
    return { problem: `${name}: cannot be read (${codeOf(error)})` };
  }
}

/** The file itself, or a directory's certificates in the order of their names. */
async function filesAt(path: string): Promise<string[] | string> {
  const found = await stat(path);
  if (found.isFile()) return [path];
  if (!found.isDirectory()) return "is neither a file nor a directory";
  const names = (await readdir(path)).filter((name) => CERTIFICATE_FILE.test(name)).sort();
  if (names.length > FILES_MAX) return `${names.length} files, expected at most ${FILES_MAX}`;
  if (names.length === 0) return "no file in it ends in .pem, .crt, .cer or .der";
  return names.map((name) => join(path, name));
}

/** The text of a PEM file, or a DER file as PEM; `undefined` if it is too large. */
async function readPem(file: string): Promise<string | undefined> {
  const { size } = await stat(file);
  if (size > FILE_BYTES_MAX) return undefined;
  const bytes = await readFile(file);
  if (bytes[0] !== DER_SEQUENCE) return bytes.toString("latin1");
  const body = bytes.toString("base64").replace(/(.{64})/g, "$1\n");
  return `-----BEGIN CERTIFICATE-----\n${body}\n-----END CERTIFICATE-----\n`;
}

function codeOf(error: unknown): string {
  if (error instanceof Error && "code" in error) return String(error.code);
  return String(error);
}

const CERTIFICATE_FILE = /\.(?:pem|crt|cer|der)$/i;
const DER_SEQUENCE = 0x30;
/** A distribution's bundle has about 200 KB and 150 files. */
const FILE_BYTES_MAX = 8 * 2 ** 20;
const FILES_MAX = 4096;
