/**
 * What every output format is: lines go in one at a time, bytes come out at the end.
 *
 * A sink is handed lines in any order, of one replay, and has seen all of them when `end` is called.
 * It keeps what it needs with bounded memory, escapes what came from the wire (escape.ts), and knows
 * nothing of files or terminals. All sinks keep the contract in test/report/contract.test.ts.
 */

import type { WriteBytes } from "./joiner.ts";
import type { Line } from "./lines.ts";

export interface Sink {
  /** Throws `SpoolRefused` only. */
  push(line: Line): void;
  /** Writes what is owed. Throws what the `write` of the options throws, and `SpoolRefused`. */
  end(): void;
}

export interface SinkOptions {
  readonly write: WriteBytes;
  /** Print what was seen as well, and not only what is to be said about it. */
  readonly observations: boolean;
  /** Width of the reader's terminal. */
  readonly columns: number;
  /** The reader's terminal shows colours. */
  readonly colour: boolean;
  /** Above the output of one input among several that are judged alone. */
  readonly title?: string;
}

export interface Format {
  /** As `--format` has it. */
  readonly name: string;
  /** For `--help`. */
  readonly says: string;
  /** A person reads it: with another format it goes to standard error, so that the other is whole. */
  readonly forPeople: boolean;
  /** It wants the lines of `--observations` even when they are not to be printed. */
  readonly wantsObservations: boolean;
  /** Its file, which is loaded only when somebody wants the format. */
  load(): Promise<OpenSink>;
}

export type OpenSink = (options: SinkOptions) => Sink;

/** True for a line that is printed only with `--observations` (INTERFACE, "Lines"). */
export function isObservation(line: Line): boolean {
  switch (line.kind) {
    case "tls":
    case "certificate":
    case "plaintext":
    case "opaque":
    case "host":
      return true;
    case "verdict":
      return line.decision === "pass" && line.flow !== undefined;
    default:
      return false;
  }
}
