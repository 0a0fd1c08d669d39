/**
 * What tests import as "vitest" while mutants are run: the same `expect`, and a `test` that only
 * keeps the tests, so that the same process can run them against one mutant after another.
 */
import { expect } from "vitest";

export { expect };

export interface Kept {
  /** Where it stands, and which of those of the same name it is. */
  readonly name: string;
  readonly run: () => unknown;
}

export interface Suite {
  readonly tests: readonly Kept[];
  /** Undoes what the file's `beforeAll` did. */
  readonly end: () => Promise<void>;
}

/** The tests of the file that was loaded since the last call, ready to run. */
export async function takeSuite(): Promise<Suite> {
  // Bodies of groups run when the whole file was read: they use constants that stand below them.
  for (let group = groups.shift(); group !== undefined; group = groups.shift()) {
    path = group.path;
    group.body();
  }
  path = [];
  const suite = { tests, before, after, beforeEach: each.before, afterEach: each.after };
  [tests, before, after, each] = [[], [], [], { before: [], after: [] }];
  names.clear();
  for (const body of suite.before) await body();
  return {
    tests: suite.tests.map(({ name, run }) => ({ name, run: () => around(run, suite) })),
    end: async () => {
      for (const body of suite.after) await body();
    },
  };
}

async function around(
  run: Kept["run"],
  { beforeEach, afterEach }: { readonly beforeEach: Body[]; readonly afterEach: Body[] },
): Promise<void> {
  for (const body of beforeEach) await body();
  try {
    await run();
  } finally {
    for (const body of afterEach) await body();
  }
}

type Body = (...values: never[]) => unknown;
type Define = (name: string, ...rest: readonly unknown[]) => void;

/** `test(name, body)`, with options before the body or a timeout behind it. */
const one: Define = (name, ...rest) => keep(name, bodyOf(rest));

const group: Define = (name, ...rest) => enter(name, bodyOf(rest));

/** A call of `.each` or `.for`: the table first, then name and body. */
const table =
  (define: (name: string, body: Body) => void, spread: boolean) =>
  (rows: readonly unknown[]): Define =>
  (name, ...rest) => {
    const body = bodyOf(rest);
    for (const row of rows) {
      const values = (spread && Array.isArray(row) ? row : [row]) as never[];
      define(name, () => body(...values));
    }
  };

const nothing: Define = () => undefined;

export const test = Object.assign(one, {
  each: table(keep, true),
  for: table(keep, false),
  skipIf: (skip: unknown) => (skip ? nothing : one),
  runIf: (run: unknown) => (run ? one : nothing),
});

export const describe = Object.assign(group, {
  each: table(enter, true),
  skipIf: (skip: unknown) => (skip ? nothing : group),
  runIf: (run: unknown) => (run ? group : nothing),
});

export function beforeAll(body: Body): void {
  before.push(body);
}

export function afterAll(body: Body): void {
  after.push(body);
}

export function beforeEach(body: Body): void {
  each.before.push(body);
}

export function afterEach(body: Body): void {
  each.after.push(body);
}

function keep(name: string, body: Body): void {
  const full = [...path, name].join(" > ");
  const count = (names.get(full) ?? 0) + 1;
  names.set(full, count);
  tests.push({ name: `${full} #${count}`, run: body });
}

function enter(name: string, body: Body): void {
  groups.push({ path: [...path, name], body });
}

function bodyOf(rest: readonly unknown[]): Body {
  return rest.find((value) => typeof value === "function") as Body;
}

let path: readonly string[] = [];
const groups: { readonly path: readonly string[]; readonly body: Body }[] = [];
let tests: Kept[] = [];
let before: Body[] = [];
let after: Body[] = [];
let each: { readonly before: Body[]; readonly after: Body[] } = { before: [], after: [] };
const names = new Map<string, number>();
