/**
 * What tshark and openssl say about a capture, in the words of our lines: the independent readers
 * that goldens are held against.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { createHash, X509Certificate } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface Witness {
  client?: string;
  server?: string;
  version?: string;
  cipher?: string;
  group?: string;
  serverName?: string;
  alpn?: string;
  alpnOffered: string[];
  ja3?: string;
  ja3s?: string;
  ja4?: string;
  chain: string[];
  clientChain: string[];
  alerts: string[];
  /** Handshake messages in clear and change cipher specs, in order, as our steps name them. */
  steps: string[];
  /** Sender and number of the DTLS messages among them. */
  told: Set<string>;
  /** Certificates in clear, by SHA-256. */
  der: Map<string, Buffer>;
}

/** Every TLS connection that tshark finds, by `client>server`. */
export function witnesses(file: string): Map<string, Witness> {
  const streams = new Map<string, Witness>();
  for (const frame of frames(file)) {
    const stream = streamOf(frame);
    if (stream === undefined) continue;
    const ip = frame("ip.src")[0] ?? frame("ipv6.src")[0] ?? "";
    const peer = frame("ip.dst")[0] ?? frame("ipv6.dst")[0] ?? "";
    const source = end(ip, (frame("tcp.srcport")[0] ?? frame("udp.srcport")[0])!);
    const target = end(peer, (frame("tcp.dstport")[0] ?? frame("udp.dstport")[0])!);
    let witness = streams.get(stream);
    if (witness === undefined) {
      witness = {
        alpnOffered: [],
        chain: [],
        clientChain: [],
        alerts: [],
        steps: [],
        told: new Set(),
        der: new Map(),
      };
      streams.set(stream, witness);
    }
    const types = messagesOf(frame);
    // Over DTLS messages come in fragments, and again: the first of each counts.
    const places = frame("dtls.handshake.message_seq");
    for (const [at, type] of types.entries()) {
      const place = places[at] && `${source} ${places[at]}`;
      if (place !== undefined && witness.told.has(place)) continue;
      if (place !== undefined) witness.told.add(place);
      witness.steps.push(MESSAGES[type] ?? `handshake-${type}`);
    }
    if (types.includes("1")) clientHello(frame, witness, source, target);
    if (types.includes("2")) serverHello(frame, witness);
    const chosen = types.includes("8")
      ? frame("tls.handshake.extensions_alpn_str").at(-1)
      : undefined;
    if (chosen !== undefined) witness.alpn = chosen;
    const named = frame("tls.handshake.server_named_curve")[0];
    if (named !== undefined) witness.group = groupName(Number(named));
    for (const hex of frame("tls.handshake.certificate")) {
      const der = Buffer.from(hex.replaceAll(":", ""), "hex");
      if (!isCertificate(der)) continue;
      const sha256 = createHash("sha256").update(der).digest("hex");
      const chain = source === witness.client ? witness.clientChain : witness.chain;
      if (places.length > 0 && chain.includes(sha256)) continue;
      witness.der.set(sha256, der);
      chain.push(sha256);
    }
    const side = source === witness.client ? "client" : "server";
    const levels = frame("tls.alert_message.level");
    const names = frame("tls.alert_message.desc");
    levels.forEach((level, i) => {
      const worth = level === "1" ? "warning" : "fatal";
      witness.alerts.push(`${side} ${worth} ${ALERTS[names[i]!] ?? names[i]}`);
    });
  }
  const result = new Map<string, Witness>();
  for (const witness of streams.values()) {
    if (witness.client !== undefined) result.set(`${witness.client}>${witness.server}`, witness);
  }
  return result;
}

/** Secrets of application data would have it read what comes behind a handshake of TLS 1.3: we keep none. */
function messagesOf(frame: Frame): string[] {
  const types = frame("tls.handshake.type");
  const sealed = frame("tls.record.opaque_type").length > 0;
  return sealed ? types.filter((type) => type !== NEW_SESSION_TICKET) : types;
}

/** A raw public key (RFC 7250) is none, and comes in the same place. */
function isCertificate(der: Buffer): boolean {
  try {
    return new X509Certificate(der).raw.length > 0;
  } catch {
    return false;
  }
}

