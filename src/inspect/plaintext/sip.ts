/** SIP in clear (RFC 3261), over TCP and UDP. Either end may call the other. */
import type { Detector, Match, Opening } from "./detector.ts";
import { fieldExposures, fieldOf, type Message, messagesOf } from "./message.ts";

export const sip: Detector = {
  protocol: "sip",
  transports: ["tcp", "udp"],
  begins: { client: "IRABCOPSNUM\r\n", server: "SIRABCOPNUM\r\n" },
  detect,
};

function detect({ client, server }: Opening): Match | undefined {
  const asked = messagesOf(client.text.trimStart(), START);
  const answered = messagesOf(server.text.trimStart(), START);
  if (client.length > 0 && asked.length === 0) return undefined;
  if (server.length > 0 && answered.length === 0) return undefined;
  const first = asked[0];
  // Who asks is the client.
  if (
    first !== undefined ? !isCall(first) : RESPONSE.test(answered[0]?.startLine ?? "") === false
  ) {
    return undefined;
  }
  const lead = { client: client.length - client.text.trimStart().length };
  const exposes = [
    ...fieldExposures("sip", "client", asked).map((one) => ({
      ...one,
      offset: one.offset + lead.client,
    })),
    ...fieldExposures("sip", "server", answered),
  ];
  return { exposes, startTls: "none" };
}

/** A request with what every request has (§8.1.1), in full or in its short form. */
function isCall(message: Message): boolean {
  if (!REQUEST.test(message.startLine)) return false;
  const via = fieldOf(message, "via") ?? fieldOf(message, "v");
  return message.bodyAt === undefined || via !== undefined || message.fields.length > 0;
}

const REQUEST = /^[A-Z]{3,16} (?:sips?|tel|urn|im|pres|cid):\S+ SIP\/2\.0$/i;
const RESPONSE = /^SIP\/2\.0 [1-6]\d\d(?: |$)/;
const START = /^(?:[A-Z]{3,16} \S+ SIP\/2\.0$|SIP\/2\.0 [1-6]\d\d(?: |$))/;
