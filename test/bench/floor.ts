/**
 * `node floor.mjs FILE [tls]`: everything below the packet border and nothing above it; with `tls`,
 * handshakes are read as well, and nothing is made of them. Prints how many packets, connections and
 * handshakes there were, so that nobody can mistake a failure for speed.
 */
import type { PacketSink } from "../../src/capture/packet-sink.ts";
import { readCapture } from "../../src/capture/read.ts";
import { BUFFER_BYTES } from "../../src/capture/source.ts";
import { Census } from "../../src/decode/census.ts";
import { decodeFrame } from "../../src/decode/link.ts";
import { PacketView, TRANSPORT } from "../../src/decode/packet-view.ts";
import type { Flow, Inspector } from "../../src/flow/event.ts";
import { type Above, FlowTable } from "../../src/flow/table.ts";
import { TlsConnection } from "../../src/inspect/tls/connection.ts";

const NOBODY: Inspector = { wants: "nothing", idle: true, nextRecord: [0, 0], push() {} };
const READS_TLS = process.argv[3] === "tls";

class Floor implements PacketSink, Above {
  readonly clock = new Float64Array(1);
  readonly table = new FlowTable(this);
  packets = 0;
  handshakes = 0;
  readonly #view = new PacketView();
  readonly #census = new Census();

  packet(bytes: Uint8Array, offset: number, captured: number, original: number, link: number) {
    const view = this.#view;
    view.atUs = this.clock[0]!;
    view.cut = original > captured ? original - captured : 0;
    this.packets++;
    const what = decodeFrame(view, bytes, offset, offset + captured, link, this.#census);
    if (what === TRANSPORT) this.table.packet(view);
  }

  open(flow: Flow): Inspector {
    return READS_TLS && flow.transport === "tcp" ? new TlsConnection(flow) : NOBODY;
  }

  close(_flow: Flow, inspector: Inspector): void {
    if (inspector instanceof TlsConnection && inspector.result() !== undefined) this.handshakes++;
  }

  overlap(): void {}
  loss(): void {}
}

const floor = new Floor();
const buffer = new Uint8Array(BUFFER_BYTES);
const end = await readCapture(process.argv[2]!, floor, { buffer, hash: false });
floor.table.end();
if (end.damage !== undefined || floor.packets === 0) throw new Error("could not be read whole");
const { packets, handshakes } = floor;
process.stdout.write(`${packets} packets, ${floor.table.flows} flows, ${handshakes} handshakes\n`);
