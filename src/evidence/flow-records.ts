/**
 * One record a connection: between whom, from when to when, how much. No payload, ever. They tell what
 * else a workload did in the hour before a verdict, when of other connections no packets are left.
 */
import type { PacketView } from "../decode/packet-view.ts";
import { TCP } from "../decode/transport.ts";
import { sourceOf, targetOf } from "./endpoint.ts";

export interface FlowRecord {
  /** As lines number it. */
  readonly flow: number;
  readonly transport: "tcp" | "udp";
  /** Who sent the first packet that was captured, and to whom: `ip:port`. */
  readonly from: string;
  readonly to: string;
  /** Microseconds since 1970. */
  readonly firstAtUs: number;
  lastAtUs: number;
  /** Both ways, as captured: who watches the first bytes of a connection sees no more than those. */
  packets: number;
  bytes: number;
  /** The newest verdict on it; absent while there is none. */
  decision?: string;
}

export class FlowRecords {
  /** Records that went to make room for newer ones. */
  dropped = 0;
  /** The last packet was the first of its connection. */
  isNew = false;
  readonly #records = new Map<number, FlowRecord>();
  readonly #recordsMax: number;

  constructor(recordsMax = RECORDS_MAX) {
    this.#recordsMax = recordsMax;
  }

  /** A decoded packet of a connection. @param bytes of it, as captured */
  packet(flow: number, view: PacketView, bytes: number): void {
    const known = this.#records.get(flow);
    this.isNew = known === undefined;
    if (known !== undefined) {
      if (view.atUs > known.lastAtUs) known.lastAtUs = view.atUs;
      known.packets++;
      known.bytes += bytes;
      return;
    }
    this.#records.set(flow, {
      flow,
      transport: view.protocol === TCP ? "tcp" : "udp",
      from: sourceOf(view),
      to: targetOf(view),
      firstAtUs: view.atUs,
      lastAtUs: view.atUs,
      packets: 1,
      bytes,
    });
    if (this.#records.size <= this.#recordsMax) return;
    const [oldest] = this.#records.keys();
    this.#records.delete(oldest!);
    this.dropped++;
  }

  decide(flow: number, decision: string): void {
    const known = this.#records.get(flow);
    if (known !== undefined) known.decision = decision;
  }

  /** Those that were alive in the hour before `atUs`, in the order in which they began. */
  lastHour(atUs: number): FlowRecord[] {
    return [...this.#records.values()]
      .filter(({ firstAtUs, lastAtUs }) => lastAtUs >= atUs - HOUR_US && firstAtUs <= atUs)
      .map((record) => ({ ...record }));
  }
}

const HOUR_US = 3_600_000_000;
/** 4,096 of them take about 1 MB. */
const RECORDS_MAX = 4096;
