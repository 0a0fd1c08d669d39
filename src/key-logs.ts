/**
 * Key log files (`--keylog`): read to their end before the first packet, and further while packets come
 * from a pipe, whose sender may still be writing them.
 */
import { closeSync, openSync, readSync } from "node:fs";
import { type BadLine, type KeyLog, KeyLogReader } from "./inspect/keys/key-log.ts";
import { malformedLine } from "./report/build.ts";
import type { Line } from "./report/lines.ts";

/** What of a key log was not used: `bad` has the first few of `count` lines. */
export interface Unusable {
  readonly file: string;
  readonly bad: readonly BadLine[];
  readonly count: number;
  /** Longer than any key log: read no further. */
  readonly cut: boolean;
}

export class KeyLogFiles {
  readonly #files: KeyLogFile[] = [];

  /** Throws what the operating system says when one cannot be opened or read. */
  constructor(paths: readonly string[], log: KeyLog) {
    for (const path of paths) {
      const fd = openSync(path, "r");
      this.#files.push({ path, fd, reader: new KeyLogReader(log), bytes: 0 });
    }
    this.readOn();
  }

  /** Reads what has been added. */
  readOn(): void {
    for (const file of this.#files) {
      while (file.bytes < FILE_BYTES_MAX) {
        const count = readSync(file.fd, BUFFER, 0, BUFFER.length, null);
        if (count === 0) break;
        file.bytes += count;
        file.reader.push(BUFFER.subarray(0, count));
      }
    }
  }

  /** No more will be read: last lines need no line feed. */
  close(): Unusable[] {
    return this.#files.map(({ path: file, fd, reader, bytes }) => {
      closeSync(fd);
      reader.end();
      const { bad, badCount: count } = reader;
      return { file, bad, count, cut: bytes >= FILE_BYTES_MAX };
    });
  }
}

interface KeyLogFile {
  readonly path: string;
  readonly fd: number;
  readonly reader: KeyLogReader;
  bytes: number;
}

const BUFFER = new Uint8Array(65_536);
/** Five million connections; what is longer is no key log, and `/dev/zero` has no end. */
const FILE_BYTES_MAX = 1_073_741_824;

/** Where a line of a key log is wrong: nothing of what stands in it. */
export function* keyLogLines({ file, bad, count, cut }: Unusable, atUs: number): Generator<Line> {
  const at = "key-log";
  for (const { line, reason } of bad) {
    yield malformedLine(
      { kind: "malformed", at, reason: `line ${line}: ${reason}`, offset: 0 },
      { atUs, file },
    );
  }
  const more = count - bad.length;
  const rest = [
    ...(more > 0 ? [`${more} more lines of it cannot be right`] : []),
    ...(cut ? ["longer than any key log: not read to its end"] : []),
  ];
  for (const reason of rest)
    yield malformedLine({ kind: "malformed", at, reason, offset: 0 }, { atUs, file });
}
