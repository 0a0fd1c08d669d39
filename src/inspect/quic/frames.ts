/**
 * The frames of an Initial or Handshake packet (RFC 9000 §19). These hold few kinds (§12.4), so any
 * other is a fault; what it would say is not read, nor what follows it.
 */
import { Cursor } from "./varint.ts";
import type { QuicVersion } from "./version.ts";

export interface FrameListener {
  /** A piece of the TLS stream, [from, to) of `bytes`, which stands at `offset` in it. */
  crypto(offset: number, bytes: Uint8Array, from: number, to: number): void;
  /** CONNECTION_CLOSE of the transport, with its error code. */
  closed(error: number): void;
}

/** Tells what is in `payload`. Text says why it cannot be right; what came before it was told. */
export function readFrames(
  payload: Uint8Array,
  { crypto }: QuicVersion,
  listener: FrameListener,
): string | undefined {
  if (payload.length === 0) return "packet without frames";
  const cursor = new Cursor(payload, 0, payload.length);
  while (cursor.left > 0) {
    const type = cursor.varint();
    switch (type) {
      case PADDING:
      case PING:
        continue;
      case ACK:
      case ACK_ECN:
        if (!passAck(cursor, type === ACK_ECN)) return "ACK frame runs over the end";
        continue;
      case crypto: {
        const offset = cursor.varint();
        const length = cursor.varint();
        if (offset < 0 || length < 0 || length > cursor.left) {
          return "CRYPTO frame runs over the end";
        }
        listener.crypto(offset, payload, cursor.at, cursor.at + length);
        cursor.at += length;
        continue;
      }
      case CONNECTION_CLOSE: {
        const error = cursor.varint();
        const frameType = cursor.varint();
        const reasonBytes = cursor.varint();
        if (frameType < 0 || reasonBytes < 0 || reasonBytes > cursor.left) {
          return "CONNECTION_CLOSE frame runs over the end";
        }
        listener.closed(error);
        cursor.at += reasonBytes;
        continue;
      }
      default:
        // Google's own numbering goes on in ways that are not read.
        if (crypto !== CRYPTO) return undefined;
        return `frame of type ${type}, which this packet may not hold`;
    }
  }
  return undefined;
}

/** RFC 9000 §19.3: largest, delay, count, first range, and `count` times a gap and a range. */
function passAck(cursor: Cursor, ecn: boolean): boolean {
  cursor.varint();
  cursor.varint();
  const count = cursor.varint();
  let last = cursor.varint();
  // Every range takes two bytes: a count that cannot be ends soon.
  for (let range = 0; range < count && last >= 0; range++) {
    cursor.varint();
    last = cursor.varint();
  }
  for (let counter = 0; ecn && counter < 3; counter++) last = cursor.varint();
  return last >= 0;
}

const PADDING = 0;
const PING = 1;
const ACK = 2;
const ACK_ECN = 3;
const CRYPTO = 6;
const CONNECTION_CLOSE = 0x1c;
