/** Revocation lists: what they revoke, and when they say nothing. */
import { sign } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Anchors } from "../../src/trust/anchors.ts";
import { parseCertificate } from "../../src/trust/certificate.ts";
import { FINDINGS } from "../../src/trust/finding.ts";
import { parseRevocationList } from "../../src/trust/revocation.ts";
import { validate } from "../../src/trust/validate.ts";
import {
  basicConstraints,
  ecKey,
  extension,
  type KeyPair,
  keyUsage,
  mint,
  name,
  oid,
  seq,
  time,
  tlv,
} from "./mint.ts";

const [rootKey, leafKey, otherKey] = [ecKey(), ecKey(), ecKey()];
const SERIAL = Uint8Array.of(0x11, 0x22);
const leaf = mint({ key: leafKey, signer: rootKey, issuer: name("Root"), serial: SERIAL });
const rootWith = (...bits: number[]) =>
  mint({
    subject: name("Root"),
    key: rootKey,
    extensions: [basicConstraints(true), ...(bits.length === 0 ? [] : [keyUsage(...bits)])],
  });

interface List {
  serials?: readonly Uint8Array[];
  key?: KeyPair;
  issuer?: Uint8Array;
  extensions?: readonly Uint8Array[];
  entry?: readonly Uint8Array[];
  version?: Uint8Array;
}

function list(spec: List = {}): Uint8Array {
  const algorithm = seq(oid("1.2.840.10045.4.3.2"));
  const entries = (spec.serials ?? [SERIAL]).map((serial) =>
    seq(tlv(2, serial), time("260201000000Z"), ...(spec.entry ?? [])),
  );
  const tbs = seq(
    spec.version ?? tlv(2, Uint8Array.of(1)),
    algorithm,
    spec.issuer ?? name("Root"),
    time("260301000000Z"),
    time("260401000000Z"),
    ...(entries.length === 0 ? [] : [seq(...entries)]),
    tlv(0xa0, seq(...(spec.extensions ?? [number()]))),
  );
  const signature = sign("sha256", tbs, (spec.key ?? rootKey).privateKey);
  return seq(tbs, algorithm, tlv(3, Uint8Array.of(0), signature));
}

function validation(der: Uint8Array, at = "2026-06-01T00:00:00Z", root = rootWith(5, 6)) {
  return validate({
    chain: [parseCertificate(leaf)],
    anchors: Anchors.of([
      { source: "file", profile: "rfc5280", certificate: parseCertificate(root) },
    ]),
    purpose: "server",
    atUs: Date.parse(at) * 1000,
    revocationLists: [parseRevocationList(der)],
  });
}

function said(der: Uint8Array, root?: Uint8Array): string[] {
  const { findings } = validation(der, undefined, root);
  return findings.map(({ name }) => name).filter((name) => FINDINGS[name].invalidates);
}

describe("a revocation list", () => {
  test.each<[string, Uint8Array, string[]]>([
    ["revokes what it names", list(), ["revoked"]],
    ["does not revoke another serial number", list({ serials: [Uint8Array.of(0x11)] }), []],
    ["revokes one of many", list({ serials: [Uint8Array.of(1), SERIAL] }), ["revoked"]],
    ["may be empty", list({ serials: [] }), []],
    ["of another issuer says nothing", list({ issuer: name("Other") }), []],
    ["by another key says nothing", list({ key: otherKey }), []],
    [
      "without a number cannot be used",
      list({ extensions: [extension("2.5.29.35", seq())] }),
      unusable(),
    ],
    [
      "with a critical extension cannot be used",
      list({ extensions: [number(), extension("2.5.29.27", tlv(2, Uint8Array.of(1)), true)] }),
      unusable(),
    ],
    [
      "for some certificates only revokes what it names",
      list({ extensions: part([]) }),
      ["revoked"],
    ],
    [
      "for certificates that are no CA's revokes what it names",
      list({ extensions: part([tlv(0x81, Uint8Array.of(0xff))]) }),
      ["revoked"],
    ],
    [
      "in other issuers' names cannot be used",
      list({ extensions: part([tlv(0x84, Uint8Array.of(0xff))]) }),
      unusable(),
    ],
    [
      "whose part cannot be read cannot be used",
      list({ extensions: [number(), extension("2.5.29.28", Uint8Array.of(0x30, 9), true)] }),
      unusable(),
    ],
    [
      "with an entry of another issuer cannot be used",
      list({ entry: [seq(extension("2.5.29.29", seq(), true))] }),
      unusable(),
    ],
    ["of version 1 cannot be used", list({ version: new Uint8Array() }), unusable()],
  ])("%s", (_, der, expected) => {
    expect(said(der)).toEqual(expected);
  });

  test("that should have been renewed is worth a note, and still revokes", () => {
    const stale = (der: Uint8Array, at: string) =>
      validation(der, at).findings.filter(({ name }) => name === "stale-revocation-list").length;
    const other = list({ serials: [Uint8Array.of(1)] });
    expect(stale(other, "2026-04-01T00:00:00Z")).toBe(0);
    expect(stale(other, "2026-04-01T00:00:01Z")).toBe(1);
    expect(stale(list(), "2026-04-01T00:00:01Z")).toBe(0);
  });

  test("says when it was revoked, and by whom", () => {
    const [found] = validation(list()).findings.filter(({ name }) => name === "revoked");
    expect(found?.detail).toBe("by CN=Root on 2026-02-01T00:00:00Z, says its revocation list");
  });

  test("bounds how long an answer holds", () => {
    const at = (text: string) => Date.parse(text) * 1000;
    const other = list({ serials: [] });
    expect(validation(other, "2026-03-10T00:00:00Z").sameBetweenUs).toEqual([
      at("2026-01-01T00:00:00Z"),
      at("2026-04-01T00:00:00Z"),
    ]);
    expect(validation(other).sameBetweenUs[0]).toBe(at("2026-04-01T00:00:00Z") + 1);
  });

  test("by a key that may not sign lists says nothing", () => {
    expect(said(list(), rootWith(5))).toEqual([]);
    expect(said(list(), rootWith())).toEqual(["revoked"]);
  });

  test("of any bytes is read without a throw", () => {
    const whole = list();
    const change = fc.tuple(fc.nat(whole.length - 1), fc.nat(255));
    fc.assert(
      fc.property(fc.array(change, { maxLength: 6 }), fc.nat(whole.length), (changes, length) => {
        const bytes = whole.slice(0, length);
        for (const [at, value] of changes) if (at < length) bytes[at] = value;
        parseRevocationList(bytes);
      }),
      { numRuns: 1000 },
    );
  });
});

function number(): Uint8Array {
  return extension("2.5.29.20", tlv(2, Uint8Array.of(1)));
}

/** As CAs write it that cut their lists into parts. */
function part(fields: readonly Uint8Array[]): Uint8Array[] {
  return [number(), extension("2.5.29.28", seq(...fields), true)];
}

function unusable(): string[] {
  return ["bad-revocation-list"];
}
