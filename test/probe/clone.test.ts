/** Which parts of a workload's hello its clone repeats (VISIBILITY, "Hygiene"; RFC 8446 §4.1.2). */
import { describe, expect, test } from "vitest";
import { cloneOf, type Parts, partsOf, retryOf } from "../../src/probe/clone.ts";
import { keyShare } from "../../src/probe/key-share.ts";
import { concat, hex, latin1, pattern, uint, vector } from "../wire/bytes.ts";
import { clientHello } from "../wire/tls.ts";

const fresh = (bytes: number) => new Uint8Array(bytes).fill(0x55);
const groups = (...list: number[]) => vector(2, ...list.map((group) => uint(group, 2)));
const share = (group: number, bytes: number) =>
  concat(uint(group, 2), vector(2, pattern(bytes, 9)));

function bodyOf(extensions: readonly { type: number; body: Uint8Array }[], ciphers?: number[]) {
  const shape = { ciphers: ciphers ?? [0x1301, 0xc02b], extensions };
  return clientHello({
    serverName: "a.test",
    alpn: ["h2"],
    versions: [0x0304, 0x0303],
    ...shape,
  }).subarray(4);
}

function cloned(extensions: readonly { type: number; body: Uint8Array }[], ciphers?: number[]) {
  const hello = bodyOf(extensions, ciphers);
  const clone = cloneOf(hello, fresh);
  if (typeof clone === "string") throw new Error(clone);
  return { clone, parts: partsOf(clone.body) as Parts, hello };
}
const typesOf = ({ extensions }: Parts) => extensions.map(({ type }) => type);
const bodyOfType = ({ extensions }: Parts, type: number) =>
  extensions.findLast((one) => one.type === type)?.body;

describe("a clone", () => {
  test("has the workload's versions, suites, extensions and order, and a random of its own", () => {
    const list = [
      { type: 23, body: hex("") },
      { type: 10, body: groups(29, 23) },
      { type: 13, body: groups(0x0403, 0x0804) },
      { type: 51, body: vector(2, share(29, 32), share(23, 65)) },
      { type: 45, body: hex("0101") },
    ];
    const { clone, parts, hello } = cloned(list);
    const own = partsOf(hello) as Parts;
    expect(parts.version).toBe(own.version);
    expect(parts.ciphers).toEqual(own.ciphers);
    expect(typesOf(parts)).toEqual(typesOf(own));
    for (const type of typesOf(own).filter((one) => one !== 51)) {
      expect(Buffer.from(bodyOfType(parts, type)!)).toEqual(Buffer.from(bodyOfType(own, type)!));
    }
    expect(clone.leftOut).toEqual([]);
    expect(clone.shares.map(({ group }) => group)).toEqual([29, 23]);
    expect(Buffer.from(clone.body.subarray(2, 34))).toEqual(Buffer.from(fresh(32)));
    expect(clone.body.length - parts.sessionId.length).toBe(hello.length - own.sessionId.length);
  });

  /** A canary of 16 bytes in each place, and what is said of it. */
  const canary = pattern(16, 77);
  test.each([
    ["pre_shared_key", 41, canary, "pre_shared_key, which belongs to one connection"],
    ["early_data", 42, canary, "early_data, which belongs to one connection"],
    ["padding", 21, canary, "padding, which belongs to one connection"],
    ["a cookie", 44, canary, "cookie, which belongs to one connection"],
    [
      "an encrypted hello",
      0xfe0d,
      canary,
      "encrypted_client_hello, which belongs to one connection",
    ],
    ["an unknown extension", 0x4469, canary, "extension 17513, which is not known here"],
    ["a private extension", 0xffce, canary, "extension 65486, which is not known here"],
    ["a GREASE extension", 0x3a3a, canary, "GREASE"],
    [
      "responders for OCSP",
      5,
      concat(hex("01"), vector(2, canary), hex("0000")),
      "status_request of 21 bytes, expected at most 5",
    ],
    [
      "an old renegotiation",
      0xff01,
      vector(1, canary),
      "renegotiation_info of 17 bytes, expected at most 1",
    ],
    [
      "a name that is no host name",
      0,
      vector(2, hex("00"), vector(2, concat(latin1("a b"), canary))),
      "server_name, of which nothing is known here",
    ],
    [
      "protocols that nobody registered",
      16,
      vector(2, vector(1, canary)),
      "application_layer_protocol_negotiation, of which nothing is known here",
    ],
    [
      "too many algorithms",
      13,
      groups(...Array.from({ length: 80 }, (_, at) => 0x0400 + at)),
      "signature_algorithms of 162 bytes, expected at most 128",
    ],
  ])("carries no %s, and says so", (_, type, body, says) => {
    const { clone, parts } = cloned([{ type, body }]);
    expect(clone.leftOut).toEqual([says]);
    expect(Buffer.from(clone.body).includes(Buffer.from(canary))).toBe(false);
    // A name, protocols and algorithms of its own the hello has besides.
    expect(typesOf(parts).filter((one) => one === type).length).toBe(
      [0, 13, 16].includes(type) ? 1 : 0,
    );
  });

  test.each([
    ["a session ticket", 35, canary],
    ["key shares", 51, vector(2, concat(uint(29, 2), vector(2, canary, canary)))],
    ["a key share of no group", 51, vector(2, concat(uint(0x7a7a, 2), vector(2, canary)))],
  ])("empties or renews %s", (_, type, body) => {
    const { clone } = cloned([{ type, body }]);
    expect(Buffer.from(clone.body).includes(Buffer.from(canary))).toBe(false);
  });

  test("has no suite, group or version that is not known", () => {
    const versions = { type: 43, body: vector(1, uint(0x5a5a, 2), uint(0x0304, 2)) };
    const { parts, clone } = cloned(
      [{ type: 10, body: groups(0x1a1a, 29, 0x4242) }, versions],
      [0x2a2a, 0x1301],
    );
    expect(parts.ciphers).toEqual([0x1301]);
    expect(Buffer.from(bodyOfType(parts, 10)!)).toEqual(Buffer.from(groups(29)));
    expect(clone.leftOut).toEqual(["1 suites that are not known here"]);
  });

  test.each([
    ["cut short", bodyOf([]).subarray(0, 60), /over the end|do not fill/],
    ["empty", new Uint8Array(0), /over the end/],
    ["of GREASE alone", bodyOf([], [0x2a2a]), /no suite that is known/],
  ])("is made of no hello that is %s", (_, hello, says) => {
    expect(cloneOf(hello, fresh)).toMatch(says);
  });
});

