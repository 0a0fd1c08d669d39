/**
 * Encryption below the transport layer, told by what a packet says and not by where it is sent.
 *
 * Where decode meets it, and how it would tell without allocating (it counts these as unread today):
 *
 *     EtherType 0x88e5      link.ts, in afterType     MACsec; a pair is two MAC addresses
 *     IP protocol 50, 51    ip.ts, in unreadProtocol  ESP, AH; a pair is the two outer IP addresses
 *     UDP                   reaches flow as it is     IKE, ESP in UDP, WireGuard, OpenVPN: a LinkFlow each
 *     TCP                   reaches flow as it is     OpenVPN over TCP, by openvpn() behind its lengths
 *
 * For the first two decode fills the view (addresses, `start`, `end`, `missing`) and answers a code of its
 * own beside TRANSPORT; the flow side then counts packets and bytes of each pair in a table of numbers,
 * with the time of its last packet, and these functions look at a pair's first packets only. What has
 * vanished (B02) is a pair whose last encrypted packet is older than the hold-down while addresses that
 * were inside it speak in clear. AH's inner header (`next`) leads on to a packet that can be read: decode
 * follows it in IPv6 already.
 */
import { ah, esp } from "./ipsec.ts";
import type { LinkEncryption, Packet } from "./link-encryption.ts";
import { macsec } from "./macsec.ts";

export { LinkFlow } from "./link-flow.ts";

/** @param packet what follows the IP header of `protocol` (IANA's number) */
export function aboveIp(protocol: number, packet: Packet): LinkEncryption | undefined {
  if (protocol === 50) return esp(packet);
  return protocol === 51 ? ah(packet) : undefined;
}

/** @param packet what follows `etherType` */
export function aboveEthernet(etherType: number, packet: Packet): LinkEncryption | undefined {
  return etherType === 0x88e5 ? macsec(packet) : undefined;
}
