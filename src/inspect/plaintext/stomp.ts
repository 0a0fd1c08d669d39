/** STOMP in clear (STOMP 1.2): frames of a command, headers and a body that a zero byte ends. */
import type { Detector, Exposure, Match, Opening } from "./detector.ts";
import { linesOf } from "./lines.ts";

export const stomp: Detector = {
  protocol: "stomp",
  transports: ["tcp"],
  begins: { client: "CS\r\n", server: "CEMR\r\n" },
  detect,
};

function detect({ client, server }: Opening): Match | undefined {
  if (client.length > 0 && !CLIENT.test(client.text)) return undefined;
  if (server.length > 0 && !SERVER.test(server.text)) return undefined;
  const lines = linesOf(client.text);
  const end = lines.findIndex(({ text }, index) => index > 0 && text === "");
  const exposes = lines
    .slice(0, end < 0 ? lines.length : end)
    .flatMap(({ text, at }): Exposure[] => {
      const [whole, name = "", value = ""] = /^(login|passcode):(.+)$/.exec(text) ?? [];
      if (whole === undefined) return [];
      const what = name === "login" ? "stomp user" : "stomp password";
      return [{ what, side: "client", offset: at + name.length + 1, bytes: value.length }];
    });
  return { exposes, startTls: "none" };
}

const HEADERS = "(?:[a-z][\\w.-]{0,63}:[^\\r\\n]{0,1024}\\r?\\n)";
const CLIENT = new RegExp(`^(?:\\r?\\n){0,4}(?:CONNECT|STOMP)\\r?\\n${HEADERS}{1,64}\\r?\\n\\0`);
const SERVER = new RegExp(`^(?:\\r?\\n){0,4}(?:CONNECTED|ERROR)\\r?\\n${HEADERS}{1,64}\\r?\\n`);
