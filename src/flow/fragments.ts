/**
 * IP fragments put together again (RFC 791 §3.2, RFC 8200 §4.5), with bounded memory.
 *
 * Fragments of a datagram may come in any order, twice, or overlapping. Overlapping with other
 * bytes is no accident of any network, so it is reported; what came first counts. The finished
 * payload stands in a buffer of its own with both addresses in front of it, so that whoever reads
 * the view finds them where it expects offsets to point.
 */
import type { PacketView } from "../decode/packet-view.ts";

interface Datagram {
  readonly key: string;
  readonly firstAtUs: number;
  /** Addresses (32 bytes), then the payload as it fills. */
  bytes: Uint8Array;
  /** One byte a payload byte: 1 where it came. */
  came: Uint8Array;
  filled: number;
  /** Where the farthest fragment so far ends. */
  reach: number;
  /** Known once the last fragment came, else -1. */
  total: number;
  conflict: boolean;
}

export type FragmentLoss = "limit" | "incomplete" | "overlap" | "too-long";

export class Fragments {
  /** Datagrams that could not be put together, by why, with the time of the first. */
  readonly losses = new Map<FragmentLoss, { readonly atUs: number; count: number }>();
  readonly #waiting = new Map<string, Datagram>();
  readonly #bytesMax: number;
  #bytes = 0;

  constructor(bytesMax = FRAGMENT_BYTES_MAX) {
    this.#bytesMax = bytesMax;
  }

  /**
   * Takes a fragment. True when its datagram is complete: the view then stands for the whole of it,
   * up to but not including its transport header (`decodeTransport`).
   */
  add(view: PacketView): boolean {
    this.#expire(view.atUs);
    const key = keyOf(view);
    let datagram = this.#waiting.get(key);
    if (datagram === undefined) {
      datagram = this.#begin(key, view);
      this.#waiting.set(key, datagram);
    }
    const count = view.end - view.start;
    const last = view.fragmentOffset + count + view.missing;
    if (last > DATAGRAM_BYTES_MAX) return this.#give(datagram, "too-long", view.atUs);
    if (!view.moreFragments) {
      if (datagram.total >= 0 && datagram.total !== last) datagram.conflict = true;
      datagram.total = last;
    }
    this.#fill(datagram, view, count);
    datagram.reach = Math.max(datagram.reach, last);
    // One that lies behind the end that another claims: both cannot be right.
    if (datagram.total >= 0 && datagram.reach > datagram.total) datagram.conflict = true;
    if (datagram.conflict) return this.#give(datagram, "overlap", view.atUs);
    if (datagram.total < 0 || datagram.filled < datagram.total) {
      this.#makeRoom(view.atUs);
      return false;
    }
    this.#drop(datagram);
    this.#finish(datagram, view);
    return true;
  }

  /** No more will come: whatever still waits is lost. */
  end(): void {
    for (const datagram of this.#waiting.values()) {
      this.#lose("incomplete", datagram.firstAtUs);
    }
    this.#waiting.clear();
  }

  #begin(key: string, view: PacketView): Datagram {
    const bytes = new Uint8Array(ADDRESS_BYTES + FIRST_BYTES);
    const width = view.version === 4 ? 4 : 16;
    bytes.set(view.bytes.subarray(view.source, view.source + width), 0);
    bytes.set(view.bytes.subarray(view.target, view.target + width), 16);
    this.#bytes += bytes.length + FIRST_BYTES;
    const came = new Uint8Array(FIRST_BYTES);
    return {
      key,
      firstAtUs: view.atUs,
      bytes,
      came,
      filled: 0,
      reach: 0,
      total: -1,
      conflict: false,
    };
  }

  #fill(datagram: Datagram, view: PacketView, count: number): void {
    const last = view.fragmentOffset + count;
    if (last > datagram.came.length) this.#widen(datagram, last);
    for (let byte = 0; byte < count; byte++) {
      const at = view.fragmentOffset + byte;
      const value = view.bytes[view.start + byte]!;
      if (datagram.came[at] === 0) {
        datagram.came[at] = 1;
        datagram.bytes[ADDRESS_BYTES + at] = value;
        datagram.filled++;
      } else if (datagram.bytes[ADDRESS_BYTES + at] !== value) datagram.conflict = true;
    }
  }

  #widen(datagram: Datagram, least: number): void {
    let size = datagram.came.length;
    while (size < least) size *= 2;
    this.#bytes += 2 * (size - datagram.came.length);
    const bytes = new Uint8Array(ADDRESS_BYTES + size);
    bytes.set(datagram.bytes);
    datagram.bytes = bytes;
    const came = new Uint8Array(size);
    came.set(datagram.came);
    datagram.came = came;
  }

  #finish(datagram: Datagram, view: PacketView): void {
    view.bytes = datagram.bytes;
    view.source = 0;
    view.target = 16;
    view.start = ADDRESS_BYTES;
    view.end = ADDRESS_BYTES + datagram.total;
    view.missing = 0;
  }

  #give(datagram: Datagram, why: FragmentLoss, atUs: number): false {
    this.#drop(datagram);
    this.#lose(why, atUs);
    return false;
  }

  #lose(why: FragmentLoss, atUs: number): void {
    const known = this.losses.get(why);
    if (known === undefined) this.losses.set(why, { atUs, count: 1 });
    else known.count++;
  }

  #drop(datagram: Datagram): void {
    this.#waiting.delete(datagram.key);
    this.#bytes -= datagram.bytes.length - ADDRESS_BYTES + datagram.came.length + ADDRESS_BYTES;
  }

  /** The oldest datagram goes when memory is short. */
  #makeRoom(atUs: number): void {
    while (this.#bytes > this.#bytesMax || this.#waiting.size > DATAGRAMS_MAX) {
      const oldest = this.#waiting.values().next().value;
      if (oldest === undefined) return;
      this.#give(oldest, "limit", atUs);
    }
  }

  #expire(atUs: number): void {
    for (const datagram of this.#waiting.values()) {
      if (atUs - datagram.firstAtUs <= WAIT_US) return;
      this.#give(datagram, "incomplete", datagram.firstAtUs);
    }
  }
}

function keyOf(view: PacketView): string {
  const width = view.version === 4 ? 4 : 16;
  const { bytes, source, target, protocol, fragmentId } = view;
  let key = `${protocol}:${fragmentId}:`;
  for (let byte = 0; byte < width; byte++) key += String.fromCharCode(bytes[source + byte]!);
  for (let byte = 0; byte < width; byte++) key += String.fromCharCode(bytes[target + byte]!);
  return key;
}

const ADDRESS_BYTES = 32;
const FIRST_BYTES = 2048;
const DATAGRAM_BYTES_MAX = 65_535;
const DATAGRAMS_MAX = 1024;
const FRAGMENT_BYTES_MAX = 8_388_608;
/** RFC 8200 §4.5 waits 60 seconds; Linux 30 for IPv4. The longer never gives up too early. */
const WAIT_US = 60_000_000;
