/** What the runner and its worker tell each other. */

export interface Measure {
  readonly kind: "measure";
  /** Of tests. */
  readonly file: string;
  readonly places: Places;
}

export interface Try {
  readonly kind: "try";
  /** The file with the mutant in it, and its text. */
  readonly path: string;
  readonly source: string;
  /** Names of tests by file, in the order in which to run them. */
  readonly tests: Readonly<Record<string, readonly string[]>>;
}

export type Question = Measure | Try;

export type Answer =
  | { readonly tests: readonly TestRun[] }
  /** The test that failed; absent when none did. */
  | { readonly by?: string | undefined };

/** Offsets and the numbers of the mutants there, by the path of the source file. */
export type Places = Readonly<
  Record<string, readonly { readonly at: number; readonly id: number }[]>
>;

export interface TestRun {
  readonly file: string;
  readonly name: string;
  readonly ms: number;
  /** Numbers of the mutants whose place ran. */
  readonly reached: readonly number[];
  /** Why it fails without any mutant. */
  readonly failure?: string;
}
