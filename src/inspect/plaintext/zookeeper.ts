/**
 * ZooKeeper in clear. A session begins with ConnectRequest in a frame of 44 or 45 bytes,
 *
 *     length | version 0 (4) | last zxid (8) | timeout ms (4) | session (8) | 16 (4) | password (16) | read-only?
 *
 * and its answer has the same without the zxid. A word of four letters asks for a status instead.
 */
import type { Detector, Exposure, Match, Opening } from "./detector.ts";
import { u32 } from "./number.ts";
import type { Said } from "./said.ts";

export const zookeeper: Detector = {
  protocol: "zookeeper",
  transports: ["tcp"],
  begins: { client: "\0rsmcweidkhlg", server: "\0iZCLTnThzcNe" },
  detect,
};

function detect({ client, server }: Opening): Match | undefined {
  if (client.length === 0) return isAnswer(server) ? { exposes: [], startTls: "none" } : undefined;
  if (WORD.test(client.text)) {
    const answered = server.length > 0 && WORD_ANSWER.test(server.text);
    return answered ? { exposes: [], startTls: "none" } : undefined;
  }
  if (!isRequest(client) || (server.length > 0 && !isAnswer(server))) return undefined;
  return { exposes: exposed(client), startTls: "none" };
}

function isRequest({ bytes, length }: Said): boolean {
  const size = u32(bytes, 0);
  if (length < 32 || (size !== 44 && size !== 45)) return false;
  const timeout = u32(bytes, 16);
  return u32(bytes, 4) === 0 && u32(bytes, 28) === 16 && timeout > 0 && timeout <= TIMEOUT_MS_MAX;
}

function isAnswer({ bytes, length }: Said): boolean {
  const size = u32(bytes, 0);
  if (length < 24 || (size !== 36 && size !== 37)) return false;
  return u32(bytes, 4) === 0 && u32(bytes, 20) === 16 && u32(bytes, 8) <= TIMEOUT_MS_MAX;
}

/** AuthPacket: xid -4, type 100, then 0, scheme and credentials, each with its length. */
function exposed({ bytes, length, text }: Said): Exposure[] {
  const exposes: Exposure[] = [];
  for (let at = 0; at + 4 <= length; at += 4 + u32(bytes, at)) {
    const whole = at + 20 <= length;
    if (!whole || u32(bytes, at + 4) !== 0xfffffffc || u32(bytes, at + 8) !== 100) continue;
    const schemeBytes = u32(bytes, at + 16);
    const valueAt = at + 20 + schemeBytes + 4;
    if (schemeBytes > 32 || valueAt > length) continue;
    const count = Math.min(u32(bytes, valueAt - 4), length - valueAt);
    const digest = text.slice(at + 20, at + 20 + schemeBytes) === "digest";
    const what = digest ? "zookeeper user and password" : "zookeeper credentials";
    if (count > 0) exposes.push({ what, side: "client", offset: valueAt, bytes: count });
  }
  return exposes;
}

const WORD =
  /^(?:ruok|stat|srvr|mntr|conf|cons|envi|dump|wchs|wchc|wchp|isro|dirs|srst|crst)\r?\n?$/;
const WORD_ANSWER =
  /^(?:imok|Zookeeper version|zk_version|clientPort=|Environment:|SessionTracker|rw$|ro$|\d+ connections|datadir_size|Server stats reset| ?\/\d|This ZooKeeper|\w{4} is not executed)/;
/** An hour: sessions last seconds. */
const TIMEOUT_MS_MAX = 3_600_000;
