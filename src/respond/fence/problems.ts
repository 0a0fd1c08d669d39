/** What keeps a cut from being whole: looked at in the kernel, when everything was done. */
import type { Attempt } from "./attempt.ts";
import { findTables } from "./found.ts";
import { cutRules } from "./ruleset.ts";
import type { Standing } from "./standing.ts";

export interface Expected {
  /** Connections that lead out and could not be ended. */
  readonly socketsLeft: number;
  /** No link may be up. */
  readonly linksDown: boolean;
}

/** A sentence each; none, and the cut is verified. */
export function problemsOf(
  standing: Standing,
  tried: Attempt,
  { socketsLeft, linksDown }: Expected,
): string[] {
  const found = findTables(standing.nft);
  const expected = cutRules(standing.netdev);
  const up = linksDown ? standing.links().filter((one) => one.up) : [];
  return [
    ...(typeof found === "string" ? [`the rules cannot be listed: ${found}`] : []),
    ...(typeof found !== "string" && found.cutRules !== expected
      ? [`${found.cutRules} rules cut, expected ${expected}`]
      : []),
    ...(tried.is === "left" ? [`a frame of our own left by ${tried.by.join(", ")}`] : []),
    ...standing.unhooked().map(({ name }) => `${name} came after the fence and has no hook yet`),
    ...up.map(({ name }) => `${name} is still up, and XDP sockets pass every hook`),
    ...(socketsLeft > 0 ? [`${socketsLeft} connections could not be ended`] : []),
  ];
}
