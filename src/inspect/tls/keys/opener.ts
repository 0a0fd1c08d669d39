/** What opens the sealed records of one side, as `Direction` sees it. */
export interface Opener {
  /** The next record has this type on the outside: whether to open it. One that is not is counted. */
  wants(type: number): boolean;
  /**
   * The next sealed record, lent. `sealed` when it does not open: from then on nothing will, but for
   * `passed`, which is a record of another key that comes before ours.
   */
  open(type: number, version: number, body: Uint8Array): Opened | "sealed" | "passed";
}

export interface Opened {
  /** What was inside: 21, 22, 23. */
  readonly type: number;
  readonly text: Uint8Array;
}
