/**
 * Writes the lines of what was judged, and counts what they tell. Both ways of judging, when a connection
 * has ended and when its proof is there, write through this one, so that a line looks the same.
 */

import type { Assessment } from "./assessments.ts";
import type { Flow, Side } from "./flow/event.ts";
import type {
  OpaqueObservation,
  PlaintextObservation,
  SeenCertificates,
  TlsObservation,
} from "./inspect/observation.ts";
import type { Judgement } from "./judge/decide.ts";
import type { Finding } from "./judge/finding.ts";
import { evasionFinding } from "./judge/rules/evasion.ts";
import type { Expected } from "./judge/steps/expect.ts";
import type { Verdict } from "./judge/verdict.ts";
import {
  certificateLine,
  certificatesOf,
  faultLine,
  findingLine,
  lossLine,
  malformedLine,
  opaqueLine,
  type Place,
  plaintextLine,
  tlsLine,
  verdictLine,
} from "./report/build.ts";
import {
  type Certificates,
  type Line,
  MADE_OF,
  type MadeOf,
  SEVERITIES,
  type Severity,
} from "./report/lines.ts";
import { timestampsBeside } from "./report/timestamps.ts";
import type { Malformed } from "./stage.ts";
import type { Certificate } from "./trust/certificate.ts";
import type { Chain } from "./trust/store.ts";

/** Where bytes were sent twice and differ. */
export interface Overlap {
  readonly side: Side;
  readonly offset: number;
  readonly atUs: number;
}

export class LineWriter {
  readonly findings: Record<Severity, number> = { note: 0, warning: 0, breach: 0, critical: 0 };
  /** Also the lines that only say what was seen, and verdicts that are `pass`. */
  readonly observations: boolean;
  readonly write: (line: Line) => void;
  readonly #shown = new WeakMap<Chain, Certificates>();
  /** First of each kind of handshake that got a judgement. */
  readonly #judged = new WeakMap<Judgement, TlsObservation[]>();
  #faults = 0;

  constructor(observations: boolean, write: (line: Line) => void) {
    this.observations = observations;
    this.write = write;
  }

  get worst(): Severity | undefined {
    return SEVERITIES.findLast((severity) => this.findings[severity] > 0);
  }

  /** Too many faults of our own: nothing that is still read can be relied on. */
  get failed(): boolean {
    return this.#faults > FAULTS_MAX;
  }

  finding(finding: Finding, atUs: number, place?: Place): void {
    this.findings[finding.severity]++;
    this.write(findingLine({ ...finding, atUs }, place, finding));
  }

  /**
   * A `pass` is only written where observations are asked for.
   *
   * @param madeOf for whoever keeps evidence
   */
  verdict(verdict: Verdict, atUs: number, place: Place, madeOf: MadeOf): void {
    if (!this.observations && verdict.decision === "pass") return;
    const line = verdictLine({ ...verdict, atUs }, place, verdict);
    this.write({ ...line, [MADE_OF]: madeOf });
  }

  tls(assessed: Assessment): void {
    if (!this.observations) return;
    const { observation, place, judgement, chain, clientChain, binding, first } = assessed;
    const possession = judgement.possession;
    const mine = observation.clientCertificates;
    this.write(
      tlsLine(observation, place, {
        certificates: this.#certificates(observation.certificates, chain),
        clientCertificates: mine && this.#certificates(mine, clientChain),
        possession: possession.state,
        why: possession.state === "unverified" ? possession.why : undefined,
        evidence:
          first === undefined
            ? judgement.evidence
            : { ...judgement.evidence, first: String(first.flow) },
        bound: binding === undefined ? undefined : binding === "bound",
        expected: assessed.expected,
        scts: timestampsBeside(observation),
        shared: first === undefined ? this.#alike(judgement, observation) : undefined,
      }),
    );
  }

  /** What is normal stays quiet: alone, that something is in clear or unknown is no finding. */
  inClear(
    seen: PlaintextObservation | OpaqueObservation,
    place: Place,
    expected: Expected | undefined,
  ): void {
    if (!this.observations) return;
    const line =
      seen.kind === "plaintext"
        ? plaintextLine(seen, place, expected)
        : opaqueLine(seen, place, expected);
    this.write(line);
  }

  /** `place` is that of the certificate's first sight, as `atUs` is. */
  certificate(certificate: Certificate, atUs: number, place: Place): void {
    if (this.observations) this.write(certificateLine(certificate, atUs, place));
  }

