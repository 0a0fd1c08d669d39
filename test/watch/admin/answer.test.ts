/** What is asked of a gate by its socket, and what is refused before it reaches the gate. */
import { beforeEach, describe, expect, test } from "vitest";
import { answerTo, type Gate, type Hand, placeIn } from "../../../src/watch/admin/answer.ts";

const WHO = { pid: 7, uid: 0, gid: 0 };
let asked: [string, Hand | object][];
const gate: Gate = {
  cut: async (hand) => {
    asked.push(["cut", hand]);
    return [{ rung: "fence" }];
  },
  release: async (hand) => {
    asked.push(["release", hand]);
    return [];
  },
  status: () => ({ mode: "tap" }),
  why: async (place) => ({ place }),
  healthy: () => ({ good: true, because: [] }),
  ready: () => ({ good: false, because: ["no policy"] }),
  metrics: () => "portcullis_up 1\n",
};
beforeEach(() => {
  asked = [];
});

const answer = (request: Record<string, unknown>) => answerTo(request, WHO, gate);

test("a cut reaches the gate with who asked and why", async () => {
  expect(await answer({ verb: "cut", because: " INC-1 " })).toEqual({
    ok: true,
    outcomes: [{ rung: "fence" }],
  });
  expect(asked).toEqual([["cut", { who: WHO, because: "INC-1" }]]);
});

test.each([
  ["no reason", { verb: "cut" }, /"because" is missing/],
  ["a reason of spaces", { verb: "release", because: "  " }, /"because" is missing/],
  ["a reason that is no text", { verb: "release", because: { a: 1 } }, /"because" is missing/],
  ["an endless reason", { verb: "cut", because: "x".repeat(2001) }, /2001 characters/],
  ["no verb", {}, /unknown verb/],
  ["a verb of Object's", { verb: "constructor" }, /unknown verb/],
  ["a place without host", { verb: "why", to: ":443" }, /is no place/],
  ["a place that is no text", { verb: "why", to: ["a"] }, /is no place/],
])("%s is refused, and nothing is done", async (_, request, why) => {
  expect(await answer(request)).toEqual({ ok: false, why: expect.stringMatching(why) });
  expect(asked).toEqual([]);
});

test("state is answered as the gate has it", async () => {
  expect(await answer({ verb: "status" })).toEqual({ ok: true, status: { mode: "tap" } });
  expect(await answer({ verb: "ready" })).toEqual({
    ok: true,
    good: false,
    because: ["no policy"],
  });
  expect(await answer({ verb: "metrics" })).toEqual({ ok: true, text: "portcullis_up 1\n" });
});

describe("a place", () => {
  test.each([
    ["API.example.net:443", { name: "api.example.net", port: 443 }],
    ["api.example.net", { name: "api.example.net" }],
    ["192.0.2.7:8443", { ip: "192.0.2.7", port: 8443 }],
    ["[2001:db8::1]:443", { ip: "2001:db8::1", port: 443 }],
    ["2001:db8::1", { ip: "2001:db8::1" }],
  ])("%s is %j", (text, place) => {
    expect(placeIn(text)).toEqual(place);
  });

  test.each(["", "a b:1", "a:0", "a:65536", "a:443:1", "x".repeat(400), "[zz]:1"])(
    "%j is none",
    (text) => {
      expect(placeIn(text)).toBeUndefined();
    },
  );
});
