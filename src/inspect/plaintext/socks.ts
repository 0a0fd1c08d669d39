/**
 * SOCKS 4, 4a and 5 (RFC 1928, RFC 1929): an envelope. What it carries begins behind the proxy's answer.
 *
 *     client   05 | count | methods ..          04 | 01 | port (2) | address (4) | user 0 | name 0
 *     server   05 | method                      00 | 5a | port (2) | address (4)
 *     client   01 | n | user | n | password     with method 02; answered 01 00
 *     client   05 | 01 | 00 | type | address | port (2)
 *     server   05 | 00 | 00 | type | address | port (2)
 */
import { type Detector, type Exposure, type Match, NOT_YET, type Opening } from "./detector.ts";
import type { Said } from "./said.ts";

export const socks: Detector = {
  protocol: "socks",
  transports: ["tcp"],
  begins: { client: "\x04\x05", server: "\0\x05" },
  detect,
};

function detect({ client, server }: Opening): Match | typeof NOT_YET | undefined {
  if (client.length === 0) return undefined;
  return client.bytes[0] === 4 ? detect4(client, server) : detect5(client, server);
}

function detect4(client: Said, server: Said): Match | undefined {
  const [one, command] = [client.bytes[0], client.bytes[1]];
  const user = client.text.indexOf("\0", 8);
  if (one !== 4 || (command !== 1 && command !== 2) || user < 0 || user > USER_BYTES_MAX)
    return undefined;
  // 4a: an address that cannot be, and the name behind the user.
  const named = /^\0\0\0[^\0]$/.test(client.text.slice(4, 8));
  const end = named ? client.text.indexOf("\0", user + 1) : user;
  if (end < 0 || end - user > NAME_BYTES_MAX) return undefined;
  const answered = server.length >= 8;
  if (server.length > 0 && (server.bytes[0] !== 0 || (server.bytes[1]! & 0xfc) !== 0x58))
    return undefined;
  const exposes: Exposure[] =
    user > 8 ? [{ what: "socks user", side: "client", offset: 8, bytes: user - 8 }] : [];
  if (!answered) return { exposes, startTls: "none", weak: true };
  const granted = server.bytes[1] === 0x5a;
  return { exposes, ...carried(granted, end + 1, 8) };
}

function detect5(client: Said, server: Said): Match | typeof NOT_YET | undefined {
  const methods = client.bytes[1] ?? 0;
  if (client.bytes[0] !== 5 || methods === 0 || client.length < 2 + methods) return undefined;
  if (!client.bytes.subarray(2, 2 + methods).every(isMethod)) return undefined;
  if (server.length === 0)
    return client.length > 2 + methods ? requested(client, 2 + methods) : NOT_YET;
  if (server.bytes[0] !== 5 || (server.length > 1 && !isMethod(server.bytes[1]!))) return undefined;
  const method = server.bytes[1];
  if (
    method !== undefined &&
    method !== 0xff &&
    !client.bytes.subarray(2, 2 + methods).includes(method)
  ) {
    return undefined;
  }
  if (server.length < 2 || method === 0xff) return { exposes: [], startTls: "none" };
  let [at, answerAt] = [2 + methods, 2];
  const exposes: Exposure[] = [];
  if (method === 2) {
    const login = loginAt(client, at);
    if (login === undefined) return { exposes, startTls: "none" };
    exposes.push(...login.exposes);
    [at, answerAt] = [login.end, 4];
  } else if (method !== 0) {
    return { exposes, startTls: "none" };
  }
  const end = addressEnd(client, at);
  const answerEnd = addressEnd(server, answerAt);
  if (end === undefined || answerEnd === undefined) return { exposes, startTls: "none" };
  return { exposes, ...carried(server.bytes[answerAt + 1] === 0, end, answerEnd) };
}

/** The client alone: its request must follow its greeting as if the proxy had asked for nothing. */
function requested(client: Said, at: number): Match | undefined {
  const end = addressEnd(client, at);
  if (end !== undefined) return { exposes: [], ...carried(true, end, 0) };
  const login = loginAt(client, at);
  const after = login && addressEnd(client, login.end);
  return after === undefined ? undefined : { exposes: login!.exposes, ...carried(true, after, 0) };
}

function carried(
  granted: boolean,
  client: number,
  server: number,
): Pick<Match, "startTls" | "inner"> {
  return granted ? { startTls: "agreed", inner: { client, server } } : { startTls: "none" };
}

function loginAt(
  { bytes, length }: Said,
  at: number,
): { exposes: Exposure[]; end: number } | undefined {
  const userBytes = bytes[at + 1] ?? 0;
  const passwordAt = at + 3 + userBytes;
  const passwordBytes = bytes[passwordAt - 1] ?? 0;
  const end = passwordAt + passwordBytes;
  if (bytes[at] !== 1 || userBytes === 0 || end > length) return undefined;
  return {
    exposes: [
      { what: "socks user", side: "client", offset: at + 2, bytes: userBytes },
      { what: "socks password", side: "client", offset: passwordAt, bytes: passwordBytes },
    ],
    end,
  };
}

/** Behind `05 | command or answer | 00 | type | address | port`, where that is whole. */
function addressEnd({ bytes, length }: Said, at: number): number | undefined {
  if (at + 5 > length || bytes[at] !== 5 || bytes[at + 1]! > 8 || bytes[at + 2] !== 0)
    return undefined;
  const sizes: Readonly<Record<number, number>> = { 1: 4, 3: 1 + bytes[at + 4]!, 4: 16 };
  const size = sizes[bytes[at + 3]!];
  const end = at + 4 + (size ?? 0) + 2;
  return size === undefined || end > length ? undefined : end;
}

/** IANA's methods, those in private use that clients offer, and none acceptable. */
function isMethod(method: number): boolean {
  return method <= 0x09 || method >= 0x80;
}

const USER_BYTES_MAX = 8 + 255;
const NAME_BYTES_MAX = 256;
