/** What is too weak, against a line of the policy and against the floor that holds everywhere. */
import { describe, expect, test } from "vitest";
import type { Expectation } from "../../src/judge/expectation.ts";
import {
  type Agreed,
  isAgreed,
  keyName,
  meansKey,
  shortfalls,
  versionRank,
} from "../../src/judge/strength.ts";
import type { KeyKind } from "../../src/trust/key.ts";

const GCM = "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256";
const CBC = "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA";
const fine: Agreed = {
  version: "TLS1.2",
  cipher: GCM,
  group: "x25519",
  resumed: false,
  alerts: [],
  established: true,
};
const wants = (more: Partial<Expectation>) => more as Expectation;
const weak = (agreed: Partial<Agreed>, expectation?: Expectation) =>
  shortfalls({ ...fine, ...agreed }, expectation).map(
    ({ what, found, expected, isBroken }) =>
      `${what}: ${found}, expected ${expected}${isBroken ? " (broken)" : ""}`,
  );
const rsa = (bits: number): KeyKind => ({ type: "RSA", bits });
const p256: KeyKind = { type: "EC", bits: 256, curve: "secp256r1" };
const orderOf = (aead: boolean) => ({ aead }) as NonNullable<Agreed["suiteOrder"]>;

describe("without an expectation", () => {
  test.each<[string, Partial<Agreed>, string[]]>([
    ["TLS 1.2 with AES-GCM is fine", {}, []],
    ["TLS 1.3 is fine, and its drafts are", { version: "TLS1.3-draft28" }, []],
    ["DTLS 1.2 is fine", { version: "DTLS1.2" }, []],
    ["TLS 1.1 is not", { version: "TLS1.1" }, ["version: TLS1.1, expected TLS1.2 or newer"]],
    ["DTLS 1.0 is not", { version: "DTLS1.0" }, ["version: DTLS1.0, expected TLS1.2 or newer"]],
    ["a version without a name is not judged", { version: "0x7f00" }, []],
    ["no version is not judged", { version: undefined as never }, []],
    ["no suite is not judged", { cipher: undefined as never }, []],
    ["a suite without a name is not judged", { cipher: "0x1234" }, []],
    ["a suite that encrypts nothing is another rule's", { cipher: "TLS_RSA_WITH_NULL_SHA" }, []],
    [
      "RC4 is not",
      { cipher: "TLS_ECDHE_RSA_WITH_RC4_128_SHA" },
      ["cipher: TLS_ECDHE_RSA_WITH_RC4_128_SHA, expected no suite that is rc4"],
    ],
    [
      "static RSA is not",
      { cipher: "TLS_RSA_WITH_AES_128_GCM_SHA256" },
      ["cipher: TLS_RSA_WITH_AES_128_GCM_SHA256, expected no suite that is static-rsa"],
    ],
    [
      "an anonymous suite is broken",
      { cipher: "TLS_DH_anon_WITH_AES_128_CBC_SHA" },
      ["cipher: TLS_DH_anon_WITH_AES_128_CBC_SHA, expected no suite that is anonymous (broken)"],
    ],
    [
      "an export suite is broken",
      { cipher: "TLS_RSA_EXPORT_WITH_RC4_40_MD5" },
      ["cipher: TLS_RSA_EXPORT_WITH_RC4_40_MD5, expected no suite that is export (broken)"],
    ],
    ["CBC is fine where the client offers better", { cipher: CBC, suiteOrder: orderOf(true) }, []],
    ["CBC is fine where nobody saw what the client offers", { cipher: CBC }, []],
    ["GCM is fine from a client without better", { suiteOrder: orderOf(false) }, []],
    [
      "CBC is not from a client that has nothing better",
      { cipher: CBC, suiteOrder: orderOf(false) },
      [`cipher: ${CBC}, expected a client that also offers AES-GCM or ChaCha20`],
    ],
    ["an RSA key of 2048 bits is fine", { key: rsa(2048) }, []],
    ["one of 2047 is not", { key: rsa(2047) }, ["key: rsa-2047, expected rsa-2048 or more"]],
    ["one whose size nobody knows is not judged", { key: { type: "RSA" } }, []],
    ["an elliptic curve is fine", { key: p256 }, []],
    [
      "what is broken comes first",
      { version: "TLS1.0", cipher: "TLS_DH_anon_WITH_AES_128_CBC_SHA" },
      [
        "cipher: TLS_DH_anon_WITH_AES_128_CBC_SHA, expected no suite that is anonymous (broken)",
        "version: TLS1.0, expected TLS1.2 or newer",
      ],
    ],
  ])("%s", (_, agreed, expected) => {
    expect(weak(agreed)).toEqual(expected);
  });
});

