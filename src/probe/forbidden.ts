/**
 * Addresses that are never probed (VISIBILITY, "Hygiene"): a probe starts from the workload's own place in the
 * network, so a workload that names an address must not be able to make it speak to what is only near us.
 */
import { BlockList, isIP } from "node:net";

/** @param never addresses and CIDRs besides: a policy's `probe.never`, the node's and the API server's */
export class Forbidden {
  readonly #list = new BlockList();

  constructor(never: readonly string[] = []) {
    for (const cidr of [...ALWAYS, ...never]) {
      const [address = "", bits] = cidr.split("/");
      const family = isIP(address) === 6 ? "ipv6" : "ipv4";
      const all = family === "ipv6" ? 128 : 32;
      this.#list.addSubnet(address, bits === undefined ? all : Number(bits), family);
    }
  }

  /** Whether it must not be asked; also for what is no address. IPv4 inside of IPv6 counts as what it is. */
  has(ip: string): boolean {
    const family = isIP(ip);
    if (family === 0) return true;
    return this.#list.check(ip, family === 6 ? "ipv6" : "ipv4");
  }
}

/** This host, the link, everybody: and where clouds tell a machine its secrets. */
const ALWAYS = [
  "0.0.0.0/8",
  "127.0.0.0/8",
  "169.254.0.0/16",
  "224.0.0.0/4",
  "240.0.0.0/4",
  // Metadata that is not on the link: Alibaba's, Oracle's, and Amazon's over IPv6.
  "100.100.100.200",
  "192.0.0.192",
  "fd00:ec2::/32",
  "::/127",
  "fe80::/10",
  "ff00::/8",
];
