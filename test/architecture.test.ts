/**
 * What ARCHITECTURE.md promises about the shape of the project, read from the files themselves.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join, normalize } from "node:path";
import { describe, expect, test } from "vitest";

const sources = filesBelow("src").filter((path) => path.endsWith(".ts"));

describe("imports", () => {
  test("point one way, as the arrows do", () => {
    const wrong = sources.flatMap((path) =>
      importsOf(path)
        .filter((one) => !isAllowed(path, one))
        .map((one) => `${path} imports ${one.path}`),
    );
    expect(wrong).toEqual([]);
  });

  test("lead to files that exist", () => {
    const missing = sources.flatMap((path) =>
      importsOf(path)
        .filter((one) => !existsSync(one.path))
        .map((one) => `${path} imports ${one.path}`),
    );
    expect(missing).toEqual([]);
  });

  test("reach system calls through src/kernel alone", () => {
    const reaching = sources.filter((path) =>
      /from "koffi"|["(]koffi"/.test(readFileSync(path, "utf8")),
    );
    expect(reaching.filter((path) => !path.startsWith("src/kernel/"))).toEqual([]);
  });

  test("never come from a folder that this test does not know", () => {
    const known = new Set([...ORDER, ...BESIDE, ...ANYTHING]);
    const folders = readdirSync("src", { withFileTypes: true }).filter((one) => one.isDirectory());
    expect(folders.map(({ name }) => name).filter((name) => !known.has(name))).toEqual([]);
  });
});

describe("folders", () => {
  test("are not named for what has no better name", () => {
    const paths = [...filesBelow("src"), ...filesBelow("test")];
    const vague = /(^|\/)(utils?|common|helpers?|types?|misc|shared)(\.ts|\/)/;
    expect(paths.filter((path) => vague.test(path))).toEqual([]);
  });

  test.each(LISTED())("%s: every file is in its index.ts", (folder, expected) => {
    const index = readFileSync(join(folder, "index.ts"), "utf8");
    const listed = [...index.matchAll(/from "\.\/([^"]+)"/g)].map((match) => match[1]);
    const lazily = [...index.matchAll(/import\("\.\/([^"]+)"\)/g)].map((match) => match[1]);
    expect(expected.length).toBeGreaterThan(0);
    expect(expected.filter((file) => ![...listed, ...lazily].includes(file))).toEqual([]);
  });

  test("every capture says what it shows", () => {
    const captures = filesBelow("captures").filter((path) =>
      /\.(pcap|pcapng)(\.gz|\.zst)?$/.test(path),
    );
    const silent = captures.filter(
      (path) => !existsSync(path.replace(/\.(pcap|pcapng)(\.gz|\.zst)?$/, ".md")),
    );
    expect(silent).toEqual([]);
  });
});

describe("dependencies", () => {
  const lock = JSON.parse(readFileSync("package-lock.json", "utf8")) as {
    packages: Record<string, LockEntry>;
  };
  const entries = Object.entries(lock.packages).filter(([path]) => path !== "");

  test("are each locked by a hash, and to no address", () => {
    const loose = entries.filter(([, entry]) => !entry.integrity && !entry.link);
    expect(loose.map(([path]) => path)).toEqual([]);
    const addressed = entries.filter(([, entry]) => entry.resolved !== undefined);
    expect(addressed.map(([path]) => path)).toEqual([]);
  });

  test("have licences that we can pass on", () => {
    const odd = entries.filter(([, entry]) => !mayUse(entry));
    expect(odd.map(([path, entry]) => `${path}: ${entry.license ?? "none"}`)).toEqual([]);
  });

  test("carry native binaries only where that is known", () => {
    const native = entries.filter(
      ([path, entry]) => entry.os || entry.cpu || entry.libc || holdsBinary(path),
    );
    const odd = native.filter(([path, entry]) => {
      const name = path.replace(/^.*node_modules\//, "");
      return !(entry.dev ? NATIVE_IN_TESTS : NATIVE).some((known) => known.test(name));
    });
    expect(odd.map(([path]) => path)).toEqual([]);
  });

  test("run nothing when they are installed", () => {
    expect(readFileSync(".npmrc", "utf8")).toMatch(/^ignore-scripts=true$/m);
    const scripted = entries.filter(([, entry]) => entry.hasInstallScript);
    // Its script would build what the packages for each platform already hold: it does without.
    expect(scripted.map(([path]) => path)).toEqual(["node_modules/koffi"]);
  });

  test("of the program itself are pinned exactly", () => {
    const about = JSON.parse(readFileSync("package.json", "utf8")) as Record<string, unknown>;
    const named = ["dependencies", "devDependencies", "optionalDependencies"].flatMap((group) =>
      Object.entries((about[group] ?? {}) as Record<string, string>),
    );
    expect(named.filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version))).toEqual([]);
  });
});

interface LockEntry {
  readonly integrity?: string;
  readonly resolved?: string;
  readonly license?: string;
  readonly link?: boolean;
  readonly dev?: boolean;
  readonly os?: readonly string[];
  readonly cpu?: readonly string[];
  readonly libc?: readonly string[];
  readonly hasInstallScript?: boolean;
}

interface Import {
  readonly path: string;
  /** Erased before it runs: it makes nothing depend on anything at run time. */
  readonly typeOnly: boolean;
}

