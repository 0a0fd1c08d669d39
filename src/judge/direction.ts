/**
 * Which way a connection goes, seen from the hosts that are ours (`--local`).
 */

import type { Direction } from "./case.ts";
import { coversAddress, parseTarget } from "./destination.ts";
import type { Target } from "./policy/policy.ts";

export class LocalNetworks {
  readonly #networks: readonly Target[];
  readonly #known = new Map<string, boolean>();

  /** @param networks addresses and CIDRs; throws `Error` naming the one that is neither */
  constructor(networks: readonly string[]) {
    this.#networks = networks.map((text) => {
      const target = parseTarget(text);
      if (typeof target !== "string" && target.kind === "cidr") return target;
      const why = typeof target === "string" ? target : "it is a name";
      throw new Error(`${JSON.stringify(text)} is not an address or a CIDR: ${why}`);
    });
  }

  /** `unknown` where nothing is declared, or neither end is ours. */
  direction(clientIp: string, serverIp: string): Direction {
    if (this.#networks.length === 0) return "unknown";
    const client = this.#isLocal(clientIp);
    const server = this.#isLocal(serverIp);
    if (client) return server ? "internal" : "egress";
    return server ? "ingress" : "unknown";
  }

  #isLocal(ip: string): boolean {
    const known = this.#known.get(ip);
    if (known !== undefined) return known;
    const local = this.#networks.some((network) => coversAddress(network, ip));
    if (this.#known.size >= KNOWN_MAX) this.#known.clear();
    this.#known.set(ip, local);
    return local;
  }
}

const KNOWN_MAX = 65_536;
