/**
 * The directory that evidence lies in, with limits on how much.
 *
 *     00000007-cut-1f0a9b3c5d7e/      a bundle: our counter, its rank, the beginning of its hash
 *     counters.json                   of what came so often that only the first few were kept
 *     .making-<random>/               a bundle that is being written; removed when found an hour later
 *
 * Whoever can write here, or could put the directory there, may have laid links, FIFOs or directories
 * in our way. So every path goes through a descriptor of the directory that was looked at when it was
 * opened (/proc/self/fd), files are made new and never opened (O_EXCL, O_NOFOLLOW), a bundle is written
 * under a name that nobody can guess and gets its own by a rename, and what is not named like ours is
 * not touched. No name holds anything from the wire.
 *
 * When room is short, what was only reported goes first, then what was refused, oldest first; the
 * evidence of a cut goes last, and never for anything less.
 */
import { randomBytes } from "node:crypto";
import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import { escapeJson } from "../report/escape.ts";
import type { Bundle, Rank } from "./bundle.ts";

export interface StoreLimits {
  /** Of all bundles together. */
  readonly bytes: number;
  readonly bundles: number;
  readonly days: number;
}

/** What became of a bundle. */
export type Kept =
  | { readonly status: "written"; readonly name: string }
  | { readonly status: "failed"; readonly why: string };

export class EvidenceStore {
  readonly #limits: StoreLimits;
  readonly #directory: string;
  readonly #fd: number;
  readonly #now: () => number;
  #bundles: Stored[] = [];
  #counter = 0;

  /**
   * Opens a directory, which is made (0700) when it is not there. Throws `EvidenceRefused` where it is a
   * link, somebody else's, or open to others' writing, and where the system refuses it.
   *
   * @param now milliseconds since 1970, by which old bundles go
   */
  static open(
    directory: string,
    limits: StoreLimits = STORE_LIMITS,
    now: () => number = Date.now,
  ): EvidenceStore {
    const fd = openDirectory(directory);
    try {
      const store = new EvidenceStore(fd, directory, limits, now);
      store.#look();
      return store;
    } catch (error) {
      closeSync(fd);
      throw error;
    }
  }

  private constructor(fd: number, directory: string, limits: StoreLimits, now: () => number) {
    this.#fd = fd;
    this.#limits = limits;
    this.#now = now;
    // Elsewhere than on Linux there is no such path, and the directory's own name has to do.
    const through = `/proc/self/fd/${fd}`;
    this.#directory = existsSync(through) ? through : directory;
  }

  /** What lies there, oldest first. */
  get names(): readonly string[] {
    return this.#bundles.map(({ name }) => name);
  }

