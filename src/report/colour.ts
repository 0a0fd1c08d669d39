/** Colours of a terminal. Whoever calls has escaped the text and knows that a terminal is there. */
import type { Severity } from "./lines.ts";

export type Paint = Severity | "bold" | "dim" | "good";

export function paint(text: string, how: Paint, colour: boolean): string {
  return colour ? `\x1b[${CODE[how]}m${text}\x1b[0m` : text;
}

const CODE: Readonly<Record<Paint, string>> = {
  critical: "1;97;41",
  breach: "1;31",
  warning: "33",
  note: "36",
  bold: "1",
  dim: "2",
  good: "32",
};
