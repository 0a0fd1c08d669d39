/**
 * Step 7: whether a connection is encrypted as a line of `expect` says; and what holds without one: that
 * a suite encrypts at all (B06), and that nobody agrees on what is out of use (B15).
 *
 * It is outside the judge's memory (decide.ts), since it looks at what differs between equal
 * handshakes: transports, suites, what was said in clear. Three answers are kept apart: met, not met, and
 * unknown. Unknown decides nothing: a missing vantage, a connection joined in the middle.
 */
import type {
  OpaqueObservation,
  PlaintextObservation,
  TlsObservation,
} from "../../inspect/observation.ts";
import type { KeyKind } from "../../trust/key.ts";
import { askable, type Direction } from "../case.ts";
import { type Destination, placeName } from "../destination.ts";
import {
  type Expectation,
  expectationFor,
  type IsNamed,
  isLink,
  isVisible,
  meshLegAt,
  type Vantage,
  visibleFrom,
} from "../expectation.ts";
import type { Decision, Policy } from "../policy/policy.ts";
import { belowFloorFinding } from "../rules/below-floor.ts";
import { plaintextFinding } from "../rules/plaintext-expected-encrypted.ts";
import { readableFinding } from "../rules/readable-records.ts";
import { isAgreed, shortfalls } from "../strength.ts";
import { suiteOf } from "../suite.ts";
import type { Answer } from "../verdict.ts";

/** One connection, and what is known of where it was seen. */
export interface Encounter {
  readonly policy: Policy;
  readonly destination: Destination;
  readonly direction: Direction;
  readonly vantage?: Vantage | undefined;
  readonly isNamed?: IsNamed | undefined;
  readonly seen: Encountered;
}

/** Of what was said in layers, the innermost. */
export type Encountered =
  | { readonly tls: TlsObservation; readonly key?: KeyKind | undefined }
  | { readonly clear: PlaintextObservation | OpaqueObservation };

/** What the lines of a covered connection say (INTERFACE, `expected`). */
export interface Expected {
  readonly line: number;
  readonly by: string;
  readonly visibleAt: string;
  readonly hardware?: string;
  readonly hardwareState?: "unknown";
}

export interface ExpectAnswers {
  readonly answers: readonly Answer[];
  /** Absent where no line covers the connection. */
  readonly expected?: Expected;
  readonly expectation?: Expectation;
}

export function expectAnswers(encounter: Encounter): ExpectAnswers {
  const { policy, destination, isNamed, seen } = encounter;
  const leg = meshLegAt(policy.mesh, destination.port);
  const expectation =
    leg === undefined ? expectationFor(policy.expect, destination, isNamed) : undefined;
  const asked = { ...encounter, expectation };
  const always = "tls" in seen ? agreedAnswers(asked, seen) : [];
  if (leg !== undefined && "clear" in seen) {
    const says = "met: in clear to the proxy of a mesh, which encrypts it later";
    return { answers: [{ step: "expect", ...lineOf(leg), says, asks: "pass" }] };
  }
  if (expectation === undefined) return { answers: always };
  const own = coveredAnswer({ ...asked, expectation });
  const answers = [own, ...always, ...recordAnswers({ ...asked, expectation })];
  return { answers, expected: expectedOf(expectation), expectation };
}

/** A line's words for the connections that it covers: the same object for the same line. */
export function expectedOf(expectation: Expectation): Expected {
  let known = EXPECTED.get(expectation);
  if (known === undefined) {
    const { line = 0, by, hardware } = expectation;
    const kind = hardware?.kind;
    known = Object.freeze({
      line,
      by,
      visibleAt: visibleFrom(expectation),
      // The wire alone never proves that hardware works; the host's evidence does.
      ...(kind !== undefined && { hardware: kind, hardwareState: "unknown" as const }),
    });
    EXPECTED.set(expectation, known);
  }
  return known;
}

interface Asked extends Encounter {
  readonly expectation: Expectation | undefined;
}
interface Covered extends Encounter {
  readonly expectation: Expectation;
}

