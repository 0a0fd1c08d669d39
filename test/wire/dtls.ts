/** DTLS records and handshake fragments (RFC 6347 §4.1, §4.2.2; RFC 9147 §4), field by field. */
import { concat, uint } from "./bytes.ts";

export interface DtlsRecordShape {
  readonly version?: number;
  readonly epoch?: number;
  readonly sequence?: number;
  /** Instead of the body's. */
  readonly length?: number;
}

export function dtlsRecord(
  type: number,
  body: Uint8Array,
  { version = 0xfefd, epoch = 0, sequence = 0, length = body.length }: DtlsRecordShape = {},
): Uint8Array {
  return concat(
    uint(type, 1),
    uint(version, 2),
    uint(epoch, 2),
    uint(sequence, 6),
    uint(length, 2),
    body,
  );
}

export interface FragmentShape {
  readonly sequence: number;
  /** [from, to) of the message's body; all of it if absent. */
  readonly from?: number;
  readonly to?: number;
}

/** A part of a TLS handshake message (`message` of tls.ts), with the header that DTLS gives it. */
export function fragment(
  message: Uint8Array,
  { sequence, from = 0, to = message.length - 4 }: FragmentShape,
): Uint8Array {
  const head = concat(message.subarray(0, 4), uint(sequence, 2), uint(from, 3), uint(to - from, 3));
  return concat(head, message.subarray(4 + from, 4 + to));
}

/** A handshake record in clear with a whole message, or a part of one. */
export function handshake(message: Uint8Array, shape: FragmentShape): Uint8Array {
  return dtlsRecord(22, fragment(message, shape), { sequence: shape.sequence });
}

/** HelloVerifyRequest (RFC 6347 §4.2.1). */
export function helloVerifyRequest(cookie: Uint8Array): Uint8Array {
  const body = concat(uint(0xfeff, 2), uint(cookie.length, 1), cookie);
  return concat(uint(3, 1), uint(body.length, 3), body);
}

/** A TLS ClientHello with what DTLS adds to it: a cookie behind the session id. */
export function withCookie(hello: Uint8Array, cookie: Uint8Array = new Uint8Array(0)): Uint8Array {
  const at = 4 + 34 + 1 + hello[4 + 34]!;
  const body = concat(hello.subarray(4, at), uint(cookie.length, 1), cookie, hello.subarray(at));
  return concat(uint(1, 1), uint(body.length, 3), body);
}

/** The header of DTLS 1.3 with a two-byte sequence number and a length. */
export function unified(epoch: number, body: Uint8Array): Uint8Array {
  return concat(uint(0x2c | epoch, 1), uint(7, 2), uint(body.length, 2), body);
}
