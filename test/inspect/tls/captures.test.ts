/** What real peers said in the bundled captures is read the same however TCP had cut it. */
import { readdirSync } from "node:fs";
import { expect, test } from "vitest";
import { read } from "../../capture/reading.ts";
import { differences } from "../../drip.ts";
import { type Kept, type SeenFlow, seen } from "../../flow/reader.ts";
import { concat } from "../../wire/bytes.ts";
import { answer, type Said } from "./hear.ts";

const FOLDER = "captures";
/** Told by the packets around it, and read above the border like the others of its kind. */
const OTHER_PACKETS =
  /^(plain|ssh|cooked|vlan|qinq|raw|fragments|nanoseconds|ipv6|story|dtls|quic)/;
/** Of a connection joined behind its handshake there is nothing to say, ever. */
const NO_HANDSHAKE = /^(midstream|plain|wireguard|ipsec)/;

const files = readdirSync(FOLDER).filter((file) => file.endsWith(".pcap"));

test.each(files.filter((file) => !OTHER_PACKETS.test(file)))("%s", async (file) => {
  const { packets } = await read(`${FOLDER}/${file}`);
  const cut = packets.map((packet) => ({ ...packet, originalBytes: packet.original }));
  const { flows } = seen(cut, { link: packets[0]?.link ?? 1 });
  let handshakes = 0;
  for (const flow of flows.filter(({ flow: { transport } }) => transport === "tcp")) {
    const said = saidIn(flow);
    const heard = (pieces: readonly Said[]) => answer(pieces, flow.flow);
    if ("steps" in heard(said)) handshakes++;
    expect(differences(said, heard)).toEqual({});
  }
  if (!NO_HANDSHAKE.test(file)) expect(handshakes).toBeGreaterThan(0);
});

/** What one side says without being interrupted is one piece. */
function saidIn({ events }: SeenFlow): Said[] {
  const said: Said[] = [];
  for (const event of events) {
    const next = saidBy(event);
    const last = said.at(-1);
    if (next === undefined) continue;
    const goesOn = last?.side === next.side && last.gap === undefined && next.gap === undefined;
    if (!goesOn) said.push(next);
    else said[said.length - 1] = { ...last, bytes: concat(last.bytes, next.bytes) };
  }
  return said;
}

function saidBy(event: Kept): Said | undefined {
  if (event.kind === "bytes") return event;
  if (event.kind !== "gap") return undefined;
  return { side: event.side, bytes: new Uint8Array(0), gap: event.count, why: event.why };
}