describe("the second hello", () => {
  const list = [{ type: 51, body: vector(2, share(29, 32)) }];

  test("has one share, in the group that was asked for, and the cookie", () => {
    const { clone } = cloned(list);
    const cookie = pattern(40, 5);
    const again = retryOf(clone, { group: 23, cookie });
    if (typeof again === "string") throw new Error(again);
    const parts = partsOf(again.body) as Parts;
    expect(again.shares.map(({ group }) => group)).toEqual([23]);
    expect(Buffer.from(bodyOfType(parts, 44)!)).toEqual(Buffer.from(cookie));
    expect(again.body.subarray(0, 40)).toEqual(clone.body.subarray(0, 40));
    expect(typesOf(parts)).toEqual([...typesOf(partsOf(clone.body) as Parts), 44]);
  });

  test("may have the cookie alone, and then the same share", () => {
    const { clone } = cloned(list);
    const again = retryOf(clone, { cookie: pattern(40, 5) });
    expect(typeof again === "string" ? again : again.shares).toBe(clone.shares);
  });
});

describe("a key share", () => {
  test.each([
    [23, 65],
    [24, 97],
    [25, 133],
    [29, 32],
    [30, 56],
    [0x11eb, 1249],
    [0x11ec, 1216],
  ])("of group %i has %i bytes, and refuses what is no share", (group, bytes) => {
    const own = keyShare(group)!;
    expect(own.offered).toHaveLength(bytes);
    for (const wrong of [new Uint8Array(0), new Uint8Array(bytes), pattern(bytes + 1, 3)]) {
      expect(own.agree(wrong)).toBeUndefined();
    }
    if (group < 0x100) {
      const other = keyShare(group)!;
      expect(own.agree(other.offered)).toEqual(other.agree(own.offered));
    }
  });

  test("of a group that is not done is none", () => {
    expect(keyShare(0x0100)).toBeUndefined();
    expect(keyShare(0x2a2a)).toBeUndefined();
  });
});
