/**
 * Certificates for the recordings, made by `openssl` in a folder that is removed afterwards.
 *
 * `openssl ca` and not `openssl x509`, because only the former takes both dates in OpenSSL 3.0. What
 * the truth says about a certificate is what `openssl` says about the PEM file, or what was asked for.
 */
import { createHash } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { run } from "./process.ts";

export interface Certificate {
  /** Paths: the certificate, its private key, the CAs above it without the root, and all sent. */
  readonly pem: string;
  readonly key: string;
  readonly chainPem: string;
  readonly fullChainPem: string;
  readonly facts: CertificateFacts;
  /** What a server with this certificate sends: leaf first, without the root. */
  readonly sent: readonly CertificateFacts[];
  readonly selfSigned: boolean;
  readonly ca: boolean;
}

export interface CertificateFacts {
  readonly sha256: string;
  readonly spkiSha256: string;
  /** RFC 4514. */
  readonly subject: string;
  readonly issuer: string;
  readonly serial: string;
  /** RFC 3339, UTC. */
  readonly validFrom: string;
  readonly validTo: string;
  readonly key: KeyFacts;
}

export interface Request {
  /** In the order in which the parts are encoded, as openssl's `-subj` wants it. */
  readonly subject: string;
  readonly key?: KeyName;
  /** None: it signs itself. */
  readonly issuer?: Certificate;
  readonly ca?: boolean;
  /** subjectAltName entries, `DNS:` or `IP:`. */
  readonly names?: readonly string[];
  readonly purpose?: "serverAuth" | "clientAuth";
  /** Validity, in days from now. */
  readonly days?: readonly [number, number];
}

export class Pki {
  readonly folder: string;
  #count = 0;

  constructor(folder: string) {
    this.folder = folder;
  }

  async issue(request: Request): Promise<Certificate> {
    this.#count += 1;
    const folder = join(this.folder, `certificate-${this.#count}`);
    await mkdir(folder, { recursive: true });
    const at = (name: string): string => join(folder, name);
    const keyName = request.key ?? "P-256";
    await writeFile(at("ca.cnf"), configuration(request, folder));
    await writeFile(at("index.txt"), "");
    await run(["openssl", "genpkey", ...KEYS[keyName].options, "-out", at("key.pem")]);
    const subject = ["-subj", request.subject, "-config", at("ca.cnf")];
    await run(["openssl", "req", "-new", ...subject, "-key", at("key.pem"), "-out", at("csr.pem")]);

    const signer = request.issuer
      ? ["-cert", request.issuer.pem, "-keyfile", request.issuer.key]
      : ["-selfsign", "-keyfile", at("key.pem")];
    const [from, to] = request.days ?? [-30, 3650];
    const dates = ["-startdate", asn1Time(from), "-enddate", asn1Time(to)];
    const files = ["-in", at("csr.pem"), "-out", at("cert.pem"), "-outdir", folder];
    const options = ["-batch", "-notext", "-preserveDN", "-extensions", "wanted"];
    await run([
      "openssl",
      "ca",
      "-config",
      at("ca.cnf"),
      ...options,
      ...dates,
      ...signer,
      ...files,
    ]);
    return this.#collect(folder, request, KEYS[keyName].facts);
  }

  async #collect(folder: string, request: Request, key: KeyFacts): Promise<Certificate> {
    const { issuer } = request;
    const at = (name: string): string => join(folder, name);
    const above = issuer && !issuer.selfSigned ? [issuer.fullChainPem] : [];
    const texts = await Promise.all(above.map((path) => readFile(path, "utf8")));
    await writeFile(at("chain.pem"), texts.join(""));
    await writeFile(at("full.pem"), (await readFile(at("cert.pem"), "utf8")) + texts.join(""));
    const facts = await readFacts(at("cert.pem"), key);
    return {
      pem: at("cert.pem"),
      key: at("key.pem"),
      chainPem: at("chain.pem"),
      fullChainPem: at("full.pem"),
      facts,
      sent: issuer && !issuer.selfSigned ? [facts, ...issuer.sent] : [facts],
      selfSigned: issuer === undefined,
      ca: request.ca ?? false,
    };
  }
}

