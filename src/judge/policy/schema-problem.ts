/**
 * What zod found wrong, in words for whoever wrote the file: what stands there, what was expected,
 * and for a key that does not exist the nearest one that does.
 */
import type * as z from "zod";
import type { Path } from "./yaml-source.ts";

export interface SchemaProblem {
  readonly path: Path;
  /** The place of the key and not of its value. */
  readonly atKey: boolean;
  /** It is about what a map as a whole does not say. */
  readonly whole: boolean;
  readonly message: string;
}

export function schemaProblems(
  issues: readonly z.core.$ZodIssue[],
  { schema, value }: { schema: z.ZodType; value: unknown },
): SchemaProblem[] {
  const problems = issues.flatMap((issue) => problemsOf(issue, [], { schema, value }));
  // A misspelt key is also missing; saying so twice helps nobody.
  return problems.filter(
    ({ path, whole }) =>
      !whole || !problems.some(({ path: other, atKey }) => atKey && isInside(other, path)),
  );
}

function problemsOf(
  issue: z.core.$ZodIssue,
  base: Path,
  whole: { schema: z.ZodType; value: unknown },
): SchemaProblem[] {
  const path = [...base, ...(issue.path as (string | number)[])];
  const found = valueAt(whole.value, path);
  const isMap = typeof found === "object" && found !== null && !Array.isArray(found);
  const isMissing = found === undefined && typeof path.at(-1) === "string";
  const what = isMissing ? `no \`${path.at(-1)}\`` : show(found);
  const at = (expected: string): SchemaProblem => ({
    path,
    atKey: false,
    whole: isMap && issue.code === "custom",
    message: `${what}, expected ${expected}`,
  });
  switch (issue.code) {
    case "unrecognized_keys":
      return issue.keys.map((key) => ({
        path: [...path, key],
        atKey: true,
        whole: false,
        message: unknownKey(key, knownKeys(whole.schema, path)),
      }));
    case "invalid_key": {
      const message = issue.issues.map((inner) => inner.message).join("; ");
      return [
        { ...at(message), atKey: true, message: `key ${show(path.at(-1))}, expected ${message}` },
      ];
    }
    case "invalid_union":
      return branchOf(issue.errors, found).flatMap((inner) => problemsOf(inner, path, whole));
    case "invalid_value":
      return [at(choice(issue.values.map(String), found))];
    case "invalid_type":
      return [at(TYPE[issue.expected] ?? issue.expected)];
    case "too_small":
    case "too_big":
      return [at(sizeOf(issue))];
    default:
      return [at(issue.message)];
  }
}

function choice(values: readonly string[], found: unknown): string {
  const list = values.join(", ");
  // Only `unseen` has the stricter decisions without this one.
  const blind = found === "pass" && values.includes("report");
  return blind ? `${list}: what was not seen is never clean` : list;
}

function isInside(path: Path, outer: Path): boolean {
  return path.length === outer.length + 1 && outer.every((part, i) => part === path[i]);
}

/**
 * Of a union's branches, the one that was meant: for a map the one that went into it, else the one
 * that names the most values.
 */
function branchOf(
  errors: readonly (readonly z.core.$ZodIssue[])[],
  found: unknown,
): readonly z.core.$ZodIssue[] {
  const isOuter = (issue: z.core.$ZodIssue) =>
    issue.path.length === 0 && issue.code !== "unrecognized_keys";
  const inside = errors.filter((branch) => !branch.some(isOuter));
  if (typeof found === "object" && found !== null && inside.length > 0) return inside[0]!;
  // All scalars of all branches: "report, refuse, cut, probe".
  const flat = errors
    .flat()
    .flatMap((issue) => (issue.code === "invalid_union" ? issue.errors.flat() : issue));
  const custom = flat.find(({ code }) => code === "custom");
  if (custom !== undefined) return [custom];
  const values = flat.flatMap((issue) => (issue.code === "invalid_value" ? issue.values : []));
  if (values.length === 0) return errors[0] ?? [];
  return [{ code: "invalid_value", values: [...new Set(values)], path: [], message: "" }];
}

