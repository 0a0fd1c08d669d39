/**
 * The fence as it stands in the kernel, and the sockets by which it is changed.
 *
 * There is one way to write all of it, `install`: one transaction that puts this version's rules, in
 * the state that is wanted, in the place of whatever stands. A start, a release, a new interface and a
 * repair are all that. Only a cut and a refusal are smaller: the cut was written before it is needed.
 */
import { KernelRefused } from "../../kernel/libc.ts";
import { type Link, listLinks, type Setting } from "../../kernel/links.ts";
import {
  type Answer,
  NETLINK_NETFILTER,
  NETLINK_ROUTE,
  NETLINK_SOCK_DIAG,
  NetlinkSocket,
} from "../../kernel/netlink.ts";
import {
  NFT_TABLE_F_OWNER,
  NFT_TABLE_F_PERSIST,
  NftTransaction,
} from "../../kernel/nft-transaction.ts";
import type { OpenChannel } from "./channel.ts";
import { type Found, findTables } from "./found.ts";
import { VERSION } from "./mark.ts";
import {
  cut,
  INET,
  install,
  installBytes,
  keepTaken,
  NETDEV,
  packSetting,
  type Ruleset,
  refuse,
} from "./ruleset.ts";

/** What stands, apart from how. */
export interface State {
  readonly policySha256: string;
  readonly isCut: boolean;
  /** Keys of `refusedKey`, by their hex. */
  readonly refused: ReadonlyMap<string, Uint8Array>;
  /** What a cut took from links. */
  readonly taken: readonly Setting[];
}

/** Who makes it stand. */
export interface Origin {
  readonly instance: string;
  readonly policySha256: string;
  readonly owned?: boolean;
}

export class Standing {
  readonly nft = NetlinkSocket.open(NETLINK_NETFILTER, { sendBytes: SEND_BYTES_MAX });
  readonly route = NetlinkSocket.open(NETLINK_ROUTE);
  readonly diag = NetlinkSocket.open(NETLINK_SOCK_DIAG);
  /** What stood before us. */
  readonly found: Found;
  /** What cannot be had here, a sentence each. */
  readonly remarks: string[] = [];
  readonly #instance: string;
  #state: State;
  #channel: OpenChannel | undefined;
  #tableFlags: number = NFT_TABLE_F_OWNER | NFT_TABLE_F_PERSIST;
  #devices: readonly string[] | undefined;
  #tables: ReadonlySet<"inet" | "netdev">;
  #prepared: NftTransaction | undefined;

  /** Throws `KernelRefused`. */
  constructor({ instance, policySha256, owned = true }: Origin, channel: OpenChannel | undefined) {
    this.#instance = instance;
    if (!owned) this.#tableFlags = 0;
    const found = findTables(this.nft);
    if (typeof found === "string")
      throw new KernelRefused(`listing rules (${found})`, -EPERM, NEEDS);
    this.found = found;
    this.#tables = found.tables;
    const refused = new Map(found.refused.map((key) => [Buffer.from(key).toString("hex"), key]));
    this.#state = { policySha256, isCut: found.isCut, refused, taken: found.taken };
    this.#channel = channel;
    this.#devices = this.links().map(({ name }) => name);
    this.#installWhatCanBe();
  }

  get state(): State {
    return this.#state;
  }

  get channel(): OpenChannel | undefined {
    return this.#channel;
  }

  /** Whether frames meet our hooks too, and not only packets of sockets. */
  get netdev(): boolean {
    return this.#devices !== undefined;
  }

  /** Every interface that leads out, hooked or not. */
  links(): readonly Link[] {
    return listLinks(this.route).listed.filter(({ loopback }) => !loopback);
  }

