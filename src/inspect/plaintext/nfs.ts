/**
 * NFS (RFC 1813, RFC 8881) and its companions, mount, lock and status, in ONC RPC. With Kerberos' privacy the
 * arguments are encrypted and the calls' headers are not: that is called NFS in clear all the same.
 */
import type { Detector, Match, Opening } from "./detector.ts";
import { answer } from "./fit.ts";
import { callOf, replyOf, startTlsOf } from "./onc-rpc.ts";

export const nfs: Detector = { protocol: "nfs", transports: ["tcp", "udp"], begins: {}, detect };

function detect({ transport, client, server }: Opening) {
  const stream = transport === "tcp";
  const call = callOf(client, stream);
  const reply = replyOf(server, stream);
  if (call.fit === "no" || reply.fit === "no") return undefined;
  if (call.program !== undefined && !PROGRAMS.has(call.program)) return undefined;
  const heard = server.length > 0;
  return answer(call.fit, (): Match => {
    return { exposes: call.exposes, startTls: startTlsOf(call, reply, heard) };
  });
}

/** IANA: nfs, mount, quotas, locks, status, access lists. */
const PROGRAMS = new Set([100_003, 100_005, 100_011, 100_021, 100_024, 100_227]);
