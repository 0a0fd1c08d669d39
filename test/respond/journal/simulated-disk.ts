/**
 * A disk that keeps what it was made to keep, and of the rest whatever it likes.
 *
 * Files have bytes that are lasting and writes that are not yet; the directory has names that are
 * lasting and changes that are not yet. What a running process reads has all of it. When the power
 * fails, a random part of what was not synced survives: some writes, each in some of its sectors or
 * torn inside one, some names. When only the process dies, all of it survives, unsynced as it was.
 *
 * Every call is an I/O point, with a number. At one of them the disk can stop for good (the process
 * waits for an answer that never comes), fail with EIO or ENOSPC, or take only part of a write. After
 * a failed sync the disk forgets which writes it owed, as Linux does: they are visible, and lost with
 * the power, and the next sync says that all is well.
 */
import type { JournalDisk, JournalFile } from "../../../src/respond/journal/disk.ts";
import type { Random } from "../../fuzz/random.ts";

export type Trouble = "stop" | "EIO" | "ENOSPC" | "short";

export interface Plan {
  /** What happens at which point, counted from 1. */
  readonly at: ReadonlyMap<number, Trouble>;
}

export class SimulatedDisk implements JournalDisk {
  /** I/O points so far, since the last start, and what each was. */
  points: string[] = [];
  /** Resolves when the disk has stopped. */
  stopped = Promise.withResolvers<void>();
  /** A file's sync is forgotten, or the directory's: to see that the tests notice. */
  forgets: "nothing" | "file-sync" | "directory-sync" = "nothing";
  readonly #random: Random;
  #plan: Plan = { at: new Map() };
  #names = new Map<string, File>();
  #lasting = new Map<string, File>();
  #changes: Change[] = [];
  #isDead = false;

  constructor(random: Random) {
    this.#random = random;
  }

  /** Begins a run of the process on what the disk holds. */
  start(plan: Plan): void {
    this.points = [];
    this.#plan = plan;
    this.#isDead = false;
    this.stopped = Promise.withResolvers();
  }

  get isStopped(): boolean {
    return this.#isDead;
  }

  /** The process died, and its machine went on. */
  killProcess(): void {
    this.#isDead = true;
    this.stopped.resolve();
  }

  /** The machine lost its power. */
  losePower(): void {
    this.killProcess();
    const names = new Map(this.#lasting);
    for (const change of this.#changes) if (this.#random.chance(50)) apply(change, names);
    this.#names = names;
    this.#lasting = new Map(names);
    this.#changes = [];
    for (const file of new Set(names.values())) file.losePower(this.#random);
  }

  /** The same disk once more, to be treated otherwise from here on. */
  copy(random: Random): SimulatedDisk {
    const copies = new Map<File, File>();
    const copyOf = (file: File): File => {
      const copy = copies.get(file) ?? file.copy();
      copies.set(file, copy);
      return copy;
    };
    const namesOf = (names: Map<string, File>) =>
      new Map([...names].map(([name, file]) => [name, copyOf(file)]));
    const disk = new SimulatedDisk(random);
    disk.forgets = this.forgets;
    disk.#names = namesOf(this.#names);
    disk.#lasting = namesOf(this.#lasting);
    disk.#changes = this.#changes.map((change) => ({
      ...change,
      ...(change.file !== undefined && { file: copyOf(change.file) }),
    }));
    return disk;
  }

  async list(): Promise<string[]> {
    await this.#point("list");
    return [...this.#names.keys()];
  }

  async read(name: string, bytesMax: number): Promise<Uint8Array> {
    await this.#point(`read ${name}`);
    return this.#file(name).visible().subarray(0, bytesMax);
  }

  async create(name: string): Promise<JournalFile> {
    const file = new File();
    await this.#point(`create ${name}`, () => {
      if (this.#names.has(name)) throw failure("EEXIST");
      this.#change({ added: name, file });
    });
    return this.#handle(name, file);
  }

  async open(name: string): Promise<JournalFile> {
    await this.#point(`open ${name}`);
    return this.#handle(name, this.#file(name));
  }