type Frame = (field: string) => string[];

function frames(file: string): Frame[] {
  const args = ["-r", file, "-2", "-T", "fields", "-E", "separator=/t", "-E", "aggregator=;"];
  for (const field of FIELDS) args.push("-e", field);
  const text = execFileSync("tshark", args, {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  });
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => {
      const values = line.split("\t");
      const read = (field: string) => {
        const value = values[FIELDS.indexOf(field)] ?? "";
        return value === "" ? [] : value.split(";");
      };
      const overDtls = read("dtls.record.version").length > 0;
      return (field) => read(overDtls && field.startsWith("tls.") ? `d${field}` : field);
    });
}

function clientHello(frame: Frame, witness: Witness, client: string, server: string): void {
  // A second hello answers a HelloRetryRequest, or renegotiates: the first one counts.
  if (witness.client !== undefined) return;
  witness.client = client;
  witness.server = server;
  const [name] = frame("tls.handshake.extensions_server_name");
  if (name !== undefined) witness.serverName = name;
  witness.alpnOffered = frame("tls.handshake.extensions_alpn_str");
  const [ja3] = frame("tls.handshake.ja3");
  if (ja3 !== undefined) witness.ja3 = ja3;
  witness.ja4 = ja4(frame);
}

function serverHello(frame: Frame, witness: Witness): void {
  const cipher = frame("tls.handshake.ciphersuite").at(-1);
  if (cipher !== undefined) witness.cipher = cipherName(Number(cipher));
  const version =
    frame("tls.handshake.extensions.supported_version").at(-1) ??
    frame("tls.handshake.version").at(-1);
  if (version !== undefined) witness.version = VERSIONS[Number(version)] ?? version;
  const [alpn] = frame("tls.handshake.extensions_alpn_str");
  if (alpn !== undefined) witness.alpn = alpn;
  const group = frame("tls.handshake.extensions_key_share_group").at(-1);
  if (group !== undefined) witness.group = groupName(Number(group));
  const ja3s = frame("tls.handshake.ja3s").at(-1);
  if (ja3s !== undefined) witness.ja3s = ja3s;
}

/** JA4 from tshark's fields, as its authors publish it (BSD): written a second time on purpose. */
function ja4(frame: Frame): string {
  const grease = (n: number) => (n & 0x0f0f) === 0x0a0a && n >> 8 === (n & 0xff);
  const hex = (n: number) => n.toString(16).padStart(4, "0");
  const numbers = (field: string) =>
    frame(field)
      .map(Number)
      .filter((n) => !grease(n));
  const ciphers = numbers("tls.handshake.ciphersuite");
  const extensions = numbers("tls.handshake.extension.type");
  const versions = numbers("tls.handshake.extensions.supported_version");
  const highest =
    versions.length > 0 ? Math.max(...versions) : Number(frame("tls.handshake.version")[0]);
  const version =
    { 772: "13", 771: "12", 770: "11", 769: "10", 768: "s3", 2: "s2", 65279: "d1", 65277: "d2" }[
      highest
    ] ?? "00";
  const overQuic = frame("quic.version").length > 0 ? "q" : "t";
  const over = frame("dtls.record.version").length > 0 ? "d" : overQuic;
  const alpn = frame("tls.handshake.extensions_alpn_str")[0] ?? "";
  const ends = alpn === "" ? "00" : `${alpn[0]}${alpn.at(-1)}`;
  const count = (n: number) => String(Math.min(n, 99)).padStart(2, "0");
  const sni = extensions.includes(0) ? "d" : "i";
  const digest = (text: string) =>
    text === "" ? "000000000000" : createHash("sha256").update(text).digest("hex").slice(0, 12);
  const first = `${over}${version}${sni}${count(ciphers.length)}${count(extensions.length)}${ends}`;
  const sorted = extensions
    .filter((n) => n !== 0 && n !== 16)
    .map(hex)
    .sort()
    .join(",");
  // The field also holds the algorithms of signature_algorithms_cert, which comes second.
  const count13 = Number(frame("tls.handshake.sig_hash_alg_len")[0] ?? 0) / 2;
  const algorithms = numbers("tls.handshake.sig_hash_alg").slice(0, count13).map(hex).join(",");
  const third = algorithms === "" ? sorted : `${sorted}_${algorithms}`;
  return `${first}_${digest(ciphers.map(hex).sort().join(","))}_${digest(third)}`;
}

