/** The rsync daemon's protocol in clear: both sides greet with `@RSYNCD: 31.0` and a line feed. */
import type { Detector, Exposure, Match, Opening } from "./detector.ts";
import { linesOf } from "./lines.ts";

export const rsync: Detector = {
  protocol: "rsync",
  transports: ["tcp"],
  begins: { client: "@", server: "@" },
  detect,
};

function detect({ client, server }: Opening): Match | undefined {
  if (client.length > 0 && !GREETING.test(client.text)) return undefined;
  if (server.length > 0 && !GREETING.test(server.text)) return undefined;
  // Both greet, in either order; only a server says more in this form.
  if (/^@RSYNCD: (?:OK|EXIT|AUTHREQD)/m.test(client.text)) return undefined;
  return { exposes: exposed(client.text, server.text), startTls: "none" };
}

/** The third line of a client that was asked: a user and a hash of challenge and password. */
function exposed(client: string, server: string): Exposure[] {
  if (!/^@RSYNCD: AUTHREQD /m.test(server)) return [];
  const line = linesOf(client, 4)[2];
  const proof = /^\S+ (\S+)$/.exec(line?.text ?? "")?.[1];
  if (line === undefined || proof === undefined) return [];
  const offset = line.at + line.text.length - proof.length;
  return [{ what: "rsync password proof", side: "client", offset, bytes: proof.length }];
}

const GREETING = /^@RSYNCD: \d{1,3}(?:\.\d{1,3})?[ \r\n]/;
