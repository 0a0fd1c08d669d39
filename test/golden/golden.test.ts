/**
 * Every bundled capture, through the whole pipeline, against what a person once read and agreed to;
 * and every field of that against tshark, openssl, or what is known because we made the traffic.
 *
 * After an intended change: `npm run golden`, then read the diff before committing it.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { defaultPolicy } from "../../src/judge/policy/policy.ts";
import { replay } from "../../src/replay.ts";
import type { CertificateLine, Line, TlsLine } from "../../src/report/lines.ts";
import { sortedLines } from "./sorted.ts";
import { opensslFacts, type Witness, witnesses } from "./tshark.ts";

const captures = readdirSync("captures").filter((file) => /\.pcap(ng)?$/.test(file));
const truth = JSON.parse(readFileSync("captures/truth.json", "utf8")) as Record<string, Known>;

describe.each(captures)("%s", (file) => {
  const name = file.replace(/\.pcap(ng)?$/, "");
  const path = `captures/${file}`;

  test("says where it comes from", () => {
    expect(existsSync(`captures/${name}.md`)).toBe(true);
    expect(truth[name]?.file).toBe(file);
  });

  test("reads the same as its golden", async () => {
    const { text } = await lines(path);
    await expect(text).toMatchFileSnapshot(`${name}.jsonl`);
  });

  test("agrees with tshark on every connection", async () => {
    const { parsed } = await lines(path);
    const ours = joined(parsed.filter((line) => line.kind === "tls"));
    const theirs = witnesses(path);
    // A tshark that finds it one day is a witness, and this line is then too much.
    if (name === UNFOUND) return expect(theirs.size).toBe(0);
    expect(ours.map((line) => `${line.client}>${line.server}`).sort()).toEqual(
      [...theirs.keys()].sort(),
    );
    for (const line of ours) agree(line, theirs.get(`${line.client}>${line.server}`)!, name);
  });

  test("agrees with openssl on every certificate", async () => {
    if (EXCEPT[name]?.includes("chain") || UNREAD.has(name)) return;
    const { parsed } = await lines(path);
    const ours = parsed.filter((line) => line.kind === "certificate");
    const der = new Map([...witnesses(path).values()].flatMap((witness) => [...witness.der]));
    expect(ours.map((line) => line.sha256).sort()).toEqual([...der.keys()].sort());
    for (const line of ours) {
      const { kind: _kind, atUs: _atUs, flow: _flow, sha256: _sha256, ...said } = line;
      expect(said).toEqual(opensslFacts(der.get(line.sha256)!));
    }
  });

  test("agrees with what is known because we made the traffic", async () => {
    const { parsed } = await lines(path);
    const known = truth[name]!;
    const summary = parsed.find((line) => line.kind === "summary");
    expect(summary?.packets).toBe(known.packets);
    const certificates = parsed.filter((line) => line.kind === "certificate");
    const partial = PARTIAL[name];
    if (partial !== undefined) {
      const shown = parsed.filter((line) => line.kind === "tls");
      expect(shown).toHaveLength(partial);
      for (const line of shown) expect(line.certificates.seen).toBe("no");
      return;
    }
    for (const connection of known.connections) {
      const line = parsed
        .filter((one) => one.kind === "tls")
        .find((one) => one.client === connection.client && one.server === connection.server);
      expect(line, `${connection.client} > ${connection.server}`).toBeDefined();
      made(line!, connection, certificates, name);
    }
  });
});

/** The witness does not keep a handshake apart from the one in whose protection it happened. */
function joined(lines: readonly TlsLine[]): TlsLine[] {
  const outer = lines.filter(({ renegotiated }) => renegotiated !== true);
  return outer.map((line) => {
    const inner = lines.filter(({ flow, renegotiated }) => renegotiated && flow === line.flow);
    const chain = [line, ...inner].flatMap(({ certificates }) => certificates.chain);
    const steps = [line, ...inner].flatMap((one) => one.steps);
    return { ...line, steps, certificates: { ...line.certificates, chain } };
  });
}

/** Both readers saw the same packets; tshark 4.0 does not read some of them (see EXCEPT). */
function agree(line: TlsLine, witness: Witness, name: string): void {
  const except = EXCEPT[name] ?? [];
  const ours: Record<string, unknown> = {
    version: line.version,
    cipher: line.cipher,
    group: line.group,
    serverName: line.serverName,
    alpn: line.alpn,
    alpnOffered: line.alpnOffered,
    ja3: line.ja3,
    ja3s: line.ja3s,
    ja4: line.ja4,
    chain: line.certificates.chain,
    clientChain: line.clientCertificates?.chain ?? [],
    steps: line.steps.flatMap((step) => {
      if (step === "hello-retry-request") return "server-hello";
      return SEALED.has(step) ? [] : step;
    }),
    alerts: line.alerts.map((alert) => `${alert.side} ${alert.level} ${alert.name}`),
  };
  const { client: _client, server: _server, der: _der, told: _told, ...theirs } = witness;
  for (const field of except) {
    delete ours[field];
    delete (theirs as Record<string, unknown>)[field];
  }
  expect(defined(ours)).toEqual(defined(theirs));
}

