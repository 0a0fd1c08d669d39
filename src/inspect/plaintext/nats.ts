/**
 * NATS in clear: the server begins with `INFO {json}`, the client answers `CONNECT {json}`. With
 * `tls_required` in the first, TLS follows it at once, and CONNECT comes inside.
 */
import type { Detector, Exposure, Match, Opening } from "./detector.ts";

export const nats: Detector = {
  protocol: "nats",
  transports: ["tcp"],
  begins: { client: "CcPp", server: "Ii" },
  detect,
};

function detect({ client, server }: Opening): Match | undefined {
  const info = /^INFO \{[^\r\n]{0,8192}/i.exec(server.text)?.[0];
  if (server.length > 0 && (info === undefined || !/"(?:server_id|max_payload)"/.test(info))) {
    return undefined;
  }
  if (client.length > 0 && !/^(?:CONNECT \{|PING\r\n)/i.test(client.text)) return undefined;
  if (server.length === 0 && !/^CONNECT \{[^\r\n]*"(?:verbose|lang|pedantic)"/i.test(client.text)) {
    return undefined;
  }
  const offered = /"tls_(?:required|available)"\s*:\s*true/.test(info ?? "");
  return { exposes: exposed(client.text), startTls: offered ? "offered" : "none" };
}

function exposed(text: string): Exposure[] {
  return [...text.matchAll(SECRET)].map((secret) => {
    const [whole, name = "", value = ""] = secret;
    const offset = secret.index + whole.length - value.length - 1;
    return { what: `nats ${NAMES[name]}`, side: "client", offset, bytes: value.length };
  });
}

const SECRET = /"(pass|auth_token|user|jwt|sig)"\s*:\s*"((?:[^"\\\r\n]|\\.)+)"/g;
const NAMES: Readonly<Record<string, string>> = {
  pass: "password",
  auth_token: "token",
  user: "user",
  jwt: "token",
  sig: "signature",
};
