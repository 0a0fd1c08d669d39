/**
 * The nftables rules that copy the first 64 KiB of each connection to an nflog group:
 *
 *     table inet portcullis-tap
 *       chain output, chain input        hook, priority -150: behind conntrack, ahead of filters and NAT
 *         iif lo                         accepted unseen on input: its output was seen
 *         ct original bytes > 0, < 65536, ct reply bytes < 65536      logged
 *         ct state invalid, untracked    logged, so many a second: nobody counts their bytes
 *
 * In the kernel that costs next to nothing, and bulk never comes here. Two facts shape it. Counting is
 * switched on when the rules are loaded; when somebody switches it off later, new connections count
 * nothing and would all be logged for ever, which the `> 0` forbids, so that they would be seen not at
 * all: `accounting` must be looked at again and again. And a table with an owner is removed by the kernel
 * when its owner is gone, so that no rule outlives whoever reads.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { NETLINK_NETFILTER, NetlinkSocket } from "../../kernel/netlink.ts";
import { u32le } from "../../kernel/netlink-message.ts";
import {
  accept,
  compare,
  compareNumber,
  connectionBytes,
  counter,
  type Expression,
  limitTo,
  log,
  meta,
  unfollowed,
} from "../../kernel/nft-expression.ts";
import { nftRules, nftTables } from "../../kernel/nft-listing.ts";
import { NFT_TABLE_F_OWNER, NftTransaction, type TableSpec } from "../../kernel/nft-transaction.ts";

export class NflogRules {
  readonly #socket: NetlinkSocket;
  readonly #group: number;
  readonly #table: TableSpec;

  private constructor(socket: NetlinkSocket, group: number, table: TableSpec) {
    this.#socket = socket;
    this.#group = group;
    this.#table = table;
  }

  /**
   * Loads the rules. What an earlier watcher left is replaced by the same transaction.
   *
   * @returns the rules, or why the kernel refuses them
   */
  static load(group: number): NflogRules | string {
    const socket = NetlinkSocket.open(NETLINK_NETFILTER);
    const rules = new NflogRules(socket, group, { family: "inet", table: TABLE });
    const refused = rules.#load();
    if (refused === undefined) return rules;
    socket.close();
    return refused;
  }

  /** What is wrong with the rules or the counting, after it was mended where that was possible. */
  check(): string | undefined {
    const listing = nftRules(this.#socket, this.#table);
    if ("failed" in listing) return undefined;
    if (listing.listed.length < RULES) {
      const refused = this.#load();
      const mended = refused === undefined ? "loaded again" : `not loaded again: ${refused}`;
      return `the rules that log packets were gone, and are ${mended}`;
    }
    if (accounting() !== false) return undefined;
    const mended = switchAccountingOn() ? "switched on again" : "still off";
    return `conntrack's counting of bytes was off (${ACCOUNTING}), and is ${mended}`;
  }

  unload(): void {
    new NftTransaction(this.#socket, DELETE_BYTES).deleteTable(this.#table).commit();
    this.#socket.close();
  }

  #load(): string | undefined {
    const tables = nftTables(this.#socket);
    if ("failed" in tables) return `nf_tables cannot be listed: ${tables.failed}`;
    const change = new NftTransaction(this.#socket, LOAD_BYTES);
    const isThere = tables.listed.some(({ table }) => table === this.#table.table);
    if (isThere) change.deleteTable(this.#table);
    change.addTable(this.#table, NFT_TABLE_F_OWNER, "portcullis: copies the first 64 KiB");
    for (const at of ["output", "input"] as const) {
      const chain = { ...this.#table, chain: at };
      change.addChain({ ...chain, hook: { at, priority: PRIORITY } });
      if (at === "input") {
        const loopback = [meta("inInterface"), compare(u32le(LOOPBACK)), accept];
        change.addRule({ ...chain, expressions: loopback, comment: "seen on its way out" });
      }
      change.addRule({ ...chain, expressions: firstBytes(this.#group), comment: "first 64 KiB" });
      change.addRule({ ...chain, expressions: uncounted(this.#group), comment: "not followed" });
    }
    const answer = change.commit();
    if (answer.error === 0) return undefined;
    return `the kernel refuses rules with \`log group\` and \`ct bytes\`: ${answer.says}`;
  }
}

/** Whether conntrack counts bytes; undefined where nobody can tell. */
export function accounting(): boolean | undefined {
  try {
    return readFileSync(ACCOUNTING, "latin1").trim() === "1";
  } catch {
    return undefined;
  }
}

function switchAccountingOn(): boolean {
  try {
    writeFileSync(ACCOUNTING, "1");
  } catch {
    return false;
  }
  return accounting() === true;
}

function firstBytes(group: number): Expression[] {
  return [
    connectionBytes("original"),
    compareNumber("above", u64be(0)),
    compareNumber("below", u64be(FIRST_BYTES)),
    connectionBytes("reply"),
    compareNumber("below", u64be(FIRST_BYTES)),
    counter,
    log(group),
  ];
}

function uncounted(group: number): Expression[] {
  return [unfollowed, limitTo(UNCOUNTED_PER_SECOND), counter, log(group)];
}

function u64be(value: number): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setUint32(4, value);
  return bytes;
}

const TABLE = "portcullis-tap";
const ACCOUNTING = "/proc/sys/net/netfilter/nf_conntrack_acct";
/** Handshakes with long chains and post-quantum keys take a third of it. */
export const FIRST_BYTES = 65_536;
/** Behind conntrack (-200), ahead of destination NAT (-100): addresses are those that were meant. */
const PRIORITY = -150;
/** In every network namespace. */
const LOOPBACK = 1;
const RULES = 5;
/** Enough for neighbour discovery and for what is odd; a flood of it is not ours to carry. */
const UNCOUNTED_PER_SECOND = 2000;
const LOAD_BYTES = 8192;
const DELETE_BYTES = 512;