/** Whether it is encrypted by what the line says, where that must be visible. */
function coveredAnswer(covered: Covered): Answer {
  const { expectation, vantage, seen } = covered;
  const { by } = expectation;
  const visible = isVisible(expectation, vantage);
  if (visible === "unknown") {
    const from = visibleFrom(expectation);
    return quiet(
      covered,
      `unknown: ciphertext must be visible at ${from}, and no --vantage says where this was seen`,
    );
  }
  if (!visible) {
    const from = visibleFrom(expectation);
    return quiet(covered, `unknown: ${by} encrypts behind this vantage, visible at ${from}`);
  }
  if (isLink(expectation)) return linkAnswer(covered);
  return "tls" in seen ? tlsAnswer(covered, seen.tls) : clearAnswer(covered, seen.clear);
}

/** Seen in the open where a link should have wrapped it. Of what only carries keys, see link-watch.ts. */
function linkAnswer(covered: Covered): Answer {
  const { expectation, seen, destination } = covered;
  const { by } = expectation;
  if ("tls" in seen) {
    return unmet(covered, "report", `not met: TLS outside of ${by}, whose tunnel it should be in`);
  }
  const { clear } = seen;
  if (clear.kind === "opaque" && clear.encryption === by) return quiet(covered, `met: ${by}`);
  if (clear.kind === "opaque" && !isReadable(clear)) {
    const says =
      clear.why === "encrypted-unknown"
        ? unmet(covered, "report", `not met: encrypted, and not by ${by}`)
        : quiet(covered, `unknown: what was seen of it does not tell (${clear.why})`);
    return says;
  }
  return inClear(covered, clear, placeName(destination));
}

function tlsAnswer(covered: Covered, tls: TlsObservation): Answer {
  const { by } = covered.expectation;
  const found = tls.transport === "dtls" ? "dtls" : "tls";
  if (by !== found) return unmet(covered, "report", `not met: ${found}, expected ${by}`);
  if (!isAgreed(tls)) return quiet(covered, "unknown: no handshake came to an end");
  return quiet(covered, `met: ${[tls.version, tls.cipher, tls.group].filter(Boolean).join(", ")}`);
}

function clearAnswer(covered: Covered, clear: PlaintextObservation | OpaqueObservation): Answer {
  const { by } = covered.expectation;
  const place = placeName(covered.destination);
  if (clear.kind === "plaintext") {
    if (clear.startTls === "upgraded") {
      return quiet(covered, "unknown: it was upgraded, and the handshake was not seen");
    }
    return inClear(covered, clear, place);
  }
  const { encryption, why } = clear;
  if (encryption === by) return quiet(covered, `met: ${by}, joined in the middle or not read`);
  if (encryption !== undefined) {
    return unmet(covered, "report", `not met: ${encryption}, expected ${by}`);
  }
  if (isReadable(clear)) return inClear(covered, clear, place);
  if (why === "gap" || why === "joined-midstream") {
    return quiet(covered, `unknown: its beginning was not seen (${why})`);
  }
  return unmet(
    covered,
    "report",
    `not met: no ${by} that can be read, though not in clear (${why})`,
  );
}

function inClear(
  covered: Covered,
  clear: PlaintextObservation | OpaqueObservation,
  place: string,
): Answer {
  const { expectation } = covered;
  const what = clear.kind === "plaintext" ? clear.protocol : "bytes that can be read";
  const answer = unmet(covered, "cut", `not met: ${what} in clear, expected ${expectation.by}`);
  if (expectation.otherwise === "pass") return answer;
  const finding = plaintextFinding(answer.asks, place, expectation, clear);
  return { ...answer, finding };
}

/** B01: what nobody would call encrypted, over at least 64 bytes (opaque/measure.ts). */
function isReadable({ printable = 0, entropy = 8 }: OpaqueObservation): boolean {
  return printable > PRINTABLE_MIN || entropy < ENTROPY_MAX;
}

