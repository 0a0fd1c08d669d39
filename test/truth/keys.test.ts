/** Certificates that key logs and Decryption Secrets Blocks open, against what tshark makes of the same. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { TlsLine } from "../../src/report/lines.ts";
import { replayed } from "./ours.ts";
import { readTruth, SHARED, sharedIsHere, type TruthCapture, type TruthStream } from "./truth.ts";

interface Compared {
  readonly where: string;
  /** SHA-256 of the chain, or none. */
  readonly truth: string;
  readonly ours: string;
  readonly line: TlsLine | undefined;
}

describe.skipIf(!sharedIsHere)("the captures of others, with their keys", () => {
  const compared: Compared[] = [];

  beforeAll(async () => {
    for (const capture of readTruth()) {
      const streams = capture.tls_streams.filter(isOpened);
      if (streams.length === 0) continue;
      const logs = new Set(
        streams.flatMap(({ keylog_files: files }) => (files ?? []).filter((file) => file !== null)),
      );
      const { lines } = await replayed(
        `${SHARED}/${capture.file}`,
        [...logs].map((file) => `${SHARED}/${file}`),
      );
      compared.push(
        ...against(
          capture,
          streams,
          lines.filter((line) => line.kind === "tls"),
        ),
      );
    }
  }, 120_000);

  afterAll(() => {
    const both = compared.filter(({ truth, ours }) => truth !== "" && ours !== "");
    const said = compared.filter(({ ours }) => ours !== "").length;
    const meant = compared.filter(({ truth }) => truth !== "").length;
    const equal = both.filter(({ truth, ours }) => truth === ours).length;
    console.log(
      `\nopened chains: recall ${both.length} of ${meant}, agreement ${equal} of ${both.length}, ` +
        `precision ${equal} of ${said}\n`,
    );
  });

  test("there are as many as when the list was made", () => {
    expect(compared.filter(({ truth }) => truth !== "")).toHaveLength(CHAINS);
  });

  test("every chain is tshark's, and none is found where it finds none", () => {
    expect(compared.filter(({ truth, ours }) => truth !== ours)).toEqual([]);
  });

  test("every server proves its key, and each Finished fits", () => {
    const seen = compared.filter(({ ours }) => ours !== "");
    const odd = seen.filter(({ line }) => line?.possession === "failed");
    expect(odd.map(({ where }) => where)).toEqual([]);
    // The first one of each server at least is looked at.
    expect(seen.some(({ line }) => line?.possession === "verified")).toBe(true);
  });
});

/** What tshark opened, and what was no TLS 1.2 with its certificate in clear. */
function isOpened({ transport, decrypted, certificate_in_clear }: TruthStream): boolean {
  return transport === "tcp" && decrypted?.worked === true && !certificate_in_clear;
}

function against(
  { file }: TruthCapture,
  streams: readonly TruthStream[],
  lines: readonly TlsLine[],
): Compared[] {
  return streams.map(({ client, server, first_frame: frame, decrypted }) => {
    const line = lines.find((one) => one.client === client && one.server === server);
    const truth = decrypted?.server_chain?.chain.map(({ sha256 }) => sha256).join() ?? "";
    const opened = line?.certificates.seen === "decrypted" ? line.certificates.chain : [];
    return { where: `${file} frame ${frame}`, truth, ours: opened.join(), line };
  });
}

/** TCP: counted in truth.ndjson. */
const CHAINS = 20;
