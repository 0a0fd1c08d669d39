/**
 * What survives of the last good policy on disk: its hash and what it says of our absence.
 *
 * A start with a broken policy never judges by an old one, since nobody can tell how old. It only has to know
 * whether the gate must stand closed until somebody mends the file (THREATS, "Faults"). Written whole or
 * not at all; a file that cannot be read counts as none.
 */
import {
  closeSync,
  constants,
  fsyncSync,
  openSync,
  readSync,
  renameSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import type { Policy } from "../judge/policy/policy.ts";

export type OnFailure = "open" | "closed";

export interface KeptPolicy {
  readonly version: 1;
  readonly sha256: string;
  readonly mode: Policy["mode"];
  /** Absent where the policy does not say. */
  readonly onFailure?: OnFailure;
}

/** What a policy says of our absence; undefined where it does not. */
export function onFailureOf({ later }: Policy): OnFailure | undefined {
  const respond = later.respond;
  if (typeof respond !== "object" || respond === null || !("onFailure" in respond))
    return undefined;
  const { onFailure } = respond;
  return onFailure === "open" || onFailure === "closed" ? onFailure : undefined;
}

/** Throws what the file system says. */
export function keepPolicy(directory: string, policy: Policy): void {
  const onFailure = onFailureOf(policy);
  const { sha256, mode } = policy;
  const kept: KeptPolicy = { version: 1, sha256, mode, ...(onFailure && { onFailure }) };
  const path = join(directory, FILE);
  const fd = openSync(`${path}.new`, CREATE, 0o600);
  try {
    writeSync(fd, `${JSON.stringify(kept)}\n`);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  renameSync(`${path}.new`, path);
  syncDirectory(directory);
}

/** Never throws. */
export function keptPolicy(directory: string): KeptPolicy | undefined {
  try {
    const fd = openSync(join(directory, FILE), READ);
    try {
      const bytes = Buffer.alloc(BYTES_MAX);
      const text = bytes.toString("utf8", 0, readSync(fd, bytes));
      return checked(JSON.parse(text));
    } finally {
      closeSync(fd);
    }
  } catch {
    return undefined;
  }
}

function checked(value: unknown): KeptPolicy | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { version, sha256, mode, onFailure } = value as Record<string, unknown>;
  if (version !== 1 || typeof sha256 !== "string" || !/^[0-9a-f]{64}$/.test(sha256))
    return undefined;
  if (mode !== "audit" && mode !== "enforce") return undefined;
  if (onFailure !== undefined && onFailure !== "open" && onFailure !== "closed") return undefined;
  return { version, sha256, mode, ...(onFailure && { onFailure }) };
}

function syncDirectory(directory: string): void {
  const fd = openSync(directory, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

const FILE = "last-good-policy.json";
const { O_CREAT, O_WRONLY, O_TRUNC, O_NOFOLLOW, O_RDONLY, O_NONBLOCK } = constants;
const CREATE = O_CREAT | O_WRONLY | O_TRUNC | O_NOFOLLOW;
const READ = O_RDONLY | O_NOFOLLOW | O_NONBLOCK;
/** Ours has about 150 bytes. */
const BYTES_MAX = 4096;
