/**
 * From a file to a policy. Loads a YAML parser and a validator, about 100 ms of start, so only
 * `--policy` loads this module.
 *
 * Everything that is wrong is told at once, with its line and column: whoever edits a policy under
 * pressure should not have to run the program ten times.
 */
import { open } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { windowOf } from "../window.ts";
import { readCrls } from "./crls.ts";
import {
  defaultPolicy,
  type FileCrls,
  type Policy,
  type Roots,
  sealPolicy,
  type Window,
} from "./policy.ts";
import { formatProblem, PolicyError, type PolicyProblem } from "./policy-error.ts";
import { expectOf, meshOf } from "./policy-expect.ts";
import { issuersOf } from "./policy-issuers.ts";
import { policySchema, type WrittenPolicy } from "./policy-schema.ts";
import { readNamedRoots } from "./roots.ts";
import { schemaProblems } from "./schema-problem.ts";
import { type Path, PROBLEMS_MAX, YamlSource } from "./yaml-source.ts";

/** Root files are found from the policy's own folder. Throws `PolicyError` and nothing else. */
export async function readPolicyFile(path: string): Promise<Policy> {
  return parsePolicy(await readPolicyText(path), path, dirname(path));
}

/** `file` is for messages. Throws `PolicyError` and nothing else. */
export async function parsePolicy(text: string, file: string, directory = "."): Promise<Policy> {
  if (text.trim() === "") throw failure(file, NOTHING);
  const source = new YamlSource(text);
  const problems: PolicyProblem[] = source.problems.map((problem) => ({ file, ...problem }));
  if (problems.length > 0) throw new PolicyError(inOrder(problems));
  if (source.value === null) throw failure(file, NOTHING);
  const read = policySchema.safeParse(source.value);
  if (!read.success) {
    const whole = { schema: policySchema, value: source.value };
    for (const { path, atKey, message } of schemaProblems(read.error.issues, whole)) {
      problems.push({ file, ...(atKey ? source.placeOfKey(path) : source.placeOf(path)), message });
    }
  }
  const { roots, crls, notices } = await filesOf(source, { file, directory, problems });
  if (!read.success || problems.length > 0) throw new PolicyError(inOrder(problems));
  return policyOf(read.data, { source, roots, crls, notices });
}

/** Bounded, and UTF-8. Throws `PolicyError` and nothing else. */
export async function readPolicyText(path: string): Promise<string> {
  let bytes: Buffer;
  try {
    await using handle = await open(path);
    const { size } = await handle.stat();
    if (size > FILE_BYTES_MAX)
      throw failure(path, `${size} bytes, expected at most ${FILE_BYTES_MAX}`);
    bytes = await handle.readFile();
    if (bytes.length > FILE_BYTES_MAX) throw failure(path, `more than ${FILE_BYTES_MAX} bytes`);
  } catch (error) {
    if (error instanceof PolicyError) throw error;
    const code = error instanceof Error && "code" in error ? error.code : error;
    throw failure(path, `cannot be read (${code})`);
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw failure(path, "bytes that are not UTF-8");
  }
}

interface Files {
  readonly roots: readonly Roots[];
  readonly crls: readonly FileCrls[];
  readonly notices: readonly string[];
}

/** Read whatever else is wrong, so that a missing file is told along with the rest. */
async function filesOf(
  source: YamlSource,
  { file, directory, problems }: { file: string; directory: string; problems: PolicyProblem[] },
): Promise<Files> {
  const issuers = (source.value as { issuers?: Record<string, unknown> } | null)?.issuers;
  const notices: string[] = [];
  const roots: Roots[] = [];
  const crls: FileCrls[] = [];
  const problem = (key: string, i: number, message: string) =>
    problems.push({ file, ...source.placeOf(["issuers", key, i]), message });
  for (const [i, name] of namesIn(issuers?.roots ?? ["mozilla"])) {
    if (name === "mozilla") {
      roots.push({ kind: "mozilla" });
      continue;
    }
    const read = await readNamedRoots(name, directory);
    if ("problem" in read) problem("roots", i, read.problem);
    else {
      roots.push(read.root);
      notices.push(...read.faults);
    }
  }
  for (const [i, name] of namesIn(issuers?.crls)) {
    const read = await readCrls(resolve(directory, name), name);
    if ("problem" in read) problem("crls", i, read.problem);
    else {
      crls.push(read.crls);
      notices.push(...read.faults);
    }
  }
  return { roots, crls, notices };
}

