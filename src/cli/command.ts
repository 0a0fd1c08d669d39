/** What a command of the program is. Each lies in a file of its own that is loaded only when called. */
import type { Option } from "./options.ts";

export interface Command {
  /** `replay <capture...>`. */
  readonly usage: string;
  /** What it does, in one or two sentences. */
  readonly says: string;
  readonly options: readonly Option[];
  /** Command lines that work as they stand, with what they do. */
  readonly examples: readonly (readonly [line: string, does: string])[];
  /** Returns the exit code. Throws `Misuse`. */
  run(args: readonly string[]): Promise<number>;
}

/** A command that is none itself: `policy` has `check`, `explain` and `schema`. */
export interface Group {
  readonly usage: string;
  readonly says: string;
  readonly commands: readonly Entry[];
  readonly examples: Command["examples"];
}

/** What a command or group is called, and how to get it without loading the others. */
export interface Entry {
  readonly name: string;
  /** For the list in the help, as `replay <capture...>`. */
  readonly usage: string;
  readonly says: string;
  load(): Promise<Command | Group>;
}

/** Exit codes (INTERFACE, "Commands"). When two apply: MISUSE, then REFUSED, UNREADABLE, FINDINGS. */
export const EXIT = { FINE: 0, FINDINGS: 1, MISUSE: 2, UNREADABLE: 3, REFUSED: 4 } as const;
