/** One JSON object a line, in order: what scripts read (INTERFACE, "Lines"; schema.ts). */

import type { Line } from "./lines.ts";
import { LineOrder } from "./order.ts";
import { printLine } from "./print.ts";
import { isObservation, type OpenSink, type Sink, type SinkOptions } from "./sink.ts";

export const openJsonl: OpenSink = (options) => new JsonlSink(options);

class JsonlSink implements Sink {
  readonly #options: SinkOptions;
  readonly #order = new LineOrder();

  constructor(options: SinkOptions) {
    this.#options = options;
  }

  push(line: Line): void {
    if (!this.#options.observations && isObservation(line)) return;
    this.#order.add(line, `${printLine(line)}\n`);
  }

  end(): void {
    this.#order.drain(this.#options.write);
  }
}
