/**
 * Which extensions of a ClientHello a clone repeats, and how (IANA, TLS ExtensionType Values).
 *
 * What shapes the server's flight is copied; what belongs to one connection is made anew or left out;
 * and what nobody knows, or is longer than any real one, is left out and said: the hello comes from a
 * workload that may be hostile, and a probe must not carry its words to where it may not speak.
 */

import { u16 } from "../inspect/tls/bytes.ts";
import { groupName } from "../inspect/tls/names.ts";

export interface Extension {
  readonly type: number;
  readonly body: Uint8Array;
}

/** What a clone sends of it; text says why it is left out. */
export function copied({ type, body }: Extension): Uint8Array | string {
  if (isGrease(type)) return "GREASE";
  const rule = RULES.get(type);
  if (rule === undefined) return `extension ${type}, which is not known here`;
  const [name, bytesMax, how] = rule;
  if (how === "connection") return `${name}, which belongs to one connection`;
  if (how === "empty") return NOTHING;
  if (body.length > bytesMax) {
    return `${name} of ${body.length} bytes, expected at most ${bytesMax}`;
  }
  const kept = how === undefined ? body : how(body);
  return kept ?? `${name}, of which nothing is known here`;
}

/** RFC 8701: numbers that mean nothing, in any list. */
export function isGrease(number: number): boolean {
  return (number & 0x0f0f) === 0x0a0a && number >> 8 === (number & 0xff);
}

/** A list of two-byte numbers behind its length of `lengthBytes`, without those that `keep` refuses. */
function numbers(lengthBytes: 1 | 2, keep: (number: number) => boolean) {
  return (body: Uint8Array): Uint8Array | undefined => {
    const listBytes = lengthBytes === 1 ? body[0] : u16(body, 0);
    if (listBytes !== body.length - lengthBytes || listBytes % 2 !== 0) return undefined;
    const kept: number[] = [];
    for (let at = lengthBytes; at < body.length; at += 2) {
      const number = u16(body, at);
      if (keep(number)) kept.push(number >> 8, number & 0xff);
    }
    if (kept.length === 0) return undefined;
    const length = lengthBytes === 1 ? [kept.length] : [kept.length >> 8, kept.length & 0xff];
    return Uint8Array.from([...length, ...kept]);
  };
}

/** RFC 7301 §3.1, of which only registered names are said again. */
function alpn(body: Uint8Array): Uint8Array | undefined {
  if (body.length < 3 || u16(body, 0) !== body.length - 2) return undefined;
  const kept: number[] = [];
  for (let at = 2; at < body.length; at += 1 + body[at]!) {
    const name = Buffer.from(body.subarray(at + 1, at + 1 + body[at]!)).toString("latin1");
    if (ALPN_NAMES.has(name)) kept.push(name.length, ...Buffer.from(name, "latin1"));
  }
  return kept.length === 0
    ? undefined
    : Uint8Array.from([kept.length >> 8, kept.length & 0xff, ...kept]);
}

/** A list of one host name, in the letters that host names have (RFC 6066 §3). */
function hostName(body: Uint8Array): Uint8Array | undefined {
  const fits =
    body.length > 5 &&
    u16(body, 0) === body.length - 2 &&
    body[2] === 0 &&
    u16(body, 3) === body.length - 5;
  return fits && HOST_NAME.test(Buffer.from(body.subarray(5)).toString("latin1"))
    ? body
    : undefined;
}

/** Exactly these bytes, which is what all clients send. */
function only(...bytes: readonly number[]) {
  return (body: Uint8Array): Uint8Array | undefined =>
    Buffer.from(body).equals(Uint8Array.from(bytes)) ? body : undefined;
}

type How = "connection" | "empty" | ((body: Uint8Array) => Uint8Array | undefined);
type Rule = readonly [name: string, bytesMax: number, how?: How];

const NOTHING = new Uint8Array(0);
const HOST_NAME = /^[A-Za-z0-9._-]{1,253}$/;
const notGrease = (number: number) => !isGrease(number);
const isGroup = (number: number) => !groupName(number).startsWith("0x");
const isVersion = (number: number) => number >= 0x0301 && number <= 0x0304;

/** Sizes: about twice what the largest of known clients sends. */
const RULES: ReadonlyMap<number, Rule> = new Map<number, Rule>([
  [0, ["server_name", 258, hostName]],
  [1, ["max_fragment_length", 1]],
  [5, ["status_request", 5, only(1, 0, 0, 0, 0)]],
  [10, ["supported_groups", 64, numbers(2, isGroup)]],
  [11, ["ec_point_formats", 4]],
  [13, ["signature_algorithms", 128, numbers(2, notGrease)]],
  [16, ["application_layer_protocol_negotiation", 256, alpn]],
  [18, ["signed_certificate_timestamp", 0]],
  [19, ["client_certificate_type", 4]],
  [20, ["server_certificate_type", 4]],
  [21, ["padding", 0, "connection"]],
  [22, ["encrypt_then_mac", 0]],
  [23, ["extended_master_secret", 0]],
  [27, ["compress_certificate", 9, numbers(1, (number) => number >= 1 && number <= 3)]],
  [28, ["record_size_limit", 2]],
  [34, ["delegated_credential", 64, numbers(2, notGrease)]],
  [35, ["session_ticket", 0, "empty"]],
  [41, ["pre_shared_key", 0, "connection"]],
  [42, ["early_data", 0, "connection"]],
  [43, ["supported_versions", 32, numbers(1, isVersion)]],
  [44, ["cookie", 0, "connection"]],
  [45, ["psk_key_exchange_modes", 3]],
  [49, ["post_handshake_auth", 0]],
  [50, ["signature_algorithms_cert", 128, numbers(2, notGrease)]],
  [0xfe0d, ["encrypted_client_hello", 0, "connection"]],
  [0xff01, ["renegotiation_info", 1, only(0)]],
]);
/** IANA, TLS ALPN Protocol IDs. */
const ALPN_NAMES = new Set(
  (
    "http/0.9 http/1.0 http/1.1 spdy/1 spdy/2 spdy/3 stun.turn stun.nat-discovery h2 h2c webrtc c-webrtc ftp " +
    "imap pop3 managesieve coap co xmpp-client xmpp-server acme-tls/1 mqtt dot ntske/1 sunrpc h3 smb irc " +
    "nntp nnsp doq sip/2 tds/8.0 dicom postgresql radius/1.0 radius/1.1 ldap"
  ).split(" "),
);
