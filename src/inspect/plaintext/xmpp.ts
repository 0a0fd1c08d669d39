/** XMPP in clear (RFC 6120): XML streams, with `<starttls/>` and SASL inside them. */
import { startTlsOf } from "../starttls/upgrade.ts";
import type { Detector, Exposure, Match, Opening } from "./detector.ts";

export const xmpp: Detector = {
  protocol: "xmpp",
  transports: ["tcp"],
  begins: { client: "< \r\n", server: "< \r\n" },
  detect,
};

function detect({ client, server }: Opening): Match | undefined {
  const asked = STREAM.test(client.text);
  const answered = STREAM.test(server.text);
  if (client.length > 0 && !asked && !FRAGMENT.test(client.text)) return undefined;
  if (server.length > 0 && !answered && !FRAGMENT.test(server.text)) return undefined;
  if (!asked && !answered) return undefined;
  // Who opens a stream without having been asked to is the client: the answer has an id (§4.7.3).
  if (client.length > 0 && server.length > 0 && ID.test(client.text) && !ID.test(server.text)) {
    return undefined;
  }
  return { exposes: exposed(client.text), startTls: upgradeOf(client.text, server.text) };
}

function exposed(text: string): Exposure[] {
  return [...text.matchAll(SECRET)].flatMap((secret) => {
    const { mechanism, response, password } = secret.groups ?? {};
    const value = response ?? password ?? "";
    if (value === "" || value === "=") return [];
    const plain = mechanism?.toUpperCase() === "PLAIN";
    const what =
      password !== undefined ? "xmpp password" : plain ? "xmpp user and password" : "xmpp response";
    const offset = secret.index + secret[0].lastIndexOf(`>${value}`) + 1;
    return { what, side: "client", offset, bytes: value.length };
  });
}

function upgradeOf(client: string, server: string) {
  // Behind a login the stream begins anew, and without this offer.
  const before = server.split(/<success\b/)[0] ?? "";
  const features = [...before.matchAll(/<stream:features\b.*?(?:<\/stream:features>|$)/gs)];
  const answered =
    /<(?:(?:\w+:)?proceed|(?:\w+:)?failure)\s[^>]*urn:ietf:params:xml:ns:xmpp-tls/.exec(server);
  return startTlsOf({
    offers: features.map(([text]) => /<starttls\b/.test(text)),
    masked: false,
    asked: /<starttls\b/.test(client),
    answer: answered === null ? undefined : /proceed/.test(answered[0]) ? "yes" : "no",
  });
}

const STREAM =
  /^\s{0,64}(?:<\?xml[^>]{0,128}\?>\s{0,64})?<(?:stream:stream|flash:stream)\b[^>]{0,2048}(?:jabber:|etherx\.jabber|>|$)/;
/** Joined behind its beginning. */
const FRAGMENT =
  /^\s{0,64}<(?:message|presence|iq|auth|stream:features|stream:error|starttls|proceed|response|success)\b/;
const ID = /^.{0,256}<stream:stream\b[^>]{0,1024}\sid=/s;
const SECRET =
  /<auth\b[^>]{0,200}mechanism=['"](?<mechanism>[\w-]{1,24})['"][^>]{0,200}>(?<response>[^<]{1,4096})|<password>(?<password>[^<]{1,1024})/g;
