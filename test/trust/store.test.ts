/** The store of chains: one object for the same bytes, never one for others. */

import { X509Certificate } from "node:crypto";
import { getCACertificates } from "node:tls";
import { expect, test } from "vitest";
import { ChainStore } from "../../src/trust/store.ts";

const ders = getCACertificates("bundled")
  .slice(0, 20)
  .map((pem) => new Uint8Array(new X509Certificate(pem).raw));
const [first, second] = [ders[0]!, ders[1]!];

test("gives the same object for the same bytes", () => {
  const store = new ChainStore();
  expect(store.get([first.slice(), second.slice()])).toBe(store.get([first, second]));
});

test("gives another object for another order, and the same certificates", () => {
  const store = new ChainStore();
  const [there, back] = [store.get([first, second]), store.get([second, first])];
  expect(there).not.toBe(back);
  expect(there.certificates).toEqual([...back.certificates].reverse());
  expect(there.certificates[0]).toBe(back.certificates[1]);
});

test("copies what it keeps, because the bytes are only lent", () => {
  const store = new ChainStore();
  const lent = first.slice();
  const { sha256 } = store.get([first]).certificates[0]!;
  const chain = new ChainStore().get([lent]);
  lent.fill(0);
  expect(chain.certificates[0]!.sha256).toBe(sha256);
});

test("never takes one certificate for another that differs in a single byte", () => {
  const store = new ChainStore();
  const whole = store.get([first]);
  for (let at = 0; at < first.length; at++) {
    const other = first.slice();
    other[at]! ^= 1;
    const [theirs] = store.get([other]).certificates;
    expect(theirs).not.toBe(whole.certificates[0]);
    expect(Buffer.compare(theirs!.der, other)).toBe(0);
  }
});

test("forgets the oldest beyond its limit", () => {
  const store = new ChainStore({ chainsMax: 4, certificatesMax: 4 });
  const chain = store.get([first]);
  for (const der of ders.slice(1)) store.get([der]);
  expect(store.get([first])).not.toBe(chain);
});

test.each<[string, (bytes: Uint8Array) => number]>([
  ["first byte", () => 0],
  ["last byte", ({ length }) => length - 1],
  ["eighth byte from the end", ({ length }) => length - 8],
  ["second sixteenth", ({ length }) => Math.floor(length / 16)],
])("keeps two certificates that differ in their %s side by side", (_, at) => {
  const store = new ChainStore();
  const one = new Uint8Array(1000).map((_, i) => i);
  const two = one.slice();
  two[at(two)]! ^= 0xff;
  const [first, second] = [store.certificate(one), store.certificate(two)];
  expect([store.certificate(one) === first, store.certificate(two) === second]).toEqual([
    true,
    true,
  ]);
  const [chain, other] = [store.get([one, two]), store.get([two, one])];
  expect([store.get([one, two]) === chain, store.get([two, one]) === other]).toEqual([true, true]);
});

test("keeps 15 MiB, and not 17", () => {
  const store = new ChainStore();
  const keeps = (mebibytes: number) => {
    const bytes = new Uint8Array(mebibytes * 2 ** 20);
    const first = [store.certificate(bytes), store.get([bytes])];
    const again = [store.certificate(bytes), store.get([bytes])];
    return again.map((each, i) => each === first[i]);
  };
  expect([keeps(15), keeps(16.5)]).toEqual([
    [true, true],
    [false, false],
  ]);
});

test("an empty chain is a chain", () => {
  expect(new ChainStore().get([]).certificates).toEqual([]);
});