  /** Writes a bundle, or says why not. Never throws because of what the disk or the directory is like. */
  keep(bundle: Bundle, rank: Rank): Kept {
    this.#forgetOld();
    if (!this.#makeRoom(bundle.bytes, rank)) {
      const why = `no room for ${bundle.bytes} bytes of rank ${rank}: what is there weighs more`;
      return { status: "failed", why };
    }
    for (;;) {
      try {
        const name = this.#write(bundle, rank);
        this.#bundles.push({ name, rank, bytes: bundle.bytes, atMs: this.#now() });
        return { status: "written", name };
      } catch (error) {
        // The disk has less room than we may take. Something of less weight may give it.
        if (codeOf(error) === "ENOSPC" && this.#drop(rank, "less")) continue;
        return { status: "failed", why: textOf(error) };
      }
    }
  }

  /** Writes down what was only counted, in place of what was written of that before. Throws as files do. */
  note(counted: object): void {
    const making = this.#path(`.making-${randomBytes(12).toString("hex")}`);
    writeNew(making, Buffer.from(`${escapeJson(counted)}\n`));
    renameSync(making, this.#path("counters.json"));
    fsyncSync(this.#fd);
  }

  close(): void {
    closeSync(this.#fd);
  }

  #look(): void {
    for (const name of readdirSync(this.#path("."))) {
      const parts = BUNDLE.exec(name);
      if (parts === null && !MAKING.test(name)) continue;
      const about = lstatSync(this.#path(name));
      if (parts === null) {
        const isLeft = about.mtimeMs < this.#now() - LEFT_MS;
        if (isLeft) rmSync(this.#path(name), { recursive: true, force: true });
        continue;
      }
      this.#counter = Math.max(this.#counter, Number(parts[1]));
      if (!about.isDirectory()) continue;
      const rank = parts[2] as Rank;
      this.#bundles.push({ name, rank, bytes: this.#bytesOf(name), atMs: about.mtimeMs });
    }
    this.#bundles.sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  #bytesOf(name: string): number {
    let bytes = 0;
    for (const file of readdirSync(this.#path(name))) {
      bytes += lstatSync(this.#path(`${name}/${file}`)).size;
    }
    return bytes;
  }

  #forgetOld(): void {
    const oldest = this.#now() - this.#limits.days * DAY_MS;
    for (const bundle of this.#bundles.filter(({ atMs }) => atMs < oldest)) this.#remove(bundle);
  }

  #makeRoom(bytes: number, rank: Rank): boolean {
    if (bytes > this.#limits.bytes) return false;
    for (;;) {
      const used = this.#bundles.reduce((sum, bundle) => sum + bundle.bytes, 0);
      const isFull = this.#bundles.length >= this.#limits.bundles;
      if (used + bytes <= this.#limits.bytes && !isFull) return true;
      if (!this.#drop(rank, "equal")) return false;
    }
  }

  /** Removes the oldest bundle of the least rank, if that is less than, or equal to, another's. */
  #drop(rank: Rank, orEqual: "less" | "equal"): boolean {
    const most = RANKS.indexOf(rank) + (orEqual === "equal" ? 1 : 0);
    for (const least of RANKS.slice(0, most)) {
      const oldest = this.#bundles.find((bundle) => bundle.rank === least);
      if (oldest === undefined) continue;
      this.#remove(oldest);
      return true;
    }
    return false;
  }

  #remove(bundle: Stored): void {
    this.#bundles = this.#bundles.filter((one) => one !== bundle);
    rmSync(this.#path(bundle.name), { recursive: true, force: true });
  }

  #write(bundle: Bundle, rank: Rank): string {
    const making = this.#path(`.making-${randomBytes(12).toString("hex")}`);
    mkdirSync(making, { mode: 0o700 });
    try {
      for (const file of bundle.files) writeNew(`${making}/${file.name}`, file.bytes);
      const fd = openSync(making, constants.O_RDONLY | constants.O_DIRECTORY);
      fsyncSync(fd);
      closeSync(fd);
      const name = this.#freeName(bundle, rank);
      renameSync(making, this.#path(name));
      fsyncSync(this.#fd);
      return name;
    } catch (error) {
      rmSync(making, { recursive: true, force: true });
      throw error;
    }
  }

  /** Whatever lies under a name that would be ours, the next number is taken. */
  #freeName({ sha256 }: Bundle, rank: Rank): string {
    for (let tries = 0; tries < NAME_TRIES_MAX; tries++) {
      const number = String(++this.#counter).padStart(8, "0");
      const name = `${number}-${rank}-${sha256.slice(0, 12)}`;
      if (lstatSync(this.#path(name), { throwIfNoEntry: false }) === undefined) return name;
    }
    throw new Error(`${NAME_TRIES_MAX} names in a row are taken by something that is not ours`);
  }

  #path(name: string): string {
    return `${this.#directory}/${name}`;
  }
}

/** The machine does not let us keep evidence in the directory that was given. */
export class EvidenceRefused extends Error {
  override readonly name = "EvidenceRefused";
}

function openDirectory(path: string): number {
  const refuse = (found: string) => new EvidenceRefused(`evidence directory ${path}: ${found}`);
  let fd: number;
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW } = constants;
    fd = openSync(path.replace(/(?<=.)\/+$/, ""), O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  } catch (error) {
    const code = codeOf(error);
    if (code === "ENOTDIR" || code === "ELOOP" || code === "EEXIST") {
      throw refuse("a link or a file, expected a directory");
    }
    throw refuse(textOf(error));
  }
  const { uid, mode } = fstatSync(fd);
  const ours = process.geteuid?.() ?? uid;
  const isOthers = uid !== ours;
  if (!isOthers && (mode & 0o022) === 0) return fd;
  closeSync(fd);
  if (isOthers) throw refuse(`belongs to user ${uid}, expected our own, ${ours}`);
  throw refuse(`others may write there (mode ${(mode & 0o777).toString(8)}): chmod 700 it`);
}

function writeNew(path: string, bytes: Uint8Array): void {
  const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
  const fd = openSync(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
  try {
    for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at, bytes.length - at);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

interface Stored {
  readonly name: string;
  readonly rank: Rank;
  readonly bytes: number;
  /** When it was written. */
  readonly atMs: number;
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error ? String(error.code) : undefined;
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

const MAKING = /^\.making-[0-9a-f]{24}$/;
const BUNDLE = /^(\d{8})-(cut|refuse|report)-[0-9a-f]{12}$/;
/** From what goes first to what goes last. */
const RANKS: readonly Rank[] = ["report", "refuse", "cut"];
const DAY_MS = 86_400_000;
/** Nobody takes so long to write a bundle: whoever began it is gone. */
const LEFT_MS = 3_600_000;
const NAME_TRIES_MAX = 1000;

export const STORE_LIMITS: StoreLimits = {
  bytes: 268_435_456,
  bundles: 10_000,
  days: 30,
};
