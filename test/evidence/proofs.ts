/** The evidence that a replay of a capture would write, and what a replay of that says again. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Census } from "../../src/decode/census.ts";
import { decodeFrame } from "../../src/decode/link.ts";
import { PacketView, TCP_SYN, TRANSPORT } from "../../src/decode/packet-view.ts";
import { bundleOf, type Proof } from "../../src/evidence/bundle.ts";
import { type About, EvidenceKeeper } from "../../src/evidence/keeper.ts";
import { Quota } from "../../src/evidence/quota.ts";
import { PacketRecorder } from "../../src/evidence/recorder.ts";
import type { Openness } from "../../src/evidence/redaction.ts";
import type { KeptPacket } from "../../src/evidence/ring.ts";
import type { Policy } from "../../src/judge/policy/policy.ts";
import { replay } from "../../src/replay.ts";
import type { FindingLine, Line, PlaintextLine, VerdictLine } from "../../src/report/lines.ts";

export interface Evidence {
  readonly proof: Proof;
  readonly about: About;
}

/** Every signature is checked: a sample would depend on the connections around. */
const ASKED = { local: [], observations: true, hash: false, verify: "all" } as const;

/** Of each verdict that is no pass. @param always also of those that are */
export async function evidenceOf(
  path: string,
  policy: Policy,
  always: (line: VerdictLine) => boolean = () => false,
): Promise<{ evidence: Evidence[]; lines: Line[] }> {
  const evidence: Evidence[] = [];
  const lines: Line[] = [];
  const recorder = new PacketRecorder();
  const keeper = new EvidenceKeeper(recorder, {
    policy: () => policy,
    clock: () => ({ source: "capture" }),
    quota: new Quota(Number.POSITIVE_INFINITY),
    keep: (proof, about) => void evidence.push({ proof, about }),
  });
  const options = { inputs: [path], policy, ...ASKED, recorder };
  await replay(options, (line) => {
    lines.push(line);
    const isForced = line.kind === "verdict" && line.decision === "pass" && always(line);
    keeper.line(isForced ? { ...line, decision: "report" } : line);
  });
  return { evidence, lines };
}

/** What `portcullis replay` says of a bundle's packets. */
export async function replayed(proof: Proof, policy: Policy): Promise<Line[]> {
  const folder = mkdtempSync(join(tmpdir(), "portcullis-evidence-"));
  try {
    const path = join(folder, "packets.pcapng");
    writeFileSync(path, packetsOf(proof));
    const lines: Line[] = [];
    const options = { inputs: [path], policy, ...ASKED };
    await replay(options, (line) => void lines.push(line));
    return lines;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export function packetsOf(proof: Proof): Uint8Array {
  return bundleOf(proof).files.find(({ name }) => name === "packets.pcapng")!.bytes;
}

/**
 * What must be the same again of a connection: its rules with their severity, the decision, the reason.
 * The words of a finding count the secrets in clear, of which a file that ends early has fewer.
 */
export function verdictOn(
  lines: readonly Line[],
  { client, server }: VerdictLine,
  openness: Openness,
): object[] {
  const isOn = (line: Line): line is VerdictLine | FindingLine =>
    (line.kind === "verdict" || line.kind === "finding") &&
    line.client === client &&
    line.server === server;
  return lines.filter(isOn).map((line) => {
    if (line.kind === "finding") {
      const { rule, severity, confidence, summary } = line;
      const words = openness === "handshake" ? { confidence, summary } : {};
      return { rule, severity, ...words };
    }
    const { decision, would, wouldCut, reason, findings } = line;
    return { decision, would, wouldCut, reason, findings };
  });
}

export function plaintextOf(lines: readonly Line[]): PlaintextLine[] {
  return lines.filter((line): line is PlaintextLine => line.kind === "plaintext");
}

/** Located bytes of a secret that stand in the packets as they were sent, as `side offset`. */
export function secretsLeft(
  { packets, verdict }: Proof,
  clear: readonly PlaintextLine[],
): string[] {
  return clear.flatMap(({ exposes }) =>
    exposes.flatMap(({ side, offset, bytes }) => {
      const from = side === "client" ? verdict.client : verdict.server;
      const sent = [...streamOf(packets, from ?? "")];
      const inside = sent.filter(([at]) => at >= offset && at < offset + bytes);
      const left = inside.filter(([, byte]) => byte !== 0 && byte !== 0x30);
      return left.map(([at]) => `${side} ${at}`);
    }),
  );
}

/** Offset and value of each byte that one end sent. */
export function* streamOf(
  packets: readonly KeptPacket[],
  from: string,
): Generator<[number, number]> {
  let origin: number | undefined;
  for (const { view, source } of payloads(packets)) {
    if (source !== from) continue;
    if ((view.flags & TCP_SYN) !== 0 && view.protocol === 6) {
      origin = (view.seq + 1) | 0;
      continue;
    }
    if (view.payload >= view.end) continue;
    origin ??= view.seq;
    const first = view.protocol === 6 ? (view.seq - origin) | 0 : 0;
    for (let at = view.payload; at < view.end; at++) {
      yield [first + at - view.payload, view.bytes[at]!];
    }
  }
}

export function* payloads(
  packets: readonly KeptPacket[],
): Generator<{ view: PacketView; source: string }> {
  const view = new PacketView();
  const census = new Census();
  for (const { bytes, original, link } of packets) {
    view.cut = original - bytes.length;
    if (decodeFrame(view, bytes, 0, bytes.length, link, census) !== TRANSPORT) continue;
    const ip = view.bytes.subarray(view.source, view.source + 4).join(".");
    yield { view, source: `${ip}:${view.sourcePort}` };
  }
}
