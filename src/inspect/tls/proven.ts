/**
 * When a handshake has said all that its server is judged by: the chain and the signature over this
 * handshake, or that neither will be seen. What may follow, the client's certificate and both Finished,
 * can make a judgement stricter and never milder.
 *
 *     TLS to 1.2, full       ServerHelloDone, behind Certificate, CertificateStatus, ServerKeyExchange
 *     TLS to 1.2, resumed    the server's change cipher spec, without a Certificate
 *     TLS 1.3                the first sealed record of the server's; with keys for it, its Finished
 *     SSL 2                  the ServerHello, which has the certificate in it
 *
 * A client that goes on before ServerHelloDone has heard enough as well: whoever holds that message back
 * gains no time.
 */
import type { Handshake } from "./handshake.ts";
import { isTls13 } from "./handshake.ts";

export function isProven(seen: Handshake): boolean {
  if (seen.v2 !== undefined) return true;
  const { server, serverSide, sides } = seen;
  if (server === undefined || server.retry || serverSide === undefined) return false;
  // The hello may have been overtaken, and it says whom the client meant. One that was lost never comes.
  if (seen.hello === undefined && (seen.transport === "quic" || !seen.established)) return false;
  if (isTls13(server.version)) {
    return sides[serverSide].finished && !isOpening(seen);
  }
  return seen.serverHelloDone || seen.clientKeyExchanged || sides[serverSide].changes > 0;
}

/** There are secrets for it, and the server's Finished is still to be read. */
function isOpening({ unsealing, serverSide, sides, transport }: Handshake): boolean {
  const opened = unsealing?.sealed;
  if (opened === undefined || opened.server.finished !== undefined) return false;
  // A reader of TCP is let go of when it can go no further; QUIC waits for packets that may still come.
  return transport === "quic" || sides[serverSide!].unsealer !== undefined;
}
