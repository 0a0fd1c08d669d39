/** Which files a command line means. */
import { accessSync, constants, lstatSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { Misuse } from "./options.ts";
import { codeOf } from "./output.ts";

export interface Inputs {
  readonly files: readonly string[];
  /** Files that are there and that we may not open. */
  readonly unreadable: readonly { file: string; atByte: number; reason: string }[];
}

/** Sorts out what cannot be opened, so that it does not keep the rest from being judged. */
export function readableInputs(files: readonly string[]): Inputs {
  const unreadable: { file: string; atByte: number; reason: string }[] = [];
  const readable = files.filter((file) => {
    if (file === "-") return true;
    try {
      accessSync(file, constants.R_OK);
      return true;
    } catch (error) {
      unreadable.push({ file, atByte: 0, reason: `cannot be opened (${codeOf(error)})` });
      return false;
    }
  });
  return { files: readable, unreadable };
}

/**
 * Paths as they were given; a directory stands for the capture files in it and below it, sorted by
 * name. Throws `Misuse` for a path that is not there and for a directory without a capture.
 */
export function expandInputs(operands: readonly string[]): string[] {
  if (operands.filter((operand) => operand === "-").length > 1) {
    throw new Misuse("- is given twice: standard input can be read once");
  }
  const files: string[] = [];
  for (const operand of operands) {
    if (operand === "-" || !isDirectory(operand)) {
      files.push(operand);
      continue;
    }
    const inside = capturesBelow(operand, 0);
    if (inside.length === 0) {
      throw new Misuse(`${operand}: no capture in this directory, expected names as ${NAMES_SAY}`);
    }
    files.push(...inside);
    if (files.length > FILES_MAX) throw new Misuse(`more than ${FILES_MAX} captures at once`);
  }
  return files;
}

function isDirectory(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch (error) {
    const code = codeOf(error);
    if (code === "ENOENT" || code === "ENOTDIR") throw new Misuse(`${path}: no such file`);
    return false;
  }
}

/** Links to directories are not followed: they may lead in a circle. */
function capturesBelow(directory: string, depth: number): string[] {
  let names: string[];
  try {
    names = readdirSync(directory).sort();
  } catch (error) {
    throw new Misuse(`${directory}: cannot be listed (${codeOf(error)})`);
  }
  return names.flatMap((name) => {
    const path = join(directory, name);
    const isBelow = lstatSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
    if (isBelow) return depth < DEPTH_MAX ? capturesBelow(path, depth + 1) : [];
    return CAPTURE_NAME.test(name) ? [path] : [];
  });
}

/** Also as rotation by tcpdump and others leaves them: `x.pcap3`, `x.pcap.3`. */
const CAPTURE_NAME = /\.(?:pcap|pcapng|cap|dmp|ntar)(?:\.?\d+)?(?:\.gz|\.zst)?$/i;
const NAMES_SAY = "*.pcap, *.pcapng, *.cap, also with .gz or .zst";
const DEPTH_MAX = 16;
const FILES_MAX = 100_000;
