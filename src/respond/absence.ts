/**
 * The gate closed while we are absent: what `respond.onFailure: closed` stands on.
 *
 *     packet ──► is our sign of life in the set? ──yes──► other tables decide (the fence, if it is down)
 *                              │ no
 *                              └──► loopback passes, all else is dropped and counted
 *
 * A process that was killed, stopped or hangs cannot set a rule, so the rule stands all the time and what
 * opens it runs out: an element of a set, which we put there every few seconds and which the kernel
 * removes by itself. It starts empty: a gate that crashes whenever it starts never opens.
 *
 * The table is ours alone and owned by our socket, so that nobody else changes it while we live; it stays
 * when we are gone, and the next of us takes it over. It has nothing to do with the fence's table: an
 * accept in one is no accept in the other.
 */
import { KernelRefused } from "../kernel/libc.ts";
import { listLinks } from "../kernel/links.ts";
import { type Answer, NETLINK_NETFILTER, NETLINK_ROUTE, NetlinkSocket } from "../kernel/netlink.ts";
import { u32le } from "../kernel/netlink-message.ts";
import { accept, compare, counter, drop, isIn, meta } from "../kernel/nft-expression.ts";
import {
  NFT_TABLE_F_OWNER,
  NFT_TABLE_F_PERSIST,
  NftTransaction,
  type TableSpec,
} from "../kernel/nft-transaction.ts";

export class Absence {
  readonly #filter: NetlinkSocket;
  readonly #route: NetlinkSocket;
  readonly #aliveMs: number;
  #devices = "";

  private constructor(filter: NetlinkSocket, route: NetlinkSocket, aliveMs: number) {
    this.#filter = filter;
    this.#route = route;
    this.#aliveMs = aliveMs;
  }

  /**
   * Closes the gate of this network namespace until `alive` is called, in one transaction. Throws
   * `KernelRefused`.
   *
   * @param aliveMs for how long one sign of life counts
   */
  static close(aliveMs = ALIVE_MS): Absence {
    const absence = new Absence(
      NetlinkSocket.open(NETLINK_NETFILTER),
      NetlinkSocket.open(NETLINK_ROUTE),
      aliveMs,
    );
    const built = absence.#build(absence.#devicesNow());
    if (built.error !== 0) {
      absence.disown();
      throw new KernelRefused("closing the gate for our absence", built.error, "CAP_NET_ADMIN");
    }
    return absence;
  }

  /** Removes what an earlier one of us left. Whether there was something. */
  static remove(): boolean {
    const socket = NetlinkSocket.open(NETLINK_NETFILTER);
    let found = false;
    for (const table of [INET, NETDEV]) {
      const answer = new NftTransaction(socket, 1024).deleteTable(table).commit();
      found ||= answer.error === 0;
    }
    socket.close();
    return found;
  }

  /** A sign of life. Answers why it could not be given, and then has closed the gate anew if it could. */
  alive(): string | undefined {
    const devices = this.#devicesNow();
    // An interface that came since has no rule yet; one that went took its rule with it.
    if (devices.join() !== this.#devices) this.#build(devices);
    const transaction = new NftTransaction(this.#filter, 2048);
    for (const table of devices.length > 0 ? [INET, NETDEV] : [INET]) {
      const set = { ...table, set: SET };
      transaction.flushSet(set).addElements(set, table === INET ? IP_FAMILIES : NETDEV_FAMILY);
    }
    const answer = transaction.commit();
    if (answer.error === 0) return undefined;
    this.#build(devices);
    return answer.says ?? "unknown";
  }

  /** Lets go of the table, which stays as it is. */
  disown(): void {
    this.#filter.close();
    this.#route.close();
  }

  #build(devices: readonly string[]): Answer {
    let answer = this.#built(devices, NFT_TABLE_F_OWNER | NFT_TABLE_F_PERSIST);
    // Before Linux 6.9 a table that is owned goes with its owner.
    if (answer.error === -EOPNOTSUPP || answer.error === -EINVAL) answer = this.#built(devices, 0);
    if (answer.error === 0) this.#devices = devices.join();
    return answer;
  }

  #built(devices: readonly string[], flags: number): Answer {
    const transaction = new NftTransaction(this.#filter, 16_384);
    // Adding what is there changes nothing, and then it can be removed: there or not, it is made anew.
    transaction.addTable(INET, flags, MARK).deleteTable(INET).addTable(INET, flags, MARK);
    transaction.addSet({ ...INET, ...ALIVE_SET, elementMs: this.#aliveMs });
    for (const at of ["output", "forward"] as const) {
      const chain = { ...INET, chain: at };
      transaction.addChain({ ...chain, hook: { at, priority: PRIORITY } });
      transaction.addRule({ ...chain, expressions: [meta("family"), isIn(SET), accept] });
      const toUs = [meta("outInterface"), compare(u32le(LOOPBACK_INDEX)), accept];
      transaction.addRule({ ...chain, expressions: toUs });
      transaction.addRule({ ...chain, expressions: [counter, drop], comment: COMMENT });
    }
    transaction.addTable(NETDEV, flags, MARK).deleteTable(NETDEV);
    if (devices.length > 0) {
      transaction.addTable(NETDEV, flags, MARK);
      transaction.addSet({ ...NETDEV, ...ALIVE_SET, elementMs: this.#aliveMs });
      const chain = { ...NETDEV, chain: "egress" };
      transaction.addChain({ ...chain, hook: { at: "egress", priority: PRIORITY, devices } });
      transaction.addRule({ ...chain, expressions: [meta("family"), isIn(SET), accept] });
      transaction.addRule({ ...chain, expressions: [counter, drop], comment: COMMENT });
    }
    return transaction.commit();
  }

  /** All but loopback, at most `DEVICES_MAX`. */
  #devicesNow(): string[] {
    const { listed } = listLinks(this.#route);
    return listed
      .filter(({ index }) => index !== LOOPBACK_INDEX)
      .map(({ name }) => name)
      .slice(0, DEVICES_MAX);
  }
}

const INET: TableSpec = { family: "inet", table: "portcullis-absence" };
const NETDEV: TableSpec = { family: "netdev", table: "portcullis-absence" };
const MARK = "portcullis: closed while the gate is absent";
const COMMENT = "the gate is absent";
const SET = "alive";
/** As nft(8) numbers its types, for `nft list`. */
const TYPE_NFPROTO = 2;
/** Keyed by the family of the hook, since that is always the same: ipv4 and ipv6, or netdev. */
const ALIVE_SET = { set: SET, keyType: TYPE_NFPROTO, keyBytes: 1, elementsMax: 4 } as const;
const IP_FAMILIES = [Uint8Array.of(2), Uint8Array.of(10)];
const NETDEV_FAMILY = [Uint8Array.of(5)];
/** In front of everything but the fence, whose counters should see what is dropped because of a cut. */
const PRIORITY = -(2 ** 31) + 1;
/** Of every network namespace: its first interface. */
const LOOPBACK_INDEX = 1;
/** A container has one or two. */
const DEVICES_MAX = 64;
/** Three signs of life may be late (watch/appliance.ts gives one every five seconds). */
const ALIVE_MS = 15_000;
const EINVAL = 22;
const EOPNOTSUPP = 95;
