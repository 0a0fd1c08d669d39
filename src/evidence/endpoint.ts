/** The ends of a decoded packet, as lines name them: `192.0.2.1:443`, `[2001:db8::1]:443`. */
import type { PacketView } from "../decode/packet-view.ts";
import { ipv6Name } from "../flow/address.ts";

export function sourceOf({ bytes, source, version, sourcePort }: PacketView): string {
  return endpointText(bytes, source, version, sourcePort);
}

export function targetOf({ bytes, target, version, targetPort }: PacketView): string {
  return endpointText(bytes, target, version, targetPort);
}

function endpointText(bytes: Uint8Array, at: number, version: number, port: number): string {
  if (version === 4) return `${bytes.subarray(at, at + 4).join(".")}:${port}`;
  const groups: number[] = [];
  for (let byte = at; byte < at + 16; byte += 2)
    groups.push((bytes[byte]! << 8) | bytes[byte + 1]!);
  return `[${ipv6Name(groups)}]:${port}`;
}
