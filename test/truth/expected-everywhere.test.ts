/**
 * Under a policy that expects TLS of everything: nothing that is TLS, DTLS or QUIC is called plaintext where
 * encryption is expected (B01), in our captures and in others'; and everything that our captures say in clear is.
 */
import { readdirSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import type { Policy } from "../../src/judge/policy/policy.ts";
import { readPolicyFile } from "../../src/judge/policy/policy-file.ts";
import { replay } from "../../src/replay.ts";
import { readTruth, SHARED, sharedIsHere } from "./truth.ts";

let policy: Policy;
beforeAll(async () => {
  policy = await readPolicyFile("test/truth/tls-everywhere.yaml");
});

describe("our captures", () => {
  const files = readdirSync("captures").filter((file) => /\.pcap(ng)?$/.test(file));
  const clear = files.filter((file) => /^plain-/.test(file) && !UPGRADED.test(file));

  test("of what is encrypted there is no B01", async () => {
    const wrong: string[] = [];
    let silent = 0;
    for (const file of files.filter((one) => !clear.includes(one))) {
      const { found, sealed } = await judged(`captures/${file}`);
      if (found.length === 0) silent++;
      // Some show what happens when a tunnel ends: what was in it is in clear then.
      wrong.push(...found.filter((one) => sealed.has(one)).map((one) => `${file}: ${one}`));
    }
    expect(wrong).toEqual([]);
    expect(silent).toBeGreaterThan(80);
  });

  test.each(clear)("%s is in clear, and has one", async (file) => {
    expect((await judged(`captures/${file}`)).found.length).toBeGreaterThan(0);
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
      for (const one of (await judged(`${SHARED}/${file}`)).found) {
        findings++;
        if (NO_TLS.some((known) => file.endsWith(known))) continue;
        if (encrypted.has(one)) wrong.push(`${file}: ${one}`);
      }
    }
    // Of what is in clear there are many.
    expect(findings).toBeGreaterThan(500);
    expect(wrong).toEqual([]);
  });
});

interface Judged {
  /** The ends of each B01. */
  readonly found: readonly string[];
  /** The ends of each handshake that a server has answered. */
  readonly sealed: ReadonlySet<string>;
}

async function judged(path: string): Promise<Judged> {
  const found: string[] = [];
  const sealed = new Set<string>();
  const options = { inputs: [path], policy, local: [], observations: true, hash: false };
  await replay(options, (line) => {
    if (line.kind === "finding" && line.rule === "B01") found.push(`${line.client} ${line.server}`);
    if (line.kind === "tls" && line.version !== undefined)
      sealed.add(`${line.client} ${line.server}`);
  });
  return { found, sealed };
}

/** What begins in clear and goes over to TLS, or carries it. */
const UPGRADED = /-starttls|-tls\./;
/** NFS on a port that tshark takes for TLS's, and bytes behind a CONNECT that are no handshake. */
const NO_TLS = ["nfs-write-verf-cookie.pcapng", "http-connect-tls/input.pcap"];
