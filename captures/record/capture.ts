/**
 * The capture itself: started, known to be listening, and stopped after the last packet.
 *
 * `--immediate-mode` matters: without it the kernel hands packets over in blocks, and the last block
 * is lost when tcpdump is told to stop. It needs a larger buffer, or bursts are lost instead.
 */
import { stat } from "node:fs/promises";
import type { Lab } from "./lab.ts";
import { pause, run } from "./process.ts";

export interface CaptureOptions {
  readonly tool?: "tcpdump" | "dumpcap";
  /** Of the client's namespace. dumpcap takes several. */
  readonly interfaces?: readonly string[];
  readonly options?: readonly string[];
  readonly ending?: "pcap" | "pcapng";
}

/** Captures into `file` what crosses the client's interface while `body` runs. */
export async function captureWhile<T>(
  lab: Lab,
  file: string,
  { tool = "tcpdump", interfaces = ["eth0"], options = [] }: CaptureOptions,
  body: () => Promise<T>,
): Promise<T> {
  const from = interfaces.flatMap((name) => ["-i", name]);
  const own =
    tool === "tcpdump" ? ["-U", "-n", "--immediate-mode", "-B", BUFFER_KIB, "-Z", "root"] : ["-q"];
  const capture = lab.start("client", [tool, ...own, ...from, ...options, "-w", file]);
  const ready = tool === "tcpdump" ? /listening on/ : /^File: /m;
  await capture.until(() => ready.test(capture.output));
  if (tool === "dumpcap") await pause(READING_MS);
  const result = await body();
  await settled(file);
  await capture.stop("SIGINT");
  const lost = LOST.exec(capture.output)?.slice(1).find(Boolean);
  if (lost !== undefined) throw new Error(`${lost} packets were dropped while capturing`);
  return result;
}

/** Packets in a capture, as capinfos counts them. */
export async function countPackets(file: string): Promise<number> {
  const { output } = await run(["capinfos", "-c", "-M", "-T", "-r", file]);
  const count = Number(output.trim().split("\t").at(-1));
  if (!Number.isInteger(count)) throw new Error(`capinfos counts no packets: ${output}`);
  return count;
}

/** The numbers of the frames that a Wireshark display filter selects. */
export async function frames(file: string, filter: string): Promise<number[]> {
  const fields = ["-T", "fields", "-e", "frame.number"];
  const { output } = await run(["tshark", "-n", "-r", file, "-Y", filter, ...fields]);
  return output
    .split("\n")
    .filter((line) => /^\d+$/.test(line))
    .map(Number);
}

/** Returns when the file has not grown for a while: the last FIN has been written. */
async function settled(file: string): Promise<void> {
  for (let size = -1, now = 0; size !== now; ) {
    await pause(QUIET_MS);
    size = now;
    now = (await stat(file)).size;
  }
}

const QUIET_MS = 250;
/** dumpcap names its file a moment before it reads. */
const READING_MS = 300;
/** In immediate mode each packet takes a place of the snap length, 256 KiB; this gives 256 places. */
const BUFFER_KIB = "65536";
/** A number above zero, where tcpdump and dumpcap say at their end what they lost. */
const LOST = /([1-9]\d*) packets? dropped by|dropped on interface[^:]*: \d+\/([1-9]\d*)/;
