/**
 * Our lines of QUIC against what tshark 4.4 says about the same captures: versions 1 and 2, the drafts,
 * and what Google and Facebook ran before them.
 */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { compare, emptyTallies } from "./compare.ts";
import type { Difference, Reason } from "./differences.ts";
import { frameFinder, replayed } from "./ours.ts";
import { tableOf } from "./table.ts";
import { readTruth, SHARED, sharedIsHere } from "./truth.ts";

/** Those whose secrets lie in the file, and whose server sends a certificate. */
const WITH_SECRETS = [
  "ntop__nDPI/tests/cfgs/default/pcap/doq.pcapng",
  "wireshark__wireshark/test/captures/quic-fragmented-handshakes.pcapng.gz",
  "wireshark__wireshark/test/captures/quic-with-secrets.pcapng",
];

describe.skipIf(!sharedIsHere)("QUIC in the captures of others, field by field", () => {
  const found: Difference[] = [];
  const tallies = emptyTallies();

  beforeAll(async () => {
    for (const capture of readTruth()) {
      const path = `${SHARED}/${capture.file}`;
      const { lines } = await replayed(path);
      const tls = lines.filter((line) => line.kind === "tls");
      found.push(...compare(capture, tls, tallies, await frameFinder(path), "quic"));
    }
  }, READ_MS_MAX);

  afterAll(() => console.log(`\nover QUIC\n${tableOf(tallies)}\n`));

  test("truth has as many streams in scope as when the list was made", () => {
    expect(tallies.line.truth).toBe(STREAMS_IN_SCOPE);
  });

  test("every difference is listed with its reason, and every listed one differs", () => {
    const listed = REASONS.flatMap(({ differs }) => differs.map(spelled));
    expect(found.map(spelled).sort()).toEqual(listed.sort());
  });

  test.each(WITH_SECRETS)(
    "with its secrets, %s shows the chain that tshark decrypts",
    async (file) => {
      const { lines } = await replayed(`${SHARED}/${file}`);
      const tls = lines.filter((line) => line.kind === "tls");
      const quic = tls.filter((line) => line.transport === "quic");
      const opened = quic.filter((line) => line.certificates.seen === "decrypted");
      expect(opened.map((line) => line.certificates.chain)).toEqual([decrypted(file)]);
      expect(opened.map((line) => line.possession)).toEqual(["verified"]);
    },
  );

  test("no difference is ours", () => {
    expect(REASONS.filter(({ fault }) => fault === "ours")).toEqual([]);
  });
});

function spelled({ file, frame, field, ours, truth }: Difference): string {
  return `${file} frame ${frame} ${field}: ours ${ours}, truth ${truth}`;
}

/** SHA-256 of the certificates that tshark finds in what it decrypts of QUIC. */
function decrypted(file: string): string[] {
  const fields = ["-T", "fields", "-E", "aggregator=;", "-e", "tls.handshake.certificate"];
  const argv = ["-r", `${SHARED}/${file}`, "-Y", "quic && tls.handshake.certificate", ...fields];
  const text = execFileSync("tshark", argv, {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  });
  const hashOf = (hex: string) =>
    createHash("sha256")
      .update(Buffer.from(hex.replaceAll(":", ""), "hex"))
      .digest("hex");
  return text.trim().split(/[;\n]/).map(hashOf);
}

const MERCURY = "cisco__mercury/unit_tests/pcaps/quic-crypto-packets.pcap";
const REASONS: readonly Reason[] = [
  {
    fault: "tshark",
    says: "captured on both sides of a NAT: the second copy has the same ids, so it is a repetition there",
    differs: [
      {
        file: MERCURY,
        frame: 302,
        field: "line",
        ours: "173.38.117.86:50342 > 172.217.13.234:443",
      },
      {
        file: MERCURY,
        frame: 311,
        field: "line",
        ours: "173.38.117.83:35778 > 172.217.13.232:443",
      },
    ],
  },
  {
    fault: "tshark",
    says: "a packet whose number is far from 0, which mvfst begins with; no TLS is shown",
    differs: [
      { file: MERCURY, frame: 568, field: "line", ours: "10.150.34.25:57359 > 157.240.229.17:443" },
    ],
  },
  {
    fault: "definition",
    says: "the server's choice is encrypted: truth has none, the secrets in the file tell it to us",
    differs: [
      { file: WITH_SECRETS[0]!, frame: 1, field: "alpn", ours: "doq-i00" },
      {
        file: "wireshark__wireshark/test/captures/http3-qpack-reassembly-anon.pcapng",
        frame: 1,
        field: "alpn",
        ours: "h3",
      },
      { file: WITH_SECRETS[1]!, frame: 1, field: "alpn", ours: "h3-29" },
      { file: WITH_SECRETS[2]!, frame: 47, field: "alpn", ours: "h3" },
    ],
  },
];

const STREAMS_IN_SCOPE = 459;
const READ_MS_MAX = 180_000;
