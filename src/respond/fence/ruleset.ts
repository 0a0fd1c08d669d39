/**
 * The fence's rules. They are there from the start, with nothing to drop; a refusal adds an element to
 * a set, and a cut adds one rule to each base chain, which sends everything to a chain that drops it.
 *
 *     table inet portcullis                      table netdev portcullis
 *       input ──────► cut ? cut-in                 ingress ──► cut ? cut-in
 *       forward ────► cut ? cut-through            egress ───► cut ? cut-out
 *       output ─────► cut ? cut-out
 *       then: refused4, refused6                   then, in egress: refused4, refused6
 *
 *   - A hook that is registered only when it is needed costs the kernel milliseconds (it patches its own
 *     code). So hooks stand from the start, and the cut is five small rules.
 *   - The inet hooks see no frame of AF_PACKET; netdev egress does, PACKET_QDISC_BYPASS too, and of
 *     every protocol. It does not see AF_XDP: only a link that is down does that (fence.ts).
 *   - All have the lowest priority there is. A drop is final, whatever other tables say.
 *   - Loopback stays: nothing leaves by it, and the workload shall still be there for whoever
 *     investigates.
 *   - A later fragment has no port and is not refused; without its first one it is of no use to the
 *     receiver. A cut drops them all.
 */

import type { Setting } from "../../kernel/links.ts";
import { u16be, u32le } from "../../kernel/netlink-message.ts";
import {
  accept,
  compare,
  counter,
  drop,
  type Expression,
  goTo,
  isIn,
  meta,
  payload,
  registerAt,
} from "../../kernel/nft-expression.ts";
import type { ChainSpec, HookPoint, NftTransaction } from "../../kernel/nft-transaction.ts";
import {
  channelIn,
  channelOut,
  ETHERTYPES,
  isFamily,
  isProtocol,
  NFPROTO,
  type OpenChannel,
  wireIn,
  wireOut,
} from "./channel.ts";
import { CUT, type Mark, TABLE, writeMark } from "./mark.ts";

export interface Ruleset {
  readonly mark: Mark;
  readonly isCut: boolean;
  /** `NFT_TABLE_F_*`. */
  readonly tableFlags: number;
  /** Interfaces to hook, all but loopback; absent where the kernel has no netdev egress hook. */
  readonly devices: readonly string[] | undefined;
  readonly channel: OpenChannel | undefined;
  readonly refused: readonly Uint8Array[];
  /** What a cut took, to be put back. */
  readonly taken: readonly Setting[];
  /** Tables that are there now, and that these rules take the place of. */
  readonly replaces: ReadonlySet<"inet" | "netdev">;
}

/** Writes all of the fence's rules, in place of those that are there. */
export function install(into: NftTransaction, rules: Ruleset): NftTransaction {
  const { devices, channel, refused, taken, replaces } = rules;
  const mark = writeMark(rules.mark);
  if (replaces.has("inet")) into.deleteTable(INET);
  into.addTable(INET, rules.tableFlags, mark);
  addRefusals(into, INET, refused);
  into.addSet({ ...INET, ...TAKEN_SET });
  keepTaken(into, taken, 0);
  addCutChain(into, { ...INET, chain: "cut-in" }, [fromLoopback, ...channelIn(channel)]);
  addCutChain(into, { ...INET, chain: "cut-through" }, []);
  addCutChain(into, { ...INET, chain: "cut-out" }, [toLoopback, ...channelOut(channel)]);
  for (const at of ["input", "forward", "output"] as const) {
    into.addChain({ ...INET, chain: at, hook: { at, priority: FIRST } });
    for (const rule of refusals(at)) into.addRule({ ...INET, chain: at, expressions: rule });
  }

  if (replaces.has("netdev")) into.deleteTable(NETDEV);
  if (devices !== undefined) {
    into.addTable(NETDEV, rules.tableFlags, mark);
    addRefusals(into, NETDEV, refused);
    addCutChain(into, { ...NETDEV, chain: "cut-in" }, wireIn(channel));
    addCutChain(into, { ...NETDEV, chain: "cut-out" }, wireOut(channel));
    for (const at of ["ingress", "egress"] as const) {
      into.addChain({ ...NETDEV, chain: at, hook: { at, priority: FIRST, devices } });
    }
    for (const rule of refusals("egress")) {
      into.addRule({ ...NETDEV, chain: "egress", expressions: rule });
    }
  }
  return rules.isCut ? cut(into, devices !== undefined) : into;
}

/** Room that `install` needs at most. */
export function installBytes({ refused, taken }: Ruleset): number {
  return 64 * 1024 + refused.length * 2 * 64 + taken.length * 320;
}

/** How many rules make a cut. */
export function cutRules(netdev: boolean): number {
  return netdev ? 5 : 3;
}

/** Keeps what a cut takes from links beside the rules, from the `from`th on. */
export function keepTaken(into: NftTransaction, taken: readonly Setting[], from: number): void {
  taken.forEach((setting, i) => {
    into.addElements({ ...INET, set: TAKEN }, [u32le(from + i)], packSetting(setting));
  });
}

