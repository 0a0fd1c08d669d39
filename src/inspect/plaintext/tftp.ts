/**
 * TFTP (RFC 1350 §5, options RFC 2347).
 *
 *     1 read, 2 write   | opcode (2) | file 0 | mode 0 | (option 0 | value 0) .. |
 *     3 data | block (2) | up to 512 bytes        4 acknowledgement | block (2)
 *     5 error | code (2) | text 0                 6 (option 0 | value 0) ..
 *
 * The server answers from a port of its own, so a request and its data are two conversations: the second is
 * told by data and acknowledgements that count together.
 */
import type { Detector, Match, Opening } from "./detector.ts";
import { answer, type Fit } from "./fit.ts";
import { datagramsOf, u16 } from "./number.ts";
import type { Said } from "./said.ts";

export const tftp: Detector = {
  protocol: "tftp",
  transports: ["udp"],
  begins: { client: "\0", server: "\0" },
  detect,
};

function detect({ client, server, first }: Opening) {
  const [asked, answered] = [firstOf(client), firstOf(server)];
  if (isRequest(asked)) {
    return answer(answered === "" || /^\0[\x03-\x06]/.test(answered) ? "yes" : "no", match);
  }
  return answer(transferFit(client, server, first), match);
}

const match = (): Match => ({ exposes: [], startTls: "none" });

function firstOf(said: Said): string {
  const [first] = datagramsOf(said);
  return first === undefined ? "" : said.text.slice(first[0], first[1]);
}

function isRequest(datagram: string): boolean {
  return /^\0[\x01\x02][ -~]{1,500}\0(?:octet|netascii|mail)\0(?:[a-z]+\0\d*\0)*$/i.test(datagram);
}

/** Blocks from one side, the other acknowledging them. Called a transfer whoever sends the data. */
function transferFit(client: Said, server: Said, first: "client" | "server"): Fit {
  // The client of a transfer that nobody asked for here is who spoke second: the server sends first.
  if (first === "client" && server.length > 0) return "no";
  for (const [one, other] of [
    [server, client],
    [client, server],
  ] as const) {
    const blocks = blocksOf(one, DATA);
    const taken = blocksOf(other, ACKNOWLEDGEMENT);
    if (blocks === undefined || taken === undefined) continue;
    if (blocks.length >= 1 && taken.length >= 1) {
      return Math.abs(blocks[0]! - taken[0]!) <= 1 ? "yes" : "no";
    }
    if (blocks.length >= BLOCKS_ALONE) return "yes";
    return "maybe";
  }
  return "no";
}

/** The numbers of a side's datagrams, if all of them are of that kind and count up by one. */
function blocksOf(said: Said, opcode: number): number[] | undefined {
  const blocks: number[] = [];
  let last = said.whole;
  for (const [at, to] of datagramsOf(said)) {
    const size = to - at;
    const block = u16(said.bytes, at + 2);
    const sized = opcode === DATA ? size <= 4 + BLOCK_BYTES_MAX : size === 4;
    if (size < 4 || !sized || u16(said.bytes, at) !== opcode) return undefined;
    const before = blocks.at(-1);
    // The same once more, if its answer was lost.
    if (before === undefined ? block > 1 : block !== before && block !== before + 1)
      return undefined;
    // A block that is not full is the last one.
    if (!last && opcode === DATA && size < 12) return undefined;
    last = true;
    blocks.push(block);
  }
  return blocks;
}

const DATA = 3;
const ACKNOWLEDGEMENT = 4;
/** RFC 2348. */
const BLOCK_BYTES_MAX = 65_464;
/** So many blocks in order are enough without an answer. */
const BLOCKS_ALONE = 3;
