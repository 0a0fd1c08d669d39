/**
 * Under a policy that expects TLS of everything: nothing that is TLS, DTLS or QUIC is called plaintext where
 * encryption is expected (B01), in our captures and in others'; and everything that our captures say in clear is.
 */
import { readdirSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import type { Policy } from "../../src/judge/policy.ts";
import { readPolicyFile } from "../../src/judge/policy-file.ts";
import { replay } from "../../src/replay.ts";
import type { FindingLine } from "../../src/report/lines.ts";
import { readTruth, SHARED, sharedIsHere } from "./truth.ts";

let policy: Policy;
beforeAll(async () => {
  policy = await readPolicyFile("test/truth/tls-everywhere.yaml");
});

describe("our captures", () => {
  const files = readdirSync("captures").filter((file) => /\.pcap(ng)?$/.test(file));
  const sealed = files.filter(
    (file) => !/^plain-|^dns-|^ech-accepted/.test(file) || UPGRADED.test(file),
  );
  const clear = files.filter((file) => /^plain-/.test(file) && !UPGRADED.test(file));

  test("of what is encrypted there is no B01", async () => {
    expect(sealed.length).toBeGreaterThan(60);
    for (const file of sealed) {
      expect({ file, found: (await findingsIn(`captures/${file}`)).map(ends) }).toEqual({
        file,
        found: [],
      });
    }
  });

  test.each(clear)("%s is in clear, and has one", async (file) => {
    expect((await findingsIn(`captures/${file}`)).length).toBeGreaterThan(0);
  });
});

describe.skipIf(!sharedIsHere)("the captures of others", () => {
  test("have no B01 where tshark sees TLS", { timeout: 300_000 }, async () => {
    const wrong: string[] = [];
    let findings = 0;
    for (const { file, tls_streams: streams } of readTruth()) {
      const encrypted = new Set(
        streams.flatMap(({ client, server }) => [`${client} ${server}`, `${server} ${client}`]),
      );
      for (const finding of await findingsIn(`${SHARED}/${file}`)) {
        findings++;
        if (NO_TLS.some((one) => file.endsWith(one))) continue;
        if (encrypted.has(ends(finding)))
          wrong.push(`${file}: ${ends(finding)}: ${finding.summary}`);
      }
    }
    // Of what is in clear there are many.
    expect(findings).toBeGreaterThan(500);
    expect(wrong).toEqual([]);
  });
});

async function findingsIn(path: string): Promise<FindingLine[]> {
  const found: FindingLine[] = [];
  const options = { inputs: [path], policy, local: [], observations: false, hash: false };
  await replay(options, (line) => {
    if (line.kind === "finding" && line.rule === "B01") found.push(line);
  });
  return found;
}

function ends({ client, server }: FindingLine): string {
  return `${client} ${server}`;
}

/** What begins in clear and goes over to TLS, or carries it. */
const UPGRADED = /-starttls|-tls\./;
/** NFS on a port that tshark takes for TLS's, and bytes behind a CONNECT that are no handshake. */
const NO_TLS = ["nfs-write-verf-cookie.pcapng", "http-connect-tls/input.pcap"];
