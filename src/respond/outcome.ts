/** What a rung of the ladder did (RESPONSE.md). INTERFACE's `outcome` line is made of it. */
export interface Outcome {
  readonly rung: "refuse" | "fence";
  readonly status: "done" | "unneeded" | "failed";
  /** Somebody looked afterwards, and it is so. */
  readonly verified: boolean;
  /** Of a failure: whether the same again may succeed. */
  readonly retry?: boolean;
  readonly tookMs?: number;
  /** Of a cut: when the kernel had its rules, long before all of it was done and verified. */
  readonly droppedAfterMs?: number;
  readonly detail: string;
  /** How it is undone: the command to type. */
  readonly release?: string;
}
