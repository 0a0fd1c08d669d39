/** The evidence that a replay of a capture would write, and what a replay of that says again. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bundleOf, type Proof } from "../../src/evidence/bundle.ts";
import { type About, EvidenceKeeper } from "../../src/evidence/keeper.ts";
import { Quota } from "../../src/evidence/quota.ts";
import { PacketRecorder } from "../../src/evidence/recorder.ts";
import type { Openness } from "../../src/evidence/redaction.ts";
import type { Policy } from "../../src/judge/policy.ts";
import { replay } from "../../src/replay.ts";
import type { FindingLine, Line, VerdictLine } from "../../src/report/lines.ts";

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
