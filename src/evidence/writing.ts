/** The thread that writes evidence (live-evidence.ts): a proof comes in, what became of it goes back. */
import { parentPort, workerData } from "node:worker_threads";
import { bundleOf, type Proof, type Rank } from "./bundle.ts";
import { EvidenceStore, type Kept } from "./store.ts";

/** One bundle, or the counts of what was not kept. */
export type Work =
  | { readonly proof: Proof; readonly rank: Rank; readonly flow: number }
  | { readonly note: object };

export interface Told {
  /** Absent for a note that was written. */
  readonly kept?: Kept;
  readonly flow: number;
}

const { directory } = workerData as { directory: string };
let store: EvidenceStore | undefined;

parentPort?.on("message", (work: Work) => {
  const flow = "flow" in work ? work.flow : 0;
  const kept = carryOut(work);
  parentPort?.postMessage({ flow, ...(kept !== undefined && { kept }) } satisfies Told);
});

function carryOut(work: Work): Kept | undefined {
  try {
    store ??= EvidenceStore.open(directory);
    if ("proof" in work) return store.keep(bundleOf(work.proof), work.rank);
    store.note(work.note);
    return undefined;
  } catch (error) {
    return { status: "failed", why: error instanceof Error ? error.message : String(error) };
  }
}
