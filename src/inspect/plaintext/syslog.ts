/**
 * Syslog in clear (RFC 5424, RFC 3164): a priority in angle brackets, then a version and a time, or a
 * time alone. Over TCP each message ends with a line feed or has its length in front (RFC 6587).
 */
import { type Detector, type Match, NOT_YET, type Opening } from "./detector.ts";

export const syslog: Detector = {
  protocol: "syslog",
  transports: ["tcp", "udp"],
  begins: { client: "<123456789" },
  detect,
};

function detect({ client, server, transport }: Opening): Match | typeof NOT_YET | undefined {
  // A receiver says nothing.
  if (client.length === 0 || server.length > 0) return undefined;
  const [head, priority, rest = ""] = MESSAGE.exec(client.text) ?? [];
  if (head === undefined) return undefined;
  if (Number(priority) > PRIORITY_MAX) return undefined;
  if (/^1 (?:-|\d{4}-\d\d-\d\dT)/.test(rest) || TIME.test(rest)) return MATCH;
  if (transport === "udp" && /^[ -~\t]{4,}/.test(rest)) return WEAK;
  return rest.length < TIME_BYTES ? NOT_YET : undefined;
}

const MATCH: Match = { exposes: [], startTls: "none" };
/** Many senders leave the time out. */
const WEAK: Match = { exposes: [], startTls: "none", weak: true };
const MESSAGE = /^(?:\d{1,5} )?<(0|[1-9]\d{0,2})>([^\r\n]{0,64})/;
const TIME =
  /^(?:\d+: )?(?:[*.]?(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) [ \d]?\d [\d ]?[\d:]{4,}|\d{4}-\d\d-\d\dT\d\d:|date=\d{4}-)/;
/** 23 facilities and 8 severities. */
const PRIORITY_MAX = 191;
const TIME_BYTES = 20;
