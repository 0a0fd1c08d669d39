/**
 * Packets of links that encrypt below the transport layer (ESP, AH, MACsec), counted by pair of peers.
 *
 * The decoder has left the place of both addresses in the view. A pair is found by a hash of them, the
 * same from either side, and its first packet must look like what it says it is (inspect/link). Nothing is
 * allocated for the packets behind it.
 */
import type { PacketView } from "./decode/packet-view.ts";
import { ipv6Name } from "./flow/address.ts";
import { LinkActivity } from "./inspect/link/activity.ts";
import { aboveEthernet, aboveIp } from "./inspect/link/index.ts";

export class LinkPairs {
  readonly #pairs = new Map<number, Pair[]>();
  #count = 0;
  /** Packets of pairs that found no room, and when the first of them came. */
  unplaced = 0;
  unplacedAtUs = Number.NaN;

  /** The view of a packet that the decoder calls LINK. */
  packet(view: PacketView): void {
    const hash = hashOf(view);
    const known = this.#pairs.get(hash);
    const pair = known === undefined ? undefined : find(known, view);
    if (pair !== undefined) pair.activity.note(view.end - view.start, view.atUs);
    else this.#open(hash, known, view);
  }

  /** In the order of their first packets. */
  get activities(): LinkActivity[] {
    return [...this.#pairs.values()].flatMap((pairs) => pairs.map(({ activity }) => activity));
  }

  #open(hash: number, known: Pair[] | undefined, view: PacketView): void {
    const { bytes, start, end, missing, protocol, version } = view;
    const packet = { bytes, from: start, to: end, cut: Math.max(missing, 0) };
    const said = version === 0 ? aboveEthernet(protocol, packet) : aboveIp(protocol, packet);
    if (said === undefined) return;
    if (this.#count >= PAIRS_MAX) {
      if (this.unplaced++ === 0) this.unplacedAtUs = view.atUs;
      return;
    }
    this.#count++;
    const length = lengthOf(view);
    const source = bytes.slice(view.source, view.source + length);
    const target = bytes.slice(view.target, view.target + length);
    const activity = new LinkActivity(said.by, [nameOf(source), nameOf(target)]);
    activity.note(end - start, view.atUs);
    const pair = { kind: protocol, source, target, activity };
    if (known === undefined) this.#pairs.set(hash, [pair]);
    else known.push(pair);
  }
}

interface Pair {
  readonly kind: number;
  readonly source: Uint8Array;
  readonly target: Uint8Array;
  readonly activity: LinkActivity;
}

function find(pairs: readonly Pair[], view: PacketView): Pair | undefined {
  for (const pair of pairs) {
    if (pair.kind !== view.protocol || pair.source.length !== lengthOf(view)) continue;
    const { bytes, source, target } = view;
    const there = same(pair.source, bytes, source) && same(pair.target, bytes, target);
    if (there || (same(pair.source, bytes, target) && same(pair.target, bytes, source)))
      return pair;
  }
  return undefined;
}

function same(address: Uint8Array, bytes: Uint8Array, at: number): boolean {
  for (let i = 0; i < address.length; i++) if (address[i] !== bytes[at + i]) return false;
  return true;
}

/** Symmetric, and small enough to be no object. Pairs are bounded, so nobody gains by collisions. */
function hashOf(view: PacketView): number {
  const { bytes, source, target } = view;
  const length = lengthOf(view);
  let a = view.protocol;
  let b = view.protocol;
  for (let i = 0; i < length; i++) {
    a = (Math.imul(a, 31) + bytes[source + i]!) | 0;
    b = (Math.imul(b, 31) + bytes[target + i]!) | 0;
  }
  return (a ^ b) & 0x3fff_ffff;
}

function lengthOf({ version }: PacketView): number {
  if (version === 0) return 6;
  return version === 4 ? 4 : 16;
}

function nameOf(address: Uint8Array): string {
  if (address.length === 4) return address.join(".");
  if (address.length === 16) {
    return ipv6Name(
      Array.from({ length: 8 }, (_, i) => (address[i * 2]! << 8) | address[i * 2 + 1]!),
    );
  }
  return [...address].map((byte) => byte.toString(16).padStart(2, "0")).join(":");
}

/** More tunnels than a node has peers. */
const PAIRS_MAX = 4096;
