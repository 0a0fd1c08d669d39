/**
 * Makes `evasion/` again: one real handshake (`unknown-issuer.pcap`), said once more in packets and
 * records that were made to be misread. `node captures/evasion.ts`; needs nothing else, and the same
 * handshake gives the same files.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { concat, hex, uint } from "../test/wire/bytes.ts";
import { type Conversation, conversation } from "../test/wire/conversation.ts";
import { heardIn } from "../test/wire/heard.ts";
import { checksum, fragments } from "../test/wire/ip.ts";
import type { WirePacket } from "../test/wire/packet.ts";
import { pcap } from "../test/wire/pcap.ts";
import { RECORD, record, records } from "../test/wire/tls.ts";

const HERE = import.meta.dirname;
const ETHERNET = 14;
const NOTHING = new Uint8Array(0);
const [heard] = await heardIn(join(HERE, "unknown-issuer.pcap"));
const { flights } = heard!;
const HELLO = flights[0]!.bytes;
/** The hello's message, and the same one asking for a name of as many letters. */
const MESSAGE = HELLO.subarray(5);
const NAME_AT = Buffer.from(HELLO).indexOf("updates.vendor.example");
const DECOY = (() => {
  const bytes = Uint8Array.from(HELLO);
  bytes.set(Buffer.from("updates.vendor.example".replace(/[a-z]/g, "x")), NAME_AT);
  return bytes;
})();

type Say = (script: Conversation) => Conversation;
const said =
  (bytes: Uint8Array): Say =>
  (script) =>
    script.client(bytes);
const asIs = said(HELLO);

/** By name: what it does in a sentence, and how the hello is said. */
const EVASIONS: Record<string, readonly [what: string, hello: Say, shape?: Shape]> = {
  "one-byte-records": [
    "The ClientHello in TLS records of one byte each.",
    said(records(RECORD.handshake, MESSAGE, 1, 0x0301)),
  ],
  "records-split-in-name": [
    "The ClientHello in two records, cut inside the server's name.",
    said(concat(part(0, NAME_AT + 8), part(NAME_AT + 8, HELLO.length))),
  ],
  "segments-split-in-name": [
    "The ClientHello in two segments, cut inside the server's name.",
    (script) => script.client(HELLO.subarray(0, NAME_AT + 8)).client(HELLO.subarray(NAME_AT + 8)),
  ],
  "one-byte-segments": [
    "The ClientHello in TCP segments of one byte each.",
    (script) => script.client(HELLO, { mss: 1 }),
  ],
  "out-of-order": [
    "The ClientHello in segments of 40 bytes, the last one first.",
    (script) => script.client(HELLO, { mss: 40 }).swap(Math.ceil(HELLO.length / 40)),
  ],
  "overlap-decoy-first": [
    "The hello with another name comes first, and then the real one over the same bytes.",
    (script) => script.segment("client", 0, DECOY).client(HELLO),
  ],
  "overlap-decoy-last": [
    "The real hello comes first, and then one with another name over the same bytes.",
    (script) => script.client(HELLO).segment("client", 0, DECOY),
  ],
  "overlap-inside": [
    "Segments that overlap by eight bytes, of which one says something else.",
    (script) => {
      const cut = NAME_AT + 8;
      return script
        .segment("client", cut - 8, DECOY.subarray(cut - 8))
        .segment("client", 0, HELLO.subarray(0, cut))
        .client(HELLO);
    },
  ],
  "overlap-low-ttl": [
    "A decoy hello with a TTL of 1, which never reaches the server, before the real one.",
    (script) => script.segment("client", 0, DECOY).client(HELLO),
    { change: (packets) => packets.map((one, at) => (at === 3 ? withTtl(one, 1) : one)) },
  ],
  "fake-rst-checksum": [
    "A RST with a wrong checksum before the hello.",
    (script) => script.reset("client").client(HELLO),
    { change: (packets) => packets.map((one, at) => (at === 3 ? withBadChecksum(one) : one)) },
  ],
  "fake-rst-low-ttl": [
    "A RST with a TTL of 1 before the hello.",
    (script) => script.reset("client").client(HELLO),
    { change: (packets) => packets.map((one, at) => (at === 3 ? withTtl(one, 1) : one)) },
  ],
  "fake-rst-out-of-window": [
    "A RST far outside the window before the hello.",
    (script) => script.segment("client", 900_000_000, NOTHING, "R").client(HELLO),
  ],
  "fake-rst-server": [
    "A RST that the server seems to have sent, before the hello.",
    (script) => script.reset("server").client(HELLO),
  ],
  "fake-fin-checksum": [
    "A FIN with a wrong checksum before the hello.",
    (script) => script.segment("client", 0, NOTHING, "FA").client(HELLO),
    { change: (packets) => packets.map((one, at) => (at === 3 ? withBadChecksum(one) : one)) },
  ],
  "fake-fin-low-ttl": [
    "A FIN with a TTL of 1 in the middle of the hello.",
    (script) =>
      script
        .client(HELLO.subarray(0, 60))
        .segment("client", 60, NOTHING, "FA")
        .client(HELLO.subarray(60)),
    { change: (packets) => packets.map((one, at) => (at === 4 ? withTtl(one, 1) : one)) },
  ],
  "fake-fin-out-of-window": [
    "A FIN far outside the window before the hello.",
    (script) => script.segment("client", 900_000_000, NOTHING, "FA").client(HELLO),
  ],
  "record-version-0300": ["The hello in a record of SSL 3.0.", said(versioned(0x0300))],
  "record-version-0304": ["The hello in a record of version 0x0304.", said(versioned(0x0304))],
  "record-version-03ff": ["The hello in a record of version 0x03ff.", said(versioned(0x03ff))],
  "record-version-0903": ["The hello in a record of version 0x0903.", said(versioned(0x0903))],
  "ssl2-hello": [
    "A ClientHello of SSLv2 that offers TLS 1.2 (RFC 5246, appendix E.2): it has no name.",
    said(
      hex(
        "802e 01 0303 0015 0000 0010 00c02f 00c02b 00009c 000035 00002f 0000ff 00000a".concat(
          "11".repeat(16),
        ),
      ),
    ),
  ],
  grease: ["Reserved values (RFC 8701) as first suite, first and last extension.", said(greased())],
  "hello-16k": [
    "A ClientHello of 16 KB: padding before the server's name.",
    said(record(RECORD.handshake, padded(15_900), { version: 0x0301 })),
  ],
  "hello-40k": [
    "A ClientHello of 40 KB, in three records.",
    said(records(RECORD.handshake, padded(40_000), 16_384, 0x0301)),
  ],
  "empty-records": [
    "Empty handshake and application data records before the hello.",
    said(concat(hex("16 0301 0000"), hex("16 0301 0000"), HELLO)),
  ],
  "empty-record-inside": [
    "An empty handshake record in the middle of the hello.",
    said(concat(part(0, 80), hex("16 0301 0000"), part(80, HELLO.length))),
  ],
  "alert-before": [
    "A warning alert before the hello.",
    said(concat(hex("15 0301 0002 01 70"), HELLO)),
  ],
  "ip-fragments": [
    "Every packet in IP fragments of 24 bytes.",
    asIs,
    { cut: (packet) => fragments(packet, 24) },
  ],
  "ip-fragments-backwards": [
    "Every packet in IP fragments of 64 bytes, the last one first.",
    asIs,
    { cut: (packet) => fragments(packet, 64).reverse() },
  ],
};

