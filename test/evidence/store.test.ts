/** The directory of evidence: what it is when it should not be, what goes when there is no room. */
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Bundle, Rank } from "../../src/evidence/bundle.ts";
import { EvidenceStore, type Kept, STORE_LIMITS } from "../../src/evidence/store.ts";

let folder = "";
let directory = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "portcullis-store-"));
  directory = join(folder, "evidence");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe("the directory of evidence", () => {
  test("holds each bundle whole, under a name of our own, for ourselves alone", () => {
    const store = EvidenceStore.open(directory);
    expect(store.keep(bundle("a"), "cut")).toEqual({ status: "written", name: NAME_1 });
    expect(readdirSync(directory)).toEqual([NAME_1]);
    expect(readFileSync(join(directory, NAME_1, "manifest.json"), "utf8")).toBe("a");
    expect(statSync(directory).mode & 0o777).toBe(0o700);
    expect(statSync(join(directory, NAME_1)).mode & 0o777).toBe(0o700);
    expect(statSync(join(directory, NAME_1, "manifest.json")).mode & 0o777).toBe(0o600);
    store.close();
  });

  test("counts on where it left off", () => {
    written(EvidenceStore.open(directory), "cut");
    const again = EvidenceStore.open(directory);
    expect(again.names).toEqual([NAME_1]);
    expect(written(again, "report")).toMatch(/^00000002-report-/);
  });

  test("is refused where it is a link", () => {
    mkdirSync(join(folder, "elsewhere"));
    symlinkSync(join(folder, "elsewhere"), directory);
    expect(() => EvidenceStore.open(directory)).toThrow(/a link or a file, expected a directory/);
    expect(() => EvidenceStore.open(`${directory}/`)).toThrow(/a link or a file/);
  });

  test("is refused where others may write, and where it is a FIFO", () => {
    mkdirSync(directory);
    chmodSync(directory, 0o777);
    expect(() => EvidenceStore.open(directory)).toThrow(/mode 777.*chmod 700/);
    const fifo = join(folder, "fifo");
    spawnSync("mkfifo", [fifo]);
    expect(() => EvidenceStore.open(fifo)).toThrow(/expected a directory/);
  });

  test.skipIf(process.getuid?.() !== 0)("is refused where it is somebody else's", () => {
    mkdirSync(directory, { mode: 0o700 });
    spawnSync("chown", ["12345", directory]);
    expect(() => EvidenceStore.open(directory)).toThrow(
      /belongs to user 12345, expected our own, 0/,
    );
  });

  test("is written to where it is now, when somebody puts a link in its place", () => {
    const store = EvidenceStore.open(directory);
    const moved = join(folder, "moved");
    const theirs = join(folder, "theirs");
    renameSync(directory, moved);
    mkdirSync(theirs);
    symlinkSync(theirs, directory);
    written(store, "cut");
    expect(readdirSync(theirs)).toEqual([]);
    expect(readdirSync(moved)).toEqual([NAME_1]);
  });

  test("takes the next name where a link, a FIFO or a file lies under that which would be ours", () => {
    const store = EvidenceStore.open(directory);
    const theirs = join(folder, "theirs");
    mkdirSync(theirs);
    symlinkSync(theirs, join(directory, NAME_1));
    spawnSync("mkfifo", [join(directory, NAME_1.replace("1-cut", "2-cut"))]);
    writeFileSync(join(directory, NAME_1.replace("1-cut", "3-cut")), "theirs");
    expect(written(store, "cut")).toBe(NAME_1.replace("1-cut", "4-cut"));
    expect(readdirSync(theirs)).toEqual([]);
    // And what it cannot have written it never takes for its own.
    expect(EvidenceStore.open(directory).names).toEqual([NAME_1.replace("1-cut", "4-cut")]);
  });

  test("leaves alone what is not named like ours", () => {
    mkdirSync(directory, { mode: 0o700 });
    writeFileSync(join(directory, "notes.txt"), "x");
    mkdirSync(join(directory, "00000001-cut-zzzzzzzzzzzz"));
    const store = EvidenceStore.open(directory, { ...STORE_LIMITS, bundles: 1 });
    written(store, "cut");
    written(store, "cut");
    expect(readdirSync(directory).sort()).toEqual([
      "00000001-cut-zzzzzzzzzzzz",
      "00000002-cut-aaaaaaaaaaaa",
      "notes.txt",
    ]);
  });

  test("removes what was begun and left, but not what somebody is writing now", () => {
    mkdirSync(directory, { mode: 0o700 });
    const left = join(directory, `.making-${"0".repeat(24)}`);
    const fresh = join(directory, `.making-${"1".repeat(24)}`);
    mkdirSync(left);
    mkdirSync(fresh);
    const hoursAgo = new Date(Date.now() - 7_200_000);
    utimesSync(left, hoursAgo, hoursAgo);
    EvidenceStore.open(directory).close();
    expect(readdirSync(directory)).toEqual([`.making-${"1".repeat(24)}`]);
  });

  test("follows no link when it removes a bundle", () => {
    const store = EvidenceStore.open(directory, { ...STORE_LIMITS, bundles: 1 });
    const name = written(store, "report");
    const theirs = join(folder, "theirs");
    mkdirSync(theirs);
    writeFileSync(join(theirs, "kept"), "x");
    rmSync(join(directory, name), { recursive: true });
    symlinkSync(theirs, join(directory, name));
    written(store, "cut");
    expect(readdirSync(theirs)).toEqual(["kept"]);
  });
});

