/**
 * The plaintext protocols, in the order in which they are asked: of two that fit, the earlier one is
 * believed, so the stronger grammar and the special case of a general one stand first.
 */
import type { Detector } from "./detector.ts";

export const DETECTORS: readonly Detector[] = [];
