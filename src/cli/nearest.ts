/** The name that somebody probably meant, for messages about unknown ones. */

/** The nearest of `names`, or undefined when none is near. */
export function nearest(name: string, names: readonly string[]): string | undefined {
  let best: string | undefined;
  // Two slips in a long word, one in a short one.
  let bestDistance = name.length > 5 ? 3 : 2;
  for (const known of names) {
    const distance = known.startsWith(name) && name.length > 1 ? 1 : distanceOf(name, known);
    if (distance < bestDistance) {
      best = known;
      bestDistance = distance;
    }
  }
  return best;
}

/** `, did you mean --policy?`, or nothing. */
export function suggestion(name: string, names: readonly string[], prefix = ""): string {
  const near = nearest(name, names);
  return near === undefined ? "" : `, did you mean ${prefix}${near}?`;
}

/** Insertions, deletions, replacements and swaps of neighbours between two short words. */
function distanceOf(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > 2 || a.length > LETTERS_MAX) return LETTERS_MAX;
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const differ = a[i - 1] === b[j - 1] ? 0 : 1;
      row[j] = Math.min(row[j - 1]! + 1, last[j]! + 1, last[j - 1]! + differ);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) row[j] = Math.min(row[j]!, before[j - 2]! + 1);
    }
    before = last;
    last = row;
  }
  return last[b.length]!;
}

/** Longer than every name there is. */
const LETTERS_MAX = 40;
