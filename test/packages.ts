/**
 * The Debian packages that tests talk to: real peers and independent readers of the same bytes.
 */
import { existsSync } from "node:fs";

/** Those of the list whose program is not on this machine. */
export function missingPackages(): string[] {
  const paths = [...(process.env.PATH ?? "").split(":"), "/usr/sbin", "/sbin"];
  const there = (program: string) => paths.some((path) => existsSync(`${path}/${program}`));
  return PACKAGES.filter(([, program]) => !there(program)).map(([name]) => name);
}

const PACKAGES: readonly (readonly [name: string, program: string])[] = [
  ["openssl", "openssl"],
  ["gnutls-bin", "gnutls-cli"],
  ["tcpdump", "tcpdump"],
  ["tshark", "tshark"],
  ["libndpi-bin", "ndpiReader"],
  ["wireshark-common", "editcap"],
  ["nginx", "nginx"],
  ["curl", "curl"],
  ["golang-go", "go"],
  ["python3", "python3"],
  ["iproute2", "ip"],
  ["nftables", "nft"],
  ["util-linux", "nsenter"],
  ["procps", "pgrep"],
  ["zstd", "zstd"],
];
