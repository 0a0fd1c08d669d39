/** Sends one mutant through every layer, as `replay` puts them together, and says how deep it got. */
import type { CaptureFormat, PacketSink } from "../../src/capture/packet-sink.ts";
import { PcapFormat } from "../../src/capture/pcap.ts";
import { PcapngFormat } from "../../src/capture/pcapng.ts";
import { Census } from "../../src/decode/census.ts";
import { decodeFrame } from "../../src/decode/link.ts";
import { FRAGMENT, PacketView, TRANSPORT } from "../../src/decode/packet-view.ts";
import { decodeTransport } from "../../src/decode/transport.ts";
import type { Flow, Inspector } from "../../src/flow/event.ts";
import { Fragments } from "../../src/flow/fragments.ts";
import { type Above, FlowTable } from "../../src/flow/table.ts";
import { DatagramConnection } from "../../src/inspect/datagram.ts";
import type { SeenCertificates, TlsObservation } from "../../src/inspect/observation.ts";
import { TlsConnection } from "../../src/inspect/tls/connection.ts";
import { defaultPolicy } from "../../src/judge/policy.ts";
import { Judging } from "../../src/judging.ts";
import type { Line } from "../../src/report/lines.ts";
import { type Certificate, parseCertificate } from "../../src/trust/certificate.ts";
import type { Mutant } from "./mutant.ts";

export const LAYER_NAMES = [
  "capture",
  "decode",
  "flow",
  "inspect",
  "datagram",
  "certificate",
  "judge",
] as const;
export type Layer = (typeof LAYER_NAMES)[number];
/** How many mutants did something in a layer. */
export type Reach = Record<Layer, number>;

export function noReach(): Reach {
  return { capture: 0, decode: 0, flow: 0, inspect: 0, datagram: 0, certificate: 0, judge: 0 };
}

/**
 * Counts in `reach` the layers in which something came of the mutant: a packet, a transport
 * header, payload in order, a TLS observation, a certificate. Throws what a layer throws.
 */
export function drive(mutant: Mutant, reach: Reach): void {
  const above = new Watched();
  const sink = new Sink(above);
  send(mutant, sink);
  if (sink.packets > 0) reach.capture++;
  if (sink.transports > 0) reach.decode++;
  if (above.opened > 0) reach.flow++;
  if (above.observed > 0) reach.inspect++;
  if (above.overUdp > 0) reach.datagram++;
  if (above.certificates > 0) reach.certificate++;
}

/** The same with the judge in place of a look at each certificate. Much slower: for a sample. */
export function driveToJudge(mutant: Mutant, reach: Reach): void {
  const lines: Line[] = [];
  const judging = judge(lines);
  send(mutant, new Sink(judging));
  judging.end();
  for (const line of lines) {
    if (line.kind === "fault") throw new Error(line.stack);
    JSON.parse(JSON.stringify(line));
  }
  if (lines.some((line) => line.kind === "verdict")) reach.judge++;
}

/** One for all mutants: reading the roots takes as long as judging a hundred of them. */
function judge(lines: Line[]): Judging {
  JUDGED.lines = lines;
  const options = { policy: defaultPolicy, local: ["10.0.0.0/8"], observations: true };
  JUDGED.judging ??= new Judging(options, (line) => void JUDGED.lines.push(line));
  return JUDGED.judging;
}

function send(mutant: Mutant, sink: Sink): void {
  const format = formatOf(mutant.bytes, sink);
  if (format !== undefined) {
    const { bytes, cut } = mutant;
    const taken = format.read(bytes, 0, cut, 0);
    const all =
      cut < bytes.length ? taken + format.read(bytes, taken, bytes.length, taken) - taken : taken;
    expectWithin(all, taken, bytes.length);
    format.end(bytes.length - all, all);
  }
  sink.end();
}

