/**
 * A QUIC handshake with something wrong in its frames or messages, and all of it sealed as its version has
 * it: a bit changed in a packet that is sealed already is only ever a packet that does not open.
 */
import {
  answerHello,
  CLIENT_ID,
  clientInitial,
  FIRST_ID,
  hello,
  SERVER_ID,
  sealed,
  serverInitial,
  short,
} from "../inspect/quic/hear.ts";
import { cryptoFrame, retryPacket, V1, V2, versionNegotiation } from "../inspect/quic/sealing.ts";
import { concat } from "../wire/bytes.ts";
import { ethernet } from "../wire/link.ts";
import { EPOCH_US } from "../wire/packet.ts";
import { pcap } from "../wire/pcap.ts";
import { udp } from "../wire/transport.ts";
import { flipBits } from "./der-mutation.ts";
import type { Random } from "./random.ts";

/** A whole capture file. */
export function quicCapture(random: Random): Uint8Array {
  const version = random.pick([V1, V2]);
  const client = framesOf(changed(hello(), random), random);
  const server = framesOf(changed(answerHello(), random), random);
  const ids = { dcid: CLIENT_ID, scid: random.pick([SERVER_ID, FIRST_ID]), token: FIRST_ID };
  const said: [boolean, Uint8Array][] = client.map((frames, number) => [
    true,
    clientInitial(frames, { version, number }),
  ]);
  if (random.chance(20)) said.push([false, retryPacket(version, FIRST_ID, ids)]);
  if (random.chance(20)) said.push([false, versionNegotiation(ids, [random.word(), 1])]);
  for (const [number, frames] of server.entries()) {
    const initial = serverInitial(frames, { version, number });
    said.push([false, concat(initial, sealed("handshake", {}, version))]);
  }
  said.push([true, sealed("0-rtt", { dcid: FIRST_ID, scid: CLIENT_ID }, version)]);
  said.push([true, short(SERVER_ID)]);
  if (random.chance(20)) said.push(said.splice(random.below(said.length), 1)[0]!);
  if (random.chance(20)) {
    const one = random.pick(said);
    one[1] = damaged(one[1], random);
  }
  const packets = said.map(([fromClient, payload], index) => {
    const ends = fromClient ? { from: CLIENT, to: SERVER } : { from: SERVER, to: CLIENT };
    return { atUs: EPOCH_US + index, bytes: ethernet(udp(ends, payload)) };
  });
  return pcap(packets);
}

/** A message in CRYPTO frames, cut anywhere, of which some come twice, or not, or are none. */
function framesOf(message: Uint8Array, random: Random): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < message.length; ) {
    const size = random.chance(50) ? message.length : 1 + random.below(200);
    const piece = message.subarray(at, at + size);
    if (!random.chance(3)) pieces.push(cryptoFrame(random.chance(3) ? random.word() : at, piece));
    if (random.chance(5)) pieces.push(cryptoFrame(at, damaged(piece, random)));
    at += size;
  }
  if (random.chance(30)) pieces.push(pieces.splice(random.below(pieces.length), 1)[0] ?? message);
  return pieces.map((frames) => (random.chance(10) ? damaged(frames, random) : frames));
}

function changed(message: Uint8Array, random: Random): Uint8Array {
  return random.chance(50) ? damaged(message, random) : message;
}

function damaged(bytes: Uint8Array, random: Random): Uint8Array {
  return bytes.length === 0 ? bytes : flipBits(bytes, random);
}

const CLIENT = "10.0.0.1:40000";
const SERVER = "10.0.0.2:443";