  malformed(flow: Flow, faults: readonly Malformed[]): void {
    for (const malformed of faults) {
      this.write(malformedLine(malformed, { atUs: flow.openedAtUs, flow: String(flow.id) }));
    }
  }

  /** C08, one for each place. */
  overlaps(overlaps: readonly Overlap[], client: Side, place: Place): void {
    for (const { side, offset, atUs } of overlaps) {
      const who = side === client ? "client" : "server";
      this.finding(evasionFinding({ side: who, offset, bytes: 1 }), atUs, place);
    }
  }

  /** A named limit was reached so many times. */
  loss(what: string, count: number, atUs: number, flow: Flow | undefined): void {
    const why = `${LOSSES[what] ?? what} (${count} times)`;
    this.write(
      lossLine({ atUs, flow: flow && String(flow.id), packetsDropped: 0, where: what, why }),
    );
  }

  /** Packets did not come to us; 0: nobody knows how many. */
  lost(packetsDropped: number, why: string, atUs: number): void {
    this.write(lossLine({ atUs, packetsDropped, where: "capture", why }));
  }

  /** Something in our own code went wrong. */
  fault(where: string, error: unknown, atUs: number, flow?: Flow): void {
    this.#faults++;
    if (this.#faults > FAULTS_MAX) return;
    const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.write(faultLine({ atUs, flow: flow && String(flow.id), where, stack }));
  }

  /** The same object for all connections whose `tls` lines differ in time, flow and ends alone. */
  #alike(judgement: Judgement, observation: TlsObservation): object | undefined {
    if (observation.alerts.length > 0 || observation.clientCertificates !== undefined)
      return undefined;
    if (observation.flight !== undefined) return undefined;
    let known = this.#judged.get(judgement);
    if (known === undefined) {
      known = [];
      this.#judged.set(judgement, known);
    }
    const same = known.find((one) => printsAlike(one, observation));
    if (same !== undefined) return same;
    if (known.length < ALIKE_MAX) known.push(observation);
    return observation;
  }

  /** How a chain's hashes are printed: the same object for the same chain. */
  #certificates(seen: SeenCertificates, chain: Chain | undefined): Certificates {
    if (chain === undefined) return certificatesOf(seen, [], []);
    const known = this.#shown.get(chain);
    if (known !== undefined && known.seen === seen.seen && known.why === seen.why) return known;
    const sha256 = chain.certificates.map((certificate) => certificate.sha256);
    const spki = chain.certificates.map((certificate) => certificate.spkiSha256);
    const shown = certificatesOf(seen, sha256, spki);
    this.#shown.set(chain, shown);
    return shown;
  }
}

/** With the same judgement: whether nothing that a `tls` line says of them differs. */
function printsAlike(a: TlsObservation, b: TlsObservation): boolean {
  return (
    a.certificates.chain === b.certificates.chain &&
    a.certificates.why === b.certificates.why &&
    a.steps === b.steps &&
    a.version === b.version &&
    a.cipher === b.cipher &&
    a.group === b.group &&
    a.serverName === b.serverName &&
    a.alpn === b.alpn &&
    a.alpnOffered === b.alpnOffered &&
    a.ja3 === b.ja3 &&
    a.ja3s === b.ja3s &&
    a.ja4 === b.ja4 &&
    a.established === b.established &&
    a.resumed === b.resumed &&
    a.ech === b.ech &&
    a.renegotiations === b.renegotiations &&
    a.stapled === b.stapled &&
    a.timestamps === b.timestamps &&
    a.transport === b.transport &&
    a.starttls === b.starttls
  );
}

const LOSSES: Record<string, string> = {
  "link-watch": "more connections outside of encrypted links than memory for them: not asked about",
  "hsm-watch": "more connections than memory to ask whether an HSM fell silent: not asked about",
  "link-pairs": "more pairs of peers with encrypted links than memory for them: not counted",
  baseline: "more workloads and servers than memory for what they were like: some were forgotten",
  "key-reuse":
    "more certificates than memory for their keys: whether others share one is not known",
  "quic-version": "QUIC of a version whose first packets nobody can read: not seen",
  "flow-table": "more connections at once than the table holds: the stalest was given up",
  "tcp-pending": "more bytes came early than memory for them: what was missing before was given up",
  "tcp-before-start": "bytes from before a connection's first known one: not read",
  "tcp-reassembly": "more bytes of unread handshakes than memory for them: given up unread",
};

/** A fault is a bug. A few may hit one odd connection; more mean that nothing can be relied on. */
const FAULTS_MAX = 100;
/** Kinds of handshakes remembered a judgement: clients, versions, endings. */
const ALIKE_MAX = 8;
