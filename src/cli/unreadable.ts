/** Says what could not be read, and where reading ended. */
import { escapeText } from "../report/escape.ts";
import { complain } from "./output.ts";
import type { PassEnd } from "./pass.ts";

/** Says on standard error what could not be read. */
export function complainOf(end: PassEnd): void {
  for (const { file, atByte, reason } of end.unreadable) {
    const name = file === "-" ? "standard input" : file;
    const where = atByte === 0 ? "could not be read" : `could not be read from byte ${atByte} on`;
    const before = atByte === 0 ? "" : "; what stands before it was judged";
    complain(escapeText(`${name}: ${where}: ${reason}${before}`));
  }
  const { evidence } = end;
  if (evidence !== undefined) {
    const { written, counted, failed, why } = evidence;
    const more = counted > 0 ? `, ${counted} more of the same kinds counted` : "";
    complain(`evidence: ${written} bundles written${more}`);
    if (failed > 0) {
      complain(escapeText(`evidence: ${failed} bundles could not be written: ${why ?? ""}`));
    }
  }
  if (end.failed) complain("too many faults of our own: the rest was not read. Please report them");
}
