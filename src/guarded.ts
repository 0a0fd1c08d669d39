/** Keeps a fault of one connection's inspector from the others: it is reported, and reads no more. */
import type { Flow, FlowEvent, Inspector } from "./flow/event.ts";
import type { Connection } from "./inspect/connection.ts";
import type { DatagramConnection } from "./inspect/datagram.ts";

/** Told of something in our own code that went wrong. */
export interface FaultListener {
  fault(where: string, error: unknown, atUs: number, flow?: Flow): void;
}

export class Guarded implements Inspector {
  readonly inner: Connection | DatagramConnection;
  readonly flow: Flow;
  readonly #listener: FaultListener;
  /** Of the last event. */
  lastAtUs = Number.NaN;
  #broken = false;

  constructor(inner: Connection | DatagramConnection, flow: Flow, listener: FaultListener) {
    this.inner = inner;
    this.flow = flow;
    this.#listener = listener;
  }

  push(event: FlowEvent): void {
    this.lastAtUs = event.atUs;
    if (this.#broken) return;
    try {
      this.inner.push(event);
    } catch (error) {
      this.#broken = true;
      this.#listener.fault("inspect", error, event.atUs, this.flow);
    }
  }

  get wants(): Inspector["wants"] {
    return this.#broken ? "nothing" : this.inner.wants;
  }

  get idle(): boolean {
    return this.inner.idle;
  }

  get nextRecord(): Inspector["nextRecord"] {
    return this.inner.nextRecord;
  }
}
