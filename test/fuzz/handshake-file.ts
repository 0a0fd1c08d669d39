/**
 * Handshakes that a real TLS stack made, kept as they were recorded: a mutant can only be replayed
 * if what it was made from is the same every time. `node test/fuzz/record.ts` makes them anew.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Flight } from "../wire/recorded.ts";

export interface Handshake {
  readonly name: string;
  readonly flights: readonly Flight[];
}

export function readHandshakes(): Handshake[] {
  const kept = JSON.parse(readFileSync(FILE, "utf8")) as Record<string, string[]>;
  return Object.entries(kept).map(([name, flights]) => ({
    name,
    flights: flights.map((text) => {
      const [party, bytes = ""] = text.split(" ");
      return {
        party: party === "client" ? "client" : "server",
        bytes: Uint8Array.from(Buffer.from(bytes, "base64")),
      };
    }),
  }));
}

export function writeHandshakes(handshakes: readonly Handshake[]): void {
  const kept = handshakes.map(({ name, flights }) => [
    name,
    flights.map(({ party, bytes }) => `${party} ${Buffer.from(bytes).toString("base64")}`),
  ]);
  writeFileSync(FILE, `${JSON.stringify(Object.fromEntries(kept), undefined, 1)}\n`);
}

const FILE = join(import.meta.dirname, "corpus/handshakes.json");
