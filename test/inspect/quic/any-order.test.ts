/**
 * What real peers sent (captures/quic-*), in the order in which it came, in others, twice, with pieces
 * missing and with bytes changed: the answer is the same, or says what is wrong, and nothing is thrown.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { DatagramConnection } from "../../../src/inspect/datagram.ts";
import { pattern } from "../../wire/bytes.ts";
import { datagrams } from "./captured.ts";
import { answer, type Datagram, flow, handshake, hear } from "./hear.ts";

const CAPTURES = ["quic-v1", "quic-v2", "quic-retry", "quic-hello-retry", "quic-early-data"];

describe.each(CAPTURES)("%s", (name) => {
  test("reads the same with every datagram twice", async () => {
    const said = (await datagrams(name)).said;
    const twice = said.flatMap((one) => [one, one]);
    expect(answer(hear(twice)).results).toEqual(answer(hear(said)).results);
  });

  test("reads the same names with neighbours that overtake each other", async () => {
    const said = (await datagrams(name)).said;
    // A Retry that overtakes what it answers is not known for one: then there are two beginnings.
    const names = (of: readonly Datagram[]) =>
      new Set(
        hear(of)
          .results()
          .map((one) => one.serverName),
      );
    for (let at = 1; at < said.length; at++) {
      const turned = [...said];
      [turned[at - 1], turned[at]] = [turned[at]!, turned[at - 1]!];
      expect(names(turned)).toEqual(names(said));
      expect(hear(turned).overlaps).toEqual([]);
    }
  });

  test("never throws, and is never silent, whatever becomes of its bytes", async () => {
    const said = (await datagrams(name)).said;
    const change = fc.record({ which: fc.nat(3), at: fc.nat(1300), to: fc.nat(255) });
    fc.assert(
      fc.property(
        fc.array(change, { minLength: 1, maxLength: 6 }),
        fc.nat(1300),
        (changes, cut) => {
          const mutants = said.map((one) => ({ ...one, bytes: Uint8Array.from(one.bytes) }));
          for (const { which, at, to } of changes) {
            const { bytes } = mutants[which % mutants.length]!;
            if (at < bytes.length) bytes[at] = to;
          }
          mutants[0]!.bytes = mutants[0]!.bytes.subarray(0, Math.max(1, cut));
          const connection = hear(mutants);
          const { results, malformed } = answer(connection);
          connection.push({ kind: "closed", why: "end", atUs: 9_999 });
          expect(results.length + malformed.length).toBeGreaterThan(0);
        },
      ),
      { numRuns: 60 },
    );
  });
});

test("any bytes behind any first byte are read or passed over", () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.constantFrom(0 as const, 1 as const), fc.uint8Array({ maxLength: 80 }))),
      (said) => {
        const conversation = new DatagramConnection(flow);
        for (const [side, bytes] of [...handshakeOnce(), ...said]) {
          const all = { from: 0, to: bytes.length, cut: 0, atUs: 1 };
          conversation.push({ kind: "datagram", side, bytes: Uint8Array.from(bytes), ...all });
        }
        expect(conversation.results().length).toBeGreaterThan(0);
        conversation.push({ kind: "closed", why: "end", atUs: 2 });
      },
    ),
    { numRuns: 200 },
  );
});

describe("a conversation that begins with something else", () => {
  const push = (conversation: DatagramConnection, side: 0 | 1, bytes: Uint8Array) =>
    conversation.push({
      kind: "datagram",
      side,
      bytes,
      from: 0,
      to: bytes.length,
      cut: 0,
      atUs: 1,
    });

  test.each([
    ["STUN", [0x00, 0x01, 0x00, 0x00]],
    ["RTP", [0x80, 0x00, 0x00, 0x00]],
    ["DNS", [0xc0, 0x01, 0x01, 0x00]],
  ])("as %s is no QUIC, and becomes it when a hello comes", (_name, first) => {
    const conversation = new DatagramConnection(flow);
    for (let i = 0; i < 40; i++) push(conversation, 0, Uint8Array.from([...first, ...pattern(60)]));
    expect(conversation.results()).toEqual([]);
    expect(conversation.malformed).toEqual([]);
    expect(conversation.idle).toBe(true);
    expect(conversation.wants).toBe("records");
    for (const { side, bytes } of handshake()) push(conversation, side, bytes);
    expect(conversation.results().map((one) => one.serverName)).toEqual(["api.corp.example"]);
    expect(conversation.wants).toBe("records");
  });
});

function handshakeOnce(): [0 | 1, Uint8Array][] {
  return handshake().map(({ side, bytes }) => [side, bytes]);
}
