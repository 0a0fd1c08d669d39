/**
 * What the connections of a capture said, taken out of their packets by our own flow table: to be said
 * again in other packets.
 */
import { type CaptureEnd, readCapture } from "../../src/capture/read.ts";
import { Census } from "../../src/decode/census.ts";
import { decodeFrame } from "../../src/decode/link.ts";
import { FRAGMENT, PacketView, TRANSPORT } from "../../src/decode/packet-view.ts";
import { decodeTransport } from "../../src/decode/transport.ts";
import type { Flow, Inspector } from "../../src/flow/event.ts";
import { Fragments } from "../../src/flow/fragments.ts";
import { FlowTable } from "../../src/flow/table.ts";
import { concat } from "./bytes.ts";
import type { Flight } from "./recorded.ts";

export interface Heard {
  readonly flow: Flow;
  /** Side 0 is the client here. Neighbours differ in party. */
  readonly flights: readonly Flight[];
  /** Something of it was not captured. */
  readonly gaps: boolean;
}

/** Every TCP connection with a payload, whole. */
export async function heardIn(path: string): Promise<Heard[]> {
  const heard: { flow: Flow; flights: Flight[]; gaps: boolean }[] = [];
  const open = (flow: Flow): Inspector => {
    const one = { flow, flights: [] as Flight[], gaps: false };
    if (flow.transport === "tcp") heard.push(one);
    return {
      wants: flow.transport === "tcp" ? "bytes" : "nothing",
      idle: false,
      nextRecord: [0, 0],
      push(event) {
        if (event.kind === "gap") one.gaps = true;
        if (event.kind !== "bytes") return;
        const { side, from, to } = event;
        const party = side === (flow.opener ?? 0) ? "client" : "server";
        const bytes = event.bytes.slice(from, to);
        const last = one.flights.at(-1);
        if (last?.party !== party) one.flights.push({ party, bytes });
        else one.flights[one.flights.length - 1] = { party, bytes: concat(last.bytes, bytes) };
      },
    };
  };
  const nothing = () => {};
  const table = new FlowTable({ open, close: nothing, overlap: nothing, loss: nothing });
  await read(path, table);
  return heard;
}

async function read(path: string, table: FlowTable): Promise<CaptureEnd> {
  const clock = new Float64Array(1);
  const view = new PacketView();
  const census = new Census();
  const fragments = new Fragments();
  const end = await readCapture(path, {
    clock,
    packet(bytes, offset, captured, original, link) {
      view.atUs = clock[0]!;
      view.cut = original > captured ? original - captured : 0;
      let what = decodeFrame(view, bytes, offset, offset + captured, link, census);
      if (what === FRAGMENT && fragments.add(view)) what = decodeTransport(view, census);
      if (what === TRANSPORT) table.packet(view);
    },
  });
  table.end();
  return end;
}
