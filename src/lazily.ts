/**
 * Modules that are loaded when something in them is first needed, and at once, since the pipeline never
 * waits: Node loads ES modules by `require`, too. Most captures need few of our readers, and a hundred
 * modules that nobody needs would cost 40 ms at every start (test/cli/modules.test.ts lists what loads).
 */
import { createRequire } from "node:module";

/**
 * Answers with a function that gives the module, which throws what loading it throws.
 *
 * @typeParam Module - `typeof import` of the same path, for the compiler
 * @param from - `import.meta.url` of whoever asks
 * @param path - as an import there would say it
 */
export function lazily<Module>(from: string, path: string): () => Module {
  // Once compiled, the files are called .js, and paths inside strings are nobody's to rewrite.
  const file = from.endsWith(".js") ? path.replace(/\.ts$/, ".js") : path;
  let module: Module | undefined;
  return () => {
    module ??= createRequire(from)(file) as Module;
    return module;
  };
}