/** Every relative import of a file, static or not, as a path from the project's root. */
function importsOf(path: string): Import[] {
  const text = readFileSync(path, "utf8");
  const statics = [...text.matchAll(/^(?:import|export)\s+(type\s+)?[^;]*?from\s+"(\.[^"]+)"/gm)];
  const bare = [...text.matchAll(/(?:^import\s+|import\()"(\.[^"]+)"/gm)];
  return [
    ...statics.map((match) => ({ target: match[2]!, typeOnly: match[1] !== undefined })),
    ...bare.map((match) => ({ target: match[1]!, typeOnly: false })),
  ].map(({ target, typeOnly }) => ({ path: normalize(join(dirname(path), target)), typeOnly }));
}

function isAllowed(from: string, one: Import): boolean {
  const source = folderOf(from);
  const target = folderOf(one.path);
  if (source === target || SHARED.has(target) || mayImportAnything(source)) return true;
  if (mayImportAnything(target)) return false;
  const [sourceRank, targetRank] = [ORDER.indexOf(source), ORDER.indexOf(target)];
  if (sourceRank >= 0 && targetRank >= 0) return targetRank < sourceRank;
  // What stands beside the arrows gives events to the judge and takes nothing from behind it.
  if (sourceRank >= 0) return BESIDE.has(target) && (one.typeOnly || sourceRank >= JUDGE);
  return targetRank < JUDGE || one.typeOnly || BEHIND.has(source);
}

/** The commands, and the files beside the folders: there the parts are put together. */
function mayImportAnything(folder: string): boolean {
  return ANYTHING.has(folder) || (folder.endsWith(".ts") && !SHARED.has(folder));
}

/** The folder under src, or the file itself where it lies directly in src. */
function folderOf(path: string): string {
  const [, first = ""] = path.split("/");
  return first;
}

function filesBelow(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

/** Folders that are extended a file at a time, and the files that their index.ts must list. */
function LISTED(): [string, string[]][] {
  const extended = ["src/judge/rules", "src/inspect/plaintext", "src/respond", "src/report"];
  return extended
    .filter((folder) => existsSync(join(folder, "index.ts")))
    .map((folder) => [folder, entriesOf(folder)]);
}

/** The files of a folder that hold what it is extended by: a rule, a detector, a responder, a sink. */
function entriesOf(folder: string): string[] {
  const files = filesBelow(folder).filter((path) => basename(path) !== "index.ts");
  const entry = /export const \w+: (Rule|Detector|Responder|OpenSink)\b/;
  return files
    .filter((path) => entry.test(readFileSync(path, "utf8")))
    .map((path) => basename(path));
}

/** One licence of an SPDX choice is enough; what only tests run may also be weakly copyleft. */
function mayUse(entry: LockEntry): boolean {
  const choices = (entry.license ?? "none").replace(/[()]/g, "").split(" OR ");
  return choices.some((one) => LICENCES.has(one) || (entry.dev === true && one === "MPL-2.0"));
}

/** A native library or program that lies in an installed package. */
function holdsBinary(path: string): boolean {
  return filesBelow(path).some((file) => /\.(node|so|dylib|dll|exe)$/.test(file));
}

/** As the arrows in ARCHITECTURE.md: each may import from those before it. */
const ORDER = [
  "kernel",
  "capture",
  "decode",
  "flow",
  "inspect",
  "trust",
  "judge",
  "respond",
  "report",
];
const JUDGE = ORDER.indexOf("judge");
const BESIDE = new Set(["probe", "host", "evidence", "ledger", "review", "inject"]);
/** Of those, what works on what was judged and said. */
const BEHIND = new Set(["review", "evidence"]);
/** Nothing imports these but each other: there the parts are put together. */
const ANYTHING = new Set(["cli", "control", "watch"]);
/** The one shape and the one output that every stage has. */
const SHARED = new Set(["stage.ts", "lazily.ts"]);

const LICENCES = new Set([
  "MIT",
  "ISC",
  "Apache-2.0",
  "BSD-2-Clause",
  "BSD-3-Clause",
  "0BSD",
  "BlueOak-1.0.0",
]);
const NATIVE = [/^node-linux-/, /^koffi$/, /^@koromix\/koffi-/];
/** The linter, the compiler, and the bundler inside the test runner. */
const NATIVE_IN_TESTS = [
  /^@biomejs\/cli-/,
  /^@typescript\/typescript-/,
  /^@rolldown\/binding-/,
  /^lightningcss-/,
  /^fsevents$/,
];
