/**
 * Conversations in clear, over TCP and UDP, with something wrong in what was said: what the detectors of
 * plaintext, STARTTLS, DNS and link encryption read. What they are made from are the dialogues that other
 * tests have of every protocol, and messages of those that encrypt below the transport.
 */
import { BINARY_DIALOGUES } from "../inspect/plaintext/binary-dialogues.ts";
import { DIALOGUES } from "../inspect/plaintext/dialogues.ts";
import { bytesOf } from "../inspect/plaintext/told.ts";
import { concat, hex, latin1, pattern, uint } from "../wire/bytes.ts";
import {
  dnsAnswer,
  dnsName,
  dnsQuery,
  dnsRecord,
  echConfigList,
  pointer,
  serviceData,
} from "../wire/dns.ts";
import { ethernet } from "../wire/link.ts";
import { EPOCH_US } from "../wire/packet.ts";
import { pcap } from "../wire/pcap.ts";
import type { Flight } from "../wire/recorded.ts";
import { udp } from "../wire/transport.ts";
import { writeCapture } from "./capture-writer.ts";
import { flipBits } from "./der-mutation.ts";
import type { Handshake } from "./handshake-file.ts";
import type { Random } from "./random.ts";
import { mutateSegments, segmentsOf } from "./segments.ts";

export interface ClearMutant {
  /** Lent: the next one may be written over it. */
  readonly bytes: Uint8Array;
  readonly story: string;
}

/** A whole capture file. `handshakes` are what a conversation may go over to. */
export function clearCapture(handshakes: readonly Handshake[], random: Random): ClearMutant {
  const kind = random.below(100);
  if (kind < 70) return overTcp(handshakes, random);
  return kind < 90 ? overUdp(random) : belowTransport(random);
}

function overTcp(handshakes: readonly Handshake[], random: Random): ClearMutant {
  const { name, flights } = random.pick(OVER_TCP);
  const said = flights.map((one) => ({ ...one, bytes: changed(one.bytes, random) }));
  if (random.chance(15)) said.reverse();
  // Behind a yes, or where nobody had spoken of it.
  const secured = random.chance(30);
  if (secured) said.push(...random.pick(handshakes).flights);
  let segments = segmentsOf(said, random);
  if (random.chance(30)) segments = mutateSegments(segments, random);
  const { bytes } = writeCapture(segments, random);
  return { bytes, story: `${name}, over TCP${secured ? ", then TLS" : ""}` };
}

function overUdp(random: Random): ClearMutant {
  const { name, flights } = random.pick(OVER_UDP);
  const said = flights.map((one) => ({ ...one, bytes: changed(one.bytes, random) }));
  while (random.chance(40)) said.push({ ...random.pick(said), bytes: random.pick(said).bytes });
  const port = random.pick([53, 123, 161, 500, 4500, 40_001]);
  const packets = said.slice(0, DATAGRAMS_MAX).map(({ party, bytes }, index) => {
    const [from, to] =
      party === "client" ? [CLIENT, `${SERVER}:${port}`] : [`${SERVER}:${port}`, CLIENT];
    return { atUs: EPOCH_US + index, bytes: ethernet(udp({ from: from!, to: to! }, bytes)) };
  });
  return { bytes: pcap(packets), story: `${name}, over UDP` };
}

/** ESP, AH and MACsec are no transports: a packet each. */
function belowTransport(random: Random): ClearMutant {
  const { name, protocol, etherType, body } = random.pick(BELOW);
  const packets = Array.from({ length: 1 + random.below(4) }, (_, index) => {
    const said = changed(concat(uint(index + 1, 4), body), random);
    const header = concat(
      hex("4500"),
      uint(20 + said.length, 2),
      hex("00000000 40"),
      uint(protocol, 1),
    );
    const inner = concat(header, hex("0000 0a000001 0a000002"), said);
    const bytes = ethernet(etherType === undefined ? inner : said);
    if (etherType !== undefined) bytes.set(uint(etherType, 2), 12);
    return { atUs: EPOCH_US + index, bytes };
  });
  return { bytes: pcap(packets), story: `${name}, below the transport` };
}

function changed(said: Uint8Array, random: Random): Uint8Array {
  let out = said;
  if (random.chance(40)) return out;
  for (let round = random.below(3); round >= 0 && out.length > 0; round--) {
    out = random.pick(CHANGES)(out, random);
  }
  return out.subarray(0, SAID_BYTES_MAX);
}

type Change = (said: Uint8Array, random: Random) => Uint8Array;

const CHANGES: readonly Change[] = [
  flipBits,
  (said, random) => said.subarray(0, random.below(said.length)),
  (said, random) => said.subarray(random.below(said.length)),
  (said, random) => lie(said, random.below(said.length), 1 + random.below(4), random),
  (said, random) => lie(said, random.below(Math.min(said.length, 12)), 1 + random.below(4), random),
  (said, random) => inserted(said, random.pick(INSERTED), random),
  (said, random) => inserted(said, random.pick(INSERTED), random),
  (said, random) => inserted(said, pattern(1 + random.below(300), random.word()), random),
  (said, random) => {
    const from = random.below(said.length);
    const part = said.subarray(from, from + 1 + random.below(60));
    return inserted(
      said,
      concat(...Array.from({ length: 1 + random.below(200) }, () => part)),
      random,
    );
  },
  (said, random) => {
    const at = random.below(said.length);
    return concat(said.subarray(0, at), said.subarray(at + 1 + random.below(20)));
  },
  (said, random) => {
    const { bytes } = random.pick(random.pick(ALL).flights);
    return concat(
      said.subarray(0, random.below(said.length)),
      bytes.subarray(random.below(bytes.length)),
    );
  },
];