function formatOf(bytes: Uint8Array, sink: PacketSink): CaptureFormat | undefined {
  const first = (bytes[0] ?? 0) * 2 ** 24 + ((bytes[1] ?? 0) << 16) + ((bytes[2] ?? 0) << 8);
  const magic = first + (bytes[3] ?? 0);
  if (magic === 0x0a0d0d0a) return new PcapngFormat(sink);
  return PCAP_MAGICS.has(magic) ? new PcapFormat(sink) : undefined;
}

class Sink implements PacketSink {
  readonly clock = new Float64Array(1);
  packets = 0;
  transports = 0;
  readonly #view = new PacketView();
  readonly #census = new Census();
  readonly #fragments = new Fragments();
  readonly #table: FlowTable;

  constructor(above: Above) {
    this.#table = new FlowTable(above, { flows: 64, heldBytes: 4_000_000 });
  }

  packet(
    bytes: Uint8Array,
    offset: number,
    captured: number,
    original: number,
    link: number,
  ): void {
    expectWithin(offset + captured, offset, bytes.length);
    const view = this.#view;
    view.atUs = this.clock[0]!;
    view.cut = original > captured ? original - captured : 0;
    this.#census.packet = ++this.packets;
    let what = decodeFrame(view, bytes, offset, offset + captured, link, this.#census);
    if (what === FRAGMENT && this.#fragments.add(view)) what = decodeTransport(view, this.#census);
    if (what !== TRANSPORT) return;
    expectWithin(view.end, view.payload, view.bytes.length);
    this.transports++;
    this.#table.packet(view);
  }

  end(): void {
    this.#fragments.end();
    this.#table.end();
  }
}

/** Every connection is read as TLS, QUIC or DTLS; what was seen is looked at when it closes. */
class Watched implements Above {
  opened = 0;
  observed = 0;
  /** Of those, what came in datagrams. */
  overUdp = 0;
  certificates = 0;

  open(flow: Flow): Inspector {
    this.opened++;
    return flow.transport === "udp" ? new DatagramConnection(flow) : new TlsConnection(flow);
  }

  close(_flow: Flow, inspector: Inspector): void {
    if (inspector instanceof DatagramConnection) {
      const seen = inspector.results();
      JSON.stringify([inspector.malformed, inspector.overlaps, inspector.unreadVersion]);
      if (seen.length > 0) this.overUdp++;
      for (const observation of seen) this.#look(observation);
    } else if (inspector instanceof TlsConnection) {
      const observation = inspector.result();
      if (observation !== undefined) this.#look(observation);
    }
  }

  #look(observation: TlsObservation): void {
    this.observed++;
    JSON.stringify({ ...observation, certificates: undefined, clientCertificates: undefined });
    this.#certificates(observation.certificates);
    this.#certificates(observation.clientCertificates);
  }

  overlap(): void {}
  loss(): void {}

  #certificates(seen: SeenCertificates | undefined): void {
    for (const der of seen?.chain ?? []) {
      lookAt(parseCertificate(der.slice()));
      this.certificates++;
    }
  }
}

/** Every field, since many are made only when somebody asks. */
function lookAt(certificate: Certificate): void {
  const { subject, issuer, serial, validFrom, validTo, key, names, faults } = certificate;
  const { subjectKey, issuerKey, commonName, subjectAltNames, selfIssued, signature, ca } =
    certificate;
  JSON.stringify([subject, issuer, serial, validFrom, validTo, key, names, faults]);
  JSON.stringify([
    subjectKey,
    issuerKey,
    commonName,
    subjectAltNames.length,
    selfIssued,
    signature,
    ca,
  ]);
}

/** Lent bytes lie inside what they are lent from. */
function expectWithin(to: number, from: number, length: number): void {
  if (!(from >= 0 && from <= to && to <= length))
    throw new Error(`[${from}, ${to}) of ${length} bytes, expected a part of them`);
}

const PCAP_MAGICS = new Set([0xa1b2c3d4, 0xd4c3b2a1, 0xa1b23c4d, 0x4d3cb2a1]);
const JUDGED: { lines: Line[]; judging?: Judging } = { lines: [] };
