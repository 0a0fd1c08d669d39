/** The kinds of connection that the tour of `demo` shows, and which one is which. */
import { addressOf } from "../report/findings.ts";
import type { FindingLine, Line, TlsLine, VerdictLine } from "../report/lines.ts";

/** All that was printed about one connection. */
export interface Connection {
  readonly tls: TlsLine;
  readonly findings: readonly FindingLine[];
  readonly verdict: VerdictLine | undefined;
  /** Of the leaf; absent when no certificate was seen. */
  readonly issuer: string | undefined;
  /** Of the client. */
  readonly address: string;
}

export interface Story {
  readonly title: string;
  readonly says: string;
  holds(connection: Connection): boolean;
}

/** In the order in which they are told. */
export const STORIES: readonly Story[] = [
  {
    title: "A connection that is fine",
    says: "The certificate chain leads to a root of the policy, and an `allow` line names its issuer.",
    holds: ({ tls, findings, verdict }) =>
      tls.certificates.seen !== "no" && findings.length === 0 && verdict?.decision === "pass",
  },
  {
    title: "A self-signed certificate",
    says: "Nobody vouches for this server but itself.",
    holds: ({ findings }) => findings.some(({ rule }) => rule === "A16"),
  },
  {
    title: "An unknown issuer",
    says: "Somebody vouches, but nobody here approved them: as when a box in between breaks TLS open.",
    holds: ({ findings }) => findings.some(({ rule }) => rule === "A15"),
  },
  {
    title: "A certificate that was not seen",
    says: "TLS 1.3 encrypts the certificate. Not seen is not clean, so this is never called fine.",
    holds: ({ tls }) => tls.version !== undefined && tls.certificates.seen === "no",
  },
];

/** The first story that a connection belongs to. */
export function storyOf(connection: Connection): Story | undefined {
  return STORIES.find((story) => story.holds(connection));
}

/** The TLS connections of a replay, in the order of their flows. */
export function connectionsOf(lines: readonly Line[]): Connection[] {
  const issuers = new Map<string, string>();
  for (const line of lines) if (line.kind === "certificate") issuers.set(line.sha256, line.issuer);
  const findings = lines.filter((line) => line.kind === "finding");
  const verdicts = lines.filter((line) => line.kind === "verdict");
  return lines
    .filter((line) => line.kind === "tls")
    .sort((a, b) => Number(a.flow) - Number(b.flow))
    .map((tls) => ({
      tls,
      findings: findings.filter(({ flow }) => flow === tls.flow),
      verdict: verdicts.find(({ flow }) => flow === tls.flow),
      issuer: issuers.get(tls.certificates.chain[0] ?? ""),
      address: addressOf(tls.client),
    }));
}
