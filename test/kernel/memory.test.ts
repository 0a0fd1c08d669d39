/** Memory is given back without a harm: what was mapped is there again when it is used. */
import { expect, test } from "vitest";
import { giveBackMemory, unchangedFiles } from "../../src/kernel/memory.ts";

const SMAPS = `
00400000-02400000 r-xp 00000000 fe:01 1234                               /usr/bin/node
Rss:               20000 kB
Anonymous:             0 kB
02400000-02500000 r-xp 02000000 fe:01 1234                               /usr/bin/node
Anonymous:             4 kB
02600000-02700000 rw-p 02200000 fe:01 1234                               /usr/bin/node
Anonymous:             0 kB
7f0000000000-7f0000021000 r-xp 00000000 00:00 0
Anonymous:             0 kB
7fff00000000-7fff00002000 r-xp 00000000 00:00 0                          [vdso]
Anonymous:             0 kB
`;

test("only programs that nobody changed are let go", () => {
  expect(unchangedFiles(SMAPS)).toEqual([{ from: 0x400000n, to: 0x2400000n }]);
  expect(unchangedFiles("")).toEqual([]);
  expect(unchangedFiles("nonsense\nAnonymous: 0 kB\n")).toEqual([]);
});

test("the process goes on with less, and everything still works", () => {
  const before = process.memoryUsage.rss();
  expect(giveBackMemory()).toBeGreaterThan(10 * 2 ** 20);
  expect(process.memoryUsage.rss()).toBeLessThan(before);
  expect(JSON.parse(JSON.stringify({ a: [1, "x"] }))).toEqual({ a: [1, "x"] });
});