interface Shape {
  readonly cut?: (packet: Uint8Array) => readonly Uint8Array[];
  readonly change?: (packets: readonly WirePacket[]) => WirePacket[];
}

mkdirSync(join(HERE, "evasion"), { recursive: true });
for (const [name, [what, hello, shape = {}]] of Object.entries(EVASIONS)) {
  const { cut, change = (packets) => [...packets] } = shape;
  const script = hello(conversation({ ...ends(), ...(cut && { cut }) }));
  for (const { party, bytes } of flights.slice(1)) script.say(party, bytes);
  const packets = change(script.close().packets());
  writeFileSync(join(HERE, "evasion", `${name}.pcap`), pcap(packets));
  writeFileSync(join(HERE, "evasion", `${name}.md`), note(name, what, packets.length));
}

function ends() {
  const [one, other] = heard!.flow.ends;
  const place = ({ ip, port }: typeof one) => `${ip}:${port}`;
  const turned = heard!.flow.opener === 1;
  return {
    client: place(turned ? other : one),
    server: place(turned ? one : other),
    startUs: heard!.flow.openedAtUs,
  };
}

function note(name: string, what: string, packets: number): string {
  return `# evasion/${name}

${what} What follows is the server's answer of \`unknown-issuer.pcap\`, as it was.

- **File**: \`${name}.pcap\`, ${packets} packets, rewritten; no peer sent it like this
- **Remake**: \`node captures/evasion.ts\`
- **Licence**: ours, Apache-2.0
`;
}

/** A piece of the hello's record, by its offsets, in a record of its own. */
function part(from: number, to: number): Uint8Array {
  return record(RECORD.handshake, HELLO.subarray(Math.max(5, from), to), { version: 0x0301 });
}

function versioned(version: number): Uint8Array {
  return record(RECORD.handshake, MESSAGE, { version });
}

/** The message with `bytes` put in at `at`, its own length and that of the vector at `lengthAt` grown. */
function grown(message: Uint8Array, at: number, bytes: Uint8Array, lengthAt: number): Uint8Array {
  const view = new DataView(message.buffer, message.byteOffset);
  const grew = concat(message.subarray(0, at), bytes, message.subarray(at));
  grew.set(uint(message.length - 4 + bytes.length, 3), 1);
  grew.set(uint(view.getUint16(lengthAt) + bytes.length, 2), lengthAt);
  return grew;
}

function suitesAt(message: Uint8Array): number {
  return 39 + message[38]!;
}

function extensionsAt(message: Uint8Array): number {
  const at = suitesAt(message);
  const compressionAt = at + 2 + ((message[at]! << 8) | message[at + 1]!);
  return compressionAt + 1 + message[compressionAt]!;
}

function padded(count: number): Uint8Array {
  const at = extensionsAt(MESSAGE);
  const padding = concat(uint(21, 2), uint(count, 2), new Uint8Array(count));
  return grown(MESSAGE, at + 2, padding, at);
}

function greased(): Uint8Array {
  const suites = suitesAt(MESSAGE);
  let message = grown(MESSAGE, suites + 2, hex("8a8a"), suites);
  message = grown(message, message.length, hex("dada 0001 00"), extensionsAt(message));
  const first = extensionsAt(message);
  return record(RECORD.handshake, grown(message, first + 2, hex("3a3a 0000"), first), {
    version: 0x0301,
  });
}

function withTtl(packet: WirePacket, ttl: number): WirePacket {
  const bytes = Uint8Array.from(packet.bytes);
  bytes[ETHERNET + 8] = ttl;
  bytes.set([0, 0], ETHERNET + 10);
  bytes.set(uint(checksum(bytes.subarray(ETHERNET, ETHERNET + 20)), 2), ETHERNET + 10);
  return { ...packet, bytes };
}

function withBadChecksum(packet: WirePacket): WirePacket {
  const bytes = Uint8Array.from(packet.bytes);
  bytes[ETHERNET + 20 + 16]! ^= 0x55;
  return { ...packet, bytes };
}
