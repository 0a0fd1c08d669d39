/**
 * Packets as nflog sends them (<linux/netfilter/nfnetlink_log.h>), read from what one recv gave:
 *
 *     netlink header 16 | family 1, version 1, group 2 | attributes: length 2, type 2, value, padding
 *
 * Thousands come a second, so nothing is allocated: one reused record is filled, and the payload stays
 * where it is. The kernel is trusted and its bytes are still read with their limits: a length that
 * cannot be right ends the reading of that buffer.
 */
export class NflogPacket {
  /** The IP packet is at [from, to) of the buffer; both 0 where there is none. */
  from = 0;
  to = 0;
  /** Counts every packet of the group, also those that the socket had no room for; -1: not given. */
  sequence = -1;
  /** Wall time in microseconds; 0 where the kernel gives none, as for what leaves. */
  wallUs = 0;
}

export class NflogReader {
  readonly packet = new NflogPacket();
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;
  #end = 0;

  /** @param bytes what recv writes into */
  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** `length` bytes have been received. */
  begin(length: number): void {
    this.#at = 0;
    this.#end = Math.min(length, this.#bytes.length);
  }

  /** Whether there was another packet: `packet` holds it. */
  next(): boolean {
    while (this.#at + HEADER_BYTES <= this.#end) {
      const start = this.#at;
      const length = this.#view.getUint32(start, true);
      if (length < HEADER_BYTES || length > this.#end - start) return false;
      this.#at = start + ((length + 3) & ~3);
      if (this.#view.getUint16(start + 4, true) !== PACKET_TYPE) continue;
      this.#read(start + HEADER_BYTES + FAMILY_BYTES, start + length);
      return true;
    }
    return false;
  }

  #read(from: number, end: number): void {
    const { packet } = this;
    packet.from = 0;
    packet.to = 0;
    packet.sequence = -1;
    packet.wallUs = 0;
    for (let at = from; at + 4 <= end; ) {
      const length = this.#view.getUint16(at, true);
      if (length < 4 || length > end - at) return;
      const type = this.#view.getUint16(at + 2, true) & TYPE_MASK;
      if (type === PAYLOAD) {
        packet.from = at + 4;
        packet.to = at + length;
      } else if (type === SEQUENCE && length === 8) {
        packet.sequence = this.#view.getUint32(at + 4);
      } else if (type === TIMESTAMP && length === 20) {
        const high = this.#view.getUint32(at + 4);
        const seconds = high * 2 ** 32 + this.#view.getUint32(at + 8);
        packet.wallUs = seconds * 1e6 + this.#view.getUint32(at + 16);
      }
      at += (length + 3) & ~3;
    }
  }
}

const HEADER_BYTES = 16;
const FAMILY_BYTES = 4;
/** NFNL_SUBSYS_ULOG, NFULNL_MSG_PACKET. */
export const PACKET_TYPE = 4 << 8;
const TYPE_MASK = 0x3fff;
/** NFULA_TIMESTAMP, NFULA_PAYLOAD, NFULA_SEQ. */
const TIMESTAMP = 3;
const PAYLOAD = 9;
const SEQUENCE = 12;
