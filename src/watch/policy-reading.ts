/**
 * The program of a child that reads one policy, says what it found on standard output and ends.
 *
 * A YAML parser and a validator cost a process 15 MB for as long as it lives, and a policy is read at start and
 * when it changes: so whoever watches for months leaves that to a child (policy-child.ts).
 */
import { writeSync } from "node:fs";
import { serialize } from "node:v8";
import { readCrls, withCrls } from "../judge/policy/crls.ts";
import { fingerprintOf, watchedBy } from "../judge/policy/files-changed.ts";
import { defaultPolicy, type Policy } from "../judge/policy/policy.ts";
import { PolicyError } from "../judge/policy/policy-error.ts";
import { readPolicyFile } from "../judge/policy/policy-file.ts";
import { readNamedRoots, withRoots } from "../judge/policy/roots.ts";
import type { PolicyRead, PolicySource } from "./policy-child.ts";

const bytes = serialize(await read(JSON.parse(process.argv[2] ?? "{}") as PolicySource));
for (let at = 0; at < bytes.length; ) at += writeSync(1, bytes, at);

/** The mark is taken before and after: files that change meanwhile are read again. */
async function read(source: PolicySource): Promise<PolicyRead> {
  for (let attempt = 1; ; attempt++) {
    const known = await attemptToRead(source);
    if ("problem" in known) return known;
    const watched = source.file === undefined ? [] : watchedBy(source.file, known.policy);
    const mark = await fingerprintOf(watched);
    const again = await attemptToRead(source);
    if ("problem" in again) return again;
    const isSame = again.policy.sha256 === known.policy.sha256;
    if (isSame && (await fingerprintOf(watched)) === mark) return { ...again, watched, mark };
    if (attempt === ATTEMPTS_MAX) {
      return { problem: `${source.file}: changes while it is read, ${attempt} times in a row` };
    }
  }
}

async function attemptToRead({
  file,
  roots,
  crls,
}: PolicySource): Promise<{ policy: Policy } | { problem: string }> {
  let policy = defaultPolicy;
  try {
    if (file !== undefined) policy = await readPolicyFile(file);
  } catch (error) {
    if (error instanceof PolicyError) return { problem: error.message };
    throw error;
  }
  for (const path of roots) {
    const read = await readNamedRoots(path, ".");
    if ("problem" in read) return read;
    policy = withRoots(policy, [read.root]);
  }
  for (const path of crls) {
    const read = await readCrls(path);
    if ("problem" in read) return read;
    policy = withCrls(policy, [read.crls]);
  }
  return { policy };
}

/** Whoever writes a file for longer is not done with it. */
const ATTEMPTS_MAX = 5;
