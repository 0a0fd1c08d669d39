/** A policy that cannot be used, as a list of what is wrong and where: the command line exits 2. */

export interface PolicyProblem {
  readonly file: string;
  /** From 1; absent when it is about the file as a whole. */
  readonly line?: number;
  readonly column?: number;
  /** What was found and what was expected. */
  readonly message: string;
}

export class PolicyError extends Error {
  readonly problems: readonly PolicyProblem[];

  /** `problems` in the order of the file; the message has one line for each. */
  constructor(problems: readonly PolicyProblem[]) {
    super(problems.map(formatProblem).join("\n"));
    this.name = "PolicyError";
    this.problems = problems;
  }
}

/** `portcullis.yaml:12:5: unknown key "alow", did you mean "allow"?`, as compilers print it. */
export function formatProblem({ file, line, column, message }: PolicyProblem): string {
  const place = [file, line, column].filter((part) => part !== undefined).join(":");
  return `${place}: ${message}`;
}
