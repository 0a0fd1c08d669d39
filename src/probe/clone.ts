/**
 * A ClientHello like the workload's own, for a connection of ours (VISIBILITY, "The clone probe").
 *
 *     version 2 | random 32 | session id 1 + n | suites 2 + n | compression 1 + n | extensions 2 + n
 *
 * The same versions, suites, extensions and order, so that the server chooses the same and its flight is as
 * long; a random, a session id and key shares of our own. Without what would make it another handshake:
 * resumption, early data, an encrypted hello. What a hostile workload could have put there to be carried
 * to a server is left out, and said.
 */

import { u16 } from "../inspect/tls/bytes.ts";
import { cipherSuiteName } from "../inspect/tls/cipher-suites.ts";
import { copied, type Extension } from "./extension.ts";
import { type KeyShare, keyShare } from "./key-share.ts";

export interface Clone {
  /** The message's body. */
  readonly body: Uint8Array;
  readonly shares: readonly KeyShare[];
  /** What of the workload's hello is not in it, in its order. */
  readonly leftOut: readonly string[];
}

/** What a hello consists of. */
export interface Parts {
  readonly version: number;
  readonly sessionId: Uint8Array;
  readonly ciphers: readonly number[];
  readonly extensions: readonly Extension[];
}

/**
 * The clone of a ClientHello's body.
 *
 * @param fresh so many bytes at random
 * @returns text: the hello cannot be read, or nothing remains of it that a server would answer
 */
export function cloneOf(hello: Uint8Array, fresh: (bytes: number) => Uint8Array): Clone | string {
  const parts = partsOf(hello);
  if (typeof parts === "string") return parts;
  const leftOut: string[] = [];
  const ciphers = parts.ciphers.filter((cipher) => !cipherSuiteName(cipher).startsWith("0x"));
  if (ciphers.length < parts.ciphers.length) {
    leftOut.push(`${parts.ciphers.length - ciphers.length} suites that are not known here`);
  }
  if (ciphers.length === 0) return "no suite that is known here";
  if (ciphers.length > SUITES_MAX) {
    leftOut.push(`suites behind the first ${SUITES_MAX}`);
    ciphers.length = SUITES_MAX;
  }
  const shares: KeyShare[] = [];
  const extensions = parts.extensions.flatMap((one): Extension[] => {
    if (one.type === KEY_SHARE) {
      shares.push(...sharesFor(one.body, leftOut));
      return [{ type: KEY_SHARE, body: keyShareBody(shares) }];
    }
    const body = copied(one);
    if (typeof body !== "string") return [{ type: one.type, body }];
    leftOut.push(body);
    return [];
  });
  const sessionId = parts.sessionId.length > 0 ? fresh(SESSION_BYTES) : parts.sessionId;
  const { version } = parts;
  const body = helloBody({ version, random: fresh(RANDOM_BYTES), sessionId, ciphers, extensions });
  return { body, shares, leftOut };
}

/**
 * The second hello, after a HelloRetryRequest (RFC 8446 §4.1.2): the same, with one share in the group that
 * the server asked for, and with its cookie. Text says why there is none.
 */
export function retryOf(
  { body, shares, leftOut }: Clone,
  { group, cookie }: { readonly group?: number; readonly cookie?: Uint8Array | undefined },
): Clone | string {
  const parts = partsOf(body);
  if (typeof parts === "string") return parts;
  const offered = parts.extensions.find(({ type }) => type === SUPPORTED_GROUPS);
  if (group !== undefined && !listed(offered, group)) {
    return `a retry with group ${group}, which was not offered`;
  }
  if (group === undefined && cookie === undefined) return "a retry that changes nothing";
  const share = group === undefined ? undefined : keyShare(group);
  if (group !== undefined && share === undefined) {
    return `a retry with group ${group}, which is not done here`;
  }
  const again = share === undefined ? shares : [share];
  const extensions = parts.extensions.map((one) =>
    one.type === KEY_SHARE ? { type: KEY_SHARE, body: keyShareBody(again) } : one,
  );
  if (cookie !== undefined) extensions.push({ type: COOKIE, body: cookie });
  const random = body.subarray(2, 2 + RANDOM_BYTES);
  return { body: helloBody({ ...parts, random, extensions }), shares: again, leftOut };
}

