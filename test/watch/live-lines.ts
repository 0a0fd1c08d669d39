/** Captures as if they came from a tap: packet by packet into the judging that does not wait for the end. */
import { readCapture } from "../../src/capture/read.ts";
import { KeyLog } from "../../src/inspect/keys/key-log.ts";
import { LocalNetworks } from "../../src/judge/direction.ts";
import type { Policy } from "../../src/judge/policy/policy.ts";
import { Packets } from "../../src/packets.ts";
import { replay } from "../../src/replay.ts";
import type { Line, VerdictLine } from "../../src/report/lines.ts";
import { LiveJudging } from "../../src/watch/live-judging.ts";
import type { Judged } from "../../src/watch/live-verdicts.ts";
import type { WirePacket } from "../wire/packet.ts";

const ETHERNET = 1;

export interface Live {
  readonly lines: readonly Line[];
  readonly judged: readonly Judged[];
  /** Lines that were there before `end` closed what was open. */
  readonly early: number;
}

/** Packets by hand: what is judged when. */
export class Wire {
  readonly lines: Line[] = [];
  readonly judged: Judged[] = [];
  readonly judging: LiveJudging;
  readonly packets: Packets;

  constructor(policy: Policy, shape: { isFirstBytesOnly?: () => boolean } = {}) {
    const keys = new KeyLog();
    this.judging = new LiveJudging(
      {
        policy,
        keys,
        observations: true,
        directionOf: () => "egress",
        onVerdict: (one) => this.judged.push(one),
        ...shape,
      },
      (line) => this.lines.push(line),
    );
    this.packets = new Packets(this.judging, keys);
  }

  push(packet: WirePacket): void {
    const { bytes, atUs } = packet;
    this.packets.clock[0] = atUs;
    this.packets.packet(bytes, 0, bytes.length, bytes.length, ETHERNET);
  }

  /** Index of the packet at which the first verdict was said; -1: none was. */
  firstVerdictAt(packets: readonly WirePacket[]): number {
    return packets.findIndex((packet) => {
      this.push(packet);
      return this.judged.length > 0;
    });
  }

  end(): void {
    this.packets.end();
    this.judging.end();
  }

  get verdicts(): VerdictLine[] {
    return this.lines.filter((line): line is VerdictLine => line.kind === "verdict");
  }

  get rules(): string[] {
    return this.lines.flatMap((line) => (line.kind === "finding" ? [line.rule] : []));
  }
}

export async function live(path: string, policy: Policy): Promise<Live> {
  const lines: Line[] = [];
  const judged: Judged[] = [];
  const keys = new KeyLog();
  const local = new LocalNetworks([]);
  const judging = new LiveJudging(
    {
      policy,
      keys,
      observations: true,
      directionOf: ({ ends }, client) => local.direction(ends[client].ip, ends[1 - client]!.ip),
      onVerdict: (one) => judged.push(one),
    },
    (line) => lines.push(line),
  );
  const packets = new Packets(judging, keys);
  await readCapture(path, packets);
  const early = lines.length;
  packets.end();
  judging.end();
  return { lines, judged, early };
}

/**
 * Without what a replay tells when its packets end, and who watches does not tell yet: that a tunnel or an
 * HSM has fallen silent (B02, B16).
 */
export async function replayed(path: string, policy: Policy): Promise<readonly Line[]> {
  const lines: Line[] = [];
  const options = { inputs: [path], policy, hash: false, local: [], observations: true };
  await replay({ ...options, verify: "all" }, (line) => lines.push(line));
  return lines.filter((line) => !isOfSilence(line));
}

function isOfSilence(line: Line): boolean {
  if (line.kind === "finding") return SILENCE.has(line.rule);
  return line.kind === "verdict" && line.findings.some((rule) => SILENCE.has(rule));
}

/** What was decided of each connection: by flow and, where it has several, in their order. */
export function decisions(lines: readonly Line[]): Record<string, VerdictLine[]> {
  const said: Record<string, VerdictLine[]> = {};
  for (const line of lines) {
    if (line.kind !== "verdict") continue;
    const key = `${line.flow} ${line.client}>${line.server} ${line.atUs}`;
    said[key] ??= [];
    said[key].push(line);
  }
  return said;
}

/** One text for each finding, without where it stands among the lines. */
export function findings(lines: readonly Line[]): string[] {
  return lines
    .flatMap((line) =>
      line.kind === "finding"
        ? [`${line.flow ?? "-"} ${line.rule} ${line.severity} ${line.summary}`]
        : [],
    )
    .sort();
}

const SILENCE: ReadonlySet<string> = new Set(["B02", "B16"]);
