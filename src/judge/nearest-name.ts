/** The name that somebody probably meant: of those that are known, the one with the fewest slips. */

/** `undefined` when none is near: a third of its letters may differ. */
export function nearestName(name: string, known: readonly string[]): string | undefined {
  const lower = name.toLowerCase().slice(0, LETTERS_MAX);
  let best: string | undefined;
  let least = Math.ceil(lower.length / 3);
  for (const one of known) {
    const slips = slipsBetween(lower, one.toLowerCase());
    if (slips < least) {
      best = one;
      least = slips;
    }
  }
  return best;
}

/** Insertions, deletions and replacements. */
function slipsBetween(a: string, b: string): number {
  let last = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const differ = a[i - 1] === b[j - 1] ? 0 : 1;
      row[j] = Math.min(row[j - 1]! + 1, last[j]! + 1, last[j - 1]! + differ);
    }
    last = row;
  }
  return last[b.length]!;
}

/** Longer than every name there is. */
const LETTERS_MAX = 80;
