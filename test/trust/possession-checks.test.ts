/** Whose turn it is to be checked. */
import { createHash, sign } from "node:crypto";
import { describe, expect, test } from "vitest";
import type { Proof } from "../../src/inspect/observation.ts";
import { parseCertificate } from "../../src/trust/certificate.ts";
import { BUDGET, PossessionChecks } from "../../src/trust/possession-checks.ts";
import { ecKey, mint } from "./mint.ts";

const key = ecKey();
const leaf = parseCertificate(mint({ key }));
const other = parseCertificate(mint({ key: ecKey() }));
const [IP, PORT] = ["192.0.2.7", 443];

/** As the handshake `number` would have it. */
function proof(number: number): Proof {
  const content = createHash("sha256").update(`handshake ${number}`).digest();
  return { scheme: 0x0403, content, signature: sign("sha256", content, key.privateKey) };
}

/**
 * The first two are such that chance gives none of them a second turn where a test wants none: one in
 * 32 would, and their signatures are others in each run.
 */
const proofs = [...firstTwo(), ...Array.from({ length: 1278 }, (_, i) => proof(i + 2))];
const bad = { ...proofs[0]!, content: Buffer.from("another handshake") };

describe("a sample", () => {
  test("has the first of each key, address and port, and one in 64 of the rest", () => {
    const checks = new PossessionChecks("sample");
    const states = proofs.map((proof) => checks.sampled(proof, leaf, IP, PORT));
    expect(states[0]).toEqual({ state: "verified" });
    const checked = states.filter((state) => state !== BUDGET);
    expect(checked.every(({ state }) => state === "verified")).toBe(true);
    // 21 are expected, and 5 standard deviations are 22.
    expect(checked.length).toBeGreaterThan(5);
    expect(checked.length).toBeLessThan(43);
  });

  test.each([
    ["key", other, IP, PORT, "failed"],
    ["address", leaf, "192.0.2.8", PORT, "verified"],
    ["port", leaf, IP, 8443, "verified"],
  ] as const)("knows nothing of another %s", (_, whose, ip, port, state) => {
    const checks = new PossessionChecks("sample");
    const turns = [IP, IP].map(() => checks.sampled(proofs[0]!, leaf, IP, PORT));
    expect(turns).toEqual([{ state: "verified" }, BUDGET]);
    expect(checks.sampled(proofs[1]!, whose, ip, port)).toEqual({ state });
  });

  test("is everything as long as the last one was not good", () => {
    const checks = new PossessionChecks("sample");
    const said = (proof: Proof) => checks.sampled(proof, leaf, IP, PORT);
    expect([said(bad), said(bad), said(proofs[1]!)].map(({ state }) => state)).toEqual([
      "failed",
      "failed",
      "verified",
    ]);
    expect(said(bad)).toBe(BUDGET);
    expect(checks.checked(bad, leaf, IP, PORT)).toEqual({ state: "failed" });
    expect(said(bad)).toEqual({ state: "failed" });
  });

  test("is the same for the same proofs, and another behind other ones", () => {
    const turns = (given: readonly Proof[]) => {
      const checks = new PossessionChecks("sample");
      return given.map((proof) => checks.sampled(proof, leaf, IP, PORT) === BUDGET);
    };
    const first = turns(proofs);
    expect(turns(proofs)).toEqual(first);
    const before = Array.from({ length: 5 }, (_, number) => proof(-number - 1));
    expect(turns([...before, ...proofs]).slice(before.length)).not.toEqual(first);
  });

  test("knows a bounded number of servers, and checks those that it forgot", () => {
    const checks = new PossessionChecks("sample");
    expect(checks.sampled(proofs[0]!, leaf, IP, PORT)).not.toBe(BUDGET);
    // One signature for all of them: only the ports differ.
    for (let port = 1000; port < 18_000; port++) checks.sampled(proofs[1]!, leaf, IP, port);
    expect(checks.sampled(proofs[0]!, leaf, IP, PORT)).toEqual({ state: "verified" });
  });
});

test("all are checked where all are asked for", () => {
  const checks = new PossessionChecks("all");
  const states = proofs.slice(0, 200).map((proof) => checks.sampled(proof, leaf, IP, PORT).state);
  expect(states.every((state) => state === "verified")).toBe(true);
});

function firstTwo(): [Proof, Proof] {
  for (;;) {
    const [one, two] = [proof(0), proof(1)];
    const checks = new PossessionChecks("sample");
    const states = [one, one, two, one].map((each) => checks.sampled(each, leaf, IP, PORT));
    if (states[1] === BUDGET && states[3] === BUDGET) return [one, two];
  }
}
