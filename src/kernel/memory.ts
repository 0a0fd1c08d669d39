/**
 * Gives back memory that only the start needed.
 *
 * A process of Node keeps resident every page of the program that it ever ran through: some 50 MB, most of them
 * from a start that never comes again. Three facts make it safe to let them go:
 *
 *   1. Pages of a file that nobody changed are dropped without a loss: whoever needs one again gets it from
 *      the page cache, in a microsecond. /proc/self/smaps says which mappings have no changed page.
 *   2. Those that were changed, relocated data say, are anonymous by then and must stay.
 *   3. malloc keeps what was freed until it is asked to give it back (malloc_trim(3), glibc alone).
 *
 * It is done once, before whoever calls warms up: then only what is really used comes back.
 */
import { readFileSync } from "node:fs";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import koffi from "koffi";

/** Answers how many bytes of mapped files were let go; they come back as they are used. */
export function giveBackMemory(): number {
  collect();
  trim?.(0);
  let bytes = 0;
  for (const { from, to } of unchangedFiles(readFileSync("/proc/self/smaps", "latin1"))) {
    if ((madvise(from, to - from, MADV_DONTNEED) as number) === 0) bytes += Number(to - from);
  }
  return bytes;
}

/** Mappings of programs and libraries, executable, and without a page that was changed. */
export function unchangedFiles(smaps: string): { readonly from: bigint; readonly to: bigint }[] {
  const mappings: { from: bigint; to: bigint }[] = [];
  let current: { from: bigint; to: bigint } | undefined;
  for (const line of smaps.split("\n")) {
    const head = HEAD.exec(line)?.groups;
    if (head !== undefined) {
      const isProgram = head.mode === "r-xp" && head.inode !== "0";
      current = isProgram
        ? { from: BigInt(`0x${head.from}`), to: BigInt(`0x${head.to}`) }
        : undefined;
    } else if (current !== undefined && line.startsWith("Anonymous:")) {
      if (/^Anonymous:\s+0 kB$/.test(line)) mappings.push(current);
      current = undefined;
    }
  }
  return mappings;
}

function collect(): void {
  setFlagsFromString("--expose-gc");
  const collector = runInNewContext("gc") as (options?: object) => void;
  collector({ type: "major", execution: "sync", flavor: "last-resort" });
  setFlagsFromString("--no-expose-gc");
}

const library = koffi.load(null);
const madvise = library.func("int madvise(uint64_t at, size_t length, int advice)");
const trim = trimmer();

/** musl has none. */
function trimmer(): ((pad: number) => number) | undefined {
  try {
    return library.func("int malloc_trim(size_t pad)");
  } catch {
    return undefined;
  }
}

const HEAD =
  /^(?<from>[0-9a-f]+)-(?<to>[0-9a-f]+) (?<mode>[rwxps-]{4}) [0-9a-f]+ [0-9a-f:]+ (?<inode>\d+)/;
const MADV_DONTNEED = 4;
