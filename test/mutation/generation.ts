/**
 * Lets one process load the sources and tests many times, each time afresh and with another mutant.
 *
 * A generation is a number in the address of every module of ours, so that nothing that a mutant left
 * behind in a module is seen by the next. What lies in `node_modules` is loaded once.
 */
import { readFileSync } from "node:fs";
import { registerHooks, stripTypeScriptTypes } from "node:module";
import { fileURLToPath } from "node:url";

export interface Generation {
  /** Loads a file of ours, given by its path from the root of the repository. */
  import(path: string): Promise<unknown>;
}

/** @param mutated the file that differs, by its path from the root, and its whole text */
export function nextGeneration(mutated?: {
  readonly path: string;
  readonly source: string;
}): Generation {
  generation++;
  current = mutated && { url: new URL(mutated.path, ROOT).href, source: strip(mutated.source) };
  return { import: (path) => import(`${new URL(path, ROOT).href}?${generation}`) };
}

/** Call once, before the first generation. */
export function startGenerations(): void {
  registerHooks({
    resolve(specifier, context, next) {
      const fromSuite = context.parentURL?.startsWith(SUITE) ?? false;
      if (specifier === "vitest" && !fromSuite) return { url: SUITE, shortCircuit: true };
      const found = next(specifier, context);
      if (!isOurs(found.url) || found.url.includes("?")) return found;
      return { ...found, url: `${found.url}?${generation}` };
    },
    load(url, context, next) {
      if (!isOurs(url)) return next(url, context);
      const [plain = url] = url.split("?");
      return { format: "module", source: sourceOf(plain), shortCircuit: true };
    },
  });
}

function sourceOf(url: string): string {
  if (url === current?.url) return current.source;
  const known = stripped.get(url);
  if (known !== undefined) return known;
  const source = strip(readFileSync(fileURLToPath(url), "utf8"));
  stripped.set(url, source);
  return source;
}

/** Types become blanks: offsets stay what they are. Throws for what does not parse. */
export function strip(source: string): string {
  return stripTypeScriptTypes(source);
}

function isOurs(url: string): boolean {
  return (
    url.startsWith(ROOT.href) &&
    /\.ts(?:\?|$)/.test(url) &&
    !url.includes("/node_modules/") &&
    !url.startsWith(HERE)
  );
}

const ROOT = new URL("../..", import.meta.url);
const HERE = new URL(".", import.meta.url).href;
const SUITE = new URL("./suite.ts", import.meta.url).href;

let generation = 0;
let current: { readonly url: string; readonly source: string } | undefined;
/** Text of each file as it runs, read once: a run is about one state of the sources. */
const stripped = new Map<string, string>();
