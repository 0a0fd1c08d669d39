/**
 * One pass over a capture: `replay`, and the formats that print what it says.
 *
 * What it takes can be copied to another thread, so that `--separate --jobs` runs the same code there.
 */
import type { Vantage } from "../judge/expectation.ts";
import type { Policy } from "../judge/policy.ts";
import type { WorkloadEntry } from "../judge/workloads.ts";
import { type ReplayEnd, type ReplayOptions, replay } from "../replay.ts";
import { FORMATS } from "../report/index.ts";
import type { WriteBytes } from "../report/joiner.ts";
import type { Sink } from "../report/sink.ts";
import type { Verify } from "../trust/possession-checks.ts";

export interface PassOptions {
  readonly inputs: readonly string[];
  readonly policy: Policy;
  readonly local: readonly string[];
  readonly workloads: readonly WorkloadEntry[];
  readonly vantage: Vantage | undefined;
  readonly observations: boolean;
  readonly flightSizes: boolean;
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
}

export type PassEnd = Pick<ReplayEnd, "unreadable" | "worst" | "failed">;

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
  const end = await replay(
    {
      inputs: options.inputs,
      policy: options.policy,
      local: options.local,
      workloads: options.workloads,
      vantage: options.vantage,
      observations: options.observations || formats.some((format) => format.wantsObservations),
      flightSizes: options.flightSizes,
      verify: options.verify,
      keyLogs: options.keyLogs,
      hash: options.hash,
      ...(options.maxBytes !== undefined && { maxBytes: options.maxBytes }),
      ...(progress !== undefined && { progress }),
    },
    sinks.length === 1
      ? pushInto(sinks[0]!)
      : (line) => sinks.forEach((sink) => void sink.push(line)),
  );
  for (const sink of sinks) sink.end();
  return end.worst === undefined
    ? { unreadable: end.unreadable, failed: end.failed }
    : { unreadable: end.unreadable, failed: end.failed, worst: end.worst };
}

function pushInto(sink: Sink): Sink["push"] {
  return (line) => sink.push(line);
}
