/** Whom a prober asks, how often, and what it remembers: counted where the questions arrive. */
import { describe, expect, test } from "vitest";
import type { Answer, Question } from "../../src/probe/ask.ts";
import { Forbidden } from "../../src/probe/forbidden.ts";
import { helloKey } from "../../src/probe/hello-key.ts";
import {
  ANSWER_MS,
  ANSWERS_OF_DESTINATION_MAX,
  AT_ONCE_MAX,
  FAILURE_MS,
  Prober,
  type ProberOptions,
} from "../../src/probe/prober.ts";
import { pattern, uint, vector } from "../wire/bytes.ts";
import { clientHello } from "../wire/tls.ts";

const GOOD: Answer = { complete: true, retried: false, leftOut: [], tookMs: 1, bytes: 1 };
const BAD: Answer = { ...GOOD, complete: false, why: "no answer" };

/** A hello whose random differs with `seed`, and whose suites with `suite`. */
function hello(seed = 0, suite = 0xc02b): Uint8Array {
  const share = (bytes: Uint8Array) => vector(2, uint(29, 2), vector(2, bytes));
  const extensions = [{ type: 51, body: vector(2, share(pattern(32, seed)).subarray(2)) }];
  const made = clientHello({ versions: [0x0304], ciphers: [0x1301, suite], extensions }).subarray(
    4,
  );
  made.set(pattern(32, seed), 2);
  return made;
}

/** Questions are answered when the test says so. */
function stage(options: Partial<ProberOptions> = {}) {
  const asked: { question: Question; answer: (answer: Answer) => void }[] = [];
  const clock = { ms: 0 };
  const prober = new Prober({
    ask: (question) => new Promise((answer) => void asked.push({ question, answer })),
    nowMs: () => clock.ms,
    perHour: 1000,
    ...options,
  });
  const probe = (ip = "192.0.2.1", of = hello(), approved = false) =>
    prober.probe({ ip, port: 443, hello: of, approved });
  return { asked, clock, prober, probe };
}

