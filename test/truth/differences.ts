/**
 * Every place where we and truth.ndjson differ, with the reason. The test fails on a difference
 * that is not here, and on one that is here and no longer differs.
 */
import type { Found } from "./compare.ts";

export interface Difference {
  readonly file: string;
  /** Whose fault it is. `definition`: both are right, INTERFACE defines the field otherwise. */
  readonly fault: "ours" | "tshark" | "definition";
  readonly reason: string;
  readonly differs: readonly Omit<Found, "file">[];
}

export const DIFFERENCES: readonly Difference[] = [];
