/** A judged connection is shunted: only the headers of its records are read, and what breaks them. */
import { describe, expect, test } from "vitest";
import type { Wants } from "../../src/flow/event.ts";
import { concat, pattern } from "../wire/bytes.ts";
import { type Conversation, conversation } from "../wire/conversation.ts";
import { alert, applicationData, RECORD, record } from "../wire/tls.ts";
import { gapsOf, type Kept, type SeenFlow, seen } from "./reader.ts";

/** The client says this first; once it was read, the connection wants records only. */
const FIRST = pattern(20);
const RECORDS = applicationData(50_000, 7000);
const RENEGOTIATION = record(RECORD.handshake, pattern(60));

const wants = (events: readonly Kept[]): Wants => {
  const resumed = events.some((event) => event.kind === "resumed" || event.kind === "gap");
  return resumed ? "bytes" : "records";
};

function shunted(script: Conversation, more: { wants?: typeof wants } = {}): SeenFlow {
  const nextRecord = (): [number, number] => [FIRST.length, 0];
  return seen(script.packets(), { wants, nextRecord, ...more }).flows[0]!;
}

const resumes = (flow: SeenFlow) =>
  flow.events.flatMap((event) =>
    event.kind === "resumed" ? [{ side: event.side, offset: event.offset, why: event.why }] : [],
  );

describe("a shunted connection", () => {
  test.each([1, 2, 3, 4, 5, 6, 7, 100, 1460, 6999, 7005, 60_000])(
    "delivers nothing of its application data in segments of %i bytes",
    (mss) => {
      const count = mss < 100 ? 2000 : 50_000;
      const script = conversation({ mss })
        .client(FIRST, { mss: 100 })
        .server(applicationData(count, 700));
      const flow = shunted(script.client(applicationData(count, 300)).close());
      expect(flow.events.map((event) => event.kind)).toEqual(["bytes", "closed"]);
    },
  );

  test.each([1, 3, 5, 64, 1460])(
    "is read again from the header of another record, in segments of %i bytes",
    (mss) => {
      const said = concat(applicationData(1000, 300), RENEGOTIATION, applicationData(500, 300));
      const flow = shunted(conversation({ mss }).client(FIRST, { mss: 100 }).server(said));
      const offset = applicationData(1000, 300).length;
      expect(resumes(flow)).toEqual([{ side: 1, offset, why: "record-type" }]);
      expect(flow.said[1].subarray(offset)).toEqual(said.subarray(offset));
    },
  );

  test("skips across early, repeated and swapped segments", () => {
    const script = conversation({ mss: 1000 }).client(FIRST);
    script.server(RECORDS).swap(9).again().client(RECORDS).swap(4);
    const flow = shunted(script.server(RENEGOTIATION));
    expect(resumes(flow)).toEqual([{ side: 1, offset: RECORDS.length, why: "record-type" }]);
    expect(flow.said[1].subarray(RECORDS.length)).toEqual(RENEGOTIATION);
  });

  test.each([
    [
      "a length beyond what TLS allows",
      record(RECORD.applicationData, pattern(4), { length: 18_433 }),
    ],
    ["a version that is none", record(RECORD.applicationData, pattern(4), { version: 0x0203 })],
  ])("ends at an impossible header: %s", (_name, bad) => {
    const flow = shunted(conversation().client(FIRST).server(concat(RECORDS, bad)));
    expect(resumes(flow)).toEqual([{ side: 1, offset: RECORDS.length, why: "header" }]);
    expect(flow.said[1].subarray(RECORDS.length)).toEqual(bad);
  });

  test.each([1, 4, 1460])("passes over a sealed alert, in segments of %i bytes", (mss) => {
    const sealed = record(RECORD.alert, pattern(26));
    const said = concat(applicationData(1000, 300), sealed, applicationData(500, 300), sealed);
    const flow = shunted(conversation({ mss }).client(FIRST, { mss: 100 }).server(said).close());
    expect(flow.events.map((event) => event.kind)).toEqual(["bytes", "closed"]);
  });

  test("ends at an alert in clear", () => {
    const flow = shunted(
      conversation()
        .client(FIRST)
        .server(concat(RECORDS, alert(1, 0))),
    );
    expect(resumes(flow)).toEqual([{ side: 1, offset: RECORDS.length, why: "record-type" }]);
  });

  test("is not ended by a gap that lies inside one record", () => {
    const script = conversation({ mss: 1000 }).client(FIRST).server(RECORDS.subarray(0, 1000));
    script.lose("server", 3000).server(RECORDS.subarray(4000)).server(RENEGOTIATION);
    const flow = shunted(script);
    expect(resumes(flow)).toEqual([{ side: 1, offset: RECORDS.length, why: "record-type" }]);
    expect(gapsOf(flow)).toEqual([]);
  });

  test("is ended by a gap over a record's header, since nobody knows where the next one is", () => {
    const script = conversation({ mss: 1000 }).client(FIRST).server(RECORDS.subarray(0, 6000));
    script.lose("server", 3000).server(RECORDS.subarray(9000));
    const flow = shunted(script);
    expect(resumes(flow)).toEqual([{ side: 1, offset: 6000, why: "gap" }]);
    expect(gapsOf(flow)).toEqual([{ side: 1, offset: 6000, count: 3000, why: "loss" }]);
    expect(flow.said[1].subarray(9000)).toEqual(RECORDS.subarray(9000));
  });

  test("skips what a snap length left out inside a record", () => {
    const script = conversation({ mss: 1000, snapBytes: 54 + 200 }).client(FIRST);
    const flow = shunted(script.server(applicationData(2900, 2995)).close());
    expect(flow.events.map((event) => event.kind)).toEqual(["bytes", "closed"]);
  });

  test("that was resumed can be shunted again", () => {
    const script = conversation().client(FIRST).server(RECORDS).server(RENEGOTIATION);
    script.server(RECORDS).server(RENEGOTIATION).close();
    const again = (events: readonly Kept[]): Wants =>
      events.at(-1)?.kind === "bytes" ? "records" : "bytes";
    let next = 0;
    const flow = seen(script.packets(), {
      wants: again,
      nextRecord: (events) => {
        const last = events.at(-1);
        if (last?.kind === "bytes" && last.side === 1) next = last.offset + last.bytes.length;
        return [FIRST.length, next];
      },
    }).flows[0]!;
    const second = RECORDS.length * 2 + RENEGOTIATION.length;
    expect(resumes(flow).map(({ offset }) => offset)).toEqual([RECORDS.length, second]);
  });
});

test("a connection that wants nothing gets nothing but its end", () => {
  const script = conversation().client(FIRST).server(RECORDS).lose("client", 5).client(RECORDS);
  const flow = shunted(script.close(), { wants: () => "nothing" });
  expect(flow.events.map((event) => event.kind)).toEqual(["bytes", "closed"]);
});