describe("a prober", () => {
  test("asks once while an answer holds, and again behind that", async () => {
    const { asked, clock, probe } = stage();
    const first = probe();
    asked[0]!.answer(GOOD);
    expect(await first).toMatchObject({ asked: true, cached: false });
    clock.ms = ANSWER_MS - 1;
    expect(await probe("192.0.2.1", hello(7))).toMatchObject({ asked: true, cached: true });
    expect(asked).toHaveLength(1);
    clock.ms = ANSWER_MS;
    void probe();
    expect(asked).toHaveLength(2);
  });

  test("remembers a failure for a short while", async () => {
    const { asked, clock, probe } = stage();
    const first = probe();
    asked[0]!.answer(BAD);
    await first;
    clock.ms = FAILURE_MS - 1;
    expect(await probe()).toMatchObject({ cached: true, answer: BAD });
    clock.ms = FAILURE_MS;
    void probe();
    expect(asked).toHaveLength(2);
  });

  test("remembers no chain past its leaf", async () => {
    const { asked, clock, probe } = stage({ goodUntilMs: () => 1000 });
    const first = probe();
    asked[0]!.answer(GOOD);
    await first;
    clock.ms = 1000;
    void probe();
    expect(asked).toHaveLength(2);
  });

  test("asks one question for all who have it", async () => {
    const { asked, probe } = stage();
    const all = [probe(), probe("192.0.2.1", hello(1)), probe("192.0.2.1", hello(2))];
    expect(asked).toHaveLength(1);
    asked[0]!.answer(GOOD);
    expect((await Promise.all(all)).map((one) => one.asked && one.answer)).toEqual([
      GOOD,
      GOOD,
      GOOD,
    ]);
  });

  test("asks a server that is asked otherwise otherwise", async () => {
    const { asked, probe } = stage();
    void probe("192.0.2.1", hello(0, 0xc02b));
    void probe("192.0.2.1", hello(0, 0xc02f));
    expect(asked).toHaveLength(2);
  });

  test("asks two of one server at once and some of all, of which approved ones keep a part", async () => {
    const { asked, prober, probe } = stage();
    for (const suite of [0xc02b, 0xc02f, 0xc030]) void probe("192.0.2.1", hello(0, suite));
    expect(asked).toHaveLength(2);
    for (let host = 2; host < 30; host++) void probe(`192.0.2.${host}`);
    expect(asked).toHaveLength(AT_ONCE_MAX * 0.75);
    for (let host = 2; host < 30; host++) void probe(`198.51.100.${host}`, hello(), true);
    expect(asked).toHaveLength(AT_ONCE_MAX);
    expect(await probe("192.0.2.200")).toEqual({ asked: false, why: "starved" });
    expect(prober.counts.starved).toBeGreaterThan(0);
    for (const { answer } of asked) answer(GOOD);
    await new Promise(setImmediate);
    void probe("192.0.2.200");
    expect(asked).toHaveLength(AT_ONCE_MAX + 1);
  });

  test("asks so many in an hour, and not more", async () => {
    const { asked, clock, probe } = stage({ perHour: 4 });
    const ask = async (host: number, approved = false) => {
      const before = asked.length;
      const asking = probe(`192.0.2.${host}`, hello(), approved);
      if (asked.length > before) asked.at(-1)!.answer(GOOD);
      return (await asking).asked;
    };
    const answers: boolean[] = [];
    for (let host = 1; host <= 5; host++) answers.push(await ask(host));
    expect(answers).toEqual([true, true, true, false, false]);
    expect([await ask(6, true), await ask(7, true)]).toEqual([true, false]);
    clock.ms = 3_600_000;
    expect(await ask(8)).toBe(true);
  });

  test("forgets the answers of whoever varies its hello, and nobody else's", async () => {
    const { asked, probe } = stage();
    const other = probe("198.51.100.1");
    asked.at(-1)!.answer(GOOD);
    await other;
    const suites = Array.from({ length: ANSWERS_OF_DESTINATION_MAX + 1 }, (_, at) => 0xc001 + at);
    for (const suite of suites) {
      const asking = probe("192.0.2.1", hello(0, suite));
      asked.at(-1)!.answer(GOOD);
      await asking;
    }
    const before = asked.length;
    expect(await probe("198.51.100.1")).toMatchObject({ cached: true });
    void probe("192.0.2.1", hello(0, suites[0]!));
    expect(asked).toHaveLength(before + 1);
  });

  test("asks nobody behind the fence, and calls off whom it asks", async () => {
    const { asked, prober, probe } = stage();
    void probe();
    prober.fence();
    expect(asked[0]!.question.signal?.aborted).toBe(true);
    expect(await probe("192.0.2.2")).toEqual({ asked: false, why: "fenced" });
    expect(asked).toHaveLength(1);
  });

  test("asks nobody with a hello that cannot be read", async () => {
    const { probe } = stage();
    expect(await probe("192.0.2.1", pattern(20))).toEqual({ asked: false, why: "unreadable" });
  });
});

describe("an address", () => {
  const NEVER = ["203.0.113.0/24", "2001:db8:1::/48", "198.51.100.7"];
  test.each([
    ["127.0.0.1", true],
    ["127.8.8.8", true],
    ["::1", true],
    ["::ffff:127.0.0.1", true],
    ["0.0.0.0", true],
    ["::", true],
    ["169.254.169.254", true],
    ["::ffff:169.254.169.254", true],
    ["::ffff:7f00:1", true],
    ["fe80::1", true],
    ["fd00:ec2::254", true],
    ["100.100.100.200", true],
    ["224.0.0.1", true],
    ["255.255.255.255", true],
    ["ff02::1", true],
    ["203.0.113.9", true],
    ["2001:db8:1::9", true],
    ["198.51.100.7", true],
    ["no address", true],
    ["", true],
    ["198.51.100.8", false],
    ["10.1.2.3", false],
    ["2001:db8:2::1", false],
    ["::ffff:198.51.100.8", false],
  ])("%s is forbidden: %s", (ip, forbidden) => {
    expect(new Forbidden(NEVER).has(ip)).toBe(forbidden);
  });

  test("that is forbidden is never asked", async () => {
    const { asked, prober, probe } = stage({ never: NEVER });
    expect(await probe("203.0.113.1")).toEqual({ asked: false, why: "forbidden" });
    expect(await probe("169.254.169.254", hello(), true)).toEqual({
      asked: false,
      why: "forbidden",
    });
    expect(asked).toHaveLength(0);
    expect(prober.counts.forbidden).toBe(2);
  });
});

test("what shapes a flight is the same for the same client, whatever it draws at random", () => {
  expect(helloKey(hello(1))).toBe(helloKey(hello(2)));
  expect(helloKey(hello(1, 0xc02f))).not.toBe(helloKey(hello(1)));
  expect(helloKey(pattern(10))).toBeUndefined();
});
