/** A thread of `replay --separate --jobs N`: told the index of an input, it judges that one alone. */
import { parentPort, workerData } from "node:worker_threads";
import { Spool, SpoolRefused } from "../report/spool.ts";
import { type PassOptions, pass } from "./pass.ts";
import { aloneWith, type Printed, type Refusal } from "./separate.ts";

parentPort?.on("message", async (index: number) => {
  parentPort?.postMessage(await judge(index));
});

async function judge(index: number): Promise<Printed | Refusal> {
  const options = workerData as PassOptions;
  try {
    const out = Spool.open();
    const err = Spool.open();
    const end = await pass(
      aloneWith(options, options.inputs[index]!),
      (bytes, from, to) => out.append(bytes, from, to),
      (bytes, from, to) => err.append(bytes, from, to),
    );
    return {
      index,
      out: { fd: out.fd, bytes: out.bytes },
      err: { fd: err.fd, bytes: err.bytes },
      end,
    };
  } catch (error) {
    // An error loses its class on the way to the main thread.
    if (error instanceof SpoolRefused) return { refused: error.message };
    throw error;
  }
}
