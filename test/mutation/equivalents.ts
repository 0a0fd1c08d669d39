/**
 * Mutants that no test can notice, and why. An entry that no longer fits a line of its file, or that a
 * test kills all the same, is an error.
 */
import type { Equivalent } from "./subject.ts";

export const EQUIVALENTS: readonly Equivalent[] = [];
