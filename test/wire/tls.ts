/** TLS records and handshake messages, built byte by byte: for tests that need to say exactly what. */
import { concat, latin1, pattern, uint, vector } from "./bytes.ts";

/** One record; `length` lies about the body's. */
export function record(
  type: number,
  body: Uint8Array,
  shape: { version?: number; length?: number } = {},
): Uint8Array {
  const version = uint(shape.version ?? 0x0303, 2);
  return concat(uint(type, 1), version, uint(shape.length ?? body.length, 2), body);
}

/** `body` in as many records as it takes with `size` bytes in each. */
export function records(
  type: number,
  body: Uint8Array,
  size: number,
  version = 0x0303,
): Uint8Array {
  const out: Uint8Array[] = [];
  for (let at = 0; at < body.length; at += size)
    out.push(record(type, body.subarray(at, at + size), { version }));
  return concat(...out);
}

/** One handshake message, without its record (RFC 8446 §4). */
export function message(type: number, body: Uint8Array, length = body.length): Uint8Array {
  return concat(uint(type, 1), uint(length, 3), body);
}

export interface TlsExtension {
  readonly type: number;
  readonly body: Uint8Array;
}

export interface ClientHelloShape {
  readonly version?: number;
  readonly sessionId?: Uint8Array;
  readonly ciphers?: readonly number[];
  readonly serverName?: string;
  readonly alpn?: readonly string[];
  /** Adds supported_versions. */
  readonly versions?: readonly number[];
  /** Further extensions, behind those above. */
  readonly extensions?: readonly TlsExtension[];
}

/** A ClientHello message; put it into a `record(HANDSHAKE, ..)`. */
export function clientHello(shape: ClientHelloShape = {}): Uint8Array {
  const { serverName, alpn, versions } = shape;
  const extensions: TlsExtension[] = [];
  if (serverName !== undefined) extensions.push(serverNameExtension(serverName));
  extensions.push({ type: 10, body: vector(2, uint(29, 2), uint(23, 2)) });
  extensions.push({ type: 11, body: vector(1, uint(0, 1)) });
  extensions.push({ type: 13, body: vector(2, uint(0x0403, 2), uint(0x0804, 2), uint(0x0401, 2)) });
  if (alpn) extensions.push(alpnExtension(alpn));
  if (versions)
    extensions.push({ type: 43, body: vector(1, ...versions.map((version) => uint(version, 2))) });
  extensions.push(...(shape.extensions ?? []));
  const ciphers = shape.ciphers ?? [0x1301, 0xc02f, 0xc02b, 0x009c];
  const body = concat(
    uint(shape.version ?? 0x0303, 2),
    pattern(32, 1),
    vector(1, shape.sessionId ?? new Uint8Array(0)),
    vector(2, ...ciphers.map((cipher) => uint(cipher, 2))),
    vector(1, uint(0, 1)),
    extensionList(extensions),
  );
  return message(HANDSHAKE_TYPE.clientHello, body);
}

export interface ServerHelloShape {
  readonly version?: number;
  readonly random?: Uint8Array;
  readonly sessionId?: Uint8Array;
  readonly cipher?: number;
  readonly alpn?: string;
  /** Adds supported_versions with this selected version. */
  readonly selected?: number;
  readonly extensions?: readonly TlsExtension[];
}

export function serverHello(shape: ServerHelloShape = {}): Uint8Array {
  const extensions: TlsExtension[] = [];
  if (shape.alpn !== undefined) extensions.push(alpnExtension([shape.alpn]));
  if (shape.selected !== undefined) extensions.push({ type: 43, body: uint(shape.selected, 2) });
  extensions.push(...(shape.extensions ?? []));
  const body = concat(
    uint(shape.version ?? 0x0303, 2),
    shape.random ?? pattern(32, 2),
    vector(1, shape.sessionId ?? new Uint8Array(0)),
    uint(shape.cipher ?? 0xc02f, 2),
    uint(0, 1),
    extensionList(extensions),
  );
  return message(HANDSHAKE_TYPE.serverHello, body);
}

/** A TLS 1.2 (and older) Certificate message. */
export function certificate(chain: readonly Uint8Array[]): Uint8Array {
  return message(HANDSHAKE_TYPE.certificate, vector(3, ...chain.map((der) => vector(3, der))));
}

/** A TLS 1.3 Certificate message, as it is before it is encrypted. */
export function certificate13(chain: readonly Uint8Array[]): Uint8Array {
  const entries = chain.map((der) => concat(vector(3, der), uint(0, 2)));
  return message(HANDSHAKE_TYPE.certificate, concat(uint(0, 1), vector(3, ...entries)));
}

export function serverHelloDone(): Uint8Array {
  return message(HANDSHAKE_TYPE.serverHelloDone, new Uint8Array(0));
}

/** `level` 1 is warning, 2 fatal. */
export function alert(level: number, description: number, version = 0x0303): Uint8Array {
  return record(RECORD.alert, Uint8Array.of(level, description), { version });
}

export function changeCipherSpec(version = 0x0303): Uint8Array {
  return record(RECORD.changeCipherSpec, Uint8Array.of(1), { version });
}

/** Application data records (or any encrypted ones) whose content is a pattern. */
export function applicationData(count: number, size = 16_000): Uint8Array {
  return records(RECORD.applicationData, pattern(count), size);
}

/** A whole TLS 1.2 server flight up to ServerHelloDone, one record. */
export function serverFlight(
  chain: readonly Uint8Array[],
  shape: ServerHelloShape = {},
): Uint8Array {
  const messages = concat(serverHello(shape), certificate(chain), serverHelloDone());
  return record(RECORD.handshake, messages);
}

/** An SSLv2 CLIENT-HELLO with a 2-byte record header (RFC 5246 appendix E.2). */
export function sslv2ClientHello(version = 0x0303, ciphers = [0x00002f, 0x010080]): Uint8Array {
  const specs = concat(...ciphers.map((cipher) => uint(cipher, 3)));
  const challenge = pattern(16, 3);
  const lengths = [specs.length, 0, challenge.length].map((length) => uint(length, 2));
  const body = concat(uint(1, 1), uint(version, 2), ...lengths, specs, challenge);
  return concat(uint(0x8000 | body.length, 2), body);
}

export function serverNameExtension(name: string): TlsExtension {
  return { type: 0, body: vector(2, uint(0, 1), vector(2, latin1(name))) };
}

export function alpnExtension(names: readonly string[]): TlsExtension {
  return { type: 16, body: vector(2, ...names.map((name) => vector(1, latin1(name)))) };
}

function extensionList(extensions: readonly TlsExtension[]): Uint8Array {
  if (extensions.length === 0) return new Uint8Array(0);
  return vector(2, ...extensions.map(({ type, body }) => concat(uint(type, 2), vector(2, body))));
}

export const RECORD = {
  changeCipherSpec: 20,
  alert: 21,
  handshake: 22,
  applicationData: 23,
  heartbeat: 24,
} as const;

export const HANDSHAKE_TYPE = {
  helloRequest: 0,
  clientHello: 1,
  serverHello: 2,
  newSessionTicket: 4,
  certificate: 11,
  serverKeyExchange: 12,
  certificateRequest: 13,
  serverHelloDone: 14,
  certificateVerify: 15,
  clientKeyExchange: 16,
  finished: 20,
} as const;

/** The random that makes a ServerHello a HelloRetryRequest (RFC 8446 §4.1.3). */
export const RETRY_RANDOM = Uint8Array.from(
  Buffer.from("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c", "hex"),
);
