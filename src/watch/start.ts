/**
 * What a start comes to, from what was read and asked for. Pure.
 *
 *     policy good ──► run, unless `enforce` does not say what our absence is worth
 *     policy bad  ──► refuse everything until it is mended, if `--on-failure closed` or the last good
 *                     policy says so; else do not start
 *
 * Nobody is let through by a policy that cannot be read, and nobody is judged by an old one (THREATS).
 */
import type { Policy } from "../judge/policy/policy.ts";
import type { Weakness, WeaknessName } from "./defence/weakness.ts";
import { type KeptPolicy, type OnFailure, onFailureOf } from "./kept-policy.ts";
import type { PolicyRead } from "./policy-child.ts";

export type Rung = "refuse" | "fence";

export type Start =
  | { readonly is: "run"; readonly policy: Policy }
  /** Nothing leaves until the files are good. */
  | { readonly is: "hold"; readonly why: string }
  | { readonly is: "exit"; readonly why: string };

export function startBy(
  read: PolicyRead,
  asked: { readonly onFailure: OnFailure | undefined; readonly kept: KeptPolicy | undefined },
): Start {
  if (!("problem" in read)) {
    const why = enforceProblem(read.policy, asked.onFailure);
    return why === undefined ? { is: "run", policy: read.policy } : { is: "exit", why };
  }
  const why = read.problem;
  const isClosed = (asked.onFailure ?? asked.kept?.onFailure) === "closed";
  return isClosed ? { is: "hold", why } : { is: "exit", why };
}

/** Why a policy cannot be run by a gate; undefined when it can. */
export function enforceProblem(policy: Policy, asked: OnFailure | undefined): string | undefined {
  if (policy.mode !== "enforce" || (asked ?? onFailureOf(policy)) !== undefined) return undefined;
  return (
    "`mode: enforce` without `respond.onFailure`: say `open` or `closed`, what shall leave while the gate " +
    "is absent; or --on-failure"
  );
}

/**
 * Why a policy must not be enforced in these surroundings, unless the call bears with it: a gate that the
 * workload may change is none, and neither is one whose cut would hit the host.
 */
export function unenforceable(
  { mode }: Policy,
  weaknesses: readonly Weakness[],
  despite: ReadonlySet<WeaknessName>,
): string | undefined {
  if (mode !== "enforce") return undefined;
  const one = weaknesses.find(({ name }) => UNENFORCEABLE.has(name) && !despite.has(name));
  if (one === undefined) return undefined;
  const { name, found, remedy } = one;
  return `${found}: ${remedy}, or say --despite ${name} to enforce all the same`;
}

/** Whether the gate stands closed while we are absent. Audit stops nothing, whatever else it says. */
export function isClosedInAbsence(policy: Policy, asked: OnFailure | undefined): boolean {
  return policy.mode === "enforce" && (asked ?? onFailureOf(policy)) === "closed";
}

/** What the policy's ladder names; undefined where it does not say. */
export function ladderOf({ later }: Policy): readonly string[] | undefined {
  const { respond } = later;
  if (typeof respond !== "object" || respond === null || !("ladder" in respond)) return undefined;
  return Array.isArray(respond.ladder) ? respond.ladder.map(String) : undefined;
}

/**
 * What a person should hear of a policy. `respond` is applied here, as far as one sidecar can; what takes
 * somebody who sees more than one workload is named.
 */
export function noticesOf({ later, notices }: Policy): readonly string[] {
  const respond = (later.respond ?? {}) as Readonly<Record<string, unknown>>;
  const guards = (respond.guards ?? {}) as Readonly<Record<string, unknown>>;
  const unapplied = [
    ...Object.keys(respond).filter((key) => !APPLIED.has(key)),
    ...Object.keys(guards)
      .filter((key) => key !== "maxCutsPer")
      .map((key) => `guards.${key}`),
  ];
  return [
    ...notices.filter((notice) => !notice.startsWith("`respond` ")),
    ...unapplied.map(
      (key) => `\`respond.${key}\` takes an agent or a controller, which are to come`,
    ),
  ];
}

/**
 * The rungs that this version climbs, of `--respond` or of the policy's ladder; or why not. What is not
 * built is refused rather than left out: a watcher that half works must not look as if it works.
 */
export function rungsOf(
  policy: Policy,
  asked: readonly string[] | undefined,
): { readonly rungs: ReadonlySet<Rung> } | { readonly refused: string } {
  const named = asked ?? ladderOf(policy) ?? ["refuse", "fence"];
  const missing = named.filter((one) => !["none", "refuse", "fence"].includes(one));
  if (missing.length > 0) {
    const where = asked === undefined ? "the policy's `respond.ladder` names" : "--respond names";
    const list = missing.join(", ");
    return {
      refused: `${where} ${list}, which this version does not have: --respond refuse,fence goes without`,
    };
  }
  if (named.includes("none") && named.length > 1) {
    return { refused: "--respond none stands alone: expected none, or some of refuse and fence" };
  }
  const rungs = new Set<Rung>();
  // Who cuts the workload off can also refuse one connection.
  if (named.includes("refuse") || named.includes("fence")) rungs.add("refuse");
  if (named.includes("fence")) rungs.add("fence");
  return { rungs };
}

/** Of `respond`: what one sidecar does by itself. */
const APPLIED: ReadonlySet<string> = new Set(["onFailure", "ladder", "guards"]);
const UNENFORCEABLE: ReadonlySet<WeaknessName> = new Set(["workload-net-admin", "host-network"]);
