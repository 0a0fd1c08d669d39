/** What peers said in captures/quic-*, datagram by datagram, and the secrets that lie in the file. */
import { existsSync } from "node:fs";
import { readCapture } from "../../../src/capture/read.ts";
import { Census } from "../../../src/decode/census.ts";
import { decodeFrame } from "../../../src/decode/link.ts";
import { PacketView, TRANSPORT } from "../../../src/decode/packet-view.ts";
import { UDP } from "../../../src/decode/transport.ts";
import { KeyLog } from "../../../src/inspect/keys/key-log.ts";
import type { Datagram } from "./hear.ts";

export interface Captured {
  readonly said: Datagram[];
  readonly keys: KeyLog;
  /** The secrets as they lie in the file. */
  readonly text: Uint8Array;
}

/** The capture's first conversation, side 0 the client. */
export async function datagrams(name: string): Promise<Captured> {
  const said: Datagram[] = [];
  const keys = new KeyLog();
  const view = new PacketView();
  const census = new Census();
  const clock = new Float64Array(1);
  const packet = (bytes: Uint8Array, at: number, captured: number, _all: number, link: number) => {
    if (decodeFrame(view, bytes, at, at + captured, link, census) !== TRANSPORT) return;
    if (view.protocol !== UDP || Math.max(view.sourcePort, view.targetPort) !== FIRST_PORT) return;
    const side = view.sourcePort === FIRST_PORT ? 0 : 1;
    said.push({ side, bytes: new Uint8Array(view.bytes.subarray(view.payload, view.end)) });
  };
  const texts: Uint8Array[] = [];
  const secrets = (_type: number, text: Uint8Array) => {
    texts.push(text.slice());
    keys.add(text);
  };
  const path = `captures/${name}.pcap`;
  await readCapture(existsSync(path) ? path : `${path}ng`, { clock, packet, secrets });
  return { said, keys, text: Buffer.concat(texts) };
}

/** Of the clients in our recordings. */
const FIRST_PORT = 40_001;
