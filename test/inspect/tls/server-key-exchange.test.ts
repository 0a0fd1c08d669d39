/** What a ServerKeyExchange signs: where its parameters end, for each exchange, and what fits nowhere. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Proof } from "../../../src/inspect/observation.ts";
import { cipherSuiteName } from "../../../src/inspect/tls/cipher-suites.ts";
import {
  readProof,
  releaseProof,
  unsignedExchange,
} from "../../../src/inspect/tls/server-key-exchange.ts";
import { concat, pattern, uint, vector } from "../../wire/bytes.ts";
import {
  certificate,
  clientHello,
  message,
  record,
  serverHello,
  serverHelloDone,
  sslv2ClientHello,
} from "../../wire/tls.ts";
import { client, gap, hear, type Said, server } from "./hear.ts";

const clientRandom = pattern(32, 1);
const serverRandom = pattern(32, 2);
const signature = pattern(71, 3);
const ecdhe = concat(Uint8Array.of(3, 0, 29), vector(1, pattern(32, 4)));
const dhe = concat(vector(2, pattern(128, 5)), vector(2, uint(2, 1)), vector(2, pattern(128, 6)));
const exported = concat(vector(2, pattern(64, 7)), vector(2, uint(65_537, 3)));
const srp = concat(dhe.subarray(0, 133), vector(1, pattern(16, 8)), vector(2, pattern(128, 9)));

const [ECDHE_RSA, DHE_RSA, RSA_EXPORT, SRP_RSA] = [0xc02f, 0x0033, 0x0003, 0xc01e];
const [TLS10, TLS12, DTLS10, DTLS12] = [0x0301, 0x0303, 0xfeff, 0xfefd];

describe("what was signed", () => {
  test.each([
    ["a curve's point", ECDHE_RSA, ecdhe],
    ["a group's prime, generator and value", DHE_RSA, dhe],
    ["a temporary RSA key", RSA_EXPORT, exported],
    ["what SRP exchanges", SRP_RSA, srp],
  ])("is both randoms and %s", (_, cipher, parameters) => {
    const content = concat(clientRandom, serverRandom, parameters);
    for (const version of [0x0300, TLS10, 0x0302, DTLS10]) {
      const body = concat(parameters, vector(2, signature));
      expect(proofOf(body, { version, cipher })).toEqual({ content, signature });
    }
    for (const version of [TLS12, DTLS12]) {
      const body = concat(parameters, uint(0x0804, 2), vector(2, signature));
      expect(proofOf(body, { version, cipher })).toEqual({ scheme: 0x0804, content, signature });
    }
  });

  test.each([
    ["a curve's point", ECDHE_RSA, ecdhe, TLS12],
    ["a curve's point", ECDHE_RSA, ecdhe, TLS10],
    ["a group", DHE_RSA, dhe, TLS12],
    ["an RSA key", RSA_EXPORT, exported, TLS10],
    ["what SRP exchanges", SRP_RSA, srp, TLS12],
  ])(
    "is nothing of a message that ends early, or late, behind %s",
    (_, cipher, parameters, version) => {
      const scheme = version === TLS12 ? uint(0x0804, 2) : new Uint8Array(0);
      const body = concat(parameters, scheme, vector(2, signature));
      for (let to = 0; to < body.length; to++) {
        expect(readIn(body.subarray(0, to), { version, cipher })).toBe("malformed");
      }
      expect(readIn(concat(body, Uint8Array.of(0)), { version, cipher })).toBe("malformed");
    },
  );

  test("is not guessed where a curve is written out", () => {
    for (const [type, why] of [
      [1, "unknown-exchange"],
      [2, "unknown-exchange"],
      [4, "malformed"],
    ] as const) {
      const body = concat(Uint8Array.of(type), pattern(200));
      expect(readIn(body, { version: TLS12, cipher: ECDHE_RSA })).toBe(why);
    }
  });

  test.each([
    ["static-rsa", "TLS_RSA_WITH_AES_128_GCM_SHA256", 0x009c],
    ["static-rsa", "TLS_RSA_WITH_NULL_SHA256", 0x003b],
    ["static-dh", "TLS_ECDH_ECDSA_WITH_AES_128_CBC_SHA", 0xc004],
    ["static-dh", "TLS_DH_DSS_WITH_AES_128_CBC_SHA", 0x0030],
    ["psk", "TLS_PSK_WITH_AES_128_CBC_SHA", 0x008c],
    ["psk", "TLS_RSA_PSK_WITH_AES_128_CBC_SHA", 0x0094],
    ["psk", "TLS_ECDHE_PSK_WITH_AES_128_CBC_SHA", 0xc035],
    ["anonymous", "TLS_DH_anon_WITH_AES_128_CBC_SHA", 0x0034],
    ["anonymous", "TLS_ECDH_anon_WITH_AES_128_CBC_SHA", 0xc018],
    ["unknown-exchange", "TLS_KRB5_WITH_DES_CBC_SHA", 0x001e],
    ["unknown-exchange", "0x4a4a", 0x4a4a],
  ])("is nothing: %s, with %s", (why, name, cipher) => {
    expect(cipherSuiteName(cipher)).toBe(name);
    const body = concat(ecdhe, uint(0x0804, 2), vector(2, signature));
    expect(readIn(body, { version: TLS12, cipher })).toBe(why);
    expect(unsignedExchange(cipher)).toBe(why);
  });

  test("is to come with the other suites, but for keys too short to be replaced", () => {
    for (const cipher of [ECDHE_RSA, DHE_RSA, SRP_RSA, 0xcca9, 0x0032]) {
      expect(unsignedExchange(cipher), cipherSuiteName(cipher)).toBeUndefined();
    }
    expect(unsignedExchange(RSA_EXPORT)).toBe("static-rsa");
  });
});

describe("memory", () => {
  const body = concat(dhe, vector(2, pattern(4000)));
  const agreed = { version: TLS10, cipher: DHE_RSA };

  test("is not given to a message longer than any key", () => {
    expect(readIn(concat(dhe, vector(2, pattern(9000))), agreed)).toBe("limit");
  });

  test("ends, is told, and comes back", () => {
    const held: Proof[] = [];
    let answer = readIn(body, agreed);
    for (; typeof answer === "object"; answer = readIn(body, agreed)) {
      held.push(answer);
      if (held.length > 20_000) break;
    }
    expect(answer).toBe("limit");
    expect(held.length).toBeGreaterThan(5_000);
    releaseProof(held.pop()!);
    const again = readIn(body, agreed);
    expect(again).toBeTypeOf("object");
    for (const proof of [...held, again as Proof]) releaseProof(proof);
  });
});

test("any bytes are a proof or a reason, and never a throw", () => {
  const whole = [ecdhe, dhe, exported, srp].flatMap((parameters) => [
    concat(parameters, vector(2, signature)),
    concat(parameters, uint(0x0403, 2), vector(2, signature)),
  ]);
  const nearly = fc
    .tuple(
      fc.constantFrom(...whole),
      fc.array(fc.tuple(fc.nat(500), fc.nat(255)), { maxLength: 2 }),
    )
    .map(([body, edits]) => {
      const bytes = body.slice();
      for (const [at, value] of edits) if (at < bytes.length) bytes[at] = value;
      return bytes;
    });
  const version = fc.constantFrom(0x0300, TLS10, TLS12, DTLS12);
  const cipher = fc.constantFrom(ECDHE_RSA, DHE_RSA, RSA_EXPORT, SRP_RSA, 0x009c, 0xffff);
  const reasons = new Set<string>();
  let proofs = 0;
  const any = fc.property(
    fc.oneof(nearly, fc.uint8Array({ maxLength: 60 })),
    fc.record({ version, cipher }),
    (body, settled) => {
      const answer = readIn(body, settled);
      if (typeof answer === "string") return void reasons.add(answer);
      proofs++;
      const { content, signature, scheme } = answer;
      const lengths = scheme === undefined ? 2 : 4;
      expect(content.length - 64 + lengths + signature.length).toBe(body.length);
      releaseProof(answer);
    },
  );
  fc.assert(any, { numRuns: 5_000 });
  expect(proofs).toBeGreaterThan(50);
  expect([...reasons].sort()).toEqual(["malformed", "static-rsa", "unknown-exchange"]);
});

describe("a connection", () => {
  const chain = [pattern(300)];
  const body = concat(ecdhe, uint(0x0804, 2), vector(2, signature));
  const exchange = message(12, body);
  const done = serverHelloDone();
  const hello = client(record(22, clientHello()));
  const flight = (...messages: Uint8Array[]): Said => server(record(22, concat(...messages)));
  const answer = serverHello({ random: serverRandom });

  test("has the proof of its ServerKeyExchange", () => {
    const seen = hear([hello, flight(answer, certificate(chain), exchange, done)]).result();
    const content = concat(clientRandom, serverRandom, ecdhe);
    expect(plain(seen!.proof)).toEqual({ scheme: 0x0804, content, signature });
    expect(seen!.unproved).toBeUndefined();
  });

  test.each<[string, Said[], string]>([
    ["cut-short", [hello, flight(answer, certificate(chain), done)], "cut-short"],
    [
      "static RSA",
      [hello, flight(serverHello({ cipher: 0x9c }), certificate(chain), done)],
      "static-rsa",
    ],
    ["no hello of the client", [flight(answer, certificate(chain), exchange, done)], "midstream"],
    ["a lost hello", [gap(0, 200), flight(answer, certificate(chain), exchange, done)], "loss"],
    [
      "one that is too short",
      [hello, flight(answer, certificate(chain), message(12, body.slice(0, -1)), done)],
      "malformed",
    ],
    [
      "two of them",
      [hello, flight(answer, certificate(chain), exchange, exchange, done)],
      "malformed",
    ],
    [
      "one before the answer",
      [hello, flight(exchange, answer, certificate(chain), done)],
      "midstream",
    ],
  ])("without a proof says why: %s", (_, said, why) => {
    const connection = hear(said);
    const seen = connection.result()!;
    expect(seen.proof).toBeUndefined();
    expect(seen.unproved).toBe(why);
    expect(connection.malformed.length > 0).toBe(why === "malformed");
  });

  test("that began with a hello of SSL 2.0 has its challenge, right-justified, as a random", () => {
    const begun = client(sslv2ClientHello(TLS12, [ECDHE_RSA]));
    const seen = hear([begun, flight(answer, certificate(chain), exchange, done)]).result();
    const random = concat(new Uint8Array(16), pattern(16, 3));
    expect(plain(seen!.proof)).toMatchObject({ content: concat(random, serverRandom, ecdhe) });
  });

  test("takes none from the client", () => {
    const said = [
      hello,
      flight(answer),
      client(record(22, exchange)),
      flight(certificate(chain), done),
    ];
    expect(hear(said).result()).toMatchObject({ unproved: "malformed" });
  });

  test("that showed no certificate has no reason to prove anything", () => {
    const seen = hear([hello, flight(answer, exchange, done)]).result()!;
    expect(seen.certificates.why).toBe("none-sent");
    expect([seen.proof, seen.unproved]).toEqual([undefined, undefined]);
  });
});

type Settled = Pick<Parameters<typeof readProof>[3], "version" | "cipher">;

/** Not at the beginning of its buffer, and with bytes behind it, so that a forgotten border shows. */
function readIn(body: Uint8Array, settled: Settled): ReturnType<typeof readProof> {
  const wider = concat(pattern(5, 90), body, pattern(9, 91));
  return readProof(wider, 5, 5 + body.length, { ...settled, clientRandom, serverRandom });
}

/** Released, and as plain arrays. */
function proofOf(body: Uint8Array, settled: Settled): unknown {
  const proof = readIn(body, settled);
  if (typeof proof === "string") return proof;
  releaseProof(proof);
  return plain(proof);
}

function plain(proof: Proof | undefined): unknown {
  if (proof === undefined) return undefined;
  const [content, signed] = [Uint8Array.from(proof.content), Uint8Array.from(proof.signature)];
  return { ...proof, content, signature: signed };
}
