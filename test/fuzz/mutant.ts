/** Makes mutant number n of a seed: a capture file in which something, at some layer, is wrong. */
import type { Flight } from "../wire/recorded.ts";
import { type WrittenCapture, writeCapture } from "./capture-writer.ts";
import { clearCapture } from "./clear-mutation.ts";
import type { Corpus } from "./corpus.ts";
import { flipAnywhere, mutateFile, mutateHeader } from "./file-mutation.ts";
import { quicCapture } from "./quic-mutation.ts";
import { Random } from "./random.ts";
import { mutateSegments, segmentsOf } from "./segments.ts";
import { mutateCertificate, mutateFlight } from "./stream-mutation.ts";

export interface Mutant {
  /** Lent: the next mutant may be written over it. */
  readonly bytes: Uint8Array;
  /** What it was made from and where it was changed. */
  readonly story: string;
  /** Where reading is interrupted and taken up again, as at the end of a buffer. */
  readonly cut: number;
}

/** `clear`: what is read in clear and below the transport alone; `any`: that, and all else. */
export const KINDS = ["any", "clear"] as const;
export type Kind = (typeof KINDS)[number];

export function makeMutant(
  corpus: Corpus,
  { seed, number, kind = "any" }: { seed: number; number: number; kind?: Kind },
): Mutant {
  const random = new Random(seed, number);
  const made = kind === "clear" ? clearCapture(corpus.handshakes, random) : fromAny(corpus, random);
  const cut = random.chance(20) ? random.below(made.bytes.length) : made.bytes.length;
  return { ...made, cut };
}

function fromAny(corpus: Corpus, random: Random): Omit<Mutant, "cut"> {
  if (corpus.captures.length > 0 && random.chance(15)) return fromCapture(corpus, random);
  if (random.chance(20)) return clearCapture(corpus.handshakes, random);
  // Sealing them takes longer than making anything else.
  if (random.chance(5)) return { bytes: quicCapture(random), story: "quic" };
  return fromHandshake(corpus, random);
}

function fromHandshake({ handshakes }: Corpus, random: Random): Omit<Mutant, "cut"> {
  const { name, flights } = random.pick(handshakes);
  const layer = random.pick(LAYERS);
  let mutated: readonly Flight[] = flights;
  if (layer === "certificate") mutated = withCertificate(flights, random);
  if (layer === "stream" || layer === "all") mutated = withFlights(flights, handshakes, random);
  let segments = segmentsOf(mutated, random);
  if (layer === "segments" || layer === "all") {
    for (let round = random.below(4); round >= 0; round--)
      segments = mutateSegments(segments, random);
  }
  const capture = writeCapture(segments, random);
  if (layer === "headers" || layer === "all") {
    for (let round = random.below(3); round >= 0; round--) mutateHeader(capture, random);
  }
  const bytes = layer === "file" ? mutateFile(capture, random) : capture.bytes;
  return { bytes, story: `${name}, ${layer}` };
}

function withCertificate(flights: readonly Flight[], random: Random): Flight[] {
  return flights.map(({ party, bytes }) => ({
    party,
    bytes: mutateCertificate(bytes, random) ?? bytes,
  }));
}

function withFlights(
  flights: readonly Flight[],
  handshakes: Corpus["handshakes"],
  random: Random,
): Flight[] {
  const others = random.pick(handshakes).flights.map(({ bytes }) => bytes);
  // The first two flights are the hellos and the certificates: most of what there is to read.
  const chosen = random.chance(80) ? random.below(2) : random.below(flights.length);
  return flights.map(({ party, bytes }, index) => {
    let said = bytes;
    if (index === chosen)
      for (let round = random.below(3); round >= 0; round--)
        if (said.length > 0) said = mutateFlight(said, others, random);
    return { party, bytes: said.subarray(0, FLIGHT_BYTES_MAX) };
  });
}

function fromCapture({ captures }: Corpus, random: Random): Omit<Mutant, "cut"> {
  const { path, bytes: whole } = random.pick(captures);
  COPY.set(whole);
  const bytes = COPY.subarray(0, whole.length);
  const capture: WrittenCapture = { bytes, ...placesOf(whole), linkBytes: 14 };
  if (random.chance(40)) return { bytes: flipAnywhere(bytes, random), story: `${path}, bits` };
  if (random.chance(50)) {
    for (let round = random.below(4); round >= 0; round--) mutateHeader(capture, random);
    return { bytes, story: `${path}, headers` };
  }
  return { bytes: mutateFile(capture, random), story: `${path}, file` };
}

type Places = Pick<WrittenCapture, "packets" | "fields">;
const PLACES = new WeakMap<Uint8Array, Places>();

/** Where the packets of a little-endian pcap are; of anything else, some places. */
function placesOf(file: Uint8Array): Places {
  const known = PLACES.get(file);
  if (known) return known;
  const packets: { from: number; to: number }[] = [];
  const fields: number[] = [];
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const pcap = file.length >= 24 && (view.getUint32(0, true) | 0x00ffff00) >>> 0 === 0xa1ffffd4;
  for (let at = pcap ? 24 : 0; at + 16 <= file.length; ) {
    const captured = pcap ? view.getUint32(at + 8, true) : 48;
    const to = Math.min(file.length, at + 16 + captured);
    packets.push({ from: at + 16, to });
    fields.push(at, at + 4, at + 8, at + 12);
    at = to;
  }
  const places = { packets, fields };
  PLACES.set(file, places);
  return places;
}

const LAYERS = [
  "certificate",
  "certificate",
  "stream",
  "stream",
  "stream",
  "segments",
  "segments",
  "headers",
  "file",
  "all",
] as const;
const FLIGHT_BYTES_MAX = 200_000;
const COPY = new Uint8Array(1024 * 1024);
