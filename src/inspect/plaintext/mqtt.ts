/**
 * MQTT 3.1, 3.1.1 and 5.0 (OASIS). The client's first packet is CONNECT, the server's CONNACK.
 *
 *     CONNECT  0x10 | length (1..4) | 00 04 MQTT | level | flags | keep alive (2) | properties (5.0)
 *              | client id | will .. | user | password |           each behind a length of two bytes
 *     CONNACK  0x20 | length | session | code | properties (5.0)
 */
import type { Detector, Exposure, Match, Opening } from "./detector.ts";
import { answer, type Fit } from "./fit.ts";
import { u16 } from "./number.ts";
import type { Said } from "./said.ts";

export const mqtt: Detector = {
  protocol: "mqtt",
  transports: ["tcp"],
  begins: { client: "\x10", server: "\x20" },
  detect,
};

function detect({ client, server }: Opening) {
  const asked = connectFit(client);
  const answered = connackFit(server);
  if (answered === "no") return undefined;
  if (client.length > 0) {
    return answer(asked, (): Match => ({ exposes: exposed(client), startTls: "none" }));
  }
  // Four bytes, and what follows of a server alone: another protocol could say that.
  return answer(answered, (): Match => ({ exposes: [], startTls: "none", weak: true }));
}

function connectFit({ bytes, length, text }: Said): Fit {
  const size = varint(bytes, 1);
  if (size === undefined) return length < 5 ? "maybe" : "no";
  if (size.value < 10 || size.value > CONNECT_BYTES_MAX) return "no";
  const said = text.slice(size.end, size.end + 8);
  const names = [
    "\0\x04MQTT\x04",
    "\0\x04MQTT\x05",
    "\0\x06MQIsdp\x03",
    "\0\x04MQTT\x84",
    "\0\x06MQIsdp\x83",
  ];
  if (!names.some((name) => name.startsWith(said.slice(0, name.length)))) return "no";
  const flags = size.end + 3 + u16(bytes, size.end + 0);
  if (length <= flags) return "maybe";
  // The lowest bit is reserved; there is no quality of service 3, and none without a will.
  const set = bytes[flags]!;
  const quality = (set >> 3) & 3;
  if ((set & 1) !== 0 || quality === 3 || ((set & WILL) === 0 && (set & 0x38) !== 0)) return "no";
  return "yes";
}

function connackFit({ bytes, length }: Said): Fit {
  if (length < 4) return length > 1 && bytes[1]! < 2 ? "no" : "maybe";
  const size = varint(bytes, 1);
  if (size === undefined || size.value < 2 || size.value > CONNACK_BYTES_MAX) return "no";
  const code = bytes[size.end + 1]!;
  if (bytes[size.end]! > 1 || (code > 5 && (code < 0x80 || code > 0xa2))) return "no";
  const next = size.end + size.value;
  if (length < next + 2) return "maybe";
  // What may follow from a server: PUBLISH, SUBACK, UNSUBACK, PINGRESP and the acknowledgements.
  const following = varint(bytes, next + 1);
  const isPacket = FOLLOWING.has(bytes[next]!) || bytes[next]! >> 4 === PUBLISH;
  return isPacket && following !== undefined ? "yes" : "no";
}

function exposed({ bytes, length }: Said): Exposure[] {
  const size = varint(bytes, 1);
  if (size === undefined) return [];
  const level = size.end + 2 + u16(bytes, size.end);
  const flags = bytes[level + 1] ?? 0;
  const end = Math.min(size.end + size.value, length);
  let at = level + 4;
  const five = (bytes[level]! & 0x7f) === 5;
  const skipProperties = () => {
    const properties = varint(bytes, at);
    at = properties === undefined ? end : properties.end + properties.value;
  };
  const skip = () => {
    at += 2 + u16(bytes, at);
  };
  if (five) skipProperties();
  skip();
  if ((flags & WILL) !== 0) {
    if (five) skipProperties();
    skip();
    skip();
  }
  const exposes: Exposure[] = [];
  for (const [flag, what] of FIELDS) {
    if ((flags & flag) === 0) continue;
    const count = u16(bytes, at);
    if (at + 2 + count > end) break;
    if (count > 0) exposes.push({ what, side: "client", offset: at + 2, bytes: count });
    skip();
  }
  return exposes;
}

function varint(bytes: Uint8Array, at: number): { value: number; end: number } | undefined {
  let value = 0;
  for (let count = 0; count < 4; count++) {
    const byte = bytes[at + count];
    if (byte === undefined) return undefined;
    value |= (byte & 0x7f) << (7 * count);
    if (byte < 0x80) return { value, end: at + count + 1 };
  }
  return undefined;
}

const WILL = 0x04;
const FIELDS = [
  [0x80, "mqtt user"],
  [0x40, "mqtt password"],
] as const;
const PUBLISH = 3;
const FOLLOWING = new Set([0x40, 0x50, 0x62, 0x70, 0x90, 0xb0, 0xd0, 0xe0, 0xf0]);
/** Names, a will and a password have two bytes of length each; more is possible and was never seen. */
const CONNECT_BYTES_MAX = 2 ** 18;
const CONNACK_BYTES_MAX = 2 ** 16;
