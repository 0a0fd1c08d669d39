/** WebSocket in clear (RFC 6455): an HTTP/1.1 request that asks for it, or its answer 101. */
import type { Detector, Match, Opening } from "./detector.ts";
import { httpExposures, readHttp } from "./http.ts";
import { fieldOf } from "./message.ts";

export const websocket: Detector = {
  protocol: "websocket",
  transports: ["tcp"],
  begins: { client: "G", server: "H" },
  detect,
};

function detect(opening: Opening): Match | undefined {
  const said = readHttp(opening);
  if (said === undefined) return undefined;
  const asked = said.requests.some(
    (request) =>
      fieldOf(request, "upgrade")?.toLowerCase() === "websocket" &&
      fieldOf(request, "sec-websocket-key") !== undefined,
  );
  const granted = said.responses.some(
    (answer) =>
      / 101\b/.test(answer.startLine) && fieldOf(answer, "sec-websocket-accept") !== undefined,
  );
  // Asked and refused, it stays HTTP.
  if (opening.server.length > 0 ? !granted : !asked) return undefined;
  return { exposes: httpExposures(said), startTls: "none" };
}
