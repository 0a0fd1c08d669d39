/**
 * Whose address it is: `--workloads F`, a line an address or a CIDR with the workload's name behind it.
 *
 *     # staging
 *     10.20.0.0/24        payments/batch
 *     10.20.0.17          payments/api
 *
 * The longest prefix wins, wherever it stands.
 */
import { coversAddress, parseTarget } from "./destination.ts";
import type { Target } from "./policy/policy.ts";

export interface WorkloadEntry {
  readonly network: Extract<Target, { kind: "cidr" }>;
  readonly name: string;
}

/** Reads such a file's text. Throws `Error` naming the line that is wrong, and what was expected. */
export function parseWorkloads(text: string): readonly WorkloadEntry[] {
  const entries = text.split(/\r?\n/).flatMap((line, i): WorkloadEntry[] => {
    const said = line.replace(/(?:^|\s)#.*$/, "").trim();
    if (said === "") return [];
    const [address = "", ...rest] = said.split(/[\s,]+/);
    const network = parseTarget(address);
    const name = rest.join(" ");
    if (typeof network === "string" || network.kind !== "cidr") {
      throw new Error(`line ${i + 1}: ${JSON.stringify(address)}, expected an address or a CIDR`);
    }
    if (name === "" || name.length > NAME_MAX) {
      throw new Error(`line ${i + 1}: expected the workload's name behind ${address}`);
    }
    return [{ network, name }];
  });
  if (entries.length > ENTRIES_MAX) {
    throw new Error(`${entries.length} lines, expected at most ${ENTRIES_MAX}`);
  }
  return entries;
}

export class Workloads {
  /** The longest prefix first. */
  readonly #entries: readonly WorkloadEntry[];
  readonly #known = new Map<string, string | undefined>();

  constructor(entries: readonly WorkloadEntry[]) {
    this.#entries = entries.toSorted((a, b) => b.network.bits - a.network.bits);
  }

  /** `undefined` for an address that is nobody's. */
  of(ip: string): string | undefined {
    if (this.#entries.length === 0) return undefined;
    if (this.#known.has(ip)) return this.#known.get(ip);
    const name = this.#entries.find(({ network }) => coversAddress(network, ip))?.name;
    if (this.#known.size >= KNOWN_MAX) this.#known.clear();
    this.#known.set(ip, name);
    return name;
  }
}

/** A cluster's pods; each address is looked up once. */
const ENTRIES_MAX = 65_536;
const NAME_MAX = 253;
const KNOWN_MAX = 65_536;
