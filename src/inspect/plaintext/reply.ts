/**
 * Replies of three digits, as SMTP, FTP and NNTP give them (RFC 5321 §4.2, RFC 959 §4.2): a reply of several
 * lines has a hyphen behind the code of all but its last line; FTP lets the lines between begin anyhow.
 */
import { linesOf, type TextLine } from "./lines.ts";

export interface Reply {
  readonly code: number;
  readonly lines: readonly TextLine[];
}

/**
 * A server's replies in order, up to a line that is none; nothing, if that is the first. The last one may
 * be unfinished.
 */
export function repliesOf(text: string): Reply[] | undefined {
  const replies: Reply[] = [];
  let open: { code: number; lines: TextLine[] } | undefined;
  for (const line of linesOf(text)) {
    const code = CODE.test(line.text) ? Number(line.text.slice(0, 3)) : undefined;
    if (open === undefined) {
      if (code === undefined) return replies.length === 0 ? undefined : replies;
      open = { code, lines: [] };
      replies.push(open);
    }
    open.lines.push(line);
    if (code === open.code && line.text[3] !== "-") open = undefined;
  }
  return replies;
}

const CODE = /^[1-6]\d\d(?:[ -]|$)/;
