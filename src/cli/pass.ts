/**
 * One pass over a capture: `replay`, and the formats that print what it says.
 *
 * What it takes can be copied to another thread, so that `--separate --jobs` runs the same code there.
 */
import type { Vantage } from "../judge/expectation.ts";
import type { Policy } from "../judge/policy/policy.ts";
import type { WorkloadEntry } from "../judge/workloads.ts";
import { type ReplayEnd, type ReplayOptions, replay } from "../replay.ts";
import { FORMATS } from "../report/index.ts";
import type { WriteBytes } from "../report/joiner.ts";
import type { Line } from "../report/lines.ts";
import type { Sink } from "../report/sink.ts";
import type { Verify } from "../trust/possession-checks.ts";
import type { EvidenceEnd } from "./evidence.ts";

export interface PassOptions {
  readonly inputs: readonly string[];
  readonly policy: Policy;
  readonly local: readonly string[];
  readonly workloads: readonly WorkloadEntry[];
  readonly vantage: Vantage | undefined;
  readonly observations: boolean;
  readonly flightSizes: boolean;
  readonly probe: boolean;
  readonly verify: Verify;
  /** Paths of key logs. */
  readonly keyLogs: readonly string[];
  readonly hash: boolean;
  readonly maxBytes?: number;
  /** Names out of FORMATS. */
  readonly formats: readonly string[];
  readonly columns: number;
  /** Whether standard output and standard error show colours. */
  readonly colour: { readonly out: boolean; readonly err: boolean };
  readonly title?: string;
  /** Directory for the evidence of what is found. */
  readonly evidence?: string;
}

export interface PassEnd extends Pick<ReplayEnd, "unreadable" | "worst" | "failed"> {
  readonly evidence?: EvidenceEnd;
}

/** Throws what `replay` and the sinks throw. */
export async function pass(
  options: PassOptions,
  out: WriteBytes,
  err: WriteBytes,
  progress?: ReplayOptions["progress"],
): Promise<PassEnd> {
  const formats = FORMATS.filter(({ name }) => options.formats.includes(name));
  const forMachines = formats.some((format) => !format.forPeople);
  const sinks: Sink[] = [];
  for (const format of formats) {
    const aside = format.forPeople && forMachines;
    const open = await format.load();
    sinks.push(
      open({
        write: aside ? err : out,
        observations: options.observations,
        columns: options.columns,
        colour: aside ? options.colour.err : options.colour.out,
        ...(options.title !== undefined && { title: options.title }),
      }),
    );
  }
  const { evidence: directory } = options;
  const evidence =
    directory === undefined
      ? undefined
      : new (await import("./evidence.ts")).ReplayEvidence(directory, options.policy);
  const print =
    sinks.length === 1
      ? pushInto(sinks[0]!)
      : (line: Line) => sinks.forEach((sink) => void sink.push(line));
  const end = await replay(
    {
      inputs: options.inputs,
      policy: options.policy,
      local: options.local,
      workloads: options.workloads,
      vantage: options.vantage,
      observations:
        options.observations ||
        evidence !== undefined ||
        formats.some((format) => format.wantsObservations),
      flightSizes: options.flightSizes,
      probe: options.probe,
      verify: options.verify,
      keyLogs: options.keyLogs,
      hash: options.hash,
      ...(options.maxBytes !== undefined && { maxBytes: options.maxBytes }),
      ...(progress !== undefined && { progress }),
      ...(evidence !== undefined && { recorder: evidence.recorder }),
    },
    evidence === undefined
      ? print
      : (line) => {
          print(line);
          evidence.line(line);
        },
  );
  for (const sink of sinks) sink.end();
  const { unreadable, failed, worst } = end;
  return {
    unreadable,
    failed,
    ...(worst !== undefined && { worst }),
    ...(evidence !== undefined && { evidence: evidence.close() }),
  };
}

function pushInto(sink: Sink): Sink["push"] {
  return (line) => sink.push(line);
}