  /** Those that have no hook of ours yet. */
  unhooked(): readonly Link[] {
    return this.links().filter(({ name }) => this.#devices && !this.#devices.includes(name));
  }

  /** Changes what stands. Why that could not be done, or undefined: then it is done. */
  install(change: Partial<State>): string | undefined {
    const tables = findTables(this.nft);
    if (typeof tables === "string") return tables;
    this.#tables = tables.tables;
    if (this.#devices !== undefined) this.#devices = this.links().map(({ name }) => name);
    const wanted = { ...this.#state, ...change };
    const { error, says } = this.#write(wanted);
    if (error !== 0) return says ?? "unknown";
    this.#state = wanted;
    return undefined;
  }

  /** Closes the fence. As `install`. */
  cut(): string | undefined {
    if (this.#prepared?.commit().error !== 0) {
      // Only a hand that took our tables away makes that fail: they are made anew, shut.
      return this.install({ isCut: true });
    }
    this.#state = { ...this.#state, isCut: true };
    return undefined;
  }

  /** Adds a destination to those that are refused. 0, or minus the errno: ENFILE when it is full. */
  refuse(key: Uint8Array): Answer {
    const answer = refuse(new NftTransaction(this.nft, 1024), key, this.netdev).commit();
    if (answer.error === 0) {
      const refused = new Map(this.#state.refused).set(Buffer.from(key).toString("hex"), key);
      this.#state = { ...this.#state, refused };
    }
    return answer;
  }

  /** Keeps what is about to be taken from links. What cannot be kept is said. */
  keep(settings: readonly Setting[]): string[] {
    if (settings.length === 0) return [];
    const { taken } = this.#state;
    const transaction = new NftTransaction(this.nft, 1024 + settings.length * 320);
    keepTaken(transaction, settings, taken.length);
    const { error, says } = transaction.commit();
    this.#state = { ...this.#state, taken: [...taken, ...settings] };
    if (error !== 0) return [`routes are kept in memory alone: ${says}`];
    const long = settings.filter((one) => packSetting(one) === undefined).length;
    return long === 0 ? [] : [`${long} long routes are kept in memory alone`];
  }

  close(): void {
    for (const socket of [this.nft, this.route, this.diag]) socket.close();
  }

  /** Takes all of it away. */
  remove(): void {
    const transaction = new NftTransaction(this.nft, 1024).deleteTable(INET);
    if (this.netdev) transaction.deleteTable(NETDEV);
    transaction.commit();
  }

  /** The most that this kernel takes; what it does not is remarked. */
  #installWhatCanBe(): void {
    const { isCut } = this.#state;
    const [flags, devices, channel] = [this.#tableFlags, this.#devices, this.#channel];
    let answer: Answer | undefined;
    for (const tableFlags of new Set([flags, 0])) {
      for (const hooked of [devices, undefined]) {
        for (const bound of channel === undefined ? [undefined] : [channel, undefined]) {
          this.#tableFlags = tableFlags;
          this.#devices = hooked;
          this.#channel = bound;
          answer = this.#write(this.#state);
          if (answer.error === -EPERM) break;
          if (answer.error !== 0) continue;
          if (tableFlags === 0)
            this.remarks.push("rules can be changed by others: it takes Linux 6.9");
          if (hooked === undefined) {
            this.remarks.push(
              "raw frames are not stopped: it takes Linux 5.16 and CONFIG_NETFILTER_EGRESS",
            );
          }
          if (channel !== undefined && bound === undefined) {
            this.remarks.push(
              "the channel is denied: rules cannot tell cgroups (CONFIG_NFT_SOCKET)",
            );
          }
          return;
        }
        if (answer?.error === -EPERM) break;
      }
      if (answer?.error === -EPERM) break;
    }
    this.close();
    const what = isCut ? "renewing the rules of a cut" : "making the fence's rules";
    throw new KernelRefused(`${what} (${answer?.says})`, answer?.error ?? -EPERM, NEEDS);
  }

  #write({ policySha256, isCut, refused, taken }: State): Answer {
    const rules: Ruleset = {
      mark: { version: VERSION, instance: this.#instance, policySha256 },
      isCut,
      tableFlags: this.#tableFlags,
      devices: this.#devices,
      channel: this.#channel,
      refused: [...refused.values()],
      taken,
      replaces: this.#tables,
    };
    const answer = install(new NftTransaction(this.nft, installBytes(rules)), rules).commit();
    if (answer.error !== 0) return answer;
    this.#tables = new Set(this.netdev ? ["inet", "netdev"] : ["inet"]);
    this.#prepared = isCut ? undefined : cut(new NftTransaction(this.nft, 4096), this.netdev);
    return answer;
  }
}

const NEEDS = "CAP_NET_ADMIN, CONFIG_NF_TABLES, and no other Portcullis at work in this namespace";
const EPERM = 1;
/** Both sets of refused destinations full, in both tables, and a thousand routes. */
const SEND_BYTES_MAX = 4 * 1024 * 1024;