/** Writes what makes the installed rules a cut. */
export function cut(into: NftTransaction, netdev: boolean): NftTransaction {
  const close = (table: typeof INET | typeof NETDEV, chain: string, to: string) =>
    into.addRule({ ...table, chain, expressions: [goTo(to)], comment: CUT, first: true });
  // Frames first: they are what a hostile workload would turn to.
  if (netdev) {
    close(NETDEV, "egress", "cut-out");
    close(NETDEV, "ingress", "cut-in");
  }
  close(INET, "output", "cut-out");
  close(INET, "forward", "cut-through");
  return close(INET, "input", "cut-in");
}

/** Adds one destination to those that are refused. */
export function refuse(into: NftTransaction, key: Uint8Array, netdev: boolean): NftTransaction {
  const set = setOf(key);
  into.addElements({ ...INET, set }, [key]);
  return netdev ? into.addElements({ ...NETDEV, set }, [key]) : into;
}

/** A destination as the sets have it: address, protocol and port, each padded to a register. */
export function refusedKey(
  address: Uint8Array,
  transport: "tcp" | "udp",
  port: number,
): Uint8Array {
  const key = new Uint8Array(address.length + 8);
  key.set(address);
  key[address.length] = PROTOCOLS[transport];
  key.set(u16be(port), address.length + 4);
  return key;
}

/** A setting as the kernel keeps it for us beside the rules; undefined when it is too long. */
export function packSetting({ type, body }: Setting): Uint8Array | undefined {
  return body.length > TAKEN_BYTES_MAX ? undefined : Uint8Array.of(...u16be(type), ...body);
}

export function unpackSetting(bytes: Uint8Array): Setting | undefined {
  if (bytes.length < 2) return undefined;
  return { type: (bytes[0]! << 8) | bytes[1]!, body: bytes.slice(2) };
}

function addRefusals(
  into: NftTransaction,
  table: typeof INET | typeof NETDEV,
  refused: readonly Uint8Array[],
): void {
  for (const { set, ...spec } of REFUSED_SETS) {
    into.addSet({ ...table, set, ...spec, elementsMax: REFUSED_MAX });
    const keys = refused.filter((key) => setOf(key) === set);
    for (let from = 0; from < keys.length; from += AT_ONCE_MAX) {
      into.addElements({ ...table, set }, keys.slice(from, from + AT_ONCE_MAX));
    }
  }
}

function addCutChain(
  into: NftTransaction,
  chain: ChainSpec,
  except: readonly (readonly Expression[])[],
): void {
  into.addChain(chain);
  for (const expressions of except) into.addRule({ ...chain, expressions });
  into.addRule({ ...chain, expressions: [counter, drop], comment: DROPPED });
}

/** What drops refused destinations at a hook: what goes there, and at input what comes from there. */
function refusals(at: HookPoint): Expression[][] {
  const there = at === "input" ? { ipv4: 12, ipv6: 8, port: 0 } : { ipv4: 16, ipv6: 24, port: 2 };
  const port = (words: number): Expression[] => [
    meta("transport", registerAt(words)),
    payload("transport", there.port, 2, registerAt(words + 1)),
  ];
  const isIpv4 = at === "egress" ? isProtocol(ETHERTYPES.ipv4) : isFamily(NFPROTO.ipv4);
  const isIpv6 = at === "egress" ? isProtocol(ETHERTYPES.ipv6) : isFamily(NFPROTO.ipv6);
  return [
    [...isIpv4, payload("network", there.ipv4, 4), ...port(1), isIn("refused4"), counter, drop],
    [...isIpv6, payload("network", there.ipv6, 16), ...port(4), isIn("refused6"), counter, drop],
  ];
}

function setOf(key: Uint8Array): "refused4" | "refused6" {
  return key.length === REFUSED_SETS[0].keyBytes ? "refused4" : "refused6";
}

const FIRST = -(2 ** 31);
/** The comment of the rules that drop what a cut drops; their counters tell how much. */
export const DROPPED = "dropped by the cut";
/** Destinations. The next one is refused by the kernel, and reported: then only a cut is left. */
export const REFUSED_MAX = 4096;
/** Of elements in one message: an attribute has at most 64 KiB. */
const AT_ONCE_MAX = 1000;
export const INET = { family: "inet", table: TABLE } as const;
export const NETDEV = { family: "netdev", table: TABLE } as const;
/** `ipv4_addr . inet_proto . inet_service` as nft(8) numbers types, so that it shows elements well. */
export const REFUSED_SETS = [
  { set: "refused4", keyType: (7 << 12) | (12 << 6) | 13, keyBytes: 12 },
  { set: "refused6", keyType: (8 << 12) | (12 << 6) | 13, keyBytes: 24 },
] as const;
export const TAKEN = "taken";
/** Settings of links, as user data of elements that count from 0 (`mark` is nft's name of a number). */
const TAKEN_SET = { set: TAKEN, keyType: 19, keyBytes: 4, elementsMax: 1024 } as const;
/** The kernel keeps 256 bytes beside an element. */
const TAKEN_BYTES_MAX = 250;
const PROTOCOLS = { tcp: 6, udp: 17 } as const;
const fromLoopback: readonly Expression[] = [meta("inInterface"), compare(u32le(1)), accept];
const toLoopback: readonly Expression[] = [meta("outInterface"), compare(u32le(1)), accept];
