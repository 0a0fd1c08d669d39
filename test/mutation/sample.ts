/** Some of many, the same for the same seed. */
export function sampleOf<Item>(
  items: readonly Item[],
  { count, seed }: { readonly count: number; readonly seed: number },
): Item[] {
  const rest = [...items];
  let state = seed;
  const taken: Item[] = [];
  while (taken.length < count && rest.length > 0) {
    // Numerical Recipes' generator: the high bits are good enough to choose with.
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    taken.push(...rest.splice(Math.floor((state / 2 ** 32) * rest.length), 1));
  }
  const chosen = new Set(taken);
  return items.filter((item) => chosen.has(item));
}
