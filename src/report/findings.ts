/**
 * Findings put together for a reader: what says the same about the same server is one row with a count,
 * the worst first.
 *
 * Ten thousand connections to one self-signed server are one thing to look at. Notes say little each
 * and are many (every TLS 1.3 handshake without a key log is one), so a note is one row a rule. Memory
 * is bounded: past `GROUPS_MAX` of a severity, further groups are only counted.
 */
import {
  type FindingLine,
  type Reason,
  SEVERITIES,
  type Severity,
  type TlsLine,
  type VerdictLine,
} from "./lines.ts";

export interface Group {
  /** The earliest finding of the group. */
  first: FindingLine;
  /** Of the connection of `first`; absent when it showed none. */
  serverName: string | undefined;
  /** The connection of `first` showed TLS. */
  isTls: boolean;
  /** SHA-256 of the certificate that `first` is about; absent when none was seen. */
  certificate: string | undefined;
  findings: number;
  readonly clients: Set<string>;
  readonly servers: Set<string>;
  /** How many of its connections were cut, would have been, or were or would have been refused. */
  cuts: number;
  wouldCut: number;
  refusals: number;
  /** Why the connection of `first` was decided so. */
  reason: readonly Reason[];
}

export class FindingGroups {
  readonly #groups = new Map<string, Group>();
  readonly #groupsOf: Record<Severity, number> = { note: 0, warning: 0, breach: 0, critical: 0 };
  /** Groups of the connection whose lines are coming in now. */
  #current: { flow: string | undefined; groups: Group[] } = { flow: undefined, groups: [] };
  /** Findings that found no room. */
  uncounted = 0;

  /** `tls` is the finding's connection, where there is one. */
  add(finding: FindingLine, tls: TlsLine | undefined): void {
    const serverName = tls?.serverName;
    const certificate = finding.certificates?.[0] ?? tls?.certificates.chain[0];
    const key = keyOf(finding, serverName);
    let group = this.#groups.get(key);
    if (group === undefined) {
      if (this.#groupsOf[finding.severity] >= GROUPS_MAX) {
        this.uncounted++;
        return;
      }
      this.#groupsOf[finding.severity]++;
      group = newGroup(finding, tls, certificate);
      this.#groups.set(key, group);
    } else if (isBefore(finding, group.first)) {
      group.first = finding;
      group.serverName = serverName;
      group.isTls = tls !== undefined;
      group.certificate = certificate;
    }
    group.findings++;
    remember(group.clients, finding.client && addressOf(finding.client));
    remember(group.servers, finding.server);
    if (this.#current.flow !== finding.flow) this.#current = { flow: finding.flow, groups: [] };
    this.#current.groups.push(group);
  }

  /** The verdict on a connection, after its findings. */
  decide(verdict: VerdictLine): void {
    if (verdict.flow === undefined || verdict.flow !== this.#current.flow) return;
    const before = verdict.would ?? verdict.decision;
    for (const group of new Set(this.#current.groups)) {
      if (verdict.decision === "cut") group.cuts++;
      else if (verdict.wouldCut) group.wouldCut++;
      else if (before === "refuse") group.refusals++;
      if (group.first.flow === verdict.flow) group.reason = verdict.reason;
    }
  }

  /** The worst first, then the earliest. */
  sorted(): Group[] {
    return [...this.#groups.values()].sort(
      (a, b) =>
        SEVERITIES.indexOf(b.first.severity) - SEVERITIES.indexOf(a.first.severity) ||
        (isBefore(a.first, b.first) ? -1 : 1),
    );
  }
}

/** `192.0.2.1` of `192.0.2.1:443`, `2001:db8::1` of `[2001:db8::1]:443`. */
export function addressOf(endpoint: string): string {
  return endpoint.slice(0, endpoint.lastIndexOf(":")).replace(/^\[|\]$/g, "");
}

function newGroup(
  finding: FindingLine,
  tls: TlsLine | undefined,
  certificate: string | undefined,
): Group {
  return {
    first: finding,
    serverName: tls?.serverName,
    isTls: tls !== undefined,
    certificate,
    findings: 0,
    clients: new Set(),
    servers: new Set(),
    cuts: 0,
    wouldCut: 0,
    refusals: 0,
    reason: [],
  };
}

/** The summary names the issuer or the subject, so the same summary is about the same. */
function keyOf(finding: FindingLine, serverName: string | undefined): string {
  const { severity, rule, name, workload, server, summary } = finding;
  if (severity === "note") return JSON.stringify([severity, rule, name]);
  return JSON.stringify([severity, rule, name, workload, server, serverName, summary]);
}

function isBefore(a: FindingLine, b: FindingLine): boolean {
  const byTime = a.atUs - b.atUs || Number(a.flow ?? 0) - Number(b.flow ?? 0);
  return byTime === 0 ? a.rule < b.rule : byTime < 0;
}

function remember(names: Set<string>, name: string | undefined): void {
  if (name !== undefined && names.size < NAMES_MAX) names.add(name);
}

/** A severity. A reader who has more rows than this wants `--format jsonl`. */
const GROUPS_MAX = 500;
/** A group. Beyond, the text says `100+`. */
export const NAMES_MAX = 100;
