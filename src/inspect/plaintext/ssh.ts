/** SSH (RFC 4253 §4.2): told by its first line, and encrypted behind the key exchange. Not plaintext. */
import type { Detector, Match, Opening } from "./detector.ts";

export const ssh: Detector = {
  protocol: "ssh",
  transports: ["tcp"],
  begins: { client: "S", server: "S" },
  detect,
};

function detect({ client, server }: Opening): Match | undefined {
  if (client.length > 0 && !VERSION.test(client.text)) return undefined;
  if (server.length > 0 && !VERSION.test(server.text)) return undefined;
  return { exposes: [], startTls: "none" };
}

const VERSION = /^SSH-(?:2\.0|1\.99|1\.[35])-[\x20-\x7e]/;
