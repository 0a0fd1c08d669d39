/** Numbers by their IANA names, held to the lists that openssl and tshark carry. */
import { spawnSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import { cipherSuiteName } from "../../../src/inspect/tls/cipher-suites.ts";
import { alertName, groupName, versionName } from "../../../src/inspect/tls/names.ts";

const suites = [...opensslSuites()];
const tshark = tsharkValues();

describe("a version", () => {
  test.each([
    [0x0002, "SSL2"],
    [0x0300, "SSL3"],
    [0x0301, "TLS1.0"],
    [0x0302, "TLS1.1"],
    [0x0303, "TLS1.2"],
    [0x0304, "TLS1.3"],
    [0x7f1c, "TLS1.3-draft28"],
    [0x7f17, "0x7f17"],
    [0x0305, "0x0305"],
    [0, "0x0000"],
  ])("%i is called %s", (number, name) => expect(versionName(number)).toBe(name));
});

describe("a cipher suite", () => {
  test.skipIf(suites.length === 0)("is called as openssl calls it", () => {
    expect(suites.length).toBeGreaterThan(140);
    const ours = suites.map(([number]) => [number, cipherSuiteName(number)]);
    expect(ours).toEqual(suites);
  });

  test.skipIf(tshark.length === 0)("is called as tshark calls it", () => {
    const theirs = valuesOf("tls.handshake.ciphersuite").filter(([, name]) => /^TLS_/.test(name));
    expect(theirs.length).toBeGreaterThan(300);
    expect(theirs.map(([number]) => [number, cipherSuiteName(number)])).toEqual(theirs);
  });

  test.each([
    [0x1301, "TLS_AES_128_GCM_SHA256"],
    [0x00ff, "TLS_EMPTY_RENEGOTIATION_INFO_SCSV"],
    [0x5600, "TLS_FALLBACK_SCSV"],
    [0x0a0a, "0x0a0a"],
    [0xffff, "0xffff"],
  ])("%i is called %s", (number, name) => expect(cipherSuiteName(number)).toBe(name));
});

describe("a group", () => {
  test.skipIf(tshark.length === 0)("is called as tshark calls it", () => {
    const theirs = valuesOf("tls.handshake.extensions_supported_group");
    const registered = theirs.filter(([number]) => number < 0x200);
    expect(registered.length).toBeGreaterThan(30);
    expect(registered.map(([number]) => [number, groupName(number)])).toEqual(registered);
  });

  // Newer than tshark 4.0, from the registry.
  test.each([
    [0x11eb, "SecP256r1MLKEM768"],
    [0x11ec, "X25519MLKEM768"],
    [0x11ed, "SecP384r1MLKEM1024"],
    [0x6399, "X25519Kyber768Draft00"],
    [0x0200, "MLKEM512"],
    [0x2a2a, "0x2a2a"],
  ])("%i is called %s", (number, name) => expect(groupName(number)).toBe(name));
});

describe("an alert", () => {
  test.skipIf(tshark.length === 0)("is called as tshark calls it, in IANA's spelling", () => {
    const theirs = valuesOf("tls.alert_message.desc").filter(([number]) => number !== 1);
    expect(theirs.length).toBeGreaterThan(30);
    const spelt = theirs.map(([number, name]) => [number, name.toLowerCase().replaceAll(" ", "_")]);
    const ours = theirs.map(([number]) => [number, alertName(number).replace("_RESERVED", "")]);
    expect(ours).toEqual(spelt);
  });

  test.each([
    [0, "close_notify"],
    [21, "decryption_failed_RESERVED"],
    [48, "unknown_ca"],
    [52, "0x34"],
    [1, "0x01"],
    [255, "0xff"],
  ])("%i is called %s", (number, name) => expect(alertName(number)).toBe(name));
});

/** `0xC0,0x2F - TLS_ECDHE_.. - ECDHE-.. ..`; TLS_ names only, since SSLv2 is not in that list. */
function* opensslSuites(): Generator<[number, string]> {
  const all = "ALL:COMPLEMENTOFALL:@SECLEVEL=0";
  const text = spawnSync("openssl", ["ciphers", "-V", "-stdname", all], {
    encoding: "utf8",
  }).stdout;
  for (const line of (text ?? "").split("\n")) {
    const [, high, low, name] = /0x(..),0x(..) - (TLS_\S+)/.exec(line) ?? [];
    if (high && low && name) yield [Number.parseInt(high + low, 16), name];
  }
}

function tsharkValues(): string[] {
  const { stdout } = spawnSync("tshark", ["-G", "values"], {
    encoding: "utf8",
    maxBuffer: 1e8,
  });
  return (stdout ?? "").split("\n").filter((line) => line.startsWith("V\ttls."));
}

function valuesOf(field: string): [number, string][] {
  const rows = tshark.map((line) => line.split("\t")).filter(([, name]) => name === field);
  return rows.map(([, , number, name]) => [Number(number), name ?? ""]);
}
