/**
 * The one place where text from the wire is made harmless.
 *
 * Whoever runs the connection chooses server names, subjects and issuers. Printed raw they can move
 * the cursor, rewrite what stands above, reverse what a reader sees, or begin a line of their own.
 * What is escaped is what changes *other* text, or is text that nobody can see:
 *
 *     C0, DEL, C1 (ESC and its 8-bit forms among them)     U+0000..001F U+007F..009F
 *     bidirectional marks, overrides, isolates             U+061C U+200E..200F U+202A..202E U+2066..2069
 *     line and paragraph separators                        U+2028..2029
 *     invisible: soft hyphen, zero widths, joiners, tags   U+00AD U+180E U+200B.. U+FEFF U+E0000..E007F
 *     halves of a surrogate pair on their own              U+D800..DFFF
 *
 * The escape is JSON's `\uXXXX` everywhere, so that the same name reads the same in text and JSON.
 * Backslashes are doubled in JSON alone: in text a DN can be pasted into a policy as it stands.
 */

/** One line of JSON, safe to print raw on a terminal, that decodes to `value` exactly. */
export function escapeJson(value: object | string): string {
  const json = JSON.stringify(value);
  // JSON.stringify has seen to C0 and to lone surrogates. Of what is left only DEL is ASCII, and a
  // line is ASCII when it has as many bytes as characters: cheaper than a search by pattern.
  if (Buffer.byteLength(json) === json.length && !json.includes("\x7f")) return json;
  return json.replace(HOSTILE, escapeUnits);
}

/** Text for one line of a terminal, a table or a log. Never holds a line break or a control. */
export function escapeText(text: string): string {
  return text.replace(HOSTILE, escapeUnits);
}

function escapeUnits(match: string): string {
  let escaped = "";
  for (let at = 0; at < match.length; at++) {
    escaped += `\\u${match.charCodeAt(at).toString(16).padStart(4, "0")}`;
  }
  return escaped;
}

// Without the `u` flag, whose character properties take 3 ms to build at each start: a half of a
// surrogate pair is told by what stands beside it.
const HOSTILE =
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|\udb40[\udc00-\udc7f]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;