/** What openssl prints of a certificate, in the words of the `certificate` line. */
export function opensslFacts(der: Buffer): Record<string, unknown> {
  const ask = (...args: string[]) =>
    execFileSync("openssl", ["x509", "-inform", "DER", "-noout", ...args], {
      input: der,
      encoding: "utf8",
    });
  const text = ask("-subject", "-issuer", "-serial", "-dates", "-nameopt", "RFC2253");
  const field = (name: string) => new RegExp(`^${name}=\\s*(.*)$`, "m").exec(text)?.[1] ?? "";
  const rfc3339 = (date: string) => new Date(date).toISOString().replace(".000Z", "Z");
  const names = ask("-ext", "subjectAltName").split("\n")[1] ?? "";
  const printed = ask("-text");
  const publicKey = ask("-pubkey");
  const spki = Buffer.from(publicKey.replace(/-----[^-]+-----|\s/g, ""), "base64");
  return {
    spkiSha256: createHash("sha256").update(spki).digest("hex"),
    subject: field("subject"),
    issuer: field("issuer"),
    serial: field("serial").toLowerCase(),
    validFrom: rfc3339(field("notBefore")),
    validTo: rfc3339(field("notAfter")),
    ca: /CA:TRUE/.test(printed),
    selfSigned: signsItself(der),
    signature: signatureOf(printed),
    key: keyOf(printed),
    names: names
      .split(",")
      .map((name) => name.trim().replace(/^(DNS|IP Address|URI|email):/, ""))
      .filter((name) => name !== ""),
  };
}

