/**
 * The program's own log: what Portcullis does, one JSON object a line on standard error, apart from the
 * findings. What a connection carried, names of policies' people and secrets have no place in it:
 * whoever calls it says what happened and to which file or flow.
 *
 * It never waits for its reader: a reader that stalls loses notes of ours, which are counted.
 */
import { type Logger, pino } from "pino";
import { LineOutput } from "./line-output.ts";

export interface Log extends Pick<Logger, "debug" | "info" | "warn" | "error"> {
  /** Answers how many bytes nobody took in time. */
  drain(deadlineMs: number): Promise<number>;
}

/** On descriptor 2. `level` as pino names them. */
export function openLog(level: string, output = new LineOutput(2, { bytesMax: BYTES_MAX })): Log {
  const logger = pino(
    {
      level,
      // Neither name nor number of the host: whoever collects logs knows where they came from.
      base: null,
      timestamp: () => `,"at":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
    },
    { write: (line: string) => output.push(line, "note") },
  );
  return Object.assign(logger, { drain: (deadlineMs: number) => output.drain(deadlineMs) });
}

export const LOG_LEVELS = ["debug", "info", "warn", "error"] as const;
/** Some thousand lines. */
const BYTES_MAX = 2 ** 20;
