/**
 * The page of metrics on its port, also when somebody else holds that: told once, and tried again every
 * minute. Whoever took it may answer a scraper in our name, so it is a finding and no crash.
 */
import type { Server } from "node:net";
import { type MetricsAddress, openMetricsPage } from "./metrics-page.ts";

export class MetricsPort {
  readonly #address: MetricsAddress;
  readonly #text: () => string;
  readonly #onTaken: (why: string) => void;
  #server: Server | undefined;
  #told = false;
  #timer: NodeJS.Timeout | undefined;

  /** @param onTaken with what the system says, as `EADDRINUSE` */
  constructor(address: MetricsAddress, text: () => string, onTaken: (why: string) => void) {
    this.#address = address;
    this.#text = text;
    this.#onTaken = onTaken;
  }

  async open(): Promise<void> {
    try {
      this.#server = await openMetricsPage(this.#address, this.#text);
      this.#told = false;
    } catch (error) {
      const why = error instanceof Error && "code" in error ? String(error.code) : String(error);
      if (!this.#told) this.#onTaken(why);
      this.#told = true;
      this.#timer = setTimeout(() => void this.open(), AGAIN_MS).unref();
    }
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#server?.close();
  }
}

const AGAIN_MS = 60_000;
