/**
 * OpenVPN over TCP (its documentation, "OpenVPN Protocol"): packets behind their length, whose opcodes
 * begin with a reset of each side. Its control packets carry TLS in pieces, and what it carries is sealed.
 *
 *     length (2) | opcode and key id (1) | session id (8) | HMAC? | acknowledged .. | packet id (4)
 */
import type { Detector, Match, Opening } from "./detector.ts";
import { u16 } from "./number.ts";
import type { Said } from "./said.ts";

export const openvpn: Detector = {
  protocol: "openvpn",
  transports: ["tcp"],
  begins: { client: "\0", server: "\0" },
  detect,
};

function detect({ client, server }: Opening): Match | undefined {
  if (client.length > 0 && !isReset(client, CLIENT_RESETS)) return undefined;
  if (server.length > 0 && !isReset(server, SERVER_RESETS)) return undefined;
  return { exposes: [], startTls: "asked" };
}

/** A reset, and an opcode where the next packet begins. */
function isReset({ bytes, length }: Said, resets: readonly number[]): boolean {
  const size = u16(bytes, 0);
  if (size < RESET_BYTES_MIN || size > RESET_BYTES_MAX || length < 2 + size) return false;
  if (!resets.includes(bytes[2]!)) return false;
  const next = bytes[2 + size + 2];
  return next === undefined || OPCODES.includes(next >> 3);
}

/** P_CONTROL_HARD_RESET_CLIENT_V2 and V3, shifted over the key id, which is 0. */
const CLIENT_RESETS: readonly number[] = [7 << 3, 10 << 3];
/** P_CONTROL_HARD_RESET_SERVER_V2. */
const SERVER_RESETS: readonly number[] = [8 << 3];
/** Soft reset, control, acknowledgement, data, and wrapped client keys. */
const OPCODES: readonly number[] = [3, 4, 5, 6, 9, 11];
/** Opcode, session id, no acknowledgement, packet id. */
const RESET_BYTES_MIN = 14;
/** With an HMAC of SHA-512, its packet id and time, and four acknowledgements; V3 has a client's key. */
const RESET_BYTES_MAX = 1500;
