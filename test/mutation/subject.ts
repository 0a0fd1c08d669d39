/** The mutants of many files, without those that are known to change nothing. */

import { strip } from "./generation.ts";
import { type Mutant, mutantsOf, mutate } from "./mutate.ts";

export interface Subject extends Mutant {
  readonly id: number;
  readonly path: string;
  /** Of the whole file, with the mutant in it. */
  readonly source: string;
  /** The line as it stands, without the blanks around it. */
  readonly code: string;
}

/** A mutant that behaves as the program does. */
export interface Equivalent {
  readonly path: string;
  /** The whole line, without the blanks around it. */
  readonly code: string;
  readonly change: string;
  /** Which of the places in that line, from 1, where the same change fits several. */
  readonly nth?: number;
  readonly why: string;
}

/** @returns `stale`: entries of the list that no mutant of these files is, though their file is there */
export function subjectsOf(
  files: readonly { readonly path: string; readonly source: string }[],
  list: readonly Equivalent[],
): { subjects: Subject[]; equivalents: number; stale: Equivalent[] } {
  const subjects: Subject[] = [];
  const used = new Set<Equivalent>();
  let equivalents = 0;
  for (const { path, source } of files) {
    const lines = source.split("\n");
    const seen = new Map<string, number>();
    for (const mutant of mutantsOf(source)) {
      const code = lines[mutant.line - 1]!.trim();
      const place = `${mutant.line} ${mutant.change}`;
      const nth = (seen.get(place) ?? 0) + 1;
      seen.set(place, nth);
      const same = list.find(
        (each) =>
          each.path === path &&
          each.code === code &&
          each.change === mutant.change &&
          (each.nth ?? 1) === nth,
      );
      if (same !== undefined) {
        used.add(same);
        equivalents++;
        continue;
      }
      const changed = mutate(source, mutant);
      if (!runs(changed)) continue;
      subjects.push({ ...mutant, id: subjects.length, path, source: changed, code });
    }
  }
  const paths = new Set(files.map(({ path }) => path));
  const stale = list.filter((each) => paths.has(each.path) && !used.has(each));
  return { subjects, equivalents, stale };
}

function runs(source: string): boolean {
  try {
    strip(source);
    return true;
  } catch {
    return false;
  }
}
