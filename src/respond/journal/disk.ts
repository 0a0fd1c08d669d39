/**
 * What the journal needs of a disk, and the real one.
 *
 * Every call is asynchronous: a disk that hangs holds one thread of Node's pool and never the thread
 * that watches packets. The tests have another disk behind the same interface, which forgets whatever
 * was not synced (test/respond/journal/simulated-disk.ts), so nothing here may be cleverer than POSIX:
 * `sync` of a file says nothing of its name, which is why there is `syncDirectory`.
 */
import { constants } from "node:fs";
import { type FileHandle, lstat, mkdir, open, readdir, rename, unlink } from "node:fs/promises";
import { join } from "node:path";

export interface JournalDisk {
  /** Names in the journal's directory. */
  list(): Promise<string[]>;
  /** A file's bytes, at most `bytesMax` of them. */
  read(name: string, bytesMax: number): Promise<Uint8Array>;
  /** A new file; fails where the name exists. */
  create(name: string): Promise<JournalFile>;
  /** A file that exists, for writing. */
  open(name: string): Promise<JournalFile>;
  rename(from: string, to: string): Promise<void>;
  remove(name: string): Promise<void>;
  /** Makes lasting what was created, renamed and removed. */
  syncDirectory(): Promise<void>;
}

export interface JournalFile {
  /** How many bytes were written from `position` on: maybe fewer than were given. */
  write(bytes: Uint8Array, position: number): Promise<number>;
  /** Makes lasting what was written. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

export class FileDisk implements JournalDisk {
  readonly #directory: string;

  /**
   * A directory of our own, made when it is not there. Throws what the operating system says, and
   * `JournalRefused` where the directory is a link, or others may write there.
   */
  static async open(directory: string): Promise<FileDisk> {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const about = await lstat(directory);
    const refuse = (found: string) => new JournalRefused(`${directory}: ${found}`);
    if (!about.isDirectory()) throw refuse("not a directory, expected one that is ours alone");
    if (about.uid !== process.getuid?.()) {
      throw refuse(`belongs to user ${about.uid}, expected our own, ${process.getuid?.()}`);
    }
    if ((about.mode & 0o022) !== 0) {
      const mode = (about.mode & 0o777).toString(8);
      throw refuse(`others may write there (mode ${mode}), expected 700: chmod 700 it`);
    }
    return new FileDisk(directory);
  }

  private constructor(directory: string) {
    this.#directory = directory;
  }

  async list(): Promise<string[]> {
    return await readdir(this.#directory);
  }

  async read(name: string, bytesMax: number): Promise<Uint8Array> {
    const file = await this.#open(name, constants.O_RDONLY);
    try {
      const bytes = new Uint8Array(bytesMax);
      let filled = 0;
      while (filled < bytesMax) {
        const { bytesRead } = await file.read(bytes, filled, bytesMax - filled, filled);
        if (bytesRead === 0) break;
        filled += bytesRead;
      }
      return bytes.subarray(0, filled);
    } finally {
      await file.close();
    }
  }

  async create(name: string): Promise<JournalFile> {
    return fileOf(
      await this.#open(name, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL),
    );
  }

  async open(name: string): Promise<JournalFile> {
    return fileOf(await this.#open(name, constants.O_WRONLY));
  }

  async rename(from: string, to: string): Promise<void> {
    await rename(join(this.#directory, from), join(this.#directory, to));
  }

  async remove(name: string): Promise<void> {
    await unlink(join(this.#directory, name));
  }

  async syncDirectory(): Promise<void> {
    const directory = await open(this.#directory, constants.O_RDONLY | constants.O_DIRECTORY);
    try {
      await directory.sync();
    } finally {
      await directory.close();
    }
  }

  /** A regular file and no link; a FIFO that lies in its place is refused and not waited for. */
  async #open(name: string, flags: number): Promise<FileHandle> {
    const guarded = flags | constants.O_NOFOLLOW | constants.O_NONBLOCK;
    const file = await open(join(this.#directory, name), guarded, 0o600);
    if ((await file.stat()).isFile()) return file;
    await file.close();
    throw new JournalRefused(`${join(this.#directory, name)}: expected a regular file`);
  }
}

/** The directory that was given is none that a journal can be kept in. */
export class JournalRefused extends Error {
  override readonly name = "JournalRefused";
}

function fileOf(file: FileHandle): JournalFile {
  return {
    write: async (bytes, position) =>
      (await file.write(bytes, 0, bytes.length, position)).bytesWritten,
    sync: async () => await file.sync(),
    close: async () => await file.close(),
  };
}
