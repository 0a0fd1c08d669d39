/** What the detectors make of a dialogue that a test writes down. */
import { type Recognised, recognise } from "../../../src/inspect/plaintext/recognise.ts";
import { Said } from "../../../src/inspect/plaintext/said.ts";

/** One character a byte. */
export interface Dialogue {
  readonly client?: string | Uint8Array;
  readonly server?: string | Uint8Array;
  /** As if the server had opened the connection. */
  readonly turned?: boolean;
  readonly transport?: "tcp" | "udp";
  /** Who speaks first, if both do. Default: the client. */
  readonly begins?: "server";
  /** Not all was captured. */
  readonly cut?: boolean;
}

export function told(dialogue: Dialogue): Recognised | undefined {
  const whole = dialogue.cut !== true;
  const client = new Said(bytesOf(dialogue.client), whole, dialogue.transport === "udp" ? [0] : []);
  const server = new Said(bytesOf(dialogue.server), whole, dialogue.transport === "udp" ? [0] : []);
  return recognise({
    transport: dialogue.transport ?? "tcp",
    sides: [client, server],
    likely: dialogue.turned ? 1 : 0,
    first: client.length === 0 || (dialogue.begins === "server" && server.length > 0) ? 1 : 0,
  });
}

/** The characters that an exposure locates. */
export function located(dialogue: Dialogue): [what: string, text: string][] {
  const found = told(dialogue);
  return (found?.match.exposes ?? []).map(({ what, side, offset, bytes }) => {
    const said = bytesOf(side === "client" ? dialogue.client : dialogue.server);
    return [what, Buffer.from(said).toString("latin1", offset, offset + bytes)];
  });
}

export function bytesOf(said: string | Uint8Array | undefined): Uint8Array {
  return typeof said === "string" ? Buffer.from(said, "latin1") : (said ?? new Uint8Array(0));
}
