/** JDWP, Java's debugger: both sides say the same fourteen bytes. Whoever connects runs code. */
import { type Detector, type Match, NOT_YET, type Opening } from "./detector.ts";

export const jdwp: Detector = {
  protocol: "jdwp",
  transports: ["tcp"],
  begins: { client: "J", server: "J" },
  detect,
};

function detect({ client, server }: Opening): Match | typeof NOT_YET | undefined {
  for (const { text } of [client, server]) {
    if (!text.startsWith(HANDSHAKE.slice(0, text.length)) && !text.startsWith(HANDSHAKE)) {
      return undefined;
    }
  }
  const whole = client.length >= HANDSHAKE.length || server.length >= HANDSHAKE.length;
  return whole ? { exposes: [], startTls: "none" } : NOT_YET;
}

const HANDSHAKE = "JDWP-Handshake";
