/**
 * Which open maintenance window lowers a cut, if one does.
 *
 * A window that names a key is about paths that hold it: what such a path lacks is an approval or good
 * hygiene, both of which a planned change of keys may cost. It is never about an issuer that leads
 * nowhere, a key that nobody proved to hold or an issuer that a line denies: those have no path that is
 * trusted, or are no change that anybody plans.
 */
import type { Certificate } from "../../trust/certificate.ts";
import type { Case } from "../case.ts";
import type { Policy, Window } from "../policy/policy.ts";

/** What windows can name beside keys. Host evidence is not judged yet, so `host.crypto` is to come. */
export const COMPONENTS = ["wire.encryption"] as const;
export type Component = (typeof COMPONENTS)[number];

/** `path` from the leaf to its anchor, as signatures lead. */
export function windowOfKeys(
  path: readonly Certificate[],
  { policy, atUs }: Pick<Case, "policy" | "atUs">,
): Window | undefined {
  return openWindows(policy, atUs).find(({ key }) =>
    path.some(({ spkiSha256 }) => spkiSha256 === key),
  );
}

export function windowOfComponent(
  component: Component,
  { policy, atUs }: Pick<Case, "policy" | "atUs">,
): Window | undefined {
  return openWindows(policy, atUs).find((window) => window.component === component);
}

/** Times at which an answer that a window lowers may change, in microseconds. */
export function windowTurns({ windows = [] }: Policy): number[] {
  return windows.flatMap(({ fromUs, toUs }) => [fromUs - 1, toUs]);
}

function openWindows({ windows = [] }: Policy, atUs: number): readonly Window[] {
  return windows.filter(
    ({ refused, fromUs, toUs }) => refused === undefined && fromUs <= atUs && atUs <= toUs,
  );
}
