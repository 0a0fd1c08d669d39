/**
 * Text in columns. All take text that is escaped already (escape.ts), so no control is left to count.
 *
 * A terminal gives a character no column, one or two. The tables of UAX #11 and of combining marks are
 * large; the ranges here are the coarse ones that hold nearly all of both. Being wrong costs a crooked
 * line.
 */

/** Columns that a terminal needs for `text`. */
export function columnsOf(text: string): number {
  if (!BEYOND_LATIN.test(text)) return text.length;
  let columns = 0;
  for (const character of text) {
    columns += NO_COLUMN.test(character) ? 0 : TWO_COLUMNS.test(character) ? 2 : 1;
  }
  return columns;
}

/** At most `columns` wide; what is too long ends in `…`. */
export function shorten(text: string, columns: number): string {
  if (columnsOf(text) <= columns) return text;
  return `${start(text, columns - 1)}…`;
}

/** Exactly `columns` wide. */
export function column(text: string, columns: number): string {
  const fitted = shorten(text, columns);
  return fitted + " ".repeat(columns - columnsOf(fitted));
}

/** Lines at most `columns` wide, broken at spaces; a word that is longer is cut where the line ends. */
export function wrap(text: string, columns: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (let word of text.split(" ")) {
    if (line !== "" && columnsOf(line) + 1 + columnsOf(word) <= columns) {
      line += ` ${word}`;
      continue;
    }
    if (line !== "") lines.push(line);
    while (columnsOf(word) > columns) {
      // At least one character: a wide one may not fit into a single column.
      const head = start(word, columns) || [...word][0]!;
      lines.push(head);
      word = word.slice(head.length);
    }
    line = word;
  }
  if (line !== "" || lines.length === 0) lines.push(line);
  return lines;
}

/** As many whole characters as fit. */
function start(text: string, columns: number): string {
  let kept = "";
  let used = 0;
  for (const character of text) {
    used += columnsOf(character);
    if (used > columns) break;
    kept += character;
  }
  return kept;
}

const BEYOND_LATIN = /[^\u0000-\u02ff]/;
const NO_COLUMN = /^[\p{Mn}\p{Me}]$/u;
const TWO_COLUMNS =
  /^[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]$/u;
