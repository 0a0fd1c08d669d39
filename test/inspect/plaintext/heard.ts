/**
 * What each connection of a capture is, over TCP and UDP, without judge and report: and, if asked, as it
 * would be if every port had been another.
 */
import { readCapture } from "../../../src/capture/read.ts";
import { Census } from "../../../src/decode/census.ts";
import { decodeFrame } from "../../../src/decode/link.ts";
import { FRAGMENT, PacketView, TRANSPORT } from "../../../src/decode/packet-view.ts";
import { decodeTransport } from "../../../src/decode/transport.ts";
import type { Flow, Inspector } from "../../../src/flow/event.ts";
import { Fragments } from "../../../src/flow/fragments.ts";
import { FlowTable } from "../../../src/flow/table.ts";
import { Connection, type Seen } from "../../../src/inspect/connection.ts";
import { DatagramConnection } from "../../../src/inspect/datagram.ts";

export interface Heard {
  readonly flow: Flow;
  readonly seen: Seen;
}

/** @param port what becomes of each port: one to one, or connections would be mixed up */
export async function heardIn(path: string, port = (old: number) => old): Promise<Heard[]> {
  const heard: Heard[] = [];
  // With somebody who listens for them, as a replay has, what begins like DNS is read as DNS first.
  const answers = () => {};
  const table = new FlowTable({
    open: (flow) =>
      flow.transport === "udp" ? new DatagramConnection(flow, { answers }) : new Connection(flow),
    close: (flow, inspector) => void heard.push({ flow, seen: resultOf(inspector) }),
    overlap: () => {},
    loss: () => {},
  });
  const clock = new Float64Array(1);
  const census = new Census();
  const fragments = new Fragments();
  const view = new PacketView();
  const packet = (
    bytes: Uint8Array,
    offset: number,
    captured: number,
    original: number,
    link: number,
  ) => {
    view.atUs = clock[0]!;
    view.cut = Math.max(original - captured, 0);
    let what = decodeFrame(view, bytes, offset, offset + captured, link, census);
    if (what === FRAGMENT && fragments.add(view)) what = decodeTransport(view, census);
    if (what !== TRANSPORT) return;
    view.sourcePort = port(view.sourcePort);
    view.targetPort = port(view.targetPort);
    table.packet(view);
  };
  await readCapture(path, { clock, packet });
  table.end();
  return heard.sort((one, other) => one.flow.id - other.flow.id);
}

function resultOf(inspector: Inspector): Seen {
  if (inspector instanceof Connection) return inspector.result();
  if (!(inspector instanceof DatagramConnection))
    throw new Error("another inspector than was given");
  return { tls: inspector.results()[0], plaintext: inspector.plaintext };
}

/** Every port becomes another by chance, and no two the same: all 65,536 of them, shuffled (Fisher, Yates). */
export const otherPort = (old: number): number => SHUFFLED[old]!;

function shuffled(seed: number): Uint16Array {
  const ports = Uint16Array.from({ length: 65_536 }, (_, port) => port);
  let state = seed;
  for (let last = ports.length - 1; last > 0; last--) {
    // A linear congruence whose upper bits are as good as is needed here (Numerical Recipes).
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    const at = Math.floor((state / 2 ** 32) * (last + 1));
    [ports[last], ports[at]] = [ports[at]!, ports[last]!];
  }
  return ports;
}

/** What was heard of a connection, in a few words. */
export function wordsFor({ tls, plaintext, opaque }: Seen): string[] {
  const clear = plaintext.map(({ protocol }) => protocol);
  const sealed = tls === undefined ? [] : ["tls"];
  const rest = opaque === undefined ? [] : [opaque.encryption ?? `opaque: ${opaque.why}`];
  return [...clear, ...sealed, ...rest];
}

const SHUFFLED = shuffled(20_261_125);
