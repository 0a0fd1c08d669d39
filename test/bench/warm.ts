/** Reads a file once, so that the first program to need it finds it in memory like the last. */
import { closeSync, openSync, readSync } from "node:fs";

export function warm(file: string): void {
  const input = openSync(file, "r");
  const chunk = Buffer.alloc(1 << 20);
  while (readSync(input, chunk) > 0);
  closeSync(input);
}