async function readFacts(pem: string, key: KeyFacts): Promise<CertificateFacts> {
  const print = ["-subject", "-issuer", "-serial", "-startdate", "-enddate", "-fingerprint"];
  const format = ["-sha256", "-nameopt", "RFC2253", "-dateopt", "iso_8601"];
  const { output } = await run(["openssl", "x509", "-in", pem, "-noout", ...print, ...format]);
  const field = (name: string): string => {
    const line = output.split("\n").find((text) => text.toLowerCase().startsWith(`${name}=`));
    if (line === undefined) throw new Error(`openssl x509 prints no ${name}\n${output}`);
    return line.slice(name.length + 1).trim();
  };
  const publicKey = await run(["openssl", "x509", "-in", pem, "-noout", "-pubkey"]);
  const der = Buffer.from(publicKey.output.replace(/-----.*?-----|\s/g, ""), "base64");
  return {
    sha256: field("sha256 fingerprint").replaceAll(":", "").toLowerCase(),
    spkiSha256: createHash("sha256").update(der).digest("hex"),
    subject: field("subject"),
    issuer: field("issuer"),
    serial: field("serial").toLowerCase(),
    validFrom: field("notbefore").replace(" ", "T"),
    validTo: field("notafter").replace(" ", "T"),
    key,
  };
}

function configuration({ issuer, ca, names, purpose }: Request, folder: string): string {
  const usage = ca ? "keyCertSign,cRLSign" : "digitalSignature,keyEncipherment";
  return [
    "[ca]\ndefault_ca = maker",
    `[maker]\ndatabase = ${folder}/index.txt\ndefault_md = default\nunique_subject = no\nrand_serial = yes`,
    "policy = any\n[any]\ncommonName = supplied\norganizationName = optional",
    "[req]\ndistinguished_name = none\nstring_mask = utf8only\n[none]",
    `[wanted]\nbasicConstraints = critical,CA:${ca ? "true" : "false"}`,
    `keyUsage = critical,${usage}\nsubjectKeyIdentifier = hash`,
    issuer ? "authorityKeyIdentifier = keyid" : "",
    ca ? "" : `extendedKeyUsage = ${purpose ?? "serverAuth"}`,
    names ? `subjectAltName = ${names.join(",")}` : "",
    "",
  ].join("\n");
}

/** UTCTime or GeneralizedTime as openssl takes it; whole days, counted from the last midnight. */
function asn1Time(days: number): string {
  const midnight = new Date().setUTCHours(0, 0, 0, 0);
  const day = new Date(midnight + days * 86_400_000).toISOString();
  return `${day.slice(0, 10).replaceAll("-", "")}000000Z`;
}

export interface KeyFacts {
  readonly type: "RSA" | "RSA-PSS" | "ECDSA" | "Ed25519";
  readonly bits?: number;
  readonly curve?: string;
}

const rsa = ["-pkeyopt", "rsa_keygen_bits:2048"];
const shortRsa = ["-pkeyopt", "rsa_keygen_bits:1024"];
const ec = (curve: string): string[] => [
  "-algorithm",
  "EC",
  "-pkeyopt",
  `ec_paramgen_curve:${curve}`,
];
const KEYS = {
  "RSA-2048": { options: ["-algorithm", "RSA", ...rsa], facts: { type: "RSA", bits: 2048 } },
  "RSA-1024": { options: ["-algorithm", "RSA", ...shortRsa], facts: { type: "RSA", bits: 1024 } },
  "RSA-PSS": { options: ["-algorithm", "RSA-PSS", ...rsa], facts: { type: "RSA-PSS", bits: 2048 } },
  "P-256": { options: ec("P-256"), facts: { type: "ECDSA", curve: "P-256" } },
  "P-384": { options: ec("P-384"), facts: { type: "ECDSA", curve: "P-384" } },
  Ed25519: { options: ["-algorithm", "ED25519"], facts: { type: "Ed25519" } },
} as const satisfies Record<string, { options: readonly string[]; facts: KeyFacts }>;
export type KeyName = keyof typeof KEYS;
