/**
 * One packet, as numbers: the only thing that passes from decode to flow. There is one view for
 * the whole program, overwritten by each packet, because an object a packet costs half the speed.
 * Offsets point into `bytes`, which is lent as well.
 */
export class PacketView {
  bytes: Uint8Array = new Uint8Array(0);
  /** Integer microseconds since 1970. NaN first, so that the field never holds a small integer. */
  atUs = Number.NaN;

  /** Bytes of the frame that were not captured (snap length). Set by whoever fills the view. */
  cut = 0;
  /** 4 or 6; 0 for what stands above Ethernet itself. */
  version = 0;
  /** IANA protocol number of what follows the IP header and its extensions. */
  protocol = 0;
  /** Offsets of the addresses: 4 or 16 bytes each, 6 of hardware. */
  source = 0;
  target = 0;
  /** Where the transport header starts, and where the captured part of the IP payload ends. */
  start = 0;
  end = 0;
  /** Bytes that the IP payload had behind `end` and that the capture does not hold. */
  missing = 0;

  /** Set for fragments only: IP identification, byte offset in the datagram, and whether more follow. */
  fragmentId = 0;
  fragmentOffset = 0;
  moreFragments = false;

  sourcePort = 0;
  targetPort = 0;
  /** TCP: as signed 32-bit integers, which V8 keeps unboxed. Only differences matter. */
  seq = 0;
  ack = 0;
  flags = 0;
  /** Where the transport payload starts; it ends at `end`. */
  payload = 0;
}

/** What a decoder made of a packet. */
export const TRANSPORT = 0;
export const FRAGMENT = 1;
/** Sound, and nothing that we read: ARP, ICMP, another link. The census has counted it. */
export const OTHER = 2;
/** Cannot be right, or cut before its headers end. The census has counted it, with the reason. */
export const BROKEN = 3;

/** Encrypted below the transport layer: ESP, AH, MACsec (`version` 0, hardware addresses, EtherType). */
export const LINK = 4;

export const TCP_FIN = 0x01;
export const TCP_SYN = 0x02;
export const TCP_RST = 0x04;
export const TCP_ACK = 0x10;