/** What was agreed on, whatever is expected: a suite that encrypts, and one that is not out of use. */
function agreedAnswers(
  asked: Asked,
  { tls, key }: { tls: TlsObservation; key?: KeyKind | undefined },
): Answer[] {
  const { expectation, destination } = asked;
  const agreed = { ...tls, key };
  if (!isAgreed(agreed)) return [];
  const place = placeName(destination);
  const { cipher } = tls;
  if (cipher !== undefined && suiteOf(cipher)?.isNull === true) {
    const answer = unmet(asked, "cut", `not met: ${cipher} encrypts nothing`);
    const { records = 0, readable = 0 } = sampled(tls);
    const line = expectation?.line;
    const seen = { why: "null-suite", place, cipher, records, readable, line } as const;
    return expectation?.otherwise === "pass"
      ? [answer]
      : [{ ...answer, finding: readableFinding(answer.asks, seen) }];
  }
  const leak = leakAnswer(asked, tls);
  // What a link should encrypt names no floor of what is inside.
  const floor = expectation !== undefined && isLink(expectation) ? undefined : expectation;
  const short = shortfalls(agreed, floor);
  if (short.length === 0) return leak;
  const said = short.map(({ found, expected }) => `${found}, expected ${expected}`).join("; ");
  const answer = unmet(asked, "report", `not met: ${said}`);
  if (expectation?.otherwise === "pass") return [answer, ...leak];
  return [{ ...answer, finding: belowFloorFinding(answer.asks, place, short, floor) }, ...leak];
}

/** Records that can be read though a suite was agreed on: a leak, unless a card encrypts them later. */
function leakAnswer(asked: Asked, tls: TlsObservation): Answer[] {
  const { expectation, destination, vantage } = asked;
  if (tls.records === undefined || offloads(expectation, vantage)) return [];
  const { records, readable } = sampled(tls);
  if (readable === 0) return [];
  const seen = {
    why: "clear-in-records",
    place: placeName(destination),
    cipher: tls.cipher,
  } as const;
  const line = expectation?.line;
  const answer = unmet(asked, "report", "not met: records can be read");
  return [
    { ...answer, finding: readableFinding(answer.asks, { ...seen, records, readable, line }) },
  ];
}

/** Where a card encrypts behind this vantage: clear is how it looks when it works, and sealed is not. */
function recordAnswers(covered: Covered): Answer[] {
  const { expectation, vantage, seen, destination, direction } = covered;
  if (!("tls" in seen) || !offloads(expectation, vantage)) return [];
  const { tls } = seen;
  // The sending host's own side: only what it sends passes its card behind the capture.
  const own = direction === "ingress" ? "server" : "client";
  const of = tls.records?.[own];
  if (of === undefined || of.records < RECORDS_MIN || suiteOf(tls.cipher ?? "")?.isNull === true) {
    return [];
  }
  const clear = of.readable >= of.records;
  const line = expectation.line;
  const place = placeName(destination);
  if (clear) {
    const finding = readableFinding("pass", { why: "offload-view", place, ...of, line });
    return [{ ...quiet(covered, "records can be read above the card, unconfirmed"), finding }];
  }
  if (of.readable > 0) return [];
  const answer = unmet(covered, "report", "not met: encrypted above the card that should do it");
  if (expectation.otherwise === "pass") return [answer];
  const finding = readableFinding(answer.asks, { why: "offload-lost", place, ...of, line });
  return [{ ...answer, finding }];
}

function offloads(expectation: Expectation | undefined, vantage: Vantage | undefined): boolean {
  return (
    expectation?.hardware?.kind === "ktls-nic" &&
    vantage !== undefined &&
    isVisible(expectation, vantage) === false
  );
}

/** Of the side whose records all could be read, where there is one. */
function sampled({ records }: TlsObservation): { records: number; readable: number } {
  for (const side of [records?.client, records?.server]) {
    const isWhole = side !== undefined && side.readable >= side.records;
    if (isWhole && side.records >= RECORDS_MIN) return side;
  }
  return { records: 0, readable: 0 };
}

function quiet({ expectation }: Covered, says: string): Answer {
  return { step: "expect", ...lineOf(expectation), says, asks: "pass" };
}

/** `worth` is INTERFACE's, where the line says nothing else. */
function unmet(
  { expectation, direction }: Pick<Asked, "expectation" | "direction">,
  worth: Decision,
  what: string,
): Answer {
  const asks = askable({ direction }, expectation?.otherwise ?? worth);
  const says = expectation === undefined ? what.replace(/^not met: /, "") : what;
  return { step: "expect", ...lineOf(expectation), says: `${asks}: ${says}`, asks };
}

function lineOf(of: { readonly line?: number } | undefined): { line?: number } {
  return of?.line === undefined ? {} : { line: of.line };
}

const EXPECTED = new WeakMap<Expectation, Expected>();
/** DETECTIONS, B01. */
const PRINTABLE_MIN = 0.9;
const ENTROPY_MAX = 6;
/** DETECTIONS, B06: fewer records than this say nothing. */
const RECORDS_MIN = 3;
