import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  decodeSlot,
  encodeSlot,
  type JournalRecord,
  SLOT_BYTES,
} from "../../../src/respond/journal/record.ts";

const CUT: JournalRecord = {
  kind: "cut",
  epoch: 7,
  atUs: 1_790_000_000_000_001,
  sinceUs: 1_790_000_000_000_000,
  policySha256: "ab".repeat(32),
  instance: "web-1",
  rule: "A15",
  by: "",
  because: "unknown issuer CN=Ünïcode",
  carried: false,
};

describe("a record of the journal", () => {
  test("is read back as it was written", () => {
    expect(decodeSlot(encodeSlot(CUT, 3))).toEqual({ is: "record", record: CUT, sequence: 3 });
    const release: JournalRecord = {
      ...CUT,
      kind: "release",
      policySha256: "",
      by: "root",
      carried: true,
    };
    expect(decodeSlot(encodeSlot(release, 4))).toMatchObject({ record: release });
  });

  test("whatever its texts are, fits its slot and keeps each as far as there is room", () => {
    const text = fc.string({ unit: "binary", maxLength: 600 });
    fc.assert(
      fc.property(text, text, text, text, (instance, rule, by, because) => {
        const slot = encodeSlot({ ...CUT, instance, rule, by, because }, 1);
        expect(slot).toHaveLength(SLOT_BYTES);
        const read = decodeSlot(slot);
        if (read.is !== "record") throw new Error(read.is);
        const { record } = read;
        for (const [said, kept] of [
          [instance, record.instance],
          [rule, record.rule],
          [by, record.by],
          [because, record.because],
        ] as const) {
          expect(said.toWellFormed().startsWith(kept)).toBe(true);
        }
        if (Buffer.byteLength(because.toWellFormed()) <= 216) {
          expect(record.because).toBe(because.toWellFormed());
        }
      }),
    );
  });

  test("is damaged when any one bit of it is another", () => {
    const slot = encodeSlot(CUT, 3);
    for (let bit = 0; bit < SLOT_BYTES * 8; bit++) {
      const turned = Uint8Array.from(slot);
      turned[bit >> 3]! ^= 1 << (bit & 7);
      expect(decodeSlot(turned).is).toBe("damaged");
    }
  });

  test("is damaged when it is torn anywhere before its checksum", () => {
    const slot = encodeSlot(CUT, 3);
    for (let kept = 1; kept < SLOT_BYTES - 16; kept++) {
      const torn = new Uint8Array(SLOT_BYTES);
      torn.set(slot.subarray(0, kept));
      expect(decodeSlot(torn).is).toBe("damaged");
    }
  });

  test("is empty only when nothing was written there", () => {
    expect(decodeSlot(new Uint8Array(SLOT_BYTES))).toEqual({ is: "empty" });
  });

  test("is none in any other bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 700 }), (bytes) => {
        expect(decodeSlot(bytes).is).toBe(bytes.every((byte) => byte === 0) ? "empty" : "damaged");
      }),
    );
  });
});
