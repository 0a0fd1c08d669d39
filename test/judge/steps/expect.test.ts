/** Step 7: what is met, what is not, what is unknown, and what each is worth. */
import { describe, expect, test } from "vitest";
import { type Encounter, expectAnswers } from "../../../src/judge/steps/expect.ts";
import { encounter, expecting, opaque, plain, type Scene, tls } from "../encounter.ts";

const TLS = "  - {to: {cidr: 10.20.0.0/16, ports: [5432]}, encryption: {by: tls}}";
const BY = (by: string, more = "") =>
  `  - {to: {cidr: 10.20.0.0/16}, encryption: {by: ${by}${more}}}`;
const WITH = (more: string) => `  - {to: {cidr: 10.20.0.0/16}, encryption: {by: tls, ${more}}}`;
const KTLS = "  - {to: {cidr: 10.20.0.0/16}, encryption: {by: tls}, hardware: {kind: ktls-nic}}";
const RSA_2048 = { type: "RSA", bits: 2048 };
const P256 = { type: "EC", bits: 256, curve: "secp256r1" };
const SSH = opaque({ why: "encrypted-unknown", encryption: "ssh" });
const RANDOM = opaque({ why: "encrypted-unknown", entropy: 7.99, printable: 0.37 });
const TEXT = opaque({ entropy: 4.4, printable: 0.98 });
const HEX_LIKE = opaque({ entropy: 5.2, printable: 0.4 });
const LOST = opaque({ why: "gap" });
const CLEAR = { client: { records: 3, readable: 3 }, server: { records: 3, readable: 0 } };
const SEALED = { client: { records: 3, readable: 0 }, server: { records: 3, readable: 0 } };

interface Row {
  readonly name: string;
  readonly policy: string;
  readonly seen: Encounter["seen"];
  readonly at?: Scene;
  /** Strictest of what is asked. */
  readonly asks: string;
  readonly rules?: readonly string[];
  readonly says?: RegExp;
}

async function asked(row: Pick<Row, "policy" | "seen" | "at">) {
  return expectAnswers(encounter(await expecting(row.policy), row.seen, row.at));
}

const ORDER = ["pass", "report", "refuse", "cut"];
function check(rows: readonly Row[]): void {
  test.each(rows)("$name", async (row) => {
    const { answers } = await asked(row);
    const asks = answers.map((answer) => ORDER.indexOf(answer.asks));
    expect(ORDER[Math.max(0, ...asks)]).toBe(row.asks);
    expect(answers.flatMap(({ finding }) => finding?.rule ?? [])).toEqual(row.rules ?? []);
    if (row.says) expect(answers.map(({ says }) => says).join("\n")).toMatch(row.says);
  });
}

describe("to whom", () => {
  check([
    {
      name: "another port is not covered",
      policy: TLS,
      seen: plain(),
      at: { port: 5433 },
      asks: "pass",
    },
    {
      name: "another network is not covered",
      policy: TLS,
      seen: plain(),
      at: { ip: "10.21.0.5" },
      asks: "pass",
    },
    {
      name: "a name that the client asked for is covered",
      policy: "  - {to: {name: '*.corp.example'}, encryption: {by: tls, minVersion: TLS1.3}}",
      seen: tls({ version: "TLS1.2" }),
      at: { name: "db.corp.example" },
      asks: "report",
      rules: ["B15"],
    },
    {
      name: "a name is not covered where the client asked for another",
      policy: "  - {to: {name: db.corp.example}, encryption: {by: tls, minVersion: TLS1.3}}",
      seen: tls({ version: "TLS1.2" }),
      at: { name: "api.corp.example", isNamed: () => true },
      asks: "pass",
    },
    {
      name: "in clear, the address that the DNS gave for the name is covered",
      policy: "  - {to: {name: db.corp.example}, encryption: {by: tls}}",
      seen: plain(),
      at: { isNamed: (name) => name === "db.corp.example" },
      asks: "cut",
      rules: ["B01"],
    },
    {
      name: "in clear, an address that nobody named is not covered by a name",
      policy: "  - {to: {name: db.corp.example}, encryption: {by: tls}}",
      seen: plain(),
      asks: "pass",
    },
    {
      name: "the first line that covers counts",
      policy: `  - {to: {cidr: 10.20.0.5/32}, encryption: {by: tls}, otherwise: report}\n${TLS}`,
      seen: plain(),
      asks: "report",
      rules: ["B01"],
    },
  ]);
});

