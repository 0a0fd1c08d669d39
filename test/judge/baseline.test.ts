/** What a workload's own earlier connections were like, and what is told when they become weaker. */
import { describe, expect, test } from "vitest";
import type { SuiteOrder, TlsObservation } from "../../src/inspect/observation.ts";
import { suiteOrderOf } from "../../src/inspect/tls/suite-order.ts";
import { Baseline } from "../../src/judge/baseline.ts";
import { handshakeOf } from "./encounter.ts";

const WHO = "payments/api";
const DB = "db.corp.example";
const WEAK = { version: "TLS1.2", cipher: "TLS_RSA_WITH_AES_128_CBC_SHA", group: "x25519" };
const RSA = (bits: number) => ({ type: "RSA", bits });

/** As they end, one a second: what each has lost. */
function lost(
  connections: readonly Partial<TlsObservation>[],
  baseline = new Baseline(),
): string[][] {
  return connections.map((more, i) => {
    const seen = handshakeOf({ atUs: 1e6 * i, ...more });
    const found = baseline.compare(WHO, DB, seen, undefined);
    baseline.remember(WHO, DB, seen, undefined);
    return found.map(({ what, before, now }) => `${what}: ${before} > ${now}`);
  });
}

describe("with one server", () => {
  test("three strong ones make a baseline, and the first weak one is told, once", () => {
    expect(lost([{}, {}, {}, WEAK, WEAK])).toEqual([
      [],
      [],
      [],
      [
        "version: TLS1.3 > TLS1.2",
        "cipher: TLS_AES_256_GCM_SHA384 > TLS_RSA_WITH_AES_128_CBC_SHA",
        "group: X25519MLKEM768 > x25519",
      ],
      [],
    ]);
  });

  test("two make none", () => {
    expect(lost([{}, {}, WEAK]).flat()).toEqual([]);
  });

  test("a workload that was never stronger has lost nothing", () => {
    expect(lost([WEAK, WEAK, WEAK, WEAK]).flat()).toEqual([]);
  });

  test("one that changes between both has no baseline", () => {
    expect(lost([{}, WEAK, {}, WEAK, {}, WEAK]).flat()).toEqual([]);
  });

  test("stronger is no loss, and another suite as strong neither", () => {
    const chacha = { cipher: "TLS_CHACHA20_POLY1305_SHA256" };
    expect(lost([WEAK, WEAK, WEAK, {}, chacha, {}]).flat()).toEqual([]);
  });

  test("one that began earlier than what is known, and ended later, is passed over", () => {
    expect(lost([{}, {}, {}, { ...WEAK, atUs: 0.5e6 }]).flat()).toEqual([]);
  });

  test("asking twice about one connection changes nothing", () => {
    const baseline = new Baseline();
    lost([{}, {}, {}], baseline);
    const seen = handshakeOf({ atUs: 9e6, ...WEAK });
    const ask = () => baseline.compare(WHO, DB, seen, undefined).length;
    expect([ask(), ask()]).toEqual([3, 3]);
  });

  test("a shorter RSA key is told, and another kind of key is not", () => {
    const baseline = new Baseline();
    const seen = (at: number) => handshakeOf({ atUs: at });
    for (const at of [1, 2, 3]) baseline.remember(WHO, DB, seen(at), RSA(3072));
    expect(baseline.compare(WHO, DB, seen(4), RSA(2048))).toEqual([
      { what: "key", before: "rsa-3072", now: "rsa-2048" },
    ]);
    expect(baseline.compare(WHO, DB, seen(4), { type: "EC", bits: 256 })).toEqual([]);
    expect(baseline.compare("other", DB, seen(4), RSA(2048))).toEqual([]);
  });

  test("memory is bounded, and what was forgotten is counted", () => {
    const baseline = new Baseline();
    for (let i = 0; i < 32_770; i++) {
      baseline.remember(WHO, `${i}`, handshakeOf({ atUs: i }), undefined);
    }
    expect(baseline.forgotten).toBe(2);
    expect(baseline.forgottenAtUs).toBe(32_768);
  });
});

describe("the order of a client's suites", () => {
  const GO = [0xc02b, 0xc02f, 0xcca9, 0xcca8, 0x1301, 0x1302, 0x1303];
  const GO_MASKED = [0xcca9, 0xcca8, 0xc02b, 0xc02f, 0x1303, 0x1301, 0x1302];
  const order = (ciphers: readonly number[], set = "go") => suiteOrderOf(ciphers, set);

  /** What is told of the second of two hellos. */
  function turned(before: SuiteOrder, after: SuiteOrder, who = WHO) {
    const baseline = new Baseline();
    baseline.remember(WHO, DB, handshakeOf({ atUs: 1, suiteOrder: before }), undefined);
    return baseline.order(who, handshakeOf({ atUs: 2, suiteOrder: after }))?.of;
  }

  test("is read for TLS 1.3 and before apart", () => {
    expect(order(GO)).toEqual({ tls13: "aes-gcm", tls12: "aes-gcm", aead: true, set: "go" });
    expect(order(GO_MASKED)).toMatchObject({ tls13: "chacha20", tls12: "chacha20" });
    expect(order([0x1301, 0x1302])).toEqual({ aead: true, set: "go" });
    expect(order([0x002f, 0xc013])).toEqual({ aead: false, set: "go" });
  });

  test("turned to ChaCha20 is told", () => {
    expect(turned(order(GO), order(GO_MASKED))).toEqual(["tls13", "tls12"]);
  });

  test("turned back to AES is not", () => {
    expect(turned(order(GO_MASKED), order(GO))).toBeUndefined();
  });

  test("of other suites, as a new library offers, is not", () => {
    expect(turned(order(GO), order(GO_MASKED, "newer"))).toBeUndefined();
  });

  test("of another workload, on a processor of its own, is not", () => {
    expect(turned(order(GO), order(GO_MASKED), "shop/web")).toBeUndefined();
  });
});
