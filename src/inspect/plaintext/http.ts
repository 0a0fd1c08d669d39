/**
 * HTTP/1.0 and HTTP/1.1 in clear (RFC 9112), with any method. A proxy's CONNECT is an envelope: what
 * follows the answer 2xx is something else, mostly TLS (`starttls: "connect"`).
 *
 * Not read: HTTP/0.9, which has neither version nor headers, and fields behind a body whose length is
 * not told.
 */
import type { Detector, Match, Opening } from "./detector.ts";
import { fieldExposures, fieldOf, type Message, messagesOf } from "./message.ts";
import type { Said } from "./said.ts";

export const http: Detector = {
  protocol: "http",
  transports: ["tcp"],
  // Either side is enough: one that was joined in the middle of a body may begin with anything.
  begins: {},
  detect,
};

/** Both sides' messages, or nothing where a side that spoke did not speak HTTP. */
export function readHttp({ client, server }: Opening): Http | undefined {
  const requests = messagesOf(client.text.slice(blank(client.text)), REQUEST);
  const responses = messagesOf(server.text, RESPONSE);
  const [asked, answered] = [requests.length > 0, responses.length > 0];
  return asked || answered ? { requests, responses } : undefined;
}

export interface Http {
  readonly requests: readonly Message[];
  readonly responses: readonly Message[];
}

export function httpExposures({ requests, responses }: Http) {
  return [
    ...fieldExposures("http", "client", requests),
    ...fieldExposures("http", "server", responses),
  ];
}

function detect(opening: Opening): Match | undefined {
  const said = readHttp(opening);
  if (said === undefined) return undefined;
  const exposes = httpExposures(said);
  return { exposes, startTls: "none", ...tunnel(said, opening), ...upgrade(said, opening) };
}

/** CONNECT (RFC 9110 §9.3.6): of several, after a proxy asked for credentials, the last. */
function tunnel({ requests, responses }: Http, { client, server }: Opening): Partial<Match> {
  const request = requests.at(-1);
  const answer = responses.at(-1);
  if (request === undefined) {
    // Its answer alone: nothing is told of a length, and nothing follows.
    const bare = answer?.fields.some(({ name }) => BODY.test(name)) === false;
    const ends = answer?.bodyAt === server.length && server.whole;
    const open = bare && ends && isSuccess(answer);
    return open ? { startTls: "asked", starttls: "connect" } : {};
  }
  if (!request.startLine.startsWith("CONNECT ")) return {};
  const clientAt = request.bodyAt ?? client.length;
  if (answer === undefined) {
    const inner = { client: clientAt, server: server.length };
    return { startTls: "asked", starttls: "connect", inner };
  }
  if (!isSuccess(answer)) return {};
  const inner = { client: clientAt, server: answer.bodyAt ?? server.length };
  return { startTls: "agreed", starttls: "connect", inner };
}

/** `Upgrade:` to TLS (RFC 2817), or to something that begins behind the answer 101. */
function upgrade({ requests, responses }: Http, { client }: Opening): Partial<Match> {
  const at = responses.findIndex(({ startLine }) => / 101\b/.test(startLine));
  const answer = responses[at];
  const asked = requests[Math.max(at, 0)];
  const to = (fieldOf(answer, "upgrade") ?? fieldOf(asked, "upgrade"))?.toLowerCase();
  if (to === undefined) return {};
  if (to.startsWith("tls/")) return { startTls: answer === undefined ? "asked" : "agreed" };
  if (answer === undefined) return ahead(client, asked);
  if (answer.bodyAt === undefined || asked?.bodyAt === undefined) return {};
  return { inner: { client: asked.bodyAt, server: answer.bodyAt } };
}

/** HTTP/2 that a client goes on in without waiting for the answer. */
function ahead(
  { text }: Said,
  { bodyAt }: Message = { startLine: "", fields: [] },
): Partial<Match> {
  if (bodyAt === undefined || !text.startsWith("PRI * HTTP/2.0\r\n", bodyAt)) return {};
  return { inner: { client: bodyAt, server: 0 } };
}

function isSuccess(answer: Message | undefined): boolean {
  return answer !== undefined && / 2\d\d\b/.test(answer.startLine);
}

/** Empty lines before a request are passed over (RFC 9112 §2.2). */
function blank(text: string): number {
  return /^[\r\n]{0,4}/.exec(text)?.[0].length ?? 0;
}

/** A token, a target, a version; the target may be longer than what was kept of it. */
const REQUEST =
  /^(?:[A-Z][A-Z_-]{1,31} \S{1,8192} HTTP\/1\.[01]$|(?:GET|POST|HEAD|PUT) \/\S{2000,}$)/;
const RESPONSE = /^HTTP\/1\.[01] [1-9]\d\d(?: |$)/;
const BODY = /^(?:content-|transfer-encoding$|set-cookie$|location$)/;