function unknownKey(key: string, known: readonly string[]): string {
  const near = known
    .map((candidate) => ({
      candidate,
      distance: distance(key.toLowerCase(), candidate.toLowerCase()),
    }))
    .sort((a, b) => a.distance - b.distance)[0];
  const hint =
    near !== undefined && near.distance <= Math.max(2, key.length / 2)
      ? `, did you mean \`${near.candidate}\`?`
      : "";
  const expected = hint === "" && known.length > 0 ? `, expected ${known.join(", ")}` : "";
  return `unknown key ${show(key)}${hint}${expected}`;
}

/** Keys that the schema knows where this path leads, of every branch that has keys. */
function knownKeys(schema: z.ZodType, path: Path): string[] {
  let reached: readonly z.ZodType[] = [schema];
  for (const part of path)
    reached = reached.flatMap((type) => unwrap(type)).flatMap((type) => step(type, part));
  return reached
    .flatMap((type) => unwrap(type))
    .flatMap((type) => (isKind(type, "object") ? Object.keys(type.shape) : []));
}

function step(type: z.ZodType, part: string | number): z.ZodType[] {
  if (isKind(type, "array")) return [type.element as z.ZodType];
  if (isKind(type, "record")) return [type.valueType as z.ZodType];
  const inner = isKind(type, "object") ? type.shape[part] : undefined;
  return inner === undefined ? [] : [inner as z.ZodType];
}

/** Without `optional`, and each branch of a union. */
function unwrap(type: z.ZodType): z.ZodType[] {
  if (isKind(type, "optional")) return unwrap(type.unwrap() as z.ZodType);
  if (isKind(type, "union")) return type.options.flatMap((option) => unwrap(option as z.ZodType));
  return [type];
}

interface Kinds {
  array: z.ZodArray;
  object: z.ZodObject;
  optional: z.ZodOptional;
  record: z.ZodRecord;
  union: z.ZodUnion;
}

/** By name, so that zod itself is not loaded here a second time under another version. */
function isKind<Kind extends keyof Kinds>(type: unknown, kind: Kind): type is Kinds[Kind] {
  return (type as z.ZodType).def.type === kind;
}

function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (inner, part) =>
      typeof inner === "object" && inner !== null
        ? (inner as Record<string | number, unknown>)[part]
        : undefined,
    value,
  );
}

function sizeOf(issue: z.core.$ZodIssueTooSmall | z.core.$ZodIssueTooBig): string {
  const unit = UNIT[issue.origin] ?? "";
  if (issue.code === "too_small") return `at least ${issue.minimum}${unit}`;
  return `at most ${issue.maximum}${unit}`;
}

/** As a person would point at it: short, and on one line. */
function show(value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? "an empty list" : "a list";
  if (typeof value === "object" && value !== null) return "a map";
  if (typeof value !== "string") return String(value);
  return JSON.stringify(value.length <= SHOWN_MAX ? value : `${value.slice(0, SHOWN_MAX)}…`);
}

/** Levenshtein: how many letters to change, add or drop. */
function distance(a: string, b: string): number {
  const [from, to] = [a.slice(0, SHOWN_MAX), b.slice(0, SHOWN_MAX)];
  let row = Array.from({ length: to.length + 1 }, (_, i) => i);
  for (let i = 1; i <= from.length; i++) {
    const next = [i];
    for (let j = 1; j <= to.length; j++) {
      const swap = row[j - 1]! + (from[i - 1] === to[j - 1] ? 0 : 1);
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, swap));
    }
    row = next;
  }
  return row[to.length]!;
}

const TYPE: Readonly<Record<string, string>> = {
  array: "a list",
  object: "a map",
  record: "a map",
  string: "text",
  int: "a whole number",
  number: "a number",
  boolean: "true or false",
};
const UNIT: Readonly<Record<string, string>> = { array: " of them", string: " characters" };
const SHOWN_MAX = 60;
