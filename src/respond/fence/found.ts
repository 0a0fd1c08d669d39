/**
 * What of the fence stands in the kernel: at a start what an earlier run left, later what somebody
 * made of it.
 */
import type { Setting } from "../../kernel/links.ts";
import type { NetlinkSocket } from "../../kernel/netlink.ts";
import {
  type Listing,
  nftChains,
  nftElements,
  nftRules,
  nftTables,
} from "../../kernel/nft-listing.ts";
import { NFT_FAMILIES } from "../../kernel/nft-transaction.ts";
import { CUT, type Mark, readMark, TABLE, VERSION } from "./mark.ts";
import { INET, NETDEV, REFUSED_SETS, TAKEN, unpackSetting } from "./ruleset.ts";

export interface Found {
  readonly tables: ReadonlySet<"inet" | "netdev">;
  /** Of the run that left them; undefined where no version of ours has written one. */
  readonly mark: Mark | undefined;
  /** `ours` can be read whole; of `older` and `unknown` tables only whether they cut. */
  readonly is: "none" | "ours" | "older" | "unknown";
  readonly isCut: boolean;
  /** Rules that are there only for a cut. */
  readonly cutRules: number;
  /** Keys of refused destinations. Empty where they cannot be read. */
  readonly refused: readonly Uint8Array[];
  /** What a cut took from links. */
  readonly taken: readonly Setting[];
}

/** Reads what stands. Why it cannot be read comes back as text. */
export function findTables(socket: NetlinkSocket): Found | string {
  const all = nftTables(socket);
  if ("failed" in all) return all.failed;
  const ours = all.listed.filter(({ table }) => table === TABLE);
  const family = (name: "inet" | "netdev") => ours.some((one) => one.family === NFT_FAMILIES[name]);
  const tables = new Set((["inet", "netdev"] as const).filter(family));
  if (tables.size === 0) return { tables, mark: undefined, is: "none", ...NOTHING };

  const mark = ours.map((one) => readMark(one.mark)).find((one) => one !== undefined);
  const version = mark?.version;
  const is = version === VERSION ? "ours" : version === VERSION - 1 ? "older" : "unknown";
  const rules = [INET, NETDEV].map((table) => listed(nftRules(socket, table)));
  const cutRules = rules.flat().filter(({ comment }) => comment === CUT).length;
  const isCut = cutRules > 0;
  if (is !== "ours") return { tables, mark, is, ...NOTHING, isCut, cutRules };
  const refused = REFUSED_SETS.flatMap(({ set, keyBytes }) =>
    listed(nftElements(socket, { ...INET, set }))
      .map(({ key }) => key.slice())
      .filter((key) => key.length === keyBytes),
  );
  const taken = listed(nftElements(socket, { ...INET, set: TAKEN }))
    .toSorted((a, b) => Buffer.compare(a.key.toReversed(), b.key.toReversed()))
    .flatMap(({ userData }) => unpackSetting(userData ?? new Uint8Array(0)) ?? []);
  return { tables, mark, is, isCut, cutRules, refused, taken };
}

/**
 * A text that is the same exactly as long as nobody changed our chains and rules: handles are never
 * used twice, so a rule that was replaced by its like shows too. Counters are not in it.
 */
export function fingerprint(socket: NetlinkSocket, netdev: boolean): string {
  return (netdev ? [INET, NETDEV] : [INET])
    .map((table) => {
      const chains = nftChains(socket, table);
      const rules = nftRules(socket, table);
      if ("failed" in chains || "failed" in rules) return `${table.family}: none`;
      const hooks = chains.listed.map(({ chain, handle, hook }) =>
        [chain, handle, hook?.number, hook?.priority].join(" "),
      );
      const all = rules.listed.map(({ chain, handle, comment }) =>
        [chain, handle, comment].join(" "),
      );
      return [table.family, ...hooks, ...all].join("\n");
    })
    .join("\n");
}

function listed<T>(listing: Listing<T>): readonly T[] {
  return "failed" in listing ? [] : listing.listed;
}

const NOTHING = { isCut: false, cutRules: 0, refused: [], taken: [] } as const;
