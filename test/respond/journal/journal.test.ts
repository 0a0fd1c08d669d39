/** The journal on a real disk: in directories that are not what they should be, and when there is no room. */
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { FileDisk } from "../../../src/respond/journal/disk.ts";
import { Journal, type Told } from "../../../src/respond/journal/journal.ts";
import type { JournalRecord } from "../../../src/respond/journal/record.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "portcullis-journal-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe("the journal on a disk", () => {
  test("is read back by the next process", async () => {
    const first = await open();
    expect(await append(first, cut(1))).toEqual([{ durable: true }]);
    await closed(first);
    const second = await open();
    expect(second.state.cut).toMatchObject({ epoch: 1, rule: "A15", because: "cut 1" });
    await append(second, release(1));
    await closed(second);
    const third = await open();
    expect(third.state.cut).toBeUndefined();
    expect(third.state.released).toEqual({ epoch: 1, atUs: 101, by: "root", because: "cut 1" });
    await closed(third);
  });

  test("keeps its files to itself", async () => {
    await closed(await open());
    expect(statSync(join(folder, "journal")).mode & 0o777).toBe(0o700);
    for (const name of readdirSync(join(folder, "journal"))) {
      expect(statSync(join(folder, "journal", name)).mode & 0o777).toBe(0o600);
    }
  });

  test("goes on through segments and keeps a limited number of them", async () => {
    const journal = await open({ slotsPerSegment: 4, segmentsKept: 2 });
    for (let epoch = 1; epoch <= 30; epoch++) await append(journal, cut(epoch));
    await closed(journal);
    expect(readdirSync(join(folder, "journal")).length).toBeLessThanOrEqual(4);
    const again = await open({ slotsPerSegment: 4, segmentsKept: 2 });
    expect(again.state.cut).toMatchObject({ epoch: 30, sinceUs: 101 });
    await closed(again);
  });

  test("reads a segment of another size to its end", async () => {
    const first = await open({ slotsPerSegment: 64 });
    for (let epoch = 1; epoch <= 40; epoch++) await append(first, cut(epoch));
    await closed(first);
    const second = await open({ slotsPerSegment: 4 });
    expect(second.state.cut?.epoch).toBe(40);
    await closed(second);
  });

  test("takes what it cannot read for a cut", async () => {
    await closed(await open());
    writeFileSync(join(folder, "journal", "journal-00000001.pcj"), "nonsense");
    const journal = await open();
    expect(journal.state).toMatchObject({ damaged: 1, cut: { epoch: 1 } });
    expect(journal.state.cut?.because).toMatch(/8 bytes, expected 512/);
    await closed(journal);
  });

  test("takes a FIFO in a segment's place for a cut, and does not wait for it", async () => {
    await closed(await open());
    const path = join(folder, "journal", "journal-00000001.pcj");
    rmSync(path);
    spawnSync("mkfifo", [path]);
    const journal = await open();
    expect(journal.trouble).toMatch(/regular file/);
    expect(journal.state.cut?.epoch).toBe(1);
    await journal.settled();
    await closed(journal);
  });

  test("follows no link in a segment's place", async () => {
    await closed(await open());
    const target = join(folder, "target");
    writeFileSync(target, "theirs");
    const path = join(folder, "journal", "journal-00000001.pcj");
    rmSync(path);
    symlinkSync(target, path);
    const journal = await open();
    await append(journal, cut(1));
    await closed(journal);
    expect(statSync(target).size).toBe("theirs".length);
  });

  test("refuses a directory that is a link, a file, or open to others", async () => {
    const link = join(folder, "link");
    symlinkSync(tmpdir(), link);
    await expect(FileDisk.open(link)).rejects.toThrow(/not a directory/);
    const shared = join(folder, "shared");
    mkdirSync(shared);
    chmodSync(shared, 0o777);
    await expect(FileDisk.open(shared)).rejects.toThrow(/mode 777.*chmod 700/);
  });

  const isRoot = process.getuid?.() === 0;
  test.skipIf(!isRoot)("records a cut on a disk that is full, and says what it lacks", async () => {
    await onDisk("size=512k", async (mount) => {
      const journal = await openAt(join(mount, "journal"), { slotsPerSegment: 8, segmentsKept: 2 });
      fill(join(mount, "theirs"));
      for (let epoch = 1; epoch <= 8; epoch++) {
        expect(await append(journal, cut(epoch))).toEqual([{ durable: true }]);
      }
      await append(journal, cut(9));
      expect(journal.trouble).toMatch(/ENOSPC/);
      expect(journal.state.cut?.epoch).toBe(9);
      await closed(journal);
    });
  });

  test.skipIf(!isRoot)("says that nothing is durable on a disk that is read-only", async () => {
    await onDisk("size=512k", async (mount) => {
      const first = await openAt(join(mount, "journal"));
      await append(first, cut(1));
      await closed(first);
      expect(spawnSync("mount", ["-o", "remount,ro", mount]).status).toBe(0);
      const journal = await openAt(join(mount, "journal"));
      expect(journal.state.cut?.epoch).toBe(1);
      const told = Promise.withResolvers<Told>();
      journal.append(cut(2), told.resolve);
      expect(await told.promise).toMatchObject({
        durable: false,
        why: expect.stringMatching(/EROFS/),
      });
      await closed(journal);
    });
  });
});

async function open(limits: Limits = {}): Promise<Journal> {
  return await openAt(join(folder, "journal"), limits);
}

async function closed(journal: Journal): Promise<void> {
  journal.close();
  await journal.settled();
}

type Limits = { slotsPerSegment?: number; segmentsKept?: number };

async function openAt(directory: string, limits: Limits = {}): Promise<Journal> {
  const journal = await Journal.open(await FileDisk.open(directory), {
    instance: "web-1",
    ...limits,
  });
  return journal;
}

/** What is said of a record until it is durable. */
async function append(journal: Journal, record: JournalRecord): Promise<Told[]> {
  const all: Told[] = [];
  journal.append(record, (how) => void all.push(how));
  await journal.settled();
  return all;
}

function cut(epoch: number): JournalRecord {
  const atUs = 100 + epoch;
  const said = { policySha256: "", instance: "web-1", rule: "A15", by: "" };
  return {
    kind: "cut",
    epoch,
    atUs,
    sinceUs: 101,
    ...said,
    because: `cut ${epoch}`,
    carried: false,
  };
}

function release(epoch: number): JournalRecord {
  return { ...cut(epoch), kind: "release", by: "root" };
}

/** A file system of its own, in memory, gone afterwards. */
async function onDisk(options: string, work: (mount: string) => Promise<void>): Promise<void> {
  const mount = join(folder, "mount");
  mkdirSync(mount);
  const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", `${options},mode=700`, "tmpfs", mount]);
  expect(mounted.status, String(mounted.stderr)).toBe(0);
  try {
    await work(mount);
  } finally {
    spawnSync("umount", ["-l", mount]);
  }
}

function fill(path: string): void {
  const fd = openSync(path, "w");
  try {
    for (;;) writeSync(fd, new Uint8Array(4096));
  } catch (error) {
    expect(String(error)).toMatch(/ENOSPC/);
  } finally {
    closeSync(fd);
  }
}
