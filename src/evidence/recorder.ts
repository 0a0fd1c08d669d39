/**
 * Sees every packet behind the connection table, and keeps of it what may become evidence: the frames
 * of a connection that is still being read, and its place among the flow records.
 *
 * Bulk data is none of it. Once nobody reads a connection any more its frames are not copied, but for
 * those that begin or end it. A fragment shows its connection only when the last one is there, so
 * fragments wait under their datagram's key.
 */
import { type PacketView, TCP_FIN, TCP_RST, TCP_SYN } from "../decode/packet-view.ts";
import { TCP } from "../decode/transport.ts";
import { FlowRecords } from "./flow-records.ts";
import { EvidenceRing } from "./ring.ts";

export class PacketRecorder {
  readonly ring: EvidenceRing;
  readonly flows: FlowRecords;
  /** DNS conversations, the newest last: their answers tell why a connection went where it did. */
  readonly names: number[] = [];
  /** A packet is being read: what is judged now is proved by it, and it is not kept yet. */
  isBusy = false;
  /** Called behind each packet. */
  whenKept: () => void = () => {};
  /** Connections that somebody read at their last packet. */
  readonly #isRead = new Set<number>();
  /** The frame at work, lent. */
  #bytes = NOTHING;
  #offset = 0;
  #captured = 0;
  #original = 0;
  #link = 0;
  /** Key of the datagram that it is a fragment of. */
  #fragment = "";

  constructor(ring: EvidenceRing = new EvidenceRing(), flows: FlowRecords = new FlowRecords()) {
    this.ring = ring;
    this.flows = flows;
  }

  /** A frame, before it is read: as `PacketSink.packet` has it. */
  begin(bytes: Uint8Array, offset: number, captured: number, original: number, link: number): void {
    this.isBusy = true;
    this.#bytes = bytes;
    this.#offset = offset;
    this.#captured = captured;
    this.#original = original;
    this.#link = link;
  }

  /** It is a fragment, not yet put together with others: `view` stands for it alone. */
  fragment(view: PacketView): void {
    this.#fragment = keyOf(view);
    this.#add(this.#fragment, view.atUs);
  }

  /**
   * It is a packet that the table has taken.
   *
   * @param view of the packet; of the whole datagram, if its last fragment came with this frame
   * @param flow number of its connection
   * @param isRead somebody wants more of the connection's bytes
   */
  packet(view: PacketView, flow: number, isRead: boolean): void {
    if (flow === 0) return;
    this.flows.packet(flow, view, this.#captured);
    if (this.#fragment !== "") return this.ring.adopt(this.#fragment, flow);
    const wasRead = this.#isRead.has(flow);
    const isNew = this.flows.isNew;
    if (isRead && !wasRead) this.#begin(flow, view);
    else if (!isRead && wasRead) this.#isRead.delete(flow);
    if (isRead || wasRead || isNew || isEdge(view)) this.#add(flow, view.atUs);
  }

  /** The frame is done with. */
  end(): void {
    this.#fragment = "";
    this.#bytes = NOTHING;
    this.isBusy = false;
    this.whenKept();
  }

  #begin(flow: number, view: PacketView): void {
    this.#isRead.add(flow);
    if (this.#isRead.size > READ_MAX) {
      const [oldest] = this.#isRead;
      this.#isRead.delete(oldest!);
    }
    if (view.sourcePort !== DNS_PORT && view.targetPort !== DNS_PORT) return;
    this.names.push(flow);
    if (this.names.length > NAMES_MAX) this.names.shift();
  }

  #add(of: number | string, atUs: number): void {
    const to = this.#offset + this.#captured;
    this.ring.add(of, this.#bytes, this.#offset, to, atUs, this.#original, this.#link);
  }
}

/** It begins or ends a connection and carries nothing. */
function isEdge({ protocol, flags, payload, end }: PacketView): boolean {
  return protocol === TCP && (flags & (TCP_SYN | TCP_FIN | TCP_RST)) !== 0 && payload === end;
}

function keyOf({ bytes, source, target, version, protocol, fragmentId }: PacketView): string {
  const width = version === 4 ? 4 : 16;
  const from = Buffer.from(bytes.subarray(source, source + width)).toString("hex");
  const to = Buffer.from(bytes.subarray(target, target + width)).toString("hex");
  return `${protocol} ${fragmentId} ${from} ${to}`;
}

const NOTHING: Uint8Array = new Uint8Array(0);
const DNS_PORT = 53;
/** Conversations whose answers may be wanted with a connection. */
const NAMES_MAX = 64;
/** As many as the ring keeps connections of. */
const READ_MAX = 8192;
