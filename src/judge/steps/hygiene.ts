/**
 * Step 4: what is wrong with a certificate whoever issued it. Only an `allow` line's `tolerate:`
 * makes less of it, and only for the destinations of that line.
 */
import { FINDINGS, type TrustFinding } from "../../trust/finding.ts";
import { askable, type Case, type Presented } from "../case.ts";
import { settingFor } from "../destination.ts";
import type { Finding, Severity } from "../finding.ts";
import type { AllowLine, Decision, Policy } from "../policy/policy.ts";
import type { HygieneCase } from "../rules/hygiene-case.ts";
import { notValidAtTime, notValidAtTimeFinding } from "../rules/not-valid-at-time.ts";
import { weakOrMalformed, weakOrMalformedFinding } from "../rules/weak-or-malformed.ts";
import { wrongName, wrongNameFinding } from "../rules/wrong-name.ts";
import type { Answer } from "../verdict.ts";

/** `tolerant`: the lines that approve this very path, and so may tolerate its faults. */
export function hygieneAnswers(
  about: Presented,
  { findings, tolerant }: { findings: readonly TrustFinding[]; tolerant: readonly AllowLine[] },
  context: Case,
): Answer[] {
  const faults = hygieneFaults(about, findings);
  if (faults.length === 0) return [];
  const { answer, line } = settingFor(context.policy.issuers.hygiene, context.destination);
  const decision = askable(context, answer);
  return GROUPS.flatMap(({ words, severity, find }): Answer[] => {
    const mine = faults.filter((fault) => words.includes(wordOf(fault)));
    const open = mine.filter((fault) => !isTolerated(fault, tolerant));
    const serious = open.filter((fault) => wordOf(fault) !== "style");
    if (serious.length > 0) {
      const worth = severity(context.policy);
      const finding = find({ asks: decision, faults: serious, about, severity: worth }, context);
      const place = line === undefined ? {} : { line };
      const says = `${decision}: ${describe(serious, about)}`;
      return [{ step: "hygiene", ...place, says, asks: decision, finding }];
    }
    if (mine.length === 0) return [];
    const asks = "pass";
    const finding = find({ asks, faults: mine, about, severity: "note" }, context);
    const by = tolerant.find((allow) => mine.some((fault) => isTolerated(fault, [allow])));
    const place = by?.line === undefined ? {} : { line: by.line };
    const why = open.length > 0 ? "a note" : "tolerated";
    return [{ step: "hygiene", ...place, says: `${why}: ${describe(mine, about)}`, asks, finding }];
  });
}

/** What `hygiene` asks about a path with these findings, when these lines tolerate. */
export function hygieneAsks(
  about: Presented,
  { findings, tolerant }: { findings: readonly TrustFinding[]; tolerant: readonly AllowLine[] },
  context: Case,
): Decision {
  const serious = hygieneFaults(about, findings).some(
    (fault) => wordOf(fault) !== "style" && !isTolerated(fault, tolerant),
  );
  if (!serious) return "pass";
  return askable(context, settingFor(context.policy.issuers.hygiene, context.destination).answer);
}

/** Of a client's certificate no name is expected, so no finding is about one. */
function hygieneFaults(about: Presented, findings: readonly TrustFinding[]): TrustFinding[] {
  const faults = findings.filter(({ name }) => wordOf({ name }) !== undefined);
  // Without a readable leaf there is no path, and still it says something that the bytes are bad.
  for (const { name, detail } of about.leaf.faults) {
    const known = faults.some((fault) => fault.name === name && fault.certificate === about.leaf);
    if (FATAL[name] !== undefined && !known) faults.push({ name, detail, certificate: about.leaf });
  }
  return faults;
}

/** The word of `tolerate:` for a fault, `style` for a note, `undefined` for what is none of these. */
function wordOf({ name }: Pick<TrustFinding, "name">): Word | undefined {
  const kind = FINDINGS[name];
  if (FATAL[name] !== undefined) return FATAL[name];
  // A fault of a public root is nothing that a server or its owner could mend.
  if (kind.step !== "hygiene" || name === "anchor-fault") return undefined;
  return kind.invalidates ? (kind.hygiene ?? "malformed") : "style";
}

function isTolerated(fault: TrustFinding, lines: readonly AllowLine[]): boolean {
  const word = wordOf(fault);
  return lines.some(({ tolerate }) => tolerate.some((tolerated) => tolerated === word));
}

function describe(faults: readonly TrustFinding[], { side }: Presented): string {
  const said = faults.slice(0, FAULTS_SAID_MAX).map(({ name, detail }) => `${name} (${detail})`);
  const more = faults.length - said.length;
  return `the ${side}'s chain has ${said.join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}

type Word = "expired" | "not-yet-valid" | "name" | "weak" | "malformed" | "style";

/** Faults that leave no path and are a fault of the certificate all the same; C04 tells of them. */
const FATAL: Readonly<Record<string, Word>> = {
  unreadable: "malformed",
  "duplicate-extension": "malformed",
  "forgeable-signature": "weak",
  revoked: "malformed",
};

interface Group {
  readonly words: readonly (Word | undefined)[];
  readonly severity: (policy: Policy) => Severity;
  readonly find: (hygiene: HygieneCase, context: Case) => Finding;
}

const GROUPS: readonly Group[] = [
  {
    words: ["expired", "not-yet-valid"],
    severity: ({ mode }) => (mode === "enforce" ? "breach" : notValidAtTime.severity),
    find: notValidAtTimeFinding,
  },
  { words: ["name"], severity: () => wrongName.severity, find: wrongNameFinding },
  {
    words: ["weak", "malformed", "style"],
    severity: () => weakOrMalformed.severity,
    find: weakOrMalformedFinding,
  },
];
const FAULTS_SAID_MAX = 3;
