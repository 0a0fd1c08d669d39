/**
 * The journal: what was cut and who released it, on a disk that may fail, hang or stop at any moment.
 *
 *     journal-00000007.pcj   used up, kept for a while
 *     journal-00000008.pcj   in use:  | carried | record | record | torn | record | zeros ..
 *     journal-00000009.pcj   the spare, all zeros
 *     journal-00000010.new   a spare in the making: removed at the next start
 *
 * Four facts shape it:
 *
 *   1. A cut often comes when the disk is full, since a workload that misbehaves fills it. So segments
 *      are written full of zeros before they are needed, and there is always one to spare.
 *   2. After a failed fsync a system forgets which pages were not written, and the next fsync succeeds
 *      without them. So nothing is synced twice: the record is written again, into the next slot.
 *   3. What a restarted process reads may never have reached the disk, and for the reason just given
 *      syncing it now proves nothing. So what it comes to is written again, as a record of its own.
 *   4. A name is lasting only when its directory was synced, and a rename may be when the bytes are
 *      not. So bytes, then name, then directory.
 *
 * One thing at a time is written, in order. Whoever appends goes on at once and is told later.
 */
import type { JournalDisk, JournalFile } from "./disk.ts";
import { decodeSlot, encodeSlot, type JournalRecord, SLOT_BYTES } from "./record.ts";
import { carry, fold, foldRecord, type JournalState, NOTHING_RECORDED } from "./state.ts";

export interface JournalOptions {
  /** Which run of which container writes; stands in records that the journal carries forward. */
  readonly instance: string;
  /** Records a segment, and segments that are kept beside the spare. */
  readonly slotsPerSegment?: number;
  readonly segmentsKept?: number;
  /** Waits before the next try. Default: a timer that keeps no process alive. */
  readonly wait?: (ms: number) => Promise<void>;
}

/** How it stands with a record: on the disk for good, or not yet, and why. */
export type Told = { readonly durable: true } | { readonly durable: false; readonly why: string };

export class Journal {
  /** What could not be done and is tried again later; "" when all is well. For `status`. */
  trouble = "";
  readonly #disk: JournalDisk;
  readonly #instance: string;
  readonly #slots: number;
  readonly #kept: number;
  readonly #wait: (ms: number) => Promise<void>;
  #state = NOTHING_RECORDED;
  #numbers: number[] = [];
  #segment: Segment | undefined;
  #spare: Segment | undefined;
  readonly #queue: Waiting[] = [];
  #drained: Promise<void> | undefined;
  /** The spare is missing, or segments are to be removed. */
  #wantsCare = true;
  /** Tries in a row that failed. */
  #failures = 0;
  #isClosed = false;
  readonly #closed = Promise.withResolvers<void>();

