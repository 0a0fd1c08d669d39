/**
 * ONC RPC version 2 (RFC 5531 §9), over UDP a message a datagram, over TCP in fragments behind a mark.
 *
 *     call   [mark (4)] | xid | 0 | 2 | program | version | procedure | credential | verifier | arguments
 *     reply  [mark (4)] | xid | 1 | accepted 0 | verifier | status | results           words of 4 bytes
 *
 * TLS is asked for by a call of no procedure with credential AUTH_TLS, and a reply whose verifier says
 * `STARTTLS` agrees (RFC 9289 §4.1).
 */
import type { Exposure, StartTls } from "./detector.ts";
import type { Fit } from "./fit.ts";
import { u32 } from "./number.ts";
import type { Said } from "./said.ts";

export interface Call {
  readonly fit: Fit;
  readonly program?: number;
  readonly exposes: readonly Exposure[];
  readonly asksTls: boolean;
}

/** The first call of a side. */
export function callOf({ bytes, length, text }: Said, stream: boolean): Call {
  const none = { exposes: [], asksTls: false };
  const at = stream ? 4 : 0;
  if (length < at + 16)
    return { fit: stream && length > 3 && !isMark(bytes) ? "no" : "maybe", ...none };
  if (stream && !isMark(bytes)) return { fit: "no", ...none };
  if (u32(bytes, at + 4) !== CALL || u32(bytes, at + 8) !== RPC_VERSION)
    return { fit: "no", ...none };
  if (length < at + 32) return { fit: "maybe", ...none };
  const program = u32(bytes, at + 12);
  const flavor = u32(bytes, at + 24);
  const count = u32(bytes, at + 28);
  const known =
    program >= PROGRAM_MIN && program <= PROGRAM_MAX && u32(bytes, at + 16) <= VERSION_MAX;
  const sized = count <= AUTH_BYTES_MAX && u32(bytes, at + 20) <= PROCEDURE_MAX;
  if (!known || !sized || !(flavor <= FLAVOR_MAX || isGss(flavor))) return { fit: "no", ...none };
  const name = text.slice(at + 40, at + 40 + u32(bytes, at + 36));
  const isSystem =
    flavor === AUTH_SYS && count >= 20 && at + 32 + count <= length && /^[ -~]*$/.test(name);
  const what = "nfs auth-sys credential";
  const exposes = isSystem
    ? [{ what, side: "client" as const, offset: at + 32, bytes: count }]
    : [];
  return { fit: "yes", program, exposes, asksTls: flavor === AUTH_TLS };
}

/** Whether a reply stands first; that says little, but for the answer about TLS. */
export function replyOf(said: Said, stream: boolean): { fit: Fit; startsTls: boolean } {
  const { bytes, length, text } = said;
  const at = stream ? 4 : 0;
  if (stream && length > 3 && !isMark(bytes)) return { fit: "no", startsTls: false };
  if (length < at + 20) return { fit: "maybe", startsTls: false };
  if (u32(bytes, at + 4) !== REPLY || u32(bytes, at + 8) > 1)
    return { fit: "no", startsTls: false };
  const sized = u32(bytes, at + 8) === 1 || u32(bytes, at + 16) <= AUTH_BYTES_MAX;
  return { fit: sized ? "maybe" : "no", startsTls: text.startsWith("STARTTLS", at + 20) };
}

export function startTlsOf(call: Call, reply: { startsTls: boolean }, heard: boolean): StartTls {
  if (!call.asksTls || !heard) return "none";
  return reply.startsTls ? "agreed" : "refused";
}

/** A last fragment, or one of several, of some size. */
function isMark(bytes: Uint8Array): boolean {
  const size = u32(bytes, 0) & 0x7fffffff;
  return size >= 24 && size <= FRAGMENT_BYTES_MAX;
}

/** RPCSEC_GSS is 6; before it was numbered, Kerberos flavors were large. */
function isGss(flavor: number): boolean {
  return flavor >= 390_000 && flavor <= 390_255;
}

const CALL = 0;
const REPLY = 1;
const RPC_VERSION = 2;
/** RFC 5531 §13: assigned numbers, those of sites, and transient ones. */
const PROGRAM_MIN = 100_000;
const PROGRAM_MAX = 0x5fffffff;
const VERSION_MAX = 16;
const PROCEDURE_MAX = 512;
const FLAVOR_MAX = 7;
const AUTH_SYS = 1;
const AUTH_TLS = 7;
/** RFC 5531 §8.2. */
const AUTH_BYTES_MAX = 400;
/** A write of a megabyte and its header; servers take no more. */
const FRAGMENT_BYTES_MAX = 2 ** 21;
