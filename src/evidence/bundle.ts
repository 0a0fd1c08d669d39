/**
 * The files of one piece of evidence: what was on the wire, what was made of it, and by what.
 *
 *     manifest.json    whom it is about, the decision and its reasons, what was zeroed, the files' hashes
 *     packets.pcapng   the conversation; findings stand beside the packets that they are dated by
 *     chain.pem        the certificates that the server presented, in the order of the wire
 *     lines.jsonl      every line about the connection, as it was printed
 *     flows.jsonl      the connections of the hour before
 *     policy.json      the policy in force; its SHA-256 is the `policySha256` of the lines
 *
 * Pure: the same verdict gives the same bytes, so a bundle can be told by its hash.
 */
import { hash } from "node:crypto";
import { escapeJson } from "../report/escape.ts";
import type { Line, VerdictLine } from "../report/lines.ts";
import type { FlowRecord } from "./flow-records.ts";
import { pcapngFile } from "./pcapng-file.ts";
import type { Located, Openness } from "./redaction.ts";
import type { KeptPacket } from "./ring.ts";

export interface Proof {
  readonly verdict: VerdictLine;
  /** All lines about the connection. */
  readonly lines: readonly Line[];
  /** Redacted. */
  readonly packets: readonly KeptPacket[];
  /** Packets of the connection that are not among them. */
  readonly missed: number;
  readonly openness: Openness;
  readonly located: readonly Located[];
  /** DER of the presented certificates. */
  readonly presented: readonly Uint8Array[];
  readonly flows: readonly FlowRecord[];
  /** Its canonical form. */
  readonly policy: string;
  /** What the clocks said: by what the times in the lines were taken. */
  readonly clock: object;
}

/** A file of a bundle: its name is one of ours. */
export interface BundleFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

export interface Bundle {
  readonly files: readonly BundleFile[];
  /** SHA-256 of the manifest, which has those of the other files. */
  readonly sha256: string;
  readonly bytes: number;
}

export function bundleOf(proof: Proof): Bundle {
  const { presented } = proof;
  const text = (name: string, lines: string): BundleFile => ({ name, bytes: Buffer.from(lines) });
  const files: BundleFile[] = [
    { name: "packets.pcapng", bytes: packetsOf(proof) },
    ...(presented.length > 0 ? [text("chain.pem", presented.map(pemOf).join(""))] : []),
    text("lines.jsonl", proof.lines.map((line) => `${escapeJson(line)}\n`).join("")),
    text("flows.jsonl", proof.flows.map((flow) => `${escapeJson(flow)}\n`).join("")),
    text("policy.json", proof.policy),
  ];
  const manifest = text("manifest.json", `${escapeJson(manifestOf(proof, files))}\n`);
  const all = [manifest, ...files];
  const bytes = all.reduce((sum, file) => sum + file.bytes.length, 0);
  return { files: all, sha256: hash("sha256", manifest.bytes), bytes };
}

/** "cut" where the policy asks for it, also where audit, a window or a guard made less of it. */
export function rankOf({ decision, would, wouldCut }: VerdictLine): Rank {
  if (wouldCut || decision === "cut" || would === "cut") return "cut";
  return decision === "refuse" || would === "refuse" ? "refuse" : "report";
}

export type Rank = "cut" | "refuse" | "report";

function manifestOf(proof: Proof, files: readonly BundleFile[]): object {
  const { verdict, packets, missed, openness, located, presented, clock } = proof;
  const { kind: _kind, ...said } = verdict;
  return {
    evidence: MANIFEST_VERSION,
    ...said,
    packets: { kept: packets.length, missed },
    payload: SAYS[openness],
    zeroed: located,
    certificates: presented.length,
    clock,
    files: Object.fromEntries(files.map(({ name, bytes }) => [name, hash("sha256", bytes)])),
  };
}

function packetsOf({ verdict, lines, packets }: Proof): Buffer {
  const { client, server, policySha256, decision, would } = verdict;
  const lowered = would === undefined ? "" : `, ${would} if nothing had lowered it`;
  const comments = [
    `portcullis: ${decision}${lowered}: ${client} to ${server}`,
    ...verdict.reason.map(({ step, says }) => `${step}: ${says}`),
    `policy SHA-256 ${policySha256}`,
  ];
  const packetComments = new Map<number, string[]>();
  for (const line of lines) {
    if (line.kind !== "finding" || packets.length === 0) continue;
    const { rule, name, severity, confidence, summary } = line;
    const dated = packets.findIndex(({ atUs }) => atUs >= line.atUs);
    const index = dated < 0 ? packets.length - 1 : dated;
    const comment = `${rule} ${name} (${severity}, confidence ${confidence}): ${summary}`;
    packetComments.set(index, [...(packetComments.get(index) ?? []), comment]);
  }
  return pcapngFile({ packets, comments, packetComments, application: "portcullis" });
}

/** RFC 7468: 64 characters a line. */
function pemOf(der: Uint8Array): string {
  const lines =
    Buffer.from(der)
      .toString("base64")
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`;
}

const SAYS: Record<Openness, string> = {
  handshake: "whole packets of the handshake; located secrets zeroed",
  clear: "the first 256 bytes of each direction; located secrets zeroed",
  unknown: "zeroed: nothing tells where its secrets are",
};
/** Counts up when a key changes its meaning or goes away. */
const MANIFEST_VERSION = 1;