  /**
   * Reads back what is there and makes ready for writing; `settled` waits until what was read is
   * recorded anew. Throws what the disk says where it cannot
   * even list its directory; any other trouble is said in `trouble`, and what cannot be read counts as
   * a cut (state.ts).
   */
  static async open(disk: JournalDisk, options: JournalOptions): Promise<Journal> {
    const journal = new Journal(disk, options);
    await journal.#readBack();
    // What is recorded anew is followed by that.
    if (journal.#drained === undefined) await journal.#care();
    return journal;
  }

  private constructor(disk: JournalDisk, options: JournalOptions) {
    this.#disk = disk;
    this.#instance = options.instance;
    this.#slots = options.slotsPerSegment ?? SLOTS_PER_SEGMENT;
    this.#kept = options.segmentsKept ?? SEGMENTS_KEPT;
    this.#wait = options.wait ?? waitAWhile;
  }

  /** What was read back, and what was recorded for good since. */
  get state(): JournalState {
    return this.#state;
  }

  /**
   * Writes a record, after those that wait. `told` hears once that it is on the disk for good; and once
   * before that when a try has failed, its own or that of a record before it, while the journal goes on
   * trying.
   */
  append(record: JournalRecord, told: (how: Told) => void): void {
    if (this.#isClosed || this.#queue.length >= WAITING_MAX) {
      const why = this.#isClosed ? "it is closed" : `${WAITING_MAX} records wait already`;
      told({ durable: false, why: `the journal takes no record: ${why}` });
      return;
    }
    this.#queue.push({ record, told, hasFailed: false });
    if (this.#failures > 0) this.#tellFailure();
    this.#drained ??= this.#drain();
  }

  /** Resolves when nothing waits to be written. With a disk that fails or hangs it may never. */
  async settled(): Promise<void> {
    await this.#drained;
  }

  /** Takes no more records and gives up those that wait; does not wait for a disk that hangs. */
  close(): void {
    this.#isClosed = true;
    this.#closed.resolve();
    for (const { told } of this.#queue.splice(0)) told({ durable: false, why: "closed" });
    const files = [this.#segment, this.#spare].flatMap((segment) => segment?.file ?? []);
    void this.settled().then(() => Promise.allSettled(files.map((file) => file.close())));
  }

  async #drain(): Promise<void> {
    for (;;) {
      const next = this.#queue[0];
      if (next === undefined) break;
      try {
        await this.#put(next.record);
        this.#state = foldRecord(this.#state, next.record);
        this.#failures = 0;
        this.trouble = "";
        if (this.#queue[0] === next) this.#queue.shift();
        next.told({ durable: true });
        if (this.#queue.length === 0) await this.#care();
      } catch (error) {
        this.trouble = reasonOf(error);
        const pause = Math.min(RETRY_MS * 2 ** this.#failures++, RETRY_MS_MAX);
        this.#tellFailure();
        await Promise.race([this.#wait(pause), this.#closed.promise]);
      }
    }
    this.#drained = undefined;
  }

  #tellFailure(): void {
    for (const waiting of this.#queue) {
      if (waiting.hasFailed) continue;
      waiting.hasFailed = true;
      waiting.told({ durable: false, why: this.trouble });
    }
  }

  async #put(record: JournalRecord): Promise<void> {
    let segment = this.#segment;
    if (segment === undefined || segment.used >= segment.capacity) segment = await this.#rotate();
    if (!segment.isHeaded && !record.carried) {
      const carried = carry(this.#state, this.#instance);
      if (carried !== undefined) await this.#write(segment, carried);
    }
    segment.isHeaded ||= !record.carried;
    if (segment.used >= segment.capacity) return await this.#put(record);
    await this.#write(segment, record);
    segment.isHeaded = true;
  }

  /** Goes on in the spare. The segments before it are needed until it is headed. */
  async #rotate(): Promise<Segment> {
    const next = this.#spare ?? (await this.#create());
    this.#spare = undefined;
    this.#wantsCare = true;
    const old = this.#segment;
    this.#segment = next;
    await old?.file.close().catch(() => {});
    return next;
  }

  /** A slot is used up by trying: whatever part of it was written stays, and is seen for what it is. */
  async #write(segment: Segment, record: JournalRecord): Promise<void> {
    const slot = segment.used++;
    const sequence = this.#state.sequence + 1;
    this.#state = { ...this.#state, sequence };
    await writeWhole(segment.file, encodeSlot(record, sequence), slot * SLOT_BYTES);
    await segment.file.sync();
  }

  async #create(): Promise<Segment> {
    const number = (this.#numbers.at(-1) ?? 0) + 1;
    const making = `${stemOf(number)}.new`;
    await this.#disk.remove(making).catch(() => {});
    const file = await this.#disk.create(making);
    try {
      await writeWhole(file, new Uint8Array(this.#slots * SLOT_BYTES), 0);
      await file.sync();
      await this.#disk.rename(making, nameOf(number));
      await this.#disk.syncDirectory();
    } catch (error) {
      await file.close().catch(() => {});
      await this.#disk.remove(making).catch(() => {});
      throw error;
    }
    this.#numbers.push(number);
    return { number, file, used: 0, capacity: this.#slots, isHeaded: false };
  }

  /** Between records: makes the spare, and removes what is older than the segments to keep. */
  async #care(): Promise<void> {
    if (!this.#wantsCare) return;
    try {
      this.#segment ??= await this.#create();
      this.#spare ??= await this.#create();
      const current = this.#segment;
      const old = this.#numbers.filter((number) => number <= current.number - this.#kept);
      for (const number of current.isHeaded ? old : []) {
        await this.#disk.remove(nameOf(number));
        this.#numbers.splice(this.#numbers.indexOf(number), 1);
      }
      this.#wantsCare = false;
    } catch (error) {
      // Nothing is lost by it yet: it is tried again behind the next record.
      this.trouble = reasonOf(error);
    }
  }

  async #readBack(): Promise<void> {
    const names = await this.#disk.list();
    for (const name of names.filter((one) => MAKING.test(one))) {
      await this.#disk.remove(name).catch(() => {});
    }
    const numbers = names.flatMap((name) => SEGMENT.exec(name)?.[1] ?? []).map(Number);
    this.#numbers = numbers.sort((a, b) => a - b);
    const read: Read[] = [];
    for (const number of this.#numbers) read.push(await this.#readSegment(number));
    // Names that may not last are not written to: there will be new ones.
    if (await isDone(this.#disk.syncDirectory())) await this.#choose(read);
    const carried = carry(this.#state, this.#instance);
    if (carried !== undefined) this.append(carried, () => {});
  }

  /** Folds what a segment holds. One that cannot be read may hold a cut. */
  async #readSegment(number: number): Promise<Read> {
    let used = 0;
    try {
      const bytes = await this.#disk.read(nameOf(number), SEGMENT_BYTES_MAX);
      for (let at = 0; at < bytes.length; at += SLOT_BYTES) {
        const slot = decodeSlot(bytes.subarray(at, at + SLOT_BYTES));
        this.#state = fold(this.#state, slot);
        if (slot.is !== "empty") used = at / SLOT_BYTES + 1;
      }
      return { number, used, capacity: Math.floor(bytes.length / SLOT_BYTES) };
    } catch (error) {
      this.trouble = `${nameOf(number)}: ${reasonOf(error)}`;
      this.#state = fold(this.#state, { is: "damaged", reason: this.trouble });
      return { number, used, capacity: 0 };
    }
  }

  /** The newest segment in use is written on; one behind it that is still empty is the spare. */
  async #choose(read: readonly Read[]): Promise<void> {
    const inUse = read.findLast(({ used }) => used > 0);
    const isSpare = ({ number, used, capacity }: Read) =>
      number > (inUse?.number ?? 0) && used === 0 && capacity >= this.#slots;
    this.#spare = await this.#reopen(read.find(isSpare));
    this.#segment = await this.#reopen(inUse);
  }

  async #reopen(read: Read | undefined): Promise<Segment | undefined> {
    if (read === undefined) return undefined;
    try {
      // Whether what it begins with was carried there whole is not known: it is carried once more.
      return { ...read, file: await this.#disk.open(nameOf(read.number)), isHeaded: false };
    } catch (error) {
      this.trouble = `${nameOf(read.number)}: ${reasonOf(error)}`;
      return undefined;
    }
  }
}

/** A segment that was read back. */
interface Read {
  readonly number: number;
  readonly used: number;
  readonly capacity: number;
}

interface Segment {
  readonly number: number;
  readonly file: JournalFile;
  /** Slots that were written to, or tried. */
  used: number;
  readonly capacity: number;
  /** It begins with what was carried forward: the segments before it are not needed. */
  isHeaded: boolean;
}

interface Waiting {
  readonly record: JournalRecord;
  readonly told: (how: Told) => void;
  hasFailed: boolean;
}

async function writeWhole(file: JournalFile, bytes: Uint8Array, position: number): Promise<void> {
  for (let at = 0; at < bytes.length; ) {
    const written = await file.write(bytes.subarray(at), position + at);
    if (written <= 0) throw new Error(`the disk took ${at} of ${bytes.length} bytes and no more`);
    at += written;
  }
}

async function isDone(work: Promise<void>): Promise<boolean> {
  return await work.then(
    () => true,
    () => false,
  );
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function stemOf(number: number): string {
  return `journal-${String(number).padStart(8, "0")}`;
}

function nameOf(number: number): string {
  return `${stemOf(number)}.pcj`;
}

async function waitAWhile(ms: number): Promise<void> {
  await new Promise<void>((resolve) => void setTimeout(resolve, ms).unref());
}

const SEGMENT = /^journal-(\d{8})\.pcj$/;
const MAKING = /^journal-\d{8}\.new$/;
/** 64 KiB: written in one go, and years of cuts for most workloads. */
const SLOTS_PER_SEGMENT = 128;
const SEGMENTS_KEPT = 4;
/** Of a segment that is read back, whoever made it. */
const SEGMENT_BYTES_MAX = 1_048_576;
/** Two would do for what the sequence of a cut appends (../sequence.ts). */
const WAITING_MAX = 64;
/** A disk that hiccups is back at once, one that is full or gone not soon. */
const RETRY_MS = 50;
const RETRY_MS_MAX = 30_000;