/** Those of a list that are text, with their places in it; the schema says what is wrong with others. */
function namesIn(written: unknown): [number, string][] {
  if (!Array.isArray(written)) return [];
  const some: unknown[] = written.slice(0, FILES_MAX);
  return [...some.entries()].filter((entry): entry is [number, string] => {
    return typeof entry[1] === "string";
  });
}

function policyOf(
  written: WrittenPolicy,
  { source, roots, crls, notices }: Files & { source: YamlSource },
): Policy {
  const { version, mode = defaultPolicy.mode, issuers = {}, resolvers, ...more } = written;
  const { expect, mesh, windows = [], windowSigners = [], probe, ...later } = more;
  const lineOf = (...path: Path) => source.placeOf(path).line;
  const unapplied = Object.keys(later).map(unappliedNotice);
  const signed = windows.map((window, i): Window => {
    return { line: source.placeOf(["windows", i]).line, ...windowOf(window, windowSigners) };
  });
  return sealPolicy({
    version,
    mode,
    issuers: { ...issuersOf(issuers, roots, lineOf), ...(crls.length > 0 && { crls }) },
    ...(resolvers !== undefined && { resolvers }),
    ...(expect !== undefined && { expect: expectOf(expect, lineOf) }),
    ...(mesh !== undefined && { mesh: meshOf(mesh, lineOf) }),
    ...(probe !== undefined && { probe }),
    ...(signed.length > 0 && { windows: signed }),
    later,
    notices: [
      ...notices,
      ...unknownRoots(issuers, roots),
      ...signed.flatMap((window) => refusedNotice(window) ?? []),
      ...unapplied,
    ],
  });
}

/** Such a line approves nothing, unless `--roots` brings what it names. */
function unknownRoots(
  { allow = [] }: NonNullable<WrittenPolicy["issuers"]>,
  roots: readonly Roots[],
): string[] {
  const names = new Set(roots.map((known) => (known.kind === "file" ? known.name : known.kind)));
  const strangers = new Set(
    allow.flatMap((line) => line.roots ?? []).filter((name) => !names.has(name)),
  );
  return [...strangers].map(unknownRootsNotice);
}

export function unknownRootsNotice(name: string): string {
  return `\`allow\` names the roots ${name}, and \`issuers.roots\` does not`;
}

export function refusedNotice({ name, refused }: Window): string | undefined {
  return refused === undefined ? undefined : `the window ${name} lowers nothing: ${refused}`;
}

export function unappliedNotice(key: string): string {
  return `\`${key}\` is checked and kept, but this version does not apply it yet`;
}

function inOrder(problems: readonly PolicyProblem[]): PolicyProblem[] {
  const known = new Map(problems.map((problem) => [formatProblem(problem), problem]));
  const place = ({ line = 0, column = 0 }: PolicyProblem) => line * 1e6 + column;
  return [...known.values()].sort((a, b) => place(a) - place(b)).slice(0, PROBLEMS_MAX);
}

function failure(file: string, message: string): PolicyError {
  return new PolicyError([{ file, message }]);
}

/** THREATS: empty is not "allow nothing" by accident. */
const NOTHING = "an empty file, expected at least `version: 1`";
/** About 3,000 `allow` lines with their reasons. */
const FILE_BYTES_MAX = 2 ** 20;
/** Of roots, and of revocation lists. */
const FILES_MAX = 256;
