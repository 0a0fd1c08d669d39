/** Lines of a text protocol, with where they stand. */

export interface TextLine {
  /** Without its end. */
  readonly text: string;
  /** Offset of its first character. */
  readonly at: number;
  /** Offset behind its line feed. */
  readonly end: number;
}

/** The whole lines of a text, ended by LF or CRLF; at most `max`. What follows the last LF is none. */
export function linesOf(text: string, max = LINES_MAX): TextLine[] {
  const lines: TextLine[] = [];
  let at = 0;
  while (lines.length < max) {
    const feed = text.indexOf("\n", at);
    if (feed < 0) break;
    const to = feed > at && text.charCodeAt(feed - 1) === CR ? feed - 1 : feed;
    lines.push({ text: text.slice(at, to), at, end: feed + 1 });
    at = feed + 1;
  }
  return lines;
}

const CR = 13;
/** More than the limit on bytes leaves room for in any dialogue but an empty one. */
const LINES_MAX = 1024;
