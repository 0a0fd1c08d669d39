/**
 * Whether servers hold the keys of the certificates that they show in the captures of others: all real
 * ones do, and whoever does not is named here, with what is wrong with the capture.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { defaultPolicy } from "../../src/judge/policy/policy.ts";
import { replay } from "../../src/replay.ts";
import { readTruth, SHARED, sharedIsHere } from "./truth.ts";

describe.skipIf(!sharedIsHere)("possession in the captures of others", () => {
  const counts = new Map<string, number>();
  const failed: string[] = [];

  beforeAll(async () => {
    const clear = readTruth().filter(({ tls_streams }) =>
      tls_streams.some((stream) => stream.certificate_in_clear),
    );
    for (const { file } of clear) await count(file);
  }, READ_MS_MAX);

  afterAll(() => {
    const rows = [...counts].sort(([, a], [, b]) => b - a);
    const shown = rows.map(([what, count]) => `${String(count).padStart(6)}  ${what}`);
    console.log(`\npossession, where a certificate was seen:\n${shown.join("\n")}\n`);
  });

  test("is verified wherever the whole handshake was captured and signs anything", () => {
    expect(sum("verified")).toBeGreaterThanOrEqual(VERIFIED_MIN);
  });

  test("is unverified only for reasons that the captures give", () => {
    const reasons = [...counts.keys()].flatMap((what) => /unverified: (\S+)/.exec(what)?.[1] ?? []);
    expect(reasons.length).toBeGreaterThan(0);
    expect(reasons.filter((why) => !REASONS.includes(why))).toEqual([]);
  });

  test("failed only where the certificate was exchanged for another afterwards", () => {
    expect(failed).toEqual(Object.keys(EXCHANGED));
  });

  async function count(file: string): Promise<void> {
    const inputs = [`${SHARED}/${file}`];
    const options = { inputs, hash: false, local: [], observations: true, verify: "all" } as const;
    await replay({ ...options, policy: defaultPolicy }, (line) => {
      if (line.kind !== "tls" || line.certificates.seen !== "wire") return;
      const state = line.why === undefined ? line.possession : `${line.possession}: ${line.why}`;
      const what = `${state.padEnd(28)} ${line.version ?? "no version"}`;
      counts.set(what, (counts.get(what) ?? 0) + 1);
      if (line.possession === "failed") failed.push(file);
    });
  }

  function sum(state: string): number {
    return [...counts].reduce((all, [what, n]) => (what.startsWith(state) ? all + n : all), 0);
  }
});

/**
 * Both have the ServerKeyExchange of one and the same connection, with a signature of 1024 bits, behind
 * certificates with keys of 2048 bits that were put in to show something about certificates.
 */
const EXCHANGED = {
  "OISF__suricata-verify/tests/tls/tls-altname-zero/input.pcap": "a name with a NUL in it",
  "OISF__suricata-verify/tests/tls/tls-glupteba-mb/input.pcap": "a malware's certificate",
};
const REASONS = ["static-rsa", "psk", "midstream", "cut-short"];
const VERIFIED_MIN = 400;
const READ_MS_MAX = 180_000;
