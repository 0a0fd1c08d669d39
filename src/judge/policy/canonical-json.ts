/**
 * JSON with one spelling for each value (RFC 8785): no blanks, and the members of every object in the
 * order of their UTF-16 code units. What is hashed or signed is this.
 *
 * Strings and numbers are as ECMAScript writes them, which is what the RFC asks for. Two things differ:
 * half a surrogate pair, which the RFC refuses, is written as its escape, and a member that is
 * `undefined` is left out.
 */

/** @param leaveOut the name of members that do not count, at any depth */
export function canonicalJson(value: unknown, leaveOut?: string): string {
  if (Array.isArray(value)) {
    return `[${value.map((item) => canonicalJson(item ?? null, leaveOut)).join(",")}]`;
  }
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const members = Object.entries(value)
    .filter(([key, held]) => held !== undefined && key !== leaveOut)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, held]) => `${JSON.stringify(key)}:${canonicalJson(held, leaveOut)}`);
  return `{${members.join(",")}}`;
}
