/** Signed certificate timestamps: listed as they stand, and as tshark lists them. */
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { defaultPolicy } from "../../src/judge/policy/policy.ts";
import { replay } from "../../src/replay.ts";
import { timestampsBeside } from "../../src/report/timestamps.ts";
import { parseCertificate } from "../../src/trust/certificate.ts";
import { readTimestamps } from "../../src/trust/sct.ts";
import { concat, pattern, uint, vector } from "../wire/bytes.ts";
import { basicConstraints, ecKey, extension, mint, name, octets } from "./mint.ts";
import { mintOcsp } from "./mint-ocsp.ts";

const AT = Date.parse("2026-03-01T12:00:00Z");
const sct = ({ version = 0, log = pattern(32, 5), ms = BigInt(AT) } = {}) => {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, ms);
  return vector(
    2,
    uint(version, 1),
    log,
    bytes,
    uint(0, 2),
    uint(0x0403, 2),
    vector(2, pattern(70)),
  );
};
const list = (...scts: Uint8Array[]) => vector(2, ...scts);
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
const FIRST = { log: hex(pattern(32, 5)), at: "2026-03-01T12:00:00Z" };

describe("a list of timestamps", () => {
  test.each<[string, Uint8Array, unknown[]]>([
    [
      "has the log and the time of each",
      list(sct(), sct({ log: pattern(32, 6) })),
      [FIRST, { ...FIRST, log: hex(pattern(32, 6)) }],
    ],
    ["may be empty", list(), []],
    ["leaves out versions nobody knows", list(sct({ version: 1 }), sct()), [FIRST]],
    ["leaves out what is too short", list(vector(2, pattern(20, 0)), sct()), [FIRST]],
    ["ends where one runs over its end", concat(list(sct()), uint(99, 2)), [FIRST]],
    ["has times to the second", list(sct({ ms: BigInt(AT + 999) })), [FIRST]],
    ["has no date beyond what dates can say", list(sct({ ms: 2n ** 63n })), [{ ...FIRST, at: "" }]],
    [
      "has the year 9999",
      list(sct({ ms: 253_402_300_799_999n })),
      [{ ...FIRST, at: "9999-12-31T23:59:59Z" }],
    ],
    ["is cut at a number", list(...Array.from({ length: 40 }, () => sct())), Array(32).fill(FIRST)],
  ])("%s", (_, bytes, expected) => {
    expect(readTimestamps(bytes)).toEqual(expected);
  });

  test("of any bytes is read without a throw", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => void readTimestamps(bytes)),
    );
  });
});

describe("timestamps", () => {
  const key = ecKey();
  const embedded = extension("1.3.6.1.4.1.11129.2.4.2", octets(list(sct())));
  const ca = mint({ subject: name("CA"), key, extensions: [basicConstraints(true)] });
  const leaf = mint({ key: ecKey(), signer: key, issuer: name("CA"), extensions: [embedded] });

  test("in a certificate are its own", () => {
    expect(parseCertificate(leaf).scts).toEqual([FIRST]);
    expect(parseCertificate(ca).scts).toBeUndefined();
  });

  test("beside it are those of the hello and of stapled responses", () => {
    const singleExtensions = [extension("1.3.6.1.4.1.11129.2.4.5", octets(list(sct())))];
    const stapled = [mintOcsp({ about: leaf, issuer: ca, signer: key, singleExtensions })];
    const observation = (more: object) => more as Parameters<typeof timestampsBeside>[0];
    expect(timestampsBeside(observation({ stapled, timestamps: list(sct()) }))).toEqual([
      { ...FIRST, from: "tls" },
      { ...FIRST, from: "ocsp" },
    ]);
    expect(timestampsBeside(observation({}))).toBeUndefined();
    expect(timestampsBeside(observation({ timestamps: list() }))).toBeUndefined();
  });

  const FILE =
    "../shared/captures/zeek__zeek/testing/btest/Traces/tls/signed_certificate_timestamp.pcap";
  test.skipIf(!existsSync(FILE))("are those that tshark lists in a real capture", async () => {
    const fields = ["-T", "fields", "-e", "tls.sct.sct_logid"];
    const theirs = execFileSync("tshark", ["-r", FILE, "-Y", "tls.sct.sct_logid", ...fields], {
      stdio: ["ignore", "pipe", "ignore"],
    });
    const ours: string[] = [];
    const options = { inputs: [FILE], policy: defaultPolicy, local: [], observations: true };
    await replay({ ...options, hash: false }, (line) => {
      if (line.kind === "tls") ours.push(...(line.scts ?? []).map(({ log }) => log));
    });
    expect(ours).toEqual(theirs.toString().trim().split(/[,\n]/));
    expect(ours.length).toBe(5);
  });
});
