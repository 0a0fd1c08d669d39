/** One JSON object a line, in order: what scripts read (INTERFACE, "Lines"; schema.ts). */

import type { Line } from "./lines.ts";
import { LineOrder } from "./order.ts";
import { Phrases } from "./phrases.ts";
import { ShortPrinter } from "./print.ts";
import { isObservation, type OpenSink, type Sink, type SinkOptions } from "./sink.ts";

export const openJsonl: OpenSink = (options) => new JsonlSink(options);

class JsonlSink implements Sink {
  readonly #options: SinkOptions;
  readonly #order = new LineOrder();
  readonly #phrases = new Phrases();
  readonly #printer = new ShortPrinter(this.#phrases);

  constructor(options: SinkOptions) {
    this.#options = options;
  }

  push(line: Line): void {
    if (!this.#options.observations && isObservation(line)) return;
    this.#order.add(line, this.#printer.print(line));
  }

  end(): void {
    const expander = this.#phrases.expander(this.#options.write);
    this.#order.drain((bytes, from, to) => expander.push(bytes, from, to));
    expander.flush();
  }
}
