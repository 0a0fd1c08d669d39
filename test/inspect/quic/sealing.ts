/**
 * Writes QUIC packets, written from the RFCs and not from what reads them: a header, frames, and both
 * sealed as RFC 9001 §5 has it. Only what the tests need.
 */
import { createCipheriv, createHmac } from "node:crypto";
import { concat, hex, uint } from "../../wire/bytes.ts";

export interface Version {
  readonly number: number;
  readonly salt: string;
  readonly label: string;
  /** Type bits of Initial, 0-RTT, Handshake, Retry. */
  readonly types: readonly [number, number, number, number];
  readonly retry: readonly [key: string, nonce: string];
}

export const V1: Version = {
  number: 1,
  salt: "38762cf7f55934b34d179ae6a4c80cadccbb7f0a",
  label: "quic",
  types: [0, 1, 2, 3],
  retry: ["be0c690b9f66575a1d766b54e368c84e", "461599d35d632bf2239825bb"],
};

export const V2: Version = {
  number: 0x6b3343cf,
  salt: "0dede3def700a6db819381be6e269dcbf9bd2ed9",
  label: "quicv2",
  types: [1, 2, 3, 0],
  retry: ["8fb4b01b56ac48e260fbcbcead7ccc92", "d86969bc2d7c6d9990efb04a"],
};

export type Hash = "sha256" | "sha384";
export type Aead = "aes-128-gcm" | "aes-256-gcm" | "chacha20-poly1305";

/** A direction's secret at one level, and the suite it is for. */
export interface Secret {
  readonly version: Version;
  readonly bytes: Uint8Array;
  readonly hash: Hash;
  readonly aead: Aead;
}

export function initialSecret(
  version: Version,
  dcid: Uint8Array,
  from: "client" | "server",
): Secret {
  const common = createHmac("sha256", hex(version.salt)).update(dcid).digest();
  const bytes = derive("sha256", common, `${from} in`, 32);
  return { version, bytes, hash: "sha256", aead: "aes-128-gcm" };
}

export interface Header {
  readonly type: "initial" | "0-rtt" | "handshake";
  readonly dcid: Uint8Array;
  readonly scid: Uint8Array;
  readonly token?: Uint8Array;
  readonly number: number;
  readonly numberBytes?: 1 | 2 | 3 | 4;
  /** Bits that must be zero. */
  readonly reserved?: number;
}

/** A whole packet with a long header. */
export function longPacket(secret: Secret, header: Header, frames: Uint8Array): Uint8Array {
  const { type, dcid, scid, token = NOTHING, number, numberBytes = 2, reserved = 0 } = header;
  const bits = secret.version.types[TYPES.indexOf(type)]!;
  const head = concat(
    uint(0xc0 | (bits << 4) | reserved | (numberBytes - 1), 1),
    uint(secret.version.number, 4),
    counted(dcid),
    counted(scid),
    type === "initial" ? concat(varint(token.length), token) : NOTHING,
    varint(numberBytes + frames.length + 16, 2),
    uint(number, numberBytes),
  );
  return seal(secret, head, numberBytes, number, frames);
}

/** `head` ends with the packet number, of which `numberBytes` are sent. */
export function seal(
  { version, bytes, hash, aead }: Secret,
  head: Uint8Array,
  numberBytes: number,
  number: number,
  frames: Uint8Array,
): Uint8Array {
  const keyBytes = aead === "aes-128-gcm" ? 16 : 32;
  const key = derive(hash, bytes, `${version.label} key`, keyBytes);
  const nonce = derive(hash, bytes, `${version.label} iv`, 12);
  const hp = derive(hash, bytes, `${version.label} hp`, keyBytes);
  nonce.writeUInt32BE((nonce.readUInt32BE(8) ^ number) >>> 0, 8);
  const cipher = createCipheriv(aead as "aes-128-gcm", key, nonce, { authTagLength: 16 });
  cipher.setAAD(head);
  const packet = concat(head, cipher.update(frames), cipher.final(), cipher.getAuthTag());
  const at = head.length - numberBytes;
  const sample = packet.slice(at + 4, at + 20);
  const mask =
    aead === "chacha20-poly1305"
      ? createCipheriv("chacha20", hp, sample).update(Buffer.alloc(5))
      : createCipheriv(keyBytes === 16 ? "aes-128-ecb" : "aes-256-ecb", hp, null).update(sample);
  packet[0]! ^= mask[0]! & ((head[0]! & 0x80) === 0 ? 0x1f : 0x0f);
  for (let i = 0; i < numberBytes; i++) packet[at + i]! ^= mask[1 + i]!;
  return packet;
}

/** RFC 9000 §17.2.5, with the tag that answers the packet sent to `original`. */
export function retryPacket(
  version: Version,
  original: Uint8Array,
  { dcid, scid, token }: { dcid: Uint8Array; scid: Uint8Array; token: Uint8Array },
): Uint8Array {
  const first = 0xc0 | (version.types[3] << 4) | 0x0f;
  const head = concat(uint(first, 1), uint(version.number, 4), counted(dcid), counted(scid));
  const packet = concat(head, token);
  const [key, nonce] = version.retry.map(hex);
  const cipher = createCipheriv("aes-128-gcm", key!, nonce!);
  cipher.setAAD(concat(counted(original), packet));
  cipher.final();
  return concat(packet, cipher.getAuthTag());
}

export function versionNegotiation(
  { dcid, scid }: { dcid: Uint8Array; scid: Uint8Array },
  versions: readonly number[],
): Uint8Array {
  const list = versions.map((version) => uint(version, 4));
  return concat(uint(0x8f, 1), uint(0, 4), counted(dcid), counted(scid), ...list);
}

export function cryptoFrame(offset: number, bytes: Uint8Array): Uint8Array {
  return concat(uint(6, 1), varint(offset), varint(bytes.length), bytes);
}

/** As many zeros as make the packet's datagram what a client must send. */
export function padded(frames: Uint8Array, to = 1162): Uint8Array {
  return concat(frames, new Uint8Array(Math.max(0, to - frames.length)));
}

/** RFC 9000 §16, in the shortest form, or in one of so many bytes. */
export function varint(value: number, atLeast = 1): Uint8Array {
  const length = [1, 2, 4, 8].find((n) => n >= atLeast && value < 2 ** (8 * n - 2))!;
  const bytes = uint(value, length);
  bytes[0]! |= Math.log2(length) << 6;
  return bytes;
}

function derive(hash: Hash, secret: Uint8Array, label: string, bytes: number): Buffer {
  const name = Buffer.from(`tls13 ${label}`);
  const info = concat(uint(bytes, 2), counted(name), uint(0, 1), uint(1, 1));
  return createHmac(hash, secret).update(info).digest().subarray(0, bytes);
}

function counted(bytes: Uint8Array): Uint8Array {
  return concat(uint(bytes.length, 1), bytes);
}

const NOTHING = new Uint8Array(0);
const TYPES = ["initial", "0-rtt", "handshake"] as const;
