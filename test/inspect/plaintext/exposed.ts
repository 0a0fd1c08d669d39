/** The bytes themselves that exposures of a capture locate: for tests, which look for them elsewhere. */
import { read } from "../../capture/reading.ts";
import { type Kept, seen } from "../../flow/reader.ts";
import { concat } from "../../wire/bytes.ts";
import { heardIn } from "./heard.ts";

export interface Exposed {
  readonly what: string;
  /** One character a byte, like `server`. */
  readonly value: string;
  /** All that the server of the same conversation said. */
  readonly server: string;
}

export async function exposedIn(path: string): Promise<Exposed[]> {
  const heard = (await heardIn(path)).filter(({ seen: { plaintext } }) =>
    plaintext.some(({ exposes }) => exposes.length > 0),
  );
  if (heard.length === 0) return [];
  const { packets } = await read(path);
  const cut = packets.map((packet) => ({ ...packet, originalBytes: packet.original }));
  const { flows } = seen(cut, { link: packets[0]?.link ?? 1 });
  return heard.flatMap(({ flow, seen: { plaintext } }) => {
    const events = flows.find((one) => one.flow.id === flow.id)?.events ?? [];
    return plaintext.flatMap(({ client, exposes }) => {
      const [asked, server] = [saidBy(client, events), saidBy(1 - client, events)];
      return exposes.map(({ what, side, offset, bytes }) => {
        const said = side === "client" ? asked : server;
        return { what, value: said.slice(offset, offset + bytes), server };
      });
    });
  });
}

/** All of a TCP connection's side; of a UDP conversation's its first datagram, which is what is looked at. */
function saidBy(side: number, events: readonly Kept[]): string {
  const own = events.filter((one) => "side" in one && one.side === side);
  const [datagram] = own.flatMap((one) => (one.kind === "datagram" ? one.bytes : []));
  const all = datagram ?? concat(...own.flatMap((one) => (one.kind === "bytes" ? one.bytes : [])));
  return Buffer.from(all).toString("latin1");
}
