/** Which answers bind a name to an address, from when, until when. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { DnsAnswer } from "../../src/inspect/dns/answer.ts";
import { type Binding, Bindings, bindingOf } from "../../src/judge/binding.ts";
import { handshake } from "./scene.ts";

const SECOND = 1_000_000;
const ME = "10.0.0.1";

function answer(shape: Partial<DnsAnswer> = {}): DnsAnswer {
  return {
    client: ME,
    resolver: "10.0.0.53",
    atUs: 100 * SECOND,
    name: "a.example",
    addresses: ["192.0.2.1"],
    ttl: 60,
    ech: [],
    ...shape,
  };
}

function bindings(...answers: DnsAnswer[]): Bindings {
  const known = new Bindings(["10.0.0.53", "FD00::53"]);
  for (const one of answers) known.add(one);
  return known;
}

const at = (seconds: number, ip = "192.0.2.1", client = ME) =>
  ["a.example", ip, client, seconds * SECOND] as const;

describe("a name is", () => {
  test.each<[string, Binding, Bindings, readonly [string, string, string, number]]>([
    ["bound to the address it was given", "bound", bindings(answer()), at(100)],
    [
      "bound for other clients as well",
      "bound",
      bindings(answer()),
      at(101, "192.0.2.1", "10.0.0.9"),
    ],
    ["bound an hour beyond its time to live", "bound", bindings(answer()), at(100 + 60 + 3600)],
    ["not known to be bound later", "unknown", bindings(answer()), at(100 + 60 + 3601)],
    ["not bound before the answer", "unknown", bindings(answer()), at(99)],
    [
      "elsewhere at an address it was never given",
      "elsewhere",
      bindings(answer()),
      at(101, "192.0.2.9"),
    ],
    [
      "not elsewhere for a client that was not answered",
      "unknown",
      bindings(answer()),
      at(101, "192.0.2.9", "10.0.0.9"),
    ],
    ["not elsewhere before the answer", "unknown", bindings(answer()), at(99, "192.0.2.9")],
    ["not elsewhere once the answer is old", "unknown", bindings(answer()), at(4000, "192.0.2.9")],
    [
      "not elsewhere at an address it had long ago",
      "unknown",
      bindings(answer({ addresses: ["192.0.2.9"] }), answer({ atUs: 9000 * SECOND })),
      at(9001, "192.0.2.9"),
    ],
    [
      "elsewhere if the address comes too late",
      "elsewhere",
      bindings(answer(), answer({ atUs: 200 * SECOND, addresses: ["192.0.2.9"] })),
      at(150, "192.0.2.9"),
    ],
    [
      "bound by a resolver whose address is written otherwise",
      "bound",
      bindings(answer({ resolver: "fd00::53" })),
      at(100),
    ],
    [
      "not bound by another resolver",
      "unknown",
      bindings(answer({ resolver: "10.0.0.54" })),
      at(100),
    ],
    [
      "not elsewhere by another resolver",
      "unknown",
      bindings(answer({ resolver: "10.0.0.54" })),
      at(100, "192.0.2.9"),
    ],
    [
      "not elsewhere by an answer without an address",
      "unknown",
      bindings(answer({ addresses: [] })),
      at(100, "192.0.2.9"),
    ],
  ])("%s", (_, expected, known, asked) => {
    expect(known.of(...asked)).toBe(expected);
  });

  test("unknown where the policy names no resolvers", () => {
    const known = new Bindings(undefined);
    known.add(answer());
    expect([known.of(...at(100)), known.of(...at(100, "192.0.2.9"))]).toEqual([
      "unknown",
      "unknown",
    ]);
  });
});

describe("a connection's name is", () => {
  const known = bindings(answer());
  const hello = (shape: Parameters<typeof handshake>[0]) =>
    handshake({ ip: "192.0.2.1", atUs: 100 * SECOND, name: "a.example", ...shape }).observation;

  test.each<[string, Binding | undefined, Parameters<typeof handshake>[0]]>([
    ["bound as its hello has it", "bound", {}],
    ["bound in whatever case it is written", "bound", { name: "A.example." }],
    ["elsewhere at another address", "elsewhere", { ip: "192.0.2.9" }],
    ["unknown where no answer was about it", "unknown", { name: "b.example" }],
    ["unknown where it can be none", "unknown", { name: "a..example" }],
    ["none where the client sent none", undefined, { name: null }],
    ["none where it is an address", undefined, { name: "192.0.2.1" }],
    ["none where it is an address of IPv6", undefined, { name: "2001:db8::1" }],
  ])("%s", (_, expected, shape) => {
    expect(bindingOf(hello(shape), known)).toBe(expected);
  });

  test("the one that the client meant, whichever end opened the connection", () => {
    const { flow, ...rest } = hello({});
    const [client, server] = flow.ends;
    const turned = { ...rest, client: 1, flow: { ...flow, ends: [server, client] } } as const;
    expect(bindingOf(turned, known)).toBe("bound");
  });

  test("unknown before any answer", () => {
    expect(bindingOf(hello({}), bindings())).toBe("unknown");
  });
});

test("a later answer changes nothing of an earlier moment", () => {
  const some = fc.record({
    atUs: fc.integer({ min: 0, max: 20_000 }).map((seconds) => seconds * SECOND),
    addresses: fc.subarray(["192.0.2.1", "192.0.2.2", "192.0.2.3"], { minLength: 1 }),
    ttl: fc.integer({ min: 0, max: 4000 }),
  });
  fc.assert(
    fc.property(
      fc.array(some, { maxLength: 12 }),
      fc.integer({ min: 0, max: 20_000 }),
      (shapes, seconds) => {
        const answers = shapes.map((shape) => answer(shape)).sort((a, b) => a.atUs - b.atUs);
        const before = answers.filter(({ atUs }) => atUs <= seconds * SECOND);
        const asked = at(seconds, "192.0.2.2");
        expect(bindings(...answers).of(...asked)).toBe(bindings(...before).of(...asked));
      },
    ),
  );
});

describe("memory", () => {
  test("forgets the name that was answered about longest ago", () => {
    const known = bindings(answer(), answer({ name: "b.example" }), answer());
    for (let n = 0; n < 32_767; n++) known.add(answer({ name: `n${n}.example` }));
    expect(known.of(...at(100))).toBe("bound");
    expect(known.of("b.example", "192.0.2.1", ME, 100 * SECOND)).toBe("unknown");
  });

  const elsewhereAfter = (...answers: DnsAnswer[]) =>
    bindings(...answers).of("a.example", "192.0.2.9", ME, answers.at(-1)!.atUs);

  test("keeps eight times of an address apart, and with one more nothing is called elsewhere", () => {
    const times = (count: number) =>
      Array.from({ length: count }, (_, n) => answer({ atUs: (n + 1) * 10_000 * SECOND }));
    expect(elsewhereAfter(...times(8))).toBe("elsewhere");
    expect(elsewhereAfter(...times(9))).toBe("unknown");
  });

  test("takes answers that follow each other for one time", () => {
    const again = Array.from({ length: 20 }, (_, n) => answer({ atUs: (n + 1) * 10 * SECOND }));
    expect(elsewhereAfter(...again)).toBe("elsewhere");
    const fiveTimes = [0, 1, 2, 3, 4].flatMap((n) =>
      again.map(({ atUs }) => answer({ atUs: atUs + n * 50_000 * SECOND })),
    );
    expect(elsewhereAfter(...fiveTimes)).toBe("elsewhere");
  });

  test("keeps 512 addresses of a name, and with one more nothing is called elsewhere", () => {
    const addresses = (count: number) =>
      Array.from({ length: count }, (_, n) => `10.${n >> 8}.${n & 255}.7`);
    expect(elsewhereAfter(answer({ addresses: addresses(512) }))).toBe("elsewhere");
    expect(elsewhereAfter(answer({ addresses: addresses(513) }))).toBe("unknown");
  });

  test("with an address forgotten, nothing is called elsewhere", () => {
    const many = Array.from({ length: 600 }, (_, n) => `10.${n >> 8}.${n & 255}.7`);
    const known = bindings(...many.map((address) => answer({ addresses: [address] })));
    expect(known.of(...at(100, "192.0.2.9"))).toBe("unknown");
    expect(known.of(...at(100, many.at(-1)))).toBe("bound");
  });
});
