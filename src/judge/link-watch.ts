/**
 * B02: which links that encrypted fell silent while what they carried was said outside of them.
 *
 * What a connection is worth here is known only later: a tunnel that is back within the hold-down was a
 * rekey. So connections that a link should carry are remembered, and asked about when no more will come.
 * Which addresses a link carries, nobody can see from outside; a line of `expect` says it, or the outer
 * addresses themselves speak, as in IPsec's transport mode.
 */
import type { LinkActivity, Silence } from "../inspect/link/activity.ts";
import { askable } from "./case.ts";
import { placeName } from "./destination.ts";
import { type Expectation, expectationFor, isLink } from "./expectation.ts";
import type { Finding } from "./finding.ts";
import type { Meeting } from "./meeting.ts";
import type { Policy } from "./policy/policy.ts";
import { vanishedFinding } from "./rules/link-vanished.ts";
import type { Answer, Verdict } from "./verdict.ts";
import { settledOf } from "./with-answers.ts";

/** A connection that was seen outside of any link. */
export interface Outside {
  /** Asked for only where links were seen: most captures have none. */
  readonly meeting: () => Meeting;
  readonly fromUs: number;
  /** Of its last packet. */
  readonly untilUs: number;
}

export interface Vanishing<Of extends Outside> {
  readonly outside: Of;
  readonly findings: readonly Finding[];
  readonly verdict: Verdict;
}

export class LinkWatch<Of extends Outside> {
  readonly #policy: Policy;
  readonly #outside: Of[] = [];
  /** Connections that found no room, and when the first of them began. */
  unwatched = 0;
  unwatchedAtUs = Number.NaN;

  constructor(policy: Policy) {
    this.#policy = policy;
  }

  /** Is over, and was no part of a link itself. */
  see(of: Of): void {
    if (this.#outside.length < OUTSIDE_MAX) this.#outside.push(of);
    else if (this.unwatched++ === 0) this.unwatchedAtUs = of.fromUs;
  }

  /** One for each link and place, at the first connection outside of it. `endUs`: how far packets go. */
  vanished(links: readonly LinkActivity[], endUs: number): Vanishing<Of>[] {
    if (links.length === 0) return [];
    const told = new Set<string>();
    const known = this.#outside
      .map((of) => this.#asked(of))
      .sort((a, b) => a.of.fromUs - b.of.fromUs);
    return known.flatMap((asked): Vanishing<Of>[] => {
      const found = silent(asked, links, endUs);
      if (found === undefined) return [];
      const { link, silence } = found;
      const { client, destination } = asked.meeting;
      const key = `${link.by} ${link.ends.join()} ${client} ${destination.ip}`;
      if (told.has(key)) return [];
      told.add(key);
      if (spokeBeside(asked, known, silence)) return [];
      return [this.#judged(asked, found)];
    });
  }

  #asked(of: Of): Asked<Of> {
    const meeting = of.meeting();
    const { destination, isNamed } = meeting;
    const covering = expectationFor(this.#policy.expect, destination, isNamed);
    const expectation = covering !== undefined && isLink(covering) ? covering : undefined;
    return { of, meeting, expectation };
  }

  #judged({ of, meeting, expectation }: Asked<Of>, { link, silence }: Silent): Vanishing<Of> {
    const { by, ends, packets } = link;
    const { fromUs, untilUs } = silence;
    const asks = askable(meeting, expectation?.otherwise ?? (expectation ? "cut" : "report"));
    const line = expectation?.line;
    const silentSeconds = Math.round((untilUs - fromUs) / 1e6);
    const place = placeName(meeting.destination);
    const inner = [meeting.client, place] as const;
    const seen = { by, outer: ends, packets, lastAtUs: fromUs, inner, silentSeconds, line };
    const finding = vanishedFinding(asks, seen);
    const says = `${asks}: ${by} between ${ends.join(" and ")} fell silent, and this was said outside of it`;
    const answer: Answer = { step: "expect", ...(line !== undefined && { line }), says, asks };
    const silent = expectation?.otherwise === "pass";
    const answers = [silent ? answer : { ...answer, finding }];
    return { outside: of, ...settledOf(answers, [], { policy: this.#policy, atUs: of.fromUs }) };
  }
}

interface Asked<Of extends Outside> {
  readonly of: Of;
  readonly meeting: Meeting;
  readonly expectation: Expectation | undefined;
}

interface Silent {
  readonly link: LinkActivity;
  readonly silence: Silence;
}

function silent(
  { of: { fromUs, untilUs }, meeting, expectation }: Asked<Outside>,
  links: readonly LinkActivity[],
  endUs: number,
): Silent | undefined {
  const inner = [meeting.client, meeting.destination.ip];
  const ofKind = links.filter(({ by }) => by === (expectation?.by ?? "ipsec"));
  const own = ofKind.filter(({ ends }) => ends.every((end) => inner.includes(end)));
  const asked = own.length > 0 ? own : expectation === undefined ? [] : ofKind;
  // Where several could have carried it, one that goes on may be the one.
  let found: Silent | undefined;
  for (const link of asked) {
    const silence = link.silenceDuring(fromUs, untilUs, endUs);
    if (silence === undefined) return undefined;
    found ??= { link, silence };
  }
  return found;
}

/** Without a line: what was said beside the link while it was up was never inside it. */
function spokeBeside(
  { meeting, expectation }: Asked<Outside>,
  known: readonly Asked<Outside>[],
  silence: Silence,
): boolean {
  if (expectation !== undefined) return false;
  const inner = [meeting.client, meeting.destination.ip];
  return known.some(
    ({ of, meeting: { client, destination } }) =>
      of.fromUs < silence.fromUs && inner.includes(client) && inner.includes(destination.ip),
  );
}

/** Connections outside of links: as many as a replay's table holds lines for. */
const OUTSIDE_MAX = 16_384;
