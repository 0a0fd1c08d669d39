/** Sends one mutant through every layer, as `replay` puts them together, and says how deep it got. */
import type { CaptureFormat, PacketSink } from "../../src/capture/packet-sink.ts";
import { PcapFormat } from "../../src/capture/pcap.ts";
import { PcapngFormat } from "../../src/capture/pcapng.ts";
import { Census } from "../../src/decode/census.ts";
import { decodeFrame } from "../../src/decode/link.ts";
import { FRAGMENT, PacketView, TRANSPORT } from "../../src/decode/packet-view.ts";
import { decodeTransport } from "../../src/decode/transport.ts";
import type { Flow, FlowEvent, Inspector, Wants } from "../../src/flow/event.ts";
import { Fragments } from "../../src/flow/fragments.ts";
import { type Above, FlowTable } from "../../src/flow/table.ts";
import { Connection } from "../../src/inspect/connection.ts";
import { DatagramConnection } from "../../src/inspect/datagram.ts";
import type { DnsAnswer } from "../../src/inspect/dns/answer.ts";
import { aboveEthernet, aboveIp, LinkFlow } from "../../src/inspect/link/index.ts";
import type {
  PlaintextObservation,
  SeenCertificates,
  TlsObservation,
} from "../../src/inspect/observation.ts";
import { defaultPolicy } from "../../src/judge/policy/policy.ts";
import { Judging } from "../../src/judging.ts";
import type { Line } from "../../src/report/lines.ts";
import { type Certificate, parseCertificate } from "../../src/trust/certificate.ts";
import type { Mutant } from "./mutant.ts";

export const LAYER_NAMES = [
  "capture",
  "decode",
  "flow",
  "inspect",
  "dtls",
  "quic",
  "plaintext",
  "starttls",
  "opaque",
  "dns",
  "link",
  "certificate",
  "judge",
] as const;
export type Layer = (typeof LAYER_NAMES)[number];
/** How many mutants did something in a layer. */
export type Reach = Record<Layer, number>;

export function noReach(): Reach {
  return Object.fromEntries(LAYER_NAMES.map((name) => [name, 0])) as Reach;
}

/**
 * Counts in `reach` the layers in which something came of the mutant: a packet, a transport
 * header, payload in order, an observation of any kind, a certificate. Throws what a layer throws.
 */
export function drive(mutant: Mutant, reach: Reach): void {
  const above = new Watched();
  const sink = new Sink(above);
  send(mutant, sink);
  if (sink.packets > 0) reach.capture++;
  if (sink.transports > 0) reach.decode++;
  if (above.opened > 0) reach.flow++;
  for (const layer of above.reached) reach[layer]++;
  if (sink.links > 0 && !above.reached.has("link")) reach.link++;
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
  /** Packets that are ESP, AH or MACsec. */
  links = 0;
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
    this.#link(bytes, offset, captured, view.cut);
    let what = decodeFrame(view, bytes, offset, offset + captured, link, this.#census);
    if (what === FRAGMENT && this.#fragments.add(view)) what = decodeTransport(view, this.#census);
    if (what !== TRANSPORT) return;
    expectWithin(view.end, view.payload, view.bytes.length);
    this.transports++;
    this.#table.packet(view);
  }

  /** As if the packet were Ethernet: what else it may be, these readers must stand as well. */
  #link(bytes: Uint8Array, offset: number, captured: number, cut: number): void {
    if (captured < IP_AT + 20) return;
    const to = offset + captured;
    const etherType = (bytes[offset + 12]! << 8) | bytes[offset + 13]!;
    const behind = { bytes, from: offset + IP_AT, to, cut };
    if (aboveEthernet(etherType, behind) !== undefined) this.links++;
    const from = offset + IP_AT + 20;
    const protocol = bytes[offset + IP_AT + 9]!;
    if (aboveIp(protocol, { bytes, from, to, cut }) !== undefined) this.links++;
  }

  end(): void {
    this.#fragments.end();
    this.#table.end();
  }
}

/** Every connection is read as whatever it is; what was seen is looked at when it closes. */
class Watched implements Above {
  opened = 0;
  readonly reached = new Set<Layer>();

  open(flow: Flow): Inspector {
    this.opened++;
    const answers = (answer: DnsAnswer) => {
      JSON.stringify(answer);
      this.reached.add("dns");
    };
    return flow.transport === "udp"
      ? new Beside(flow, answers)
      : new Connection(flow, undefined, answers);
  }

  close(_flow: Flow, inspector: Inspector): void {
    if (inspector instanceof Beside) {
      const { datagrams, by } = inspector;
      if (by !== undefined) this.reached.add("link");
      JSON.stringify([datagrams.malformed, datagrams.overlaps, datagrams.unreadVersion]);
      for (const observation of datagrams.results()) this.#look(observation);
      this.#clear(datagrams.plaintext);
    } else if (inspector instanceof Connection) {
      const { tls, plaintext, opaque } = inspector.result();
      if (tls !== undefined) this.#look(tls);
      if (tls?.starttls !== undefined) this.reached.add("starttls");
      this.#clear(plaintext);
      if (opaque !== undefined) this.reached.add("opaque");
    }
  }

  #clear(told: readonly PlaintextObservation[]): void {
    for (const { exposes } of told) {
      this.reached.add("inspect").add("plaintext");
      for (const { offset, bytes } of exposes) expectWithin(offset + bytes, offset, SAID_MAX);
    }
  }

  #look(observation: TlsObservation): void {
    this.reached.add("inspect");
    const { transport } = observation;
    if (transport !== "tcp") this.reached.add(transport);
    JSON.stringify({ ...observation, certificates: undefined, clientCertificates: undefined });
    this.#certificates(observation.certificates);
    this.#certificates(observation.clientCertificates);
  }

  overlap(): void {}
  loss(): void {}

  #certificates(seen: SeenCertificates | undefined): void {
    for (const der of seen?.chain ?? []) {
      lookAt(parseCertificate(der.slice()));
      this.reached.add("certificate");
    }
  }
}

/** A UDP flow as two stages read it: what is said in it, and whether it carries encrypted packets. */
class Beside implements Inspector {
  readonly datagrams: DatagramConnection;
  readonly #link: LinkFlow;

  constructor(flow: Flow, answers: (answer: DnsAnswer) => void) {
    this.datagrams = new DatagramConnection(flow, { answers });
    this.#link = new LinkFlow([flow.ends[0].port, flow.ends[1].port]);
  }

  get wants(): Wants {
    return this.datagrams.wants;
  }

  get idle(): boolean {
    return this.datagrams.idle;
  }

  get nextRecord(): readonly [number, number] {
    return this.datagrams.nextRecord;
  }

  get by(): LinkFlow["by"] {
    return this.#link.by;
  }

  push(event: FlowEvent): void {
    this.datagrams.push(event);
    if (event.kind === "datagram") this.#link.push(event.side, event);
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
/** Where IP begins behind an Ethernet header without tags. */
const IP_AT = 14;
/** Nothing is located behind what was looked at: of a datagram, or of a direction. */
const SAID_MAX = 8192 + 1;
