/** `--at`, the time from which a policy is seen. */
import { startOfDayOrMoment } from "../judge/policy/policy-text.ts";
import { type Call, given, Misuse } from "./options.ts";

/** Microseconds since 1970, and whether it is only this moment. Throws `Misuse`. */
export function timeOf(call: Call): { readonly atUs: number; readonly isNow: boolean } {
  const text = given(call, "at");
  if (text === undefined) return { atUs: Date.now() * 1000, isNow: true };
  const atUs = startOfDayOrMoment(text);
  if (atUs !== undefined) return { atUs, isNow: false };
  throw new Misuse(
    `--at ${text}: expected a date or a time in UTC, 2027-06-30 or 2027-06-30T12:00Z`,
  );
}
