/**
 * Time that nobody waited for: what was captured behind a pause is dated later by so many seconds.
 *
 * Recordings of silence would take minutes otherwise. Where the pause is, the capture tells: it is its
 * longest one, and the recording made sure of that. Nothing but the times of packets differs.
 */
import { run } from "./process.ts";

/** `editcap` counts frames from 1; the longest pause stands before frame `at`. */
export async function moveLater(captured: string, kept: string, seconds: number): Promise<void> {
  const fields = ["-T", "fields", "-e", "frame.number", "-e", "frame.time_delta"];
  const { output } = await run(["tshark", "-n", "-r", captured, ...fields]);
  const frames = output
    .split("\n")
    .filter((line) => /^\d+\t[\d.]+$/.test(line))
    .map((line) => line.split("\t").map(Number) as [number, number]);
  const [at] = frames.reduce((longest, frame) => (frame[1] > longest[1] ? frame : longest));
  const [before, after] = [`${captured}.before`, `${captured}.after`];
  await run(["editcap", "-F", "pcap", "-r", captured, before, `1-${at - 1}`]);
  await run([
    "editcap",
    "-F",
    "pcap",
    "-t",
    `${seconds}`,
    "-r",
    captured,
    after,
    `${at}-${frames.length}`,
  ]);
  await run(["mergecap", "-F", "pcap", "-w", kept, before, after]);
}

/** Longer than anything else in a recording takes. */
export const LONGEST_PAUSE_MS = 3_000;
