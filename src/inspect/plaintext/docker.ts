/**
 * The Docker Engine's API in clear: HTTP whose client or server says that it is Docker's, as podman's
 * does too. Whoever reaches it has root on the host, and registry credentials travel in its headers.
 */
import type { Detector, Match, Opening } from "./detector.ts";
import { httpExposures, readHttp } from "./http.ts";
import { fieldOf, type Message } from "./message.ts";

export const docker: Detector = {
  protocol: "docker",
  transports: ["tcp"],
  begins: { client: "GPHDC", server: "H" },
  detect,
};

function detect(opening: Opening): Match | undefined {
  const said = readHttp(opening);
  if (said === undefined) return undefined;
  if (!said.requests.some(isClient) && !said.responses.some(isEngine)) return undefined;
  return { exposes: httpExposures(said), startTls: "none" };
}

function isClient(request: Message): boolean {
  const agent = fieldOf(request, "user-agent") ?? "";
  return agent.startsWith("Docker-Client/") || VERSIONED.test(request.startLine);
}

function isEngine(answer: Message): boolean {
  const server = fieldOf(answer, "server") ?? "";
  const named = server.startsWith("Docker/") || server.startsWith("Libpod/");
  const marked =
    fieldOf(answer, "docker-experimental") !== undefined && fieldOf(answer, "ostype") !== undefined;
  return named || (marked && fieldOf(answer, "api-version") !== undefined);
}

/** Only this API has a version of this form before these resources. */
const VERSIONED =
  /^[A-Z]+ \/v1\.\d\d\/(?:containers|images|networks|volumes|exec|events|info|version|_ping|build|auth|swarm|services|nodes|tasks|secrets|configs|plugins|system|session|distribution)\b/;
