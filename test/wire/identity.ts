/** Certificates minted for a test: a root, what it issues, and whatever shall be wrong with them. */
import { createPublicKey, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { latin1 } from "./bytes.ts";
import * as der from "./der.ts";
import { address } from "./ip.ts";

export interface Identity {
  readonly der: Uint8Array;
  readonly certificatePem: string;
  readonly keyPem: string;
  readonly key: KeyObject;
  /** As it was given. */
  readonly subject: string;
}

export interface IdentityShape {
  /** `CN=a.test,O=Example`: plain `TYPE=value` pairs (CN O OU C), in the order of the encoding. */
  readonly subject: string;
  /** Self-signed if absent. */
  readonly issuer?: Pick<Identity, "subject" | "key">;
  /** DNS names and IP addresses. */
  readonly names?: readonly string[];
  readonly ca?: boolean;
  readonly keyType?: KeyType;
  /** A key made before, so that two certificates can share it. */
  readonly key?: KeyObject;
  readonly notBefore?: Date;
  readonly notAfter?: Date;
  /** Big endian. */
  readonly serial?: Uint8Array;
  /** Further extensions, each a whole `Extension` SEQUENCE. */
  readonly extensions?: readonly Uint8Array[];
  /** The last byte of the signature is not what was signed. */
  readonly badSignature?: boolean;
}

export type KeyType = "P-256" | "P-384" | "rsa-2048" | "ed25519";

/** A certificate and its key; without `issuer`, signed by itself. */
export function mint(shape: IdentityShape): Identity {
  const key = shape.key ?? freshKey(shape.keyType ?? "P-256");
  const signer = shape.issuer?.key ?? key;
  const algorithm = signatureAlgorithm(signer);
  const tbs = der.sequence(
    der.explicit(0, der.integer(2)),
    der.integer(shape.serial ?? Uint8Array.of(1, 2, 3, 4, 5)),
    algorithm,
    distinguishedName(shape.issuer?.subject ?? shape.subject),
    der.sequence(
      der.time(shape.notBefore ?? new Date("2026-01-01T00:00:00Z")),
      der.time(shape.notAfter ?? new Date("2027-12-31T00:00:00Z")),
    ),
    distinguishedName(shape.subject),
    spkiOf(key),
    der.explicit(3, der.sequence(...extensionsOf(shape))),
  );
  const signature = Uint8Array.from(sign(digestOf(signer), tbs, signer));
  if (shape.badSignature) signature[signature.length - 1]! ^= 1;
  const certificate = der.sequence(tbs, algorithm, der.bitString(signature));
  return {
    der: certificate,
    certificatePem: pem("CERTIFICATE", certificate),
    keyPem: key.export({ type: "pkcs8", format: "pem" }).toString(),
    key,
    subject: shape.subject,
  };
}

/** A `Name` of `TYPE=value` pairs. */
export function distinguishedName(text: string): Uint8Array {
  const pairs = text === "" ? [] : text.split(",").map((pair) => pair.split("=", 2));
  return der.sequence(
    ...pairs.map(([type = "CN", value = ""]) => {
      const text = type === "C" ? der.printable(value) : der.utf8(value);
      return der.set(der.sequence(der.oid(ATTRIBUTE[type as keyof typeof ATTRIBUTE]), text));
    }),
  );
}

/** One `Extension`, by object identifier. */
export function certificateExtension(id: string, value: Uint8Array, critical = false): Uint8Array {
  const flag = critical ? [der.boolean(true)] : [];
  return der.sequence(der.oid(id), ...flag, der.octetString(value));
}

export function pem(label: string, bytes: Uint8Array): string {
  const lines = Buffer.from(bytes).toString("base64").replace(/.{64}/g, "$&\n").trimEnd();
  return `-----BEGIN ${label}-----\n${lines}\n-----END ${label}-----\n`;
}

/** SubjectPublicKeyInfo. */
export function spkiOf(key: KeyObject): Uint8Array {
  return Uint8Array.from(createPublicKey(key).export({ type: "spki", format: "der" }));
}

function extensionsOf(shape: IdentityShape): Uint8Array[] {
  const ca = shape.ca ?? false;
  const basic = der.sequence(...(ca ? [der.boolean(true)] : []));
  const usage = ca ? der.bitString(Uint8Array.of(0x06), 1) : der.bitString(Uint8Array.of(0x80), 7);
  const out = [
    certificateExtension("2.5.29.19", basic, true),
    certificateExtension("2.5.29.15", usage, true),
  ];
  const names = (shape.names ?? []).map((name) =>
    /^[\d.]+$|:/.test(name) ? der.tlv(0x87, address(name)) : der.tlv(0x82, latin1(name)),
  );
  if (names.length > 0) out.push(certificateExtension("2.5.29.17", der.sequence(...names)));
  return [...out, ...(shape.extensions ?? [])];
}

function freshKey(type: KeyType): KeyObject {
  if (type === "ed25519") return generateKeyPairSync("ed25519").privateKey;
  if (type === "rsa-2048") return generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey;
  return generateKeyPairSync("ec", { namedCurve: type }).privateKey;
}

function digestOf(key: KeyObject): string | null {
  return key.asymmetricKeyType === "ed25519" ? null : "sha256";
}

function signatureAlgorithm(key: KeyObject): Uint8Array {
  if (key.asymmetricKeyType === "ed25519") return der.sequence(der.oid("1.3.101.112"));
  if (key.asymmetricKeyType === "ec") return der.sequence(der.oid("1.2.840.10045.4.3.2"));
  return der.sequence(der.oid("1.2.840.113549.1.1.11"), der.tlv(5, new Uint8Array(0)));
}

const ATTRIBUTE = { CN: "2.5.4.3", O: "2.5.4.10", OU: "2.5.4.11", C: "2.5.4.6" } as const;