function inserted(said: Uint8Array, what: Uint8Array, random: Random): Uint8Array {
  const at = random.below(said.length + 1);
  return concat(said.subarray(0, at), what, said.subarray(at));
}

/** Any bytes may be a length: many are. */
function lie(said: Uint8Array, at: number, width: number, random: Random): Uint8Array {
  if (at + width > said.length) return said;
  let was = 0;
  for (let index = 0; index < width; index++) was = was * 256 + said[at + index]!;
  const out = said.slice();
  out.set(uint(random.lie(was, width * 8), width), at);
  return out;
}

interface Spoken {
  readonly name: string;
  readonly flights: readonly Flight[];
}

function spoken({ name, client, server, begins }: (typeof DIALOGUES)[number]): Spoken {
  const flights: Flight[] = [
    { party: "client", bytes: own(client) },
    { party: "server", bytes: own(server) },
  ];
  if (begins === "server") flights.reverse();
  return { name, flights: flights.filter(({ bytes }) => bytes.length > 0) };
}

/** Not a Buffer, whose slices are views: what is changed would change for every mutant. */
function own(text: string | Uint8Array | undefined): Uint8Array {
  return Uint8Array.from(bytesOf(text));
}

function exchanged(name: string, client: string, server: string): Spoken {
  return {
    name,
    flights: [
      { party: "client", bytes: Uint8Array.from(hex(client)) },
      { party: "server", bytes: Uint8Array.from(hex(server)) },
    ],
  };
}

const rest = (count: number) => "5a".repeat(count);
const DIALOGUES_ALL = [...DIALOGUES, ...BINARY_DIALOGUES];
const LINKS: readonly Spoken[] = [
  exchanged(
    "WireGuard",
    `01000000 aabbccdd ${rest(140)}`,
    `02000000 11223344 aabbccdd ${rest(80)}`,
  ),
  exchanged(
    "WireGuard's data",
    `04000000 11223344 0700000000000000 ${rest(32)}`,
    `04000000 aabbccdd 0900000000000000 ${rest(32)}`,
  ),
  exchanged(
    "OpenVPN",
    "38 1122334455667788 00 00000000",
    "40 99aabbccddeeff00 01 00000000 1122334455667788 00000000",
  ),
  exchanged(
    "IKE",
    `1122334455667788 0000000000000000 21 20 22 08 00000000 00000044 22000028 ${rest(36)}`,
    `1122334455667788 99aabbccddeeff00 21 20 22 20 00000000 00000044 22000028 ${rest(36)}`,
  ),
  exchanged("ESP in UDP", `c0000001 00000001 ${rest(40)}`, `c0000002 00000001 ${rest(40)}`),
];
/** Types 1 and 65: an address, and what a hello to the name should be like (RFC 9460). */
const DNS: readonly Spoken[] = [
  [1, hex("c0000207")] as const,
  [65, serviceData("", [[5, echConfigList(7, "public.example")]])] as const,
].map(([type, data]) => {
  const answers = [
    dnsRecord(pointer(12), type, data),
    dnsRecord("b.example", 5, dnsName("c.example")),
  ];
  return {
    name: `DNS, type ${type}`,
    flights: [
      { party: "client", bytes: dnsQuery({ type }) },
      { party: "server", bytes: dnsAnswer({ type, answers }) },
    ],
  };
});
const OVER_TCP = DIALOGUES_ALL.filter(({ transport }) => transport !== "udp").map(spoken);
const OVER_UDP = [
  ...DIALOGUES_ALL.filter(({ transport }) => transport === "udp").map(spoken),
  ...LINKS,
  ...DNS,
];
const ALL = [...OVER_TCP, ...OVER_UDP];
const BELOW: readonly { name: string; protocol: number; etherType?: number; body: Uint8Array }[] = [
  { name: "ESP", protocol: 50, body: hex(`00000001 ${rest(40)}`) },
  { name: "AH", protocol: 51, body: hex(`04000000 00000100 00000001 ${rest(12)} 4500`) },
  { name: "MACsec", protocol: 0, etherType: 0x88e5, body: hex(`00000001 ${rest(40)}`) },
];
/** What grammars stumble over: ends of lines, lengths of what never comes, offers and answers. */
const INSERTED: readonly Uint8Array[] = [
  "\r\n",
  "\n",
  "\0",
  "\xff\xff\xff\xff",
  "\xff\xfa",
  "{4294967296}\r\n",
  "$999999999\r\n",
  "*1000000\r\n",
  "STARTTLS\r\n",
  "250-STARTTLS\r\n",
  "220 go ahead\r\n",
  "+OK\r\n",
  "a OK begin\r\n",
  "AUTH PLAIN ",
  "\r\n\r\n",
  "Content-Length: 99999999999999999999\r\n",
  "Transfer-Encoding: chunked\r\n\r\nffffffff\r\n",
  "\x16\x03\x01\x02\0",
  "\x30\x84\x7f\xff\xff\xff",
].map((text) => Uint8Array.from(latin1(text)));
/** As much as is looked at, and more. */
const SAID_BYTES_MAX = 20_000;
const DATAGRAMS_MAX = 12;
const CLIENT = "10.0.0.1:40000";
const SERVER = "10.0.0.2";