/** Whether openssl accepts it as the issuer of itself, dates aside. */
function signsItself(der: Buffer): boolean {
  const folder = mkdtempSync(join(tmpdir(), "portcullis-golden-"));
  try {
    const pem = join(folder, "certificate.pem");
    const body = der.toString("base64").replace(/.{64}/g, "$&\n");
    writeFileSync(pem, `-----BEGIN CERTIFICATE-----\n${body}\n-----END CERTIFICATE-----\n`);
    const args = ["verify", "-no-CApath", "-no-CAstore", "-no_check_time", "-CAfile", pem, pem];
    return spawnSync("openssl", args, { stdio: "ignore" }).status === 0;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** openssl's names, where ours are others. */
function signatureOf(printed: string): string {
  const name = /Signature Algorithm: (\S+)/.exec(printed)?.[1] ?? "";
  if (name === "rsassaPss") {
    return `rsassa-pss-${/Hash Algorithm: (\S+)/.exec(printed)?.[1]?.toLowerCase() ?? "sha1"}`;
  }
  return name === "ED25519" ? "Ed25519" : name;
}

function keyOf(printed: string): Record<string, unknown> {
  const algorithm = /Public Key Algorithm: (\S+)/.exec(printed)?.[1];
  const bits = Number(/Public-Key: \((\d+) bit\)/.exec(printed)?.[1]);
  if (algorithm === "ED25519") return { type: "Ed25519" };
  if (algorithm === "rsassaPss") return { type: "RSASSA-PSS", bits };
  if (algorithm !== "id-ecPublicKey") return { type: "RSA", bits };
  const curve = /ASN1 OID: (\S+)/.exec(printed)?.[1];
  return { type: "EC", bits, curve: curve === "prime256v1" ? "secp256r1" : curve };
}

/** UDP conversations are numbered beside TCP's. */
function streamOf(frame: Frame): string | undefined {
  const read = frame("dtls.record.version").length + frame("quic.version").length > 0;
  const udp = read ? frame("udp.stream")[0] : undefined;
  return udp === undefined ? frame("tcp.stream")[0] : `udp ${udp}`;
}

function end(ip: string, port: string): string {
  return ip.includes(":") ? `[${ip}]:${port}` : `${ip}:${port}`;
}

let suites: Map<number, string> | undefined;

/** IANA names, from openssl's own table; what it no longer knows from ours below. */
function cipherName(number: number): string {
  if (suites === undefined) {
    suites = new Map(OLD_SUITES);
    const more = ["-ciphersuites", SUITES_13];
    const all = ["ciphers", "-V", "-stdname", ...more, "ALL:eNULL:@SECLEVEL=0"];
    const list = execFileSync("openssl", all, {
      encoding: "utf8",
    });
    for (const line of list.split("\n")) {
      const match = /0x([0-9A-F]{2}),0x([0-9A-F]{2}) - (\S+)/.exec(line);
      if (match) suites.set(Number.parseInt(match[1]! + match[2]!, 16), match[3]!);
    }
  }
  return suites.get(number) ?? `0x${number.toString(16).padStart(4, "0")}`;
}

function groupName(number: number): string {
  return GROUPS[number] ?? `0x${number.toString(16).padStart(4, "0")}`;
}

const TLS_FIELDS = [
  "tls.handshake.type",
  "tls.handshake.version",
  "tls.handshake.extensions.supported_version",
  "tls.handshake.ciphersuite",
  "tls.handshake.extension.type",
  "tls.handshake.sig_hash_alg",
  "tls.handshake.sig_hash_alg_len",
  "tls.handshake.extensions_server_name",
  "tls.handshake.extensions_alpn_str",
  "tls.handshake.extensions_key_share_group",
  "tls.handshake.server_named_curve",
  "tls.handshake.ja3",
  "tls.handshake.ja3s",
  "tls.handshake.certificate",
  "tls.alert_message.level",
  "tls.alert_message.desc",
];

const FIELDS = [
  "frame.number",
  "tcp.stream",
  "udp.stream",
  "ip.src",
  "ipv6.src",
  "ip.dst",
  "ipv6.dst",
  "tcp.srcport",
  "tcp.dstport",
  "udp.srcport",
  "udp.dstport",
  "dtls.record.version",
  "dtls.handshake.message_seq",
  "quic.version",
  "tls.record.opaque_type",
  ...TLS_FIELDS,
  ...TLS_FIELDS.map((field) => `d${field}`),
];

const MESSAGES: Record<string, string> = {
  "1": "client-hello",
  "2": "server-hello",
  "3": "hello-verify-request",
  "4": "new-session-ticket",
  "8": "encrypted-extensions",
  "11": "certificate",
  "12": "server-key-exchange",
  "13": "certificate-request",
  "14": "server-hello-done",
  "15": "certificate-verify",
  "16": "client-key-exchange",
  "20": "finished",
  "25": "compressed-certificate",
};
const NEW_SESSION_TICKET = "4";
/** All of TLS 1.3: OpenSSL lists those with CCM only when they are asked for. */
const SUITES_13 = [
  "TLS_AES_128_GCM_SHA256",
  "TLS_AES_256_GCM_SHA384",
  "TLS_CHACHA20_POLY1305_SHA256",
  "TLS_AES_128_CCM_SHA256",
  "TLS_AES_128_CCM_8_SHA256",
].join(":");
const VERSIONS: Record<number, string> = {
  768: "SSL3",
  769: "TLS1.0",
  770: "TLS1.1",
  771: "TLS1.2",
  772: "TLS1.3",
  65279: "DTLS1.0",
  65277: "DTLS1.2",
};
const ALERTS: Record<string, string> = {
  "0": "close_notify",
  "40": "handshake_failure",
  "42": "bad_certificate",
  "48": "unknown_ca",
  "70": "protocol_version",
  "90": "user_canceled",
  "100": "no_renegotiation",
};
const GROUPS: Record<number, string> = {
  23: "secp256r1",
  24: "secp384r1",
  25: "secp521r1",
  29: "x25519",
  30: "x448",
  256: "ffdhe2048",
  4588: "X25519MLKEM768",
};
const OLD_SUITES: readonly [number, string][] = [[0x000a, "TLS_RSA_WITH_3DES_EDE_CBC_SHA"]];
