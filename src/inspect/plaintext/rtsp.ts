/** RTSP in clear (RFC 2326, RFC 7826): cameras and their recorders. */
import type { Detector, Match, Opening } from "./detector.ts";
import { fieldExposures, messagesOf } from "./message.ts";

export const rtsp: Detector = {
  protocol: "rtsp",
  transports: ["tcp"],
  begins: { client: "ODASPTGR", server: "RO" },
  detect,
};

function detect({ client, server }: Opening): Match | undefined {
  const asked = messagesOf(client.text, REQUEST);
  const answered = messagesOf(server.text, RESPONSE);
  if (client.length > 0 && asked.length === 0) return undefined;
  if (server.length > 0 && answered.length === 0) return undefined;
  return { exposes: fieldExposures("rtsp", "client", asked), startTls: "none" };
}

const REQUEST =
  /^(?:OPTIONS|DESCRIBE|ANNOUNCE|SETUP|PLAY|PAUSE|TEARDOWN|GET_PARAMETER|SET_PARAMETER|REDIRECT|RECORD|PLAY_NOTIFY) \S+ RTSP\/[12]\.0$/;
const RESPONSE = /^RTSP\/[12]\.0 [1-5]\d\d(?: |$)/;
