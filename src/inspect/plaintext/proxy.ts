/**
 * The PROXY protocol (HAProxy's, versions 1 and 2): a load balancer's envelope that names the real
 * client. Only who connected says it; what follows is whatever it is.
 */
import type { Detector, Match, Opening } from "./detector.ts";
import { u16 } from "./number.ts";

export const proxy: Detector = {
  protocol: "proxy",
  transports: ["tcp"],
  begins: { client: "P\r" },
  detect,
};

function detect({ client }: Opening): Match | undefined {
  const line =
    /^PROXY (?:UNKNOWN[^\r\n]{0,99}|TCP[46] [0-9a-fA-F.:]+ [0-9a-fA-F.:]+ \d+ \d+)\r\n/.exec(
      client.text,
    );
  if (line !== null) return envelope(line[0].length);
  const { bytes, length } = client;
  const header = client.text.startsWith(SIGNATURE) && length >= 16 && bytes[12]! >> 4 === 2;
  return header ? envelope(16 + u16(bytes, 14)) : undefined;
}

function envelope(client: number): Match {
  return { exposes: [], startTls: "agreed", inner: { client, server: 0 } };
}

const SIGNATURE = "\r\n\r\n\0\r\nQUIT\n";
