/**
 * Numbers for Prometheus, in its text format 0.0.4.
 *
 * Every family and every value of its label stands in a list below: nothing that comes from the wire names a
 * series, so their number is known before the first packet. What is in no list counts as `other`.
 */
import { DECISIONS, type Line, SEVERITIES } from "../report/lines.ts";

/** Counts that only grow, by the value of one label; `""` for a family without label. */
export class Metrics {
  readonly #counts = new Map<Family, Map<string, number>>();
  readonly #gauges = new Map<Gauge, () => number | ReadonlyMap<string, number>>();
  readonly #fence = new Float64Array(FENCE_BUCKETS_S.length + 1);
  #fenceSum = 0;

  constructor() {
    for (const [name, { label }] of FAMILIES) {
      const values = label === undefined ? [""] : [...label.values, OTHER];
      this.#counts.set(name, new Map(values.map((value) => [value, 0])));
    }
  }

  add(family: Family, value = "", count = 1): void {
    const counts = this.#counts.get(family)!;
    const known = counts.has(value) ? value : OTHER;
    counts.set(known, (counts.get(known) ?? 0) + count);
  }

  /** Asked for whenever somebody reads. */
  gauge(name: Gauge, read: () => number | ReadonlyMap<string, number>): void {
    this.#gauges.set(name, read);
  }

  /** From the capture of the packet that proved it to the first dropped one, in seconds. */
  fenced(seconds: number): void {
    const bucket = FENCE_BUCKETS_S.findIndex((most) => seconds <= most);
    this.#fence[bucket < 0 ? FENCE_BUCKETS_S.length : bucket]!++;
    this.#fenceSum += seconds;
  }

  /** One line of output. */
  line(line: Line): void {
    this.add("lines", line.kind);
    if (line.kind === "finding") this.add("findings", line.severity);
    else if (line.kind === "verdict") this.add("verdicts", line.decision);
    else if (line.kind === "outcome") this.add("outcomes", line.status);
  }

  /** The whole page. */
  text(): string {
    const page: string[] = [];
    for (const [name, { says, label }] of FAMILIES) {
      const full = `portcullis_${name}_total`;
      page.push(`# HELP ${full} ${says}`, `# TYPE ${full} counter`);
      for (const [value, count] of this.#counts.get(name)!) {
        page.push(`${full}${label === undefined ? "" : `{${label.name}="${value}"}`} ${count}`);
      }
    }
    for (const [name, { says, label }] of GAUGES) {
      const value = this.#gauges.get(name)?.();
      if (value === undefined) continue;
      const full = name.startsWith("process_") ? name : `portcullis_${name}`;
      page.push(
        `# HELP ${full} ${says}`,
        `# TYPE ${full} ${full.endsWith("_total") ? "counter" : "gauge"}`,
      );
      if (typeof value === "number") page.push(`${full} ${value}`);
      else for (const [of, one] of value) page.push(`${full}{${label}="${of}"} ${one}`);
    }
    page.push(...this.#fenceText());
    return `${page.join("\n")}\n`;
  }

  #fenceText(): string[] {
    const name = "portcullis_fence_seconds";
    let sum = 0;
    const buckets = [...FENCE_BUCKETS_S.map(String), "+Inf"].map((most, at) => {
      sum += this.#fence[at]!;
      return `${name}_bucket{le="${most}"} ${sum}`;
    });
    return [
      `# HELP ${name} From the capture of the proof to the first dropped packet.`,
      `# TYPE ${name} histogram`,
      ...buckets,
      `${name}_sum ${this.#fenceSum}`,
      `${name}_count ${sum}`,
    ];
  }
}

export type Family =
  | "lines"
  | "findings"
  | "verdicts"
  | "outcomes"
  | "policy_reads"
  | "admin_refused";

export type Gauge =
  | "packets_total"
  | "packet_bytes_total"
  | "packets_lost_total"
  | "connections"
  | "gate_cut"
  | "ready"
  | "policy_broken"
  | "journal_durable"
  | "output_waiting_bytes"
  | "output_dropped_total"
  | "weakness"
  | "process_resident_memory_bytes"
  | "process_cpu_seconds_total"
  | "process_start_time_seconds";

interface Label {
  readonly name: string;
  readonly values: readonly string[];
}

const KINDS: readonly Line["kind"][] = [
  "tls",
  "certificate",
  "plaintext",
  "opaque",
  "host",
  "finding",
  "verdict",
  "outcome",
  "malformed",
  "fault",
  "loss",
  "summary",
];

const FAMILIES = new Map<Family, { readonly says: string; readonly label?: Label }>([
  ["lines", { says: "Lines of output.", label: { name: "kind", values: KINDS } }],
  ["findings", { says: "Findings.", label: { name: "severity", values: SEVERITIES } }],
  [
    "verdicts",
    { says: "Verdicts that are printed.", label: { name: "decision", values: DECISIONS } },
  ],
  [
    "outcomes",
    {
      says: "What rungs of the response did.",
      label: { name: "status", values: ["done", "unneeded", "failed"] },
    },
  ],
  [
    "policy_reads",
    { says: "Readings of the policy.", label: { name: "result", values: ["good", "bad"] } },
  ],
  ["admin_refused", { says: "Clients of the admin socket that were turned away." }],
]);

const GAUGES = new Map<Gauge, { readonly says: string; readonly label?: string }>([
  ["packets_total", { says: "Packets that were looked at." }],
  ["packet_bytes_total", { says: "Bytes of them, as captured." }],
  ["packets_lost_total", { says: "Packets that the capture lost, as far as it knows." }],
  ["connections", { says: "Connections that are being read." }],
  ["gate_cut", { says: "1 while the workload is cut off." }],
  ["ready", { says: "1 while the gate stands guard." }],
  ["policy_broken", { says: "1 while the file is not what is in force." }],
  ["journal_durable", { says: "0 when the last record may be lost by a crash." }],
  ["output_waiting_bytes", { says: "Output that waits for its reader." }],
  [
    "output_dropped_total",
    { says: "Lines that the reader of standard output did not take in time.", label: "weight" },
  ],
  ["weakness", { says: "1 for what could defeat the gate here.", label: "name" }],
  ["process_resident_memory_bytes", { says: "Resident memory." }],
  ["process_cpu_seconds_total", { says: "Processor time used, user and system." }],
  ["process_start_time_seconds", { says: "Start, in seconds since 1970." }],
]);

const OTHER = "other";
/** Around the aims of RESPONSE: 2 ms for half of them, 10 ms for all but one in a hundred. */
const FENCE_BUCKETS_S = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.1, 1] as const;