function made(
  line: TlsLine,
  known: Connection,
  certificates: readonly CertificateLine[],
  name: string,
): void {
  const { version, serverName, alpn, cipher, group, resumed, established, renegotiations } = known;
  const said = { version, serverName, alpn, cipher, group, resumed, established };
  expect(line).toMatchObject(defined(said));
  expect(line.renegotiations).toBe(renegotiations);
  if (known.alerts !== undefined) expect(line.alerts).toEqual(known.alerts);
  // Where keys are in the file, what was sent unseen is read all the same.
  const read = known.certificates.inClear || line.certificates.seen === "decrypted";
  if (WITH_KEYS.test(name) && known.certificates.chain.length > 0) expect(read).toBe(true);
  expect(line.certificates.chain).toEqual(read ? known.certificates.chain : []);
  const leaf = read ? known.certificates.leaf : undefined;
  if (leaf === undefined) return;
  const shown = certificates.find((one) => one.sha256 === leaf.sha256);
  const { sha256, spkiSha256, subject, issuer, serial, validFrom, validTo } = leaf;
  expect(shown).toMatchObject({ spkiSha256, subject, issuer, serial, validFrom, validTo, sha256 });
}

function defined(record: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined));
}

async function lines(path: string): Promise<{ text: string; parsed: Line[] }> {
  const found: Line[] = [];
  const options = {
    inputs: [path],
    policy: defaultPolicy,
    local: [],
    observations: true,
    hash: false,
  };
  await replay(options, (line) => void found.push(line));
  const text = sortedLines(found);
  const parsed = text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Line);
  return { text, parsed };
}

interface Known {
  readonly file: string;
  readonly packets: number;
  readonly connections: readonly Connection[];
}

interface Connection {
  readonly client: string;
  readonly server: string;
  readonly version?: string;
  readonly serverName?: string;
  readonly alpn?: string;
  readonly cipher?: string;
  readonly group?: string;
  readonly resumed: TlsLine["resumed"];
  readonly established: boolean;
  readonly renegotiations?: number;
  readonly alerts?: TlsLine["alerts"];
  readonly certificates: {
    readonly inClear: boolean;
    readonly chain: readonly string[];
    readonly leaf?: CertificateLine;
  };
}

/** Steps that are no message in clear. */
const SEALED = new Set([
  "change-cipher-spec",
  "encrypted-handshake",
  "application-data",
  "alert",
  // What QUIC has instead of records.
  "retry",
  "version-negotiation",
  "early-data",
  "handshake-packet",
  "migration",
]);

/** Fields of one capture that tshark does not tell, and why. */
const EXCEPT: Record<string, readonly string[]> = {
  // tshark reads on where nothing is encrypted; to us a record behind the change of ciphers is sealed.
  "null-suite": ["alerts", "steps"],
  // Ended with alerts under the keys of application data, of which we keep none.
  secrets: ["alerts"],
  // tshark fingerprints no SSLv2 hello; ours are those of the suites and versions in it.
  "ssl2-hello": ["ja3", "ja4"],
  // tshark reads on in a hello of which the end was not captured; we take it whole or not at all.
  snaplen: ["ja4", "steps"],
  // tshark 4.0 puts a message together from fragments only if they are cut at the same places again.
  "dtls12-loss": ["chain"],
  // tshark takes the hello behind a Retry for a repetition of the first, which it is.
  "quic-retry": ["steps"],
  // tshark reads a version that nobody speaks as if it were version 1.
  "quic-version-negotiation": ["steps"],
};

const WITH_KEYS = /^keys-|^quic-secrets/;

/** Captures in which tshark 4.0 reads no TLS: it knows QUIC v2 by a draft's number, and RDP to its end. */
const UNREAD = new Set([
  "quic-v2",
  "quic-compatible-version",
  "quic-secrets-v2",
  "plain-rdp-starttls",
]);

/** That of RDP: tshark 4.0 finds no TLS in it at all. */
const UNFOUND = "plain-rdp-starttls";

/** Captures that show less than was sent: what the traffic was is no measure for them. */
const PARTIAL: Record<string, number> = { midstream: 0, snaplen: 1 };
