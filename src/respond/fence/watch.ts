/**
 * Looking after a fence that stands: did anybody change it (C10), and does anything leave behind a cut
 * (C09)?
 *
 * Changes come in two ways. The kernel tells of each at once, with the port of the socket and the
 * process that made it; and because such messages can be lost, and a table that is gone tells nothing,
 * handles are compared as well.
 *
 * What leaves is counted by the interfaces' drivers, below every hook. What the fence itself let
 * through, the channel's packets, is taken off; where the two counts are not of the same moment, or a
 * driver sends one packet as many, the doubt makes the result smaller: a finding is never a miscount.
 */
import type { Finding } from "../../judge/finding.ts";
import { gateTamperedFinding } from "../../judge/rules/gate-tampered.ts";
import { trafficAfterCutFinding } from "../../judge/rules/traffic-after-cut.ts";
import { LINK_GROUP, type Link, listLinks } from "../../kernel/links.ts";
import { NETLINK_NETFILTER, NETLINK_ROUTE, NetlinkSocket } from "../../kernel/netlink.ts";
import { nftRules, ruleChange } from "../../kernel/nft-listing.ts";
import { fingerprint } from "./found.ts";
import { TABLE } from "./mark.ts";
import { DROPPED, NETDEV } from "./ruleset.ts";

export class Watch {
  readonly #nft: NetlinkSocket;
  readonly #route: NetlinkSocket;
  readonly #heard: NetlinkSocket;
  readonly #links: NetlinkSocket;
  readonly #netdev: boolean;
  #fingerprint = "";
  /** Who changed our rules since we last told of it, by the port of its socket. */
  readonly #others = new Map<number, string>();
  readonly #stops = new Set<() => void>();
  /** More was told than there was room for: what changed is not known. */
  #lost = false;
  /** What had been sent when the fence was closed; absent while it is open. */
  #base: { sent: ReadonlyMap<number, number>; allowed: number } | undefined;
  /** Packets that were reported already. */
  #reported = 0;

  constructor(nft: NetlinkSocket, route: NetlinkSocket, netdev: boolean) {
    this.#nft = nft;
    this.#route = route;
    this.#netdev = netdev;
    this.#heard = NetlinkSocket.open(NETLINK_NETFILTER, {
      groups: [NFNLGRP_NFTABLES],
      receiveBytes: RECEIVE_BYTES,
    });
    this.#links = NetlinkSocket.open(NETLINK_ROUTE, { groups: [LINK_GROUP] });
  }

  /** From here on, whatever differs from what stands now was done by somebody else. */
  settle(): void {
    this.#hear();
    this.#lost = false;
    this.#fingerprint = fingerprint(this.#nft, this.#netdev);
  }

  /** From here on, what leaves counts; or nothing does, when the fence is open. */
  count(isCut: boolean): void {
    this.#base = undefined;
    this.#reported = 0;
    if (!isCut) return;
    const allowed = this.#allowed();
    this.#base = {
      allowed,
      sent: new Map(this.#sent().map((one) => [one.index, one.sentPackets])),
    };
  }

  /** What was changed since the last time, and by whom where that is known. */
  tampered(): Finding[] {
    this.#hear();
    const differs = fingerprint(this.#nft, this.#netdev) !== this.#fingerprint;
    const [by, ...others] = this.#others.values();
    this.#others.clear();
    if (!differs && by === undefined) return [];
    const also = others.length === 0 ? "" : ` and ${others.length} more`;
    return [gateTamperedFinding("The fence's rules were changed", by && `${by}${also}`)];
  }

  /** Something may have changed that neither `tampered` nor anyone else can tell. */
  get isUnsure(): boolean {
    return this.#lost;
  }

  #hear(): void {
    this.#links.notifications();
    const { messages, lost } = this.#heard.notifications();
    this.#lost ||= lost;
    const changes = messages.flatMap((one) => ruleChange(one) ?? []);
    const theirs = new Set(
      changes
        .filter(({ table, port }) => table === TABLE && port !== 0 && port !== this.#nft.port)
        .map(({ port }) => port),
    );
    for (const { port, process } of changes) {
      if (!theirs.has(port) || this.#others.size >= OTHERS_MAX) continue;
      if (process === undefined) this.#others.set(port, this.#others.get(port) ?? "a process");
      else this.#others.set(port, `${process.name} (process ${process.pid})`);
    }
  }

  /** What left since the fence was closed and was not reported yet. */
  left(): Finding[] {
    if (this.#base === undefined) return [];
    const { sent: before, allowed } = this.#base;
    const more = this.#sent().map((link) => ({ link, packets: moreThan(before, link) }));
    const sent = more.reduce((sum, { packets }) => sum + packets, 0);
    const left = sent - (this.#allowed() - allowed) - this.#reported;
    if (left <= 0) return [];
    this.#reported += left;
    const by = more.filter(({ packets }) => packets > 0).map(({ link }) => link.name);
    return [trafficAfterCutFinding(left, by)];
  }

  /** Calls back when rules or interfaces have changed, whoever did it. */
  onChange(callback: () => void): { stop(): void } {
    const watched = [this.#heard, this.#links].map((socket) => socket.onReadable(callback));
    const stop = () => {
      this.#stops.delete(stop);
      for (const one of watched) one.stop();
    };
    this.#stops.add(stop);
    return { stop };
  }

  close(): void {
    for (const stop of this.#stops) stop();
    this.#heard.close();
    this.#links.close();
  }

  #sent(): readonly Link[] {
    return listLinks(this.#route).listed.filter(({ loopback }) => !loopback);
  }

  /** How many packets the channel's may have become by the time that a driver counts them. */
  #allowed(): number {
    if (!this.#netdev) return 0;
    const rules = nftRules(this.#nft, NETDEV);
    if ("failed" in rules) return 0;
    return rules.listed
      .filter(({ chain, comment }) => chain === "cut-out" && comment !== DROPPED)
      .reduce((sum, { packets = 0, bytes = 0 }) => sum + packets + Math.ceil(bytes / MSS_MIN), 0);
  }
}

function moreThan(before: ReadonlyMap<number, number>, { index, sentPackets }: Link): number {
  return sentPackets - (before.get(index) ?? 0);
}

const NFNLGRP_NFTABLES = 7;
/** A full set of refused destinations is told of in less. */
const RECEIVE_BYTES = 2 * 1024 * 1024;
/** More than so many at once are told as a number too small. */
const OTHERS_MAX = 64;
/** The smallest segment that TCP is held to (RFC 9293 §3.7.1). */
const MSS_MIN = 536;