describe("a line of the policy", () => {
  test.each<[string, Partial<Agreed>, Partial<Expectation>, string[]]>([
    [
      "may want more of the version",
      {},
      { minVersion: "TLS1.3" },
      ["version: TLS1.2, expected TLS1.3 or newer"],
    ],
    ["may want less", { version: "TLS1.0" }, { minVersion: "TLS1.0" }, []],
    ["may want a suite by name", {}, { ciphers: [GCM] }, []],
    ["may want it by its family", {}, { ciphers: ["chacha20", "aes-gcm"] }, []],
    ["may want a weak one", { cipher: CBC }, { ciphers: ["aes-cbc"] }, []],
    [
      "may want another one",
      {},
      { ciphers: ["chacha20", "aes-cbc"] },
      [`cipher: ${GCM}, expected chacha20, aes-cbc`],
    ],
    ["may want a group", {}, { groups: ["secp256r1", "x25519"] }, []],
    [
      "may want another group",
      {},
      { groups: ["secp256r1"] },
      ["group: x25519, expected secp256r1"],
    ],
    [
      "may want one where there is none",
      { group: undefined as never },
      { groups: ["x25519"] },
      ["group: none, expected x25519"],
    ],
    [
      "does not want one of a resumed session that does not say it",
      { group: undefined as never, resumed: "ticket" },
      { groups: ["x25519"] },
      [],
    ],
    [
      "wants it of a resumed session that says it",
      { resumed: "psk" },
      { groups: ["secp256r1"] },
      ["group: x25519, expected secp256r1"],
    ],
    ["may want a key", { key: rsa(1024) }, { keyTypes: ["rsa"] }, []],
    [
      "may want another key",
      { key: rsa(4096) },
      { keyTypes: ["ec", "ed25519"] },
      ["key: rsa-4096, expected ec, ed25519"],
    ],
    ["wants no key where none was seen", {}, { keyTypes: ["ec"] }, []],
  ])("%s", (_, agreed, line, expected) => {
    expect(weak(agreed, wants(line))).toEqual(expected);
  });
});

test.each<[written: string, key: KeyKind, means: boolean]>([
  ["rsa", rsa(512), true],
  ["RSA-2048", rsa(2048), true],
  ["rsa-2048", rsa(2047), false],
  ["rsa-2048", rsa(4096), true],
  ["rsa-2048", { type: "RSASSA-PSS", bits: 2048 }, true],
  ["rsa", { type: "RSA" }, true],
  ["rsa-1", { type: "RSA" }, false],
  ["rsassa-pss", { type: "RSASSA-PSS", bits: 2048 }, true],
  ["rsa", p256, false],
  ["ec", p256, true],
  ["ec-256", p256, false],
  ["ec", rsa(2048), false],
  ["SECP256R1", p256, true],
  ["secp384r1", p256, false],
  ["ed25519", { type: "Ed25519" }, true],
  ["ed25519", p256, false],
  ["ec", { type: "Ed25519" }, false],
])("%s of %o: %s", (written, key, means) => {
  expect(meansKey(written, key)).toBe(means);
});

test("keys are named as a policy writes them", () => {
  const keys = [rsa(3072), { type: "RSA" }, p256, { type: "Ed25519" }];
  expect(keys.map(keyName)).toEqual(["rsa-3072", "rsa-0", "secp256r1", "ed25519"]);
});

test("versions are on one scale, each TLS beside the DTLS that was made from it", () => {
  const scale = [["SSL2"], ["SSL3"], ["TLS1.0"], ["TLS1.1", "DTLS1.0"], ["TLS1.2", "DTLS1.2"]];
  const ranks = [...scale, ["TLS1.3", "DTLS1.3", "TLS1.3-draft28"]].map((names) => {
    const [first, ...others] = names.map(versionRank);
    expect(others.every((rank) => rank === first)).toBe(true);
    return first!;
  });
  expect(ranks).toEqual([...new Set(ranks)].sort((a, b) => a - b));
  expect(versionRank("0x7f00")).toBeUndefined();
});

test.each<[string, Partial<Agreed>, boolean]>([
  ["a handshake with both hellos is agreed", {}, true],
  ["one without a suite is not", { cipher: undefined as never }, false],
  ["one without a version is not", { version: undefined as never }, false],
  ["one that was broken off is not", { alerts: [{ level: "fatal" } as never] }, false],
  ["a warning breaks nothing off", { alerts: [{ level: "warning" } as never] }, true],
])("%s", (_, agreed, expected) => {
  expect(isAgreed({ ...fine, ...agreed })).toBe(expected);
});
