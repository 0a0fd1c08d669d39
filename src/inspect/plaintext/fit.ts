/**
 * How well what was said fits a grammar, and how answers about two sides become a detector's: one side that
 * cannot be right rules the protocol out, and one that is sure is enough.
 */
import { type Match, NOT_YET } from "./detector.ts";

export type Fit = "yes" | "maybe" | "no";

/** A side from which nothing came is `maybe`. */
export function together(client: Fit, server: Fit): Fit {
  if (client === "no" || server === "no") return "no";
  return client === "yes" || server === "yes" ? "yes" : "maybe";
}

/** @param match asked for with `yes` alone */
export function answer(fit: Fit, match: () => Match): Match | typeof NOT_YET | undefined {
  if (fit === "no") return undefined;
  return fit === "yes" ? match() : NOT_YET;
}
