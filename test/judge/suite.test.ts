/** What the names of cipher suites say. */
import { expect, test } from "vitest";
import { meansSuite, suiteOf } from "../../src/judge/suite.ts";

test.each<[name: string, word: string | undefined, weak: string | undefined, flags: string]>([
  ["TLS_AES_128_GCM_SHA256", "aes-gcm", undefined, "aead forwardSecret"],
  ["TLS_CHACHA20_POLY1305_SHA256", "chacha20", undefined, "aead forwardSecret"],
  ["TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "aes-gcm", undefined, "aead forwardSecret"],
  ["TLS_DHE_RSA_WITH_CHACHA20_POLY1305_SHA256", "chacha20", undefined, "aead forwardSecret"],
  ["TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8", undefined, undefined, "aead forwardSecret"],
  ["TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", "aes-cbc", undefined, "forwardSecret"],
  ["TLS_RSA_WITH_AES_128_GCM_SHA256", "aes-gcm", "static-rsa", "aead"],
  ["TLS_ECDH_RSA_WITH_AES_128_CBC_SHA", "aes-cbc", undefined, ""],
  ["TLS_RSA_WITH_3DES_EDE_CBC_SHA", undefined, "des", ""],
  ["TLS_RSA_EXPORT_WITH_RC2_CBC_40_MD5", undefined, "export", ""],
  ["TLS_RSA_WITH_IDEA_CBC_SHA", undefined, "des", ""],
  ["TLS_ECDHE_RSA_WITH_RC4_128_SHA", undefined, "rc4", "forwardSecret"],
  ["TLS_DH_anon_WITH_AES_128_CBC_SHA", "aes-cbc", "anonymous", ""],
  ["TLS_RSA_WITH_NULL_SHA256", undefined, "null", "isNull"],
  ["TLS_NULL_WITH_NULL_NULL", undefined, "null", "isNull"],
  ["TLS_SHA256_SHA256", undefined, "null", "isNull forwardSecret"],
])("%s", (name, word, weak, flags) => {
  const suite = suiteOf(name)!;
  const said = (["isNull", "aead", "forwardSecret"] as const).filter((flag) => suite[flag]);
  expect([suite.word, suite.weak, said.join(" ")]).toEqual([word, weak, flags]);
});

test("a suite without a name says nothing", () => {
  expect(suiteOf("0x1234")).toBeUndefined();
  expect(suiteOf("RSA_WITH_AES_128_GCM_SHA256")).toBeUndefined();
  expect(meansSuite("aes-gcm", "0x1234")).toBe(false);
  expect(meansSuite("0x1234", "0x1234")).toBe(true);
});
