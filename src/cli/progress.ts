/** How far long work is, on standard error when that is a terminal. */
import { isatty } from "node:tty";
import { size, thousands } from "../report/quantity.ts";
import { Output } from "./output.ts";

export interface Done {
  readonly bytes: number;
  /** Absent when it is not known, as for standard input. */
  readonly totalBytes?: number;
  readonly packets: number;
  readonly atEnd: boolean;
}

/** A function to be told of progress, or undefined where nobody would see it. */
export function progressBar(wanted: boolean): ((done: Done) => void) | undefined {
  if (!wanted || !isatty(2)) return undefined;
  const terminal = new Output(2);
  const startedMs = performance.now();
  let paintedMs = startedMs;
  let painted = false;
  return (done) => {
    const nowMs = performance.now();
    if (!done.atEnd && nowMs - paintedMs < REPAINT_MS) return;
    paintedMs = nowMs;
    // Short work that never painted leaves nothing to wipe.
    if (done.atEnd && painted) terminal.print("\r\x1b[K");
    if (done.atEnd) return;
    painted = true;
    terminal.print(`\r${progressLine(done, (nowMs - startedMs) / 1000)}\x1b[K`);
  };
}

/** `1.2 GB of 2.0 GB, 60 %, 900 MB/s, 1 s left`. */
export function progressLine({ bytes, totalBytes, packets }: Done, seconds: number): string {
  const rate = bytes / seconds;
  const speed = `${size(rate)}/s`;
  if (totalBytes === undefined || totalBytes < bytes) {
    return `  ${size(bytes)}, ${thousands(packets)} packets, ${speed}`;
  }
  const part = totalBytes === 0 ? 1 : bytes / totalBytes;
  const filled = Math.round(part * BAR_COLUMNS);
  const bar = "█".repeat(filled) + "░".repeat(BAR_COLUMNS - filled);
  const left = `${Math.ceil((totalBytes - bytes) / rate)} s left`;
  return `  ${bar} ${size(bytes)} of ${size(totalBytes)}, ${Math.floor(part * 100)} %, ${speed}, ${left}`;
}

const REPAINT_MS = 100;
const BAR_COLUMNS = 20;