describe("when there is no room", () => {
  test.each<[string, Rank[], Rank, string[] | undefined]>([
    [
      "the oldest that was only reported goes first",
      ["cut", "report", "refuse", "report"],
      "cut",
      ["1-cut", "3-refuse", "4-report", "5-cut"],
    ],
    ["then the oldest that was refused", ["cut", "refuse", "refuse"], "report", undefined],
    [
      "a cut makes room by what was refused",
      ["cut", "refuse", "cut"],
      "cut",
      ["1-cut", "3-cut", "4-cut"],
    ],
    ["a report never takes the place of a cut", ["cut", "cut"], "report", undefined],
    [
      "the oldest cut goes for another, when there is nothing else",
      ["cut", "cut"],
      "cut",
      ["2-cut", "3-cut"],
    ],
  ])("%s", (_what, before, next, after) => {
    const limits = { ...STORE_LIMITS, bundles: before.length };
    const store = EvidenceStore.open(directory, limits);
    for (const rank of before) written(store, rank);
    const kept = store.keep(bundle("a"), next);
    expect(kept.status).toBe(after === undefined ? "failed" : "written");
    const names = store.names.map((name) => name.replace(/^0+|-a+$/g, ""));
    expect(names).toEqual(after ?? before.map((rank, index) => `${index + 1}-${rank}`));
    expect(readdirSync(directory).sort()).toEqual([...store.names]);
  });

  test("bytes count as bundles do", () => {
    const store = EvidenceStore.open(directory, { ...STORE_LIMITS, bytes: 1000 });
    for (let times = 0; times < 5; times++) store.keep(bundle("a".repeat(400)), "report");
    expect(store.names).toHaveLength(2);
    expect(store.keep(bundle("a".repeat(1001)), "cut")).toMatchObject({ status: "failed" });
    expect(EvidenceStore.open(directory, { ...STORE_LIMITS, bytes: 1000 }).names).toHaveLength(2);
  });

  test("what is older than the limit in days goes, a cut as well", () => {
    let now = Date.now();
    const store = EvidenceStore.open(directory, STORE_LIMITS, () => now);
    written(store, "cut");
    now += 31 * 86_400_000;
    written(store, "report");
    expect(store.names).toEqual(["00000002-report-aaaaaaaaaaaa"]);
  });

  const isRoot = process.getuid?.() === 0;
  test.skipIf(!isRoot)("on a full disk what was reported makes room for a cut", () => {
    onDisk("size=256k", (mount) => {
      const store = EvidenceStore.open(join(mount, "evidence"));
      for (let times = 0; times < 5; times++) {
        expect(store.keep(bundle("r".repeat(30_000)), "report").status).toBe("written");
      }
      fill(join(mount, "theirs"));
      expect(store.keep(bundle("c".repeat(30_000)), "report")).toMatchObject({
        status: "failed",
        why: expect.stringMatching(/ENOSPC/),
      });
      const cut: Kept = store.keep(bundle("c".repeat(30_000)), "cut");
      expect(cut.status).toBe("written");
      expect(readdirSync(join(mount, "evidence")).sort()).toEqual([...store.names].sort());
      expect(store.names.length).toBeLessThan(6);
      store.close();
    });
  });

  test.skipIf(!isRoot)("on a read-only disk it says so and leaves nothing behind", () => {
    onDisk("size=256k", (mount) => {
      const store = EvidenceStore.open(join(mount, "evidence"));
      expect(spawnSync("mount", ["-o", "remount,ro", mount]).status).not.toBe(undefined);
      store.close();
      const readOnly = EvidenceStore.open(join(mount, "evidence"));
      const kept = readOnly.keep(bundle("a"), "cut");
      expect(kept).toMatchObject({ status: "failed", why: expect.stringMatching(/EROFS/) });
      expect(readdirSync(join(mount, "evidence"))).toEqual([]);
      readOnly.close();
    });
  });
});

const NAME_1 = "00000001-cut-aaaaaaaaaaaa";

function bundle(text: string): Bundle {
  const files = [{ name: "manifest.json", bytes: Buffer.from(text) }];
  return { files, sha256: "a".repeat(64), bytes: text.length };
}

function written(store: EvidenceStore, rank: Rank): string {
  const kept = store.keep(bundle("a"), rank);
  if (kept.status !== "written") throw new Error(kept.why);
  return kept.name;
}

/** A file system of its own, in memory, gone afterwards. */
function onDisk(options: string, work: (mount: string) => void): void {
  const mount = join(folder, "mount");
  mkdirSync(mount);
  const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", `${options},mode=700`, "tmpfs", mount]);
  expect(mounted.status, String(mounted.stderr)).toBe(0);
  try {
    work(mount);
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