  async rename(from: string, to: string): Promise<void> {
    await this.#point(`rename ${from} ${to}`, () => {
      const file = this.#file(from);
      this.#change({ removed: from, added: to, file });
    });
  }

  async remove(name: string): Promise<void> {
    await this.#point(`remove ${name}`, () => {
      this.#file(name);
      this.#change({ removed: name });
    });
  }

  async syncDirectory(): Promise<void> {
    await this.#point("sync directory", () => {
      if (this.forgets === "directory-sync") return;
      for (const change of this.#changes.splice(0)) apply(change, this.#lasting);
    });
  }

  /** A file as it lies there now, for tests that damage it. */
  bytesOf(name: string): Uint8Array {
    return this.#file(name).visible();
  }

  overwrite(name: string, position: number, bytes: Uint8Array): void {
    this.#file(name).write(bytes, position);
    this.#file(name).sync();
  }

  #handle(name: string, file: File): JournalFile {
    return {
      write: async (bytes, position) => {
        let count = bytes.length;
        const short = () => {
          count = this.#random.below(bytes.length);
          file.write(bytes.slice(0, count), position);
        };
        await this.#point(`write ${name}`, () => file.write(bytes.slice(), position), short);
        return count;
      },
      sync: async () => {
        await this.#point(
          `sync ${name}`,
          () => this.forgets !== "file-sync" && file.sync(),
          () => file.forget(),
        );
      },
      close: async () => await this.#point(`close ${name}`),
    };
  }

  #change(change: Change): void {
    apply(change, this.#names);
    this.#changes.push(change);
  }

  #file(name: string): File {
    const file = this.#names.get(name);
    if (file === undefined) throw failure("ENOENT");
    return file;
  }

  /** @param partly what is done of it where it fails */
  async #point(what: string, work: () => unknown = () => {}, partly?: () => void): Promise<void> {
    if (this.#isDead) await FOREVER;
    this.points.push(what);
    const trouble = this.#plan.at.get(this.points.length);
    const isWrite = what.startsWith("write");
    if (trouble === "stop") {
      // What was asked for last may have happened, or begun to: but a sync was not confirmed.
      try {
        if (!what.startsWith("sync")) work();
      } catch {
        // It would have been refused: nobody hears of that any more.
      }
      this.killProcess();
      await FOREVER;
    }
    if (trouble === "short" && isWrite) return partly?.();
    if (trouble === "EIO" || (trouble === "ENOSPC" && /^(write|create|rename)/.test(what))) {
      partly?.();
      throw failure(trouble);
    }
    work();
  }
}

/** Bytes that are lasting, and the writes that are not. */
class File {
  #lasting: Uint8Array = new Uint8Array(0);
  #pending: { bytes: Uint8Array; position: number; isOwed: boolean }[] = [];

  write(bytes: Uint8Array, position: number): void {
    this.#pending.push({ bytes, position, isOwed: true });
  }

  visible(): Uint8Array {
    return this.#pending.reduce(
      (file, { bytes, position }) => patched(file, bytes, position),
      this.#lasting,
    );
  }

  sync(): void {
    for (const { bytes, position, isOwed } of this.#pending) {
      if (isOwed) this.#lasting = patched(this.#lasting, bytes, position);
    }
    this.#pending = this.#pending.filter(({ isOwed }) => !isOwed);
  }

  /** A sync failed: the system drops what it owed, and only memory still has it. */
  forget(): void {
    for (const write of this.#pending) write.isOwed = false;
  }

  copy(): File {
    const copy = new File();
    copy.#lasting = this.#lasting;
    copy.#pending = this.#pending.map((write) => ({ ...write }));
    return copy;
  }

  losePower(random: Random): void {
    for (const { bytes, position } of this.#pending.splice(0)) {
      if (random.chance(40)) continue;
      for (let at = 0; at < bytes.length; at += SECTOR_BYTES) {
        if (random.chance(30)) continue;
        const sector = bytes.subarray(at, at + SECTOR_BYTES);
        const whole = random.chance(60) ? sector.length : random.below(sector.length);
        this.#lasting = patched(this.#lasting, sector.subarray(0, whole), position + at);
      }
    }
  }
}

/** One change of the directory: a rename is one, and happens whole or not at all. */
interface Change {
  readonly removed?: string;
  readonly added?: string;
  readonly file?: File;
}

function apply({ removed, added, file }: Change, names: Map<string, File>): void {
  if (removed !== undefined) names.delete(removed);
  if (added !== undefined && file !== undefined) names.set(added, file);
}

function patched(file: Uint8Array, bytes: Uint8Array, position: number): Uint8Array {
  const result = new Uint8Array(Math.max(file.length, position + bytes.length));
  result.set(file);
  result.set(bytes, position);
  return result;
}

function failure(code: string): Error {
  return Object.assign(new Error(`${code}: simulated`), { code });
}

/** A process that is gone gets no answer. */
const FOREVER = new Promise<never>(() => {});
const SECTOR_BYTES = 512;
