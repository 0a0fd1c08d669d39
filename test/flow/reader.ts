/** Sends packets through decode and flow, and writes down all that comes out above the border. */
import { Census } from "../../src/decode/census.ts";
import { decodeFrame } from "../../src/decode/link.ts";
import { FRAGMENT, PacketView, TRANSPORT } from "../../src/decode/packet-view.ts";
import { decodeTransport } from "../../src/decode/transport.ts";
import type { Flow, FlowEvent, Inspector, Side, Wants } from "../../src/flow/event.ts";
import { Fragments } from "../../src/flow/fragments.ts";
import { FLOW_LIMITS, type FlowLimits, FlowTable } from "../../src/flow/table.ts";
import { LINK } from "../wire/link.ts";
import type { WirePacket } from "../wire/packet.ts";

/** A `FlowEvent` that may be kept: its bytes are its own. */
export type Kept =
  | { kind: "bytes"; side: Side; offset: number; bytes: Uint8Array; atUs: number }
  | { kind: "datagram"; side: Side; bytes: Uint8Array; cut: number; atUs: number }
  | Exclude<FlowEvent, { kind: "bytes" | "datagram" }>;

export interface SeenFlow {
  readonly flow: Flow;
  readonly events: readonly Kept[];
  /** By side: all bytes in order, zeros where a gap was told. */
  readonly said: readonly [Uint8Array, Uint8Array];
  readonly closed: string | undefined;
}

export interface Seen {
  /** In the order in which they were opened. */
  readonly flows: readonly SeenFlow[];
  readonly overlaps: readonly { flow: number; side: Side; offset: number }[];
  readonly losses: readonly { what: string; flow: number | undefined }[];
  /** All connections, those without payload too. */
  readonly count: number;
}

export interface ReaderShape {
  readonly limits?: Partial<FlowLimits>;
  readonly link?: number;
  /** Asked after each event what the connection wants now; `bytes` if absent. */
  readonly wants?: (events: readonly Kept[]) => Wants;
  /** With `records`. */
  readonly nextRecord?: (events: readonly Kept[]) => readonly [number, number];
}

export function seen(packets: readonly WirePacket[], shape: ReaderShape = {}): Seen {
  const readers: Reader[] = [];
  const overlaps: { flow: number; side: Side; offset: number }[] = [];
  const losses: { what: string; flow: number | undefined }[] = [];
  const above = {
    open(flow: Flow): Inspector {
      const reader = new Reader(flow, shape);
      readers.push(reader);
      return reader;
    },
    close() {},
    overlap: (flow: Flow, side: Side, offset: number) =>
      void overlaps.push({ flow: flow.id, side, offset }),
    loss: (what: string, flow: Flow | undefined) => void losses.push({ what, flow: flow?.id }),
  };
  const table = new FlowTable(above, { ...FLOW_LIMITS, ...shape.limits });
  decodeInto(table, packets, shape.link ?? LINK.ethernet);
  table.end();
  const flows = readers.map((reader) => reader.seen());
  return { flows, overlaps, losses, count: table.flows };
}

function decodeInto(table: FlowTable, packets: readonly WirePacket[], link: number): void {
  const view = new PacketView();
  const census = new Census();
  const fragments = new Fragments();
  // One buffer for every packet, as in a file: whoever keeps what was lent keeps garbage.
  const lent = new Uint8Array(70_000);
  for (const packet of packets) {
    lent.fill(0xee);
    lent.set(packet.bytes, 14);
    view.atUs = packet.atUs;
    view.cut = (packet.originalBytes ?? packet.bytes.length) - packet.bytes.length;
    let code = decodeFrame(view, lent, 14, 14 + packet.bytes.length, link, census);
    if (code === FRAGMENT && fragments.add(view)) code = decodeTransport(view, census);
    if (code === TRANSPORT) table.packet(view);
  }
}

class Reader implements Inspector {
  wants: Wants = "bytes";
  readonly idle = false;
  nextRecord: readonly [number, number] = [0, 0];
  readonly #flow: Flow;
  readonly #shape: ReaderShape;
  readonly #events: Kept[] = [];

  constructor(flow: Flow, shape: ReaderShape) {
    this.#flow = flow;
    this.#shape = shape;
  }

  push(event: FlowEvent): void {
    if (event.kind === "bytes") {
      const { kind, side, offset, atUs } = event;
      this.#events.push({
        kind,
        side,
        offset,
        atUs,
        bytes: event.bytes.slice(event.from, event.to),
      });
    } else if (event.kind === "datagram") {
      const { kind, side, cut, atUs } = event;
      this.#events.push({ kind, side, cut, atUs, bytes: event.bytes.slice(event.from, event.to) });
    } else {
      this.#events.push({ ...event });
    }
    this.wants = this.#shape.wants?.(this.#events) ?? "bytes";
    if (this.#shape.nextRecord) this.nextRecord = this.#shape.nextRecord(this.#events);
  }

  seen(): SeenFlow {
    const last = this.#events.at(-1);
    return {
      flow: this.#flow,
      events: this.#events,
      said: [saidBy(0, this.#events), saidBy(1, this.#events)],
      closed: last?.kind === "closed" ? last.why : undefined,
    };
  }
}

/** Throws where a byte came twice, out of turn, or not at all. */
function saidBy(side: Side, events: readonly Kept[]): Uint8Array {
  let bytes = new Uint8Array(0);
  for (const event of events) {
    if (event.kind === "closed" || event.kind === "datagram" || event.side !== side) continue;
    if (event.kind === "resumed") {
      // What a shunt skipped was not delivered; zeros stand for it.
      const wider = new Uint8Array(Math.max(event.offset, bytes.length));
      wider.set(bytes);
      bytes = wider.slice(0, event.offset);
      continue;
    }
    if (event.offset !== bytes.length)
      throw new Error(`${event.kind} at ${event.offset}, expected ${bytes.length}`);
    const piece = event.kind === "gap" ? new Uint8Array(event.count) : event.bytes;
    const longer = new Uint8Array(bytes.length + piece.length);
    longer.set(bytes);
    longer.set(piece, bytes.length);
    bytes = longer;
  }
  return bytes;
}

export function gapsOf(flow: SeenFlow | undefined) {
  return (flow?.events ?? []).flatMap((event) =>
    event.kind === "gap"
      ? [{ side: event.side, offset: event.offset, count: event.count, why: event.why }]
      : [],
  );
}
