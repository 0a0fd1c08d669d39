/** Our lines of DTLS against what tshark 4.4 says about the same captures. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { compare, emptyTallies } from "./compare.ts";
import type { Difference, Reason } from "./differences.ts";
import { frameFinder, replayed } from "./ours.ts";
import { tableOf } from "./table.ts";
import { readTruth, SHARED, sharedIsHere } from "./truth.ts";

describe.skipIf(!sharedIsHere)("DTLS in the captures of others, field by field", () => {
  const found: Difference[] = [];
  const tallies = emptyTallies();

  beforeAll(async () => {
    for (const capture of readTruth()) {
      const path = `${SHARED}/${capture.file}`;
      const { lines } = await replayed(path);
      const tls = lines.filter((line) => line.kind === "tls");
      found.push(...compare(capture, tls, tallies, await frameFinder(path), "dtls"));
    }
  }, READ_MS_MAX);

  afterAll(() => console.log(`\nover DTLS\n${tableOf(tallies)}\n`));

  test("truth has as many streams in scope as when the list was made", () => {
    expect(tallies.line.truth).toBe(STREAMS_IN_SCOPE);
  });

  test("every difference is listed with its reason, and every listed one differs", () => {
    const listed = REASONS.flatMap(({ differs }) => differs.map(spelled));
    expect(found.map(spelled).sort()).toEqual(listed.sort());
  });

  test("no difference is ours", () => {
    expect(REASONS.filter(({ fault }) => fault === "ours")).toEqual([]);
  });
});

function spelled({ file, frame, field, ours, truth }: Difference): string {
  return `${file} frame ${frame} ${field}: ours ${ours}, truth ${truth}`;
}

/** One program, which the capture of a whole hello of it has with the same fingerprints in truth, too. */
const OPENSSL = {
  ja3: "3c3d129780d0066cd8936a6291a8d44f",
  ja4: "dd2i800500_9cedc1f1428b_a1e935682795",
};
const OLD_OPENSSL = {
  ja3: "0dab7dadc76b31d578cb41b8c2838cd9",
  ja4: "dd1i550400_26d3f80692a9_282f11336259",
};

const REASONS: readonly Reason[] = [
  {
    fault: "tshark",
    says: "a hello in fragments, of which it makes no fingerprints",
    differs: [
      ...fingerprints("cisco__mercury/unit_tests/pcaps/dtls_fragmented_client_hello.pcap", OPENSSL),
      ...fingerprints(
        "cisco__mercury/unit_tests/pcaps/dtls_fragmented_client_hello_partial.pcap",
        OPENSSL,
      ),
      ...fingerprints(
        "cisco__mercury/unit_tests/pcaps/dtls_interleaved_client_hello.pcap",
        OPENSSL,
      ),
      ...fingerprints("zeek__zeek/testing/btest/Traces/tls/dtls1_2.pcap", OPENSSL),
      ...fingerprints("zeek__zeek/testing/btest/Traces/tls/dtls1_0.pcap", OLD_OPENSSL),
    ],
  },
];

function fingerprints(file: string, { ja3, ja4 }: { ja3: string; ja4: string }): Difference[] {
  return [
    { file, frame: 1, field: "ja3", ours: ja3 },
    { file, frame: 1, field: "ja4", ours: ja4 },
  ];
}

const STREAMS_IN_SCOPE = 23;
const READ_MS_MAX = 180_000;