describe("by what", () => {
  check([
    { name: "TLS is met by TLS", policy: TLS, seen: tls(), asks: "pass", says: /^met: TLS1.3/ },
    {
      name: "TLS is met by QUIC",
      policy: TLS,
      seen: tls({ transport: "quic" }),
      asks: "pass",
      says: /^met/,
    },
    {
      name: "TLS is not met by DTLS",
      policy: TLS,
      seen: tls({ transport: "dtls" }),
      asks: "report",
      says: /not met: dtls/,
    },
    {
      name: "DTLS is met by DTLS",
      policy: BY("dtls"),
      seen: tls({ transport: "dtls", version: "DTLS1.2" }),
      asks: "pass",
    },
    { name: "TLS in clear is cut", policy: TLS, seen: plain(), asks: "cut", rules: ["B01"] },
    {
      name: "a stripped STARTTLS is cut",
      policy: TLS,
      seen: plain({ startTls: "stripped" }),
      asks: "cut",
      rules: ["B01"],
    },
    {
      name: "text that no grammar fits is cut",
      policy: TLS,
      seen: TEXT,
      asks: "cut",
      rules: ["B01"],
    },
    {
      name: "bytes of low entropy are cut",
      policy: TLS,
      seen: HEX_LIKE,
      asks: "cut",
      rules: ["B01"],
    },
    {
      name: "random bytes are reported, and are no plaintext",
      policy: TLS,
      seen: RANDOM,
      asks: "report",
    },
    { name: "SSH is not TLS, and no plaintext", policy: TLS, seen: SSH, asks: "report" },
    { name: "SSH is met by SSH", policy: BY("ssh"), seen: SSH, asks: "pass", says: /^met: ssh/ },
    {
      name: "what was not seen decides nothing",
      policy: TLS,
      seen: LOST,
      asks: "pass",
      says: /unknown/,
    },
    {
      name: "TLS joined in the middle is met",
      policy: TLS,
      seen: opaque({ why: "joined-midstream", encryption: "tls" }),
      asks: "pass",
      says: /^met/,
    },
    {
      name: "a handshake that was refused carried nothing",
      policy: WITH("minVersion: TLS1.3"),
      seen: tls({ version: "TLS1.2", alerts: [{ side: "client", level: "fatal", name: "x" }] }),
      asks: "pass",
      says: /unknown: no handshake/,
    },
    {
      name: "`otherwise` says what it is worth",
      policy: `${TLS.slice(0, -1)}, otherwise: refuse}`,
      seen: plain(),
      asks: "refuse",
      rules: ["B01"],
    },
    {
      name: "`otherwise: pass` asks for nothing",
      policy: `${TLS.slice(0, -1)}, otherwise: pass}`,
      seen: plain(),
      asks: "pass",
    },
    {
      name: "what is served is reported at most",
      policy: TLS,
      seen: plain(),
      at: { direction: "ingress" },
      asks: "report",
      rules: ["B01"],
    },
    {
      name: "without a line plaintext is normal",
      policy: BY("tls").replace("10.20.0.0/16", "10.99.0.0/16"),
      seen: plain(),
      asks: "pass",
    },
  ]);
});

describe("how strongly", () => {
  const old = tls(
    { version: "TLS1.2", cipher: "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", group: "secp256r1" },
    RSA_2048,
  );
  check([
    {
      name: "an older version is reported",
      policy: WITH("minVersion: TLS1.3"),
      seen: old,
      asks: "report",
      rules: ["B15"],
    },
    {
      name: "a family of suites may be named",
      policy: WITH("ciphers: aes-gcm"),
      seen: old,
      asks: "report",
      rules: ["B15"],
    },
    {
      name: "one of several will do",
      policy: WITH("ciphers: [aes-gcm, aes-cbc]"),
      seen: old,
      asks: "pass",
    },
    {
      name: "a suite may be named as IANA does",
      policy: WITH("ciphers: TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA"),
      seen: old,
      asks: "pass",
    },
    {
      name: "a group may be asked for",
      policy: WITH("groups: X25519MLKEM768"),
      seen: old,
      asks: "report",
      rules: ["B15"],
      says: /secp256r1/,
    },
    {
      name: "a resumed session tells no group",
      policy: WITH("groups: X25519MLKEM768"),
      seen: tls({ version: "TLS1.2", group: undefined as never, resumed: "ticket" }),
      asks: "pass",
    },
    {
      name: "a key may be asked for",
      policy: WITH("keyTypes: secp256r1"),
      seen: old,
      asks: "report",
      rules: ["B15"],
      says: /rsa-2048/,
    },
    {
      name: "a longer key may be asked for",
      policy: WITH("keyTypes: rsa-3072"),
      seen: old,
      asks: "report",
      rules: ["B15"],
    },
    {
      name: "any elliptic curve may be",
      policy: WITH("keyTypes: [ec, rsa-4096]"),
      seen: tls({}, P256),
      asks: "pass",
    },
    {
      name: "without a floor of its own 1.1 is below",
      policy: TLS,
      seen: tls({ version: "TLS1.1" }),
      asks: "report",
      rules: ["B15"],
    },
    {
      name: "a floor of its own may be lower",
      policy: WITH("minVersion: TLS1.0"),
      seen: tls({ version: "TLS1.1" }),
      asks: "pass",
    },
    {
      name: "static RSA is below without a line too",
      policy: BY("ssh").replace("10.20", "10.99"),
      seen: tls({ version: "TLS1.2", cipher: "TLS_RSA_WITH_AES_128_GCM_SHA256" }),
      asks: "report",
      rules: ["B15"],
    },
    {
      name: "a suite without encryption is cut",
      policy: TLS,
      seen: tls({ version: "TLS1.2", cipher: "TLS_RSA_WITH_NULL_SHA256" }),
      asks: "cut",
      rules: ["B06"],
    },
    {
      name: "a suite without encryption is cut without a line too",
      policy: BY("ssh").replace("10.20", "10.99"),
      seen: tls({ version: "TLS1.2", cipher: "TLS_RSA_WITH_NULL_SHA256" }),
      asks: "cut",
      rules: ["B06"],
    },
  ]);
});