/** Reads a hello's body. Text says why it cannot be right. */
export function partsOf(body: Uint8Array): Parts | string {
  const sessionAt = 35;
  const sessionBytes = body[34] ?? 0;
  const ciphersAt = sessionAt + sessionBytes + 2;
  if (sessionBytes > 32 || ciphersAt > body.length) return "session id runs over the end";
  const compressionAt = ciphersAt + u16(body, ciphersAt - 2);
  if (compressionAt >= body.length || (compressionAt - ciphersAt) % 2 !== 0) {
    return "suites run over the end";
  }
  const ciphers: number[] = [];
  for (let at = ciphersAt; at < compressionAt; at += 2) ciphers.push(u16(body, at));
  let at = compressionAt + 1 + body[compressionAt]!;
  const extensions: Extension[] = [];
  if (at + 2 <= body.length && at + 2 + u16(body, at) !== body.length) {
    return "extensions do not fill the hello";
  }
  for (at += 2; at + 4 <= body.length; ) {
    const end = at + 4 + u16(body, at + 2);
    if (end > body.length) return "an extension runs over the end";
    extensions.push({ type: u16(body, at), body: body.subarray(at + 4, end) });
    at = end;
  }
  const sessionId = body.subarray(sessionAt, sessionAt + sessionBytes);
  return { version: u16(body, 0), sessionId, ciphers, extensions };
}

function helloBody(made: Parts & { readonly random: Uint8Array }): Uint8Array {
  const { version, random, sessionId, ciphers, extensions } = made;
  const suites = Uint8Array.from(ciphers.flatMap((cipher) => [cipher >> 8, cipher & 0xff]));
  const all = extensions.flatMap(({ type, body }) => [u16Bytes(type), u16Bytes(body.length), body]);
  const extensionBytes = all.reduce((sum, { length }) => sum + length, 0);
  return Buffer.concat([
    u16Bytes(version),
    random,
    Uint8Array.of(sessionId.length),
    sessionId,
    u16Bytes(suites.length),
    suites,
    NO_COMPRESSION,
    ...(extensions.length === 0 ? [] : [u16Bytes(extensionBytes), ...all]),
  ]);
}

/** Fresh shares in the groups of a key_share extension. */
function sharesFor(body: Uint8Array, leftOut: string[]): KeyShare[] {
  const shares: KeyShare[] = [];
  for (let at = 2; at + 4 <= body.length && shares.length < SHARES_MAX; ) {
    const share = keyShare(u16(body, at));
    if (share !== undefined) shares.push(share);
    else leftOut.push(`the key share of group ${u16(body, at)}`);
    at += 4 + u16(body, at + 2);
  }
  return shares;
}

function keyShareBody(shares: readonly KeyShare[]): Uint8Array {
  const list = shares.flatMap(({ group, offered }) => [
    u16Bytes(group),
    u16Bytes(offered.length),
    offered,
  ]);
  const bytes = list.reduce((sum, { length }) => sum + length, 0);
  return Buffer.concat([u16Bytes(bytes), ...list]);
}

function listed(extension: Extension | undefined, number: number): boolean {
  const { body } = extension ?? { body: new Uint8Array(0) };
  for (let at = 2; at + 1 < body.length; at += 2) if (u16(body, at) === number) return true;
  return false;
}

function u16Bytes(value: number): Uint8Array {
  return Uint8Array.of(value >> 8, value & 0xff);
}

const SUPPORTED_GROUPS = 10;
const COOKIE = 44;
const KEY_SHARE = 51;
const RANDOM_BYTES = 32;
/** As clients that offer TLS 1.3 make it (RFC 8446 §D.4), whatever the workload's holds. */
const SESSION_BYTES = 32;
/** One method, null: of others a server would be right to think nothing. */
const NO_COMPRESSION = Uint8Array.of(1, 0);
/** OpenSSL with all that it has offers 80. */
const SUITES_MAX = 128;
/** Real clients offer three at most. */
const SHARES_MAX = 4;
