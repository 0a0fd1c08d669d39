/**
 * What a text protocol's dialogue comes to, as far as going over to TLS is concerned.
 *
 * A box that wants to read mail hides the offer by overwriting it in place, so that no length changes:
 * some write `XXXXXXXA`, some only X's (RFC 3207 §6 describes the attack). Such a mask is seen on the client's
 * side of the box; on the server's side the offer is whole and the client's request is masked.
 */
import type { StartTls } from "../plaintext/detector.ts";

export interface Upgrade {
  /** The server's lists of what it can, in order: whether each has the offer. */
  readonly offers: readonly boolean[];
  /** A mask stands where an offer or a request would. */
  readonly masked: boolean;
  /** The client asked for it. */
  readonly asked: boolean;
  /** What the server said to that; absent if that was not seen. */
  readonly answer?: "yes" | "no" | undefined;
}

/** The strongest that can be said: what was answered, before what was hidden, before what was offered. */
export function startTlsOf({ offers, masked, asked, answer }: Upgrade): StartTls {
  if (answer === "yes") return "agreed";
  const gone = offers.length > 1 && offers[0] === true && offers.at(-1) === false;
  if (masked || gone) return "stripped";
  if (asked) return answer === "no" ? "refused" : "asked";
  return offers.includes(true) ? "offered" : "none";
}

/** Letters overwritten in place, as long as a keyword: `XXXXXXXA`, `XXXX`. */
export function isMask(word: string): boolean {
  return /^X{4,16}[A-Z]?$/.test(word);
}