describe("where it is visible", () => {
  check([
    {
      name: "without a vantage an explicit line is unknown",
      policy: BY("tls", ", visibleAt: pod"),
      seen: plain(),
      asks: "pass",
      says: /unknown.*no --vantage/,
    },
    {
      name: "with one it decides",
      policy: BY("tls", ", visibleAt: pod"),
      seen: plain(),
      at: { vantage: "pod" },
      asks: "cut",
      rules: ["B01"],
    },
    {
      name: "further out it decides as well",
      policy: BY("tls", ", visibleAt: pod"),
      seen: plain(),
      at: { vantage: "wire" },
      asks: "cut",
      rules: ["B01"],
    },
    {
      name: "further in it is unknown",
      policy: BY("tls", ", visibleAt: wire"),
      seen: plain(),
      at: { vantage: "node" },
      asks: "pass",
      says: /behind this vantage/,
    },
    {
      name: "a link is visible at the node",
      policy: BY("ipsec"),
      seen: plain(),
      at: { vantage: "node" },
      asks: "cut",
      rules: ["B01"],
    },
    {
      name: "and not in the pod",
      policy: BY("ipsec"),
      seen: plain(),
      at: { vantage: "pod" },
      asks: "pass",
    },
    {
      name: "nor where nobody knows",
      policy: BY("wireguard"),
      seen: plain(),
      asks: "pass",
      says: /unknown/,
    },
    {
      name: "TLS outside of its tunnel is reported",
      policy: BY("ipsec"),
      seen: tls(),
      at: { vantage: "wire" },
      asks: "report",
    },
    {
      name: "IKE between the tunnel's ends is the tunnel",
      policy: BY("ipsec"),
      seen: opaque({ why: "encrypted-unknown", encryption: "ipsec" }),
      at: { vantage: "wire" },
      asks: "pass",
      says: /^met/,
    },
  ]);
});

describe("above a network card that encrypts", () => {
  check([
    {
      name: "without a vantage nothing is decided",
      policy: KTLS,
      seen: tls({ records: SEALED }),
      asks: "pass",
    },
    {
      name: "readable records are a note",
      policy: KTLS,
      seen: tls({ records: CLEAR }),
      at: { vantage: "node" },
      asks: "pass",
      rules: ["B06"],
    },
    {
      name: "sealed records are a lost offload",
      policy: KTLS,
      seen: tls({ records: SEALED }),
      at: { vantage: "node" },
      asks: "report",
      rules: ["B06"],
    },
    {
      name: "behind the card sealed records are right",
      policy: KTLS,
      seen: tls({ records: SEALED }),
      at: { vantage: "wire" },
      asks: "pass",
      says: /^met/,
    },
    {
      name: "behind the card readable records leak",
      policy: KTLS,
      seen: tls({ records: CLEAR }),
      at: { vantage: "wire" },
      asks: "report",
      rules: ["B06"],
    },
    {
      name: "without a card readable records leak",
      policy: TLS,
      seen: tls({ records: CLEAR }),
      asks: "report",
      rules: ["B06"],
    },
    {
      name: "too few records say nothing",
      policy: TLS,
      seen: tls({
        records: { client: { records: 2, readable: 2 }, server: { records: 0, readable: 0 } },
      }),
      asks: "pass",
    },
  ]);

  test("hardware is never confirmed, and a covered connection says which line covers it", async () => {
    const { expected } = await asked({ policy: KTLS, seen: tls({ records: CLEAR }) });
    expect(expected).toEqual({
      line: 4,
      by: "tls",
      visibleAt: "wire",
      hardware: "ktls-nic",
      hardwareState: "unknown",
    });
  });
});
