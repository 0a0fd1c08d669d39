/**
 * Whether a DNS packet names a server or its address: by its bytes, without reading the message. A false
 * yes puts one packet too many beside the evidence.
 */
import { isIPv4 } from "node:net";

/** @param server `ip:port`, IPv6 in brackets */
export function mentions(
  bytes: Uint8Array,
  { server, serverName }: { readonly server: string; readonly serverName: string },
): boolean {
  const packet = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const address = addressBytes(server.slice(0, server.lastIndexOf(":")).replace(/^\[|\]$/g, ""));
  if (address.length > 0 && packet.includes(address)) return true;
  const name = nameBytes(serverName);
  return name.length > 0 && packet.toString("latin1").toLowerCase().includes(name);
}

/** As DNS has it: each label behind its length. Empty for what is no name of a host. */
function nameBytes(name: string): string {
  const labels = name.toLowerCase().replace(/\.$/, "").split(".");
  if (labels.some((label) => label.length === 0 || label.length > LABEL_BYTES_MAX)) return "";
  return labels.map((label) => String.fromCharCode(label.length) + label).join("");
}

function addressBytes(ip: string): Buffer {
  if (isIPv4(ip)) return Buffer.from(ip.split(".").map(Number));
  const [head = "", tail] = ip.split("::");
  const before = groupsOf(head);
  const after = groupsOf(tail ?? "");
  const zeros = tail === undefined ? 0 : 8 - before.length - after.length;
  const groups = [...before, ...Array<number>(Math.max(zeros, 0)).fill(0), ...after];
  if (groups.length !== 8) return Buffer.alloc(0);
  return Buffer.from(groups.flatMap((group) => [group >> 8, group & 255]));
}

function groupsOf(text: string): number[] {
  return text === "" ? [] : text.split(":").map((group) => Number.parseInt(group, 16) & 0xffff);
}

/** RFC 1035 §2.3.4. */
const LABEL_BYTES_MAX = 63;
