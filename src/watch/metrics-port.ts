/**
 * The page of metrics on its port, also when somebody else holds that: told once, and tried again every
 * minute. Whoever took it may answer a scraper in our name, so it is a finding and no crash.
 */
import type { Server } from "node:net";
import type { Finding } from "../judge/finding.ts";
import { gateTamperedFinding } from "../judge/rules/gate-tampered.ts";
import { type MetricsAddress, openMetricsPage } from "./metrics-page.ts";

export class MetricsPort {
  readonly #address: MetricsAddress;
  readonly #text: () => string;
  readonly #onTaken: (finding: Finding) => void;
  #server: Server | undefined;
  #told = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(address: MetricsAddress, text: () => string, onTaken: (finding: Finding) => void) {
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
      if (!this.#told) this.#onTaken(this.#taken(why));
      this.#told = true;
      this.#timer = setTimeout(() => void this.open(), AGAIN_MS).unref();
    }
  }

  /** Whose fault it is nobody knows, so it is worth a look and no more. */
  #taken(code: string): Finding {
    const { host, port } = this.#address;
    const place = `${host.includes(":") ? `[${host}]` : host}:${port}`;
    const what = `Our page of metrics cannot be had on ${place} (${code}): whoever holds it may answer for us`;
    return { ...gateTamperedFinding(what), severity: "warning" };
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#server?.close();
  }
}

const AGAIN_MS = 60_000;
