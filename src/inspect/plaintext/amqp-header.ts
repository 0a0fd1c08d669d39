/** `AMQP` and four bytes: how each AMQP connection begins, on both sides (AMQP 1.0 §2.2). */
import type { Fit } from "./fit.ts";
import type { Said } from "./said.ts";

/** @param layers bytes behind `AMQP` that are this version's, one character a byte */
export function headerFit({ length, text }: Said, layers: readonly string[]): Fit {
  if (!text.startsWith("AMQP".slice(0, length))) return "no";
  const begun = text.slice(4, 8);
  if (layers.includes(begun)) return "yes";
  return begun.length < 4 && layers.some((layer) => layer.startsWith(begun)) ? "maybe" : "no";
}

export const AMQP_0_9 = ["\0\0\x09\x01", "\x01\x01\0\x09", "\x01\x01\x08\0", "\x01\x01\0\x0a"];
/** What stands in for itself, for TLS, for SASL. */
export const AMQP_1 = ["\0\x01\0\0", "\x02\x01\0\0", "\x03\x01\0\0"];
