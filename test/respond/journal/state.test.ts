import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { JournalRecord, Slot } from "../../../src/respond/journal/record.ts";
import {
  carry,
  fold,
  type JournalState,
  NOTHING_RECORDED,
} from "../../../src/respond/journal/state.ts";

const TORN: Slot = { is: "damaged", reason: "its checksum is wrong" };

describe("what a journal says", () => {
  test.each<[string, Slot[], number | undefined]>([
    ["nothing: the workload is not cut", [], undefined],
    ["a cut: it is cut", [cut(1)], 1],
    ["a cut and its release: it is not", [cut(1), release(1)], undefined],
    ["a release and a newer cut: it is cut", [cut(1), release(1), cut(2)], 2],
    [
      "a cut, and behind it a release of an older one: the cut wins",
      [cut(1), cut(2), release(1)],
      2,
    ],
    [
      "a release that reached the disk before its cut: it is not cut",
      [release(1), cut(1)],
      undefined,
    ],
    [
      "a release of a later cut than is known: it closes that too",
      [cut(1), release(3), cut(2)],
      undefined,
    ],
    ["a torn record alone: it may be a cut", [TORN], 1],
    ["a torn record behind a cut: it is cut", [cut(1), TORN], 1],
    ["a torn record behind a release: it may be a cut", [cut(1), release(1), TORN], 2],
    [
      "a torn cut, written again and released: it is not cut",
      [TORN, cut(1), release(1)],
      undefined,
    ],
    ["a torn release, written again: it is not cut", [cut(1), TORN, release(1)], undefined],
    ["holes between records: they change nothing", [{ is: "empty" }, cut(1), { is: "empty" }], 1],
  ])("%s", (_what, slots, epoch) => {
    expect(folded(slots).cut?.epoch).toBe(epoch);
  });

  test("of a workload that was cut again: since the first cut, for the reason of the newest", () => {
    const { cut: found } = folded([cut(1), cut(2)]);
    expect(found).toMatchObject({ epoch: 2, sinceUs: 101, because: "cut 2" });
  });

  test("counts what cannot be read", () => {
    expect(folded([cut(1), TORN, TORN])).toMatchObject({ slots: 3, damaged: 2 });
  });

  test("says the same in whatever order sound records lie", () => {
    const records = fc.array(
      fc
        .tuple(fc.boolean(), fc.integer({ min: 1, max: 5 }))
        .map(([isCut, epoch]) => (isCut ? cut(epoch) : release(epoch))),
      { maxLength: 8 },
    );
    fc.assert(
      fc.property(records, fc.infiniteStream(fc.nat()), (slots, numbers) => {
        const turned = slots
          .map((slot) => [numbers.next().value as number, slot] as const)
          .sort(([a], [b]) => a - b)
          .map(([, slot]) => slot);
        expect(folded(turned).cut?.epoch).toBe(folded(slots).cut?.epoch);
      }),
    );
  });

  test("is carried forward by one record", () => {
    const slot = fc.oneof(
      fc.integer({ min: 1, max: 6 }).map(cut),
      fc.integer({ min: 1, max: 6 }).map(release),
      fc.constant(TORN),
    );
    fc.assert(
      fc.property(fc.array(slot, { maxLength: 10 }), (slots) => {
        const state = folded(slots);
        const record = carry(state, "web-1");
        const carried = folded(record === undefined ? [] : [{ is: "record", record, sequence: 1 }]);
        expect(carried.cut?.epoch).toBe(state.cut?.epoch);
        if (state.cut === undefined) expect(carried.released).toEqual(state.released);
        // And a copy of it behind everything else changes nothing.
        const twice =
          record === undefined ? state : fold(state, { is: "record", record, sequence: 1 });
        expect(twice.cut?.epoch).toBe(state.cut?.epoch);
      }),
    );
  });
});

function folded(slots: readonly Slot[]): JournalState {
  return slots.reduce(fold, NOTHING_RECORDED);
}

function cut(epoch: number): Slot {
  return { is: "record", record: { ...recordOf(epoch), kind: "cut" }, sequence: epoch };
}

function release(epoch: number): Slot {
  return {
    is: "record",
    record: { ...recordOf(epoch), kind: "release", by: "root" },
    sequence: epoch,
  };
}

function recordOf(epoch: number): Omit<JournalRecord, "kind"> {
  const atUs = 100 + epoch;
  const because = `cut ${epoch}`;
  const said = { policySha256: "", instance: "web-1", rule: "A15", by: "", because };
  return { epoch, atUs, sinceUs: atUs, ...said, carried: false };
}
