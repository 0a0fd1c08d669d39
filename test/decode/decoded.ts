/** Decodes one frame as the program does, and says what the view then shows. */
import { Census, type Met } from "../../src/decode/census.ts";
import { decodeFrame } from "../../src/decode/link.ts";
import { PacketView } from "../../src/decode/packet-view.ts";

export interface Decoded {
  readonly code: number;
  readonly view: PacketView;
  /** The transport payload, as far as it was captured. */
  readonly payload: Uint8Array;
  readonly met: readonly Met[];
}

/** The frame stands in the middle of a larger buffer, as it does in a capture file. */
export function decoded(frame: Uint8Array, link: number, atUs = 1): Decoded {
  const around = new Uint8Array(frame.length + 2 * MARGIN).fill(0x45);
  around.set(frame, MARGIN);
  const view = new PacketView();
  const census = new Census();
  view.atUs = atUs;
  census.packet = 1;
  const code = decodeFrame(view, around, MARGIN, MARGIN + frame.length, link, census);
  return { code, view, payload: around.slice(view.payload, view.end), met: census.met };
}

const MARGIN = 64;
