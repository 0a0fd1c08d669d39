/**
 * tcpdump on the client's end of the cable, and the proof that it wrote every frame.
 *
 * Two counters that do not know of each other must agree: what the kernel counted on the interface,
 * and the records in the file. tcpdump's own "dropped by kernel" says why when they do not.
 */
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import type { Network } from "./record-network.ts";
import { walk } from "./walk.ts";

/** What a recording is made of, and what is known to be missing from it. */
export interface Recorded {
  readonly packets: number;
  readonly bytes: number;
  /** Frames on the cable that are not in the file; 0 is the only good answer. */
  readonly missing: number;
  /** tcpdump's own count of what it had no room for. */
  readonly dropped: number;
}

/** Writes to `file` all that passes while `traffic` runs. Throws if tcpdump cannot start. */
export async function recordWire(
  network: Network,
  file: string,
  traffic: () => Promise<void>,
): Promise<Recorded> {
  const args = ["-i", "eth0", "-w", file, "-B", `${BUFFER_KIB}`, "-Z", "root", "-n"];
  const tcpdump = network.spawn("client", ["tcpdump", ...args], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  const exited = once(tcpdump, "exit");
  let said = "";
  tcpdump.stderr?.setEncoding("utf8").on("data", (text: string) => {
    said += text;
  });
  try {
    for (let waited = 0; !said.includes("listening on"); waited += STEP_MS) {
      if (waited > START_MS_MAX || tcpdump.exitCode !== null) throw new Error(`tcpdump: ${said}`);
      await sleep(STEP_MS);
    }
    const before = network.framesPassed();
    await traffic();
    await sleep(SETTLE_MS);
    const passed = network.framesPassed() - before;
    tcpdump.kill("SIGINT");
    await exited;

    const { packets, bytes, longest } = walk(file);
    if (longest > FRAME_BYTES_MAX) {
      throw new Error(`${longest} byte frame in ${file}, expected at most ${FRAME_BYTES_MAX}`);
    }
    const dropped = Number(/(\d+) packets dropped by kernel/.exec(said)?.[1] ?? Number.NaN);
    return { packets, bytes, missing: passed - packets, dropped };
  } finally {
    if (tcpdump.exitCode === null) tcpdump.kill("SIGKILL");
  }
}

/** Kernel memory that holds what tcpdump has not written yet: seconds, at the rates used here. */
const BUFFER_KIB = 512 * 1024;
const STEP_MS = 20;
const START_MS_MAX = 10_000;
/** After the last connection closed: time for its last acknowledgements to pass and be written. */
const SETTLE_MS = 1_500;
/** An Ethernet header and 1,500 bytes. Longer means that an offload was still on. */
const FRAME_BYTES_MAX = 1514;
