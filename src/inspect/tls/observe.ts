/**
 * What a handshake comes to: the observation that the judge gets. Only what was said is in it; where a
 * certificate is missing, why.
 */
import type { Side } from "../../flow/event.ts";
import type { Proof, SeenCertificates, TlsObservation, Unproved, Unseen } from "../observation.ts";
import { cipherSuiteName } from "./cipher-suites.ts";
import { type Handshake, isTls13 } from "./handshake.ts";
import { withOpened } from "./keys/observe.ts";
import { groupName, versionName } from "./names.ts";
import { isProven } from "./proven.ts";
import { unsignedExchange } from "./server-key-exchange.ts";

/** What was seen so far; absent when it was no TLS handshake. */
export function observe(seen: Handshake): TlsObservation | undefined {
  const inClear = observeInClear(seen);
  const opened = seen.unsealing?.sealed;
  if (inClear === undefined || opened === undefined) return inClear;
  return withOpened(inClear, opened);
}

/** Of those that were opened, each whose hello could be read: its certificates were encrypted. */
export function observeRenegotiated(outer: Handshake, onlyProven = false): TlsObservation[] {
  return (outer.renegotiations?.handshakes ?? []).flatMap((seen) => {
    if (onlyProven && !isProven(seen)) return [];
    const observation = observe(seen);
    if (observation === undefined) return [];
    const { certificates, clientCertificates } = observation;
    return {
      ...observation,
      renegotiated: true as const,
      certificates: decrypted(certificates),
      ...(clientCertificates !== undefined && {
        clientCertificates: decrypted(clientCertificates),
      }),
    };
  });
}

function decrypted(certificates: SeenCertificates): SeenCertificates {
  return certificates.seen === "wire" ? { ...certificates, seen: "decrypted" } : certificates;
}

function observeInClear(seen: Handshake): TlsObservation | undefined {
  if (!seen.handshakeSeen) return undefined;
  const client = clientOf(seen);
  const server: Side = client === 0 ? 1 : 0;
  const hello = seen.hello;
  const answer = seen.server;
  const group = answer?.group ?? seen.curve;
  const resumed = resumedBy(seen, client);
  const version = versionOf(seen);
  const cipher = answer === undefined ? undefined : cipherSuiteName(answer.cipher);
  const clientCertificates = certificatesOfClient(seen, client);
  const renegotiations = Math.max(seen.sides[client].changes, seen.sides[server].changes) - 1;
  const tls13 = answer !== undefined && isTls13(answer.version);
  const ech = echOf(seen);
  const certificates = certificatesOfServer(seen, server, resumed);
  const proof = certificates.seen === "no" ? undefined : (seen.proof ?? whyUnproved(seen));
  return {
    kind: "tls",
    flow: seen.flow,
    client,
    atUs: hello === undefined ? seen.flow.openedAtUs : seen.helloAtUs,
    transport: seen.transport,
    ...(version !== undefined && { version }),
    ...(cipher !== undefined && { cipher }),
    ...(group !== undefined && { group: groupName(group) }),
    ...(hello?.serverName !== undefined && { serverName: hello.serverName }),
    ...(answer?.alpn !== undefined && { alpn: answer.alpn }),
    alpnOffered: hello?.shape.alpnOffered ?? NO_NAMES,
    ...(hello !== undefined && { ja3: hello.shape.ja3, suiteOrder: hello.shape.suiteOrder }),
    ...(answer !== undefined && { ja3s: answer.ja3s }),
    ...(hello !== undefined && { ja4: hello.shape.ja4 }),
    steps: seen.steps.names,
    established: seen.established,
    resumed,
    ...sessionsOf(seen, resumed),
    ...(sentEarly(seen) && { early: true as const }),
    ...(ech !== undefined && { ech }),
    ...(hello?.ech !== undefined && { echConfigId: hello.ech.configId }),
    ...(renegotiations > 0 && !tls13 && { renegotiations }),
    alerts: seen.alerts.map((alert, i) => ({
      side: seen.alertSides[i] === client ? ("client" as const) : ("server" as const),
      level: alert.level,
      name: alert.name,
    })),
    certificates,
    ...(clientCertificates !== undefined && { clientCertificates }),
    ...(proof !== undefined && proofOr(proof)),
    ...(seen.stapled !== undefined && { stapled: seen.stapled }),
    ...(seen.timestamps !== undefined && { timestamps: seen.timestamps }),
    ...recordsOf(seen, client),
    ...(seen.flight !== undefined && { flight: seen.flight }),
    ...(seen.helloBody !== undefined && { hello: seen.helloBody }),
    coverage: missing(seen),
  };
}

function clientOf(seen: Handshake): Side {
  if (seen.hello !== undefined) return seen.helloSide!;
  if (seen.serverSide !== undefined) return seen.serverSide === 0 ? 1 : 0;
  if (seen.helloSide !== undefined) return seen.helloSide;
  const { opener, ends } = seen.flow;
  return opener ?? (ends[1].port > ends[0].port ? 1 : 0);
}

/** With keys some of them are opened, and not looked at: then nothing is said of the rest either. */
function recordsOf({ sides, unsealing }: Handshake, client: Side): Pick<TlsObservation, "records"> {
  // Where reading broke off, what came before depends on how it was cut.
  if (unsealing !== undefined || sides.some(({ broken }) => broken === true)) return NO_RECORDS;
  const [of, other] = [sides[client].sample, sides[client === 0 ? 1 : 0].sample];
  return of === undefined || other === undefined
    ? NO_RECORDS
    : { records: { client: of, server: other } };
}

function versionOf(seen: Handshake): string | undefined {
  if (seen.server !== undefined) return versionName(seen.server.version);
  return seen.v2 === undefined ? undefined : "SSL2";
}

function resumedBy(seen: Handshake, client: Side): TlsObservation["resumed"] {
  const answer = seen.server;
  if (answer === undefined || seen.v2 !== undefined) return false;
  if (isTls13(answer.version)) return answer.psk ? "psk" : false;
  const server: Side = client === 0 ? 1 : 0;
  const abbreviated =
    seen.sides[server].changes > 0 &&
    seen.sides[server].chain === undefined &&
    !seen.serverHelloDone &&
    !seen.clientKeyExchanged;
  const hello = seen.hello;
  if (!abbreviated || hello === undefined) return false;
  if (hello.ticket) return "ticket";
  const { sessionId } = hello;
  const same = sessionId.length > 0 && sessionId === answer.sessionId;
  return same ? "session-id" : false;
}

/** 0-RTT: offered, and something came before the ServerHello; QUIC has packets of their own for it. */
function sentEarly({ hello, earlyRecords, steps }: Handshake): boolean {
  return hello?.early === true && (earlyRecords > 0 || steps.names.includes("early-data"));
}

/** By what a session to TLS 1.2 can be taken up again, or was. */
function sessionsOf(
  seen: Handshake,
  resumed: TlsObservation["resumed"],
): Pick<TlsObservation, "sessionUsed" | "sessionsGiven"> {
  const { hello, server: answer, ticketGiven } = seen;
  if (hello === undefined || answer === undefined || isTls13(answer.version)) return NO_SESSIONS;
  if (resumed === "ticket") return { sessionUsed: `ticket ${hello.ticketId}` };
  if (resumed === "session-id") return { sessionUsed: `id ${answer.sessionId}` };
  const id = answer.sessionId === "" ? [] : [`id ${answer.sessionId}`];
  const ticket = ticketGiven === undefined ? [] : [`ticket ${ticketGiven}`];
  return { sessionsGiven: [...id, ...ticket] };
}

function certificatesOfServer(
  seen: Handshake,
  server: Side,
  resumed: TlsObservation["resumed"],
): SeenCertificates {
  const chain = seen.sides[server].chain;
  const whole = seen.serverHelloDone || inOnePiece(seen, server);
  if (chain !== undefined && chain.length > 0 && whole) return { seen: "wire", chain };
  return { seen: "no", why: whyUnseen(seen, server, resumed), chain: NO_CHAIN };
}

function proofOr(proof: Proof | Unproved): Pick<TlsObservation, "proof" | "unproved"> {
  return typeof proof === "string" ? { unproved: proof } : { proof };
}

/** A certificate was seen, and no ServerKeyExchange. */
function whyUnproved({ v2, server, lost, cut }: Handshake): Unproved {
  // SSL 2 has nothing else.
  if (v2 !== undefined) return "static-rsa";
  if (server === undefined) return lost || cut ? "loss" : "midstream";
  return unsignedExchange(server.cipher) ?? (lost || cut ? "loss" : "cut-short");
}

/**
 * Whether nothing can have come between a side's messages. Behind another protocol that is only
 * known once the handshake's end stands where it must: OpenVPN or WebSocket go on framing their
 * own packets, and a certificate with such headers in it is not the one that was sent.
 */
function inOnePiece(seen: Handshake, side: Side): boolean {
  return seen.upgradedAt[side] === 0 || seen.sides[side].finished;
}

function whyUnseen(seen: Handshake, server: Side, resumed: TlsObservation["resumed"]): Unseen {
  if (resumed !== false) return "resumed";
  const answer = seen.server;
  if (answer !== undefined && !answer.retry && isTls13(answer.version)) {
    return seen.transport === "quic" ? "quic" : "encrypted";
  }
  if (seen.sides[server].chain?.length === 0 || seen.serverHelloDone) return "none-sent";
  return seen.lost || seen.cut ? "loss" : "cut-short";
}

function certificatesOfClient(seen: Handshake, client: Side): SeenCertificates | undefined {
  const chain = seen.sides[client].chain;
  const whole = inOnePiece(seen, client);
  if (chain !== undefined && chain.length > 0 && whole) return { seen: "wire", chain };
  if (chain !== undefined && whole) return { seen: "no", why: "none-sent", chain };
  if (!seen.certificateRequested) return undefined;
  return { seen: "no", why: seen.lost || seen.cut ? "loss" : "cut-short", chain: NO_CHAIN };
}

function missing(seen: Handshake): TlsObservation["coverage"] {
  const words: TlsObservation["coverage"][number][] = [];
  if (seen.lost) words.push("loss");
  if (seen.cut) words.push("snaplen");
  if (seen.midstream || (seen.hello === undefined && seen.flow.opener === undefined)) {
    words.push("midstream");
  }
  return words;
}

/**
 * Whether an encrypted ClientHello was accepted only its sender can tell, but for two answers that
 * refuse it (RFC 9849 §6.1.4, §6.1.6). A refused one may as well have been GREASE, and what is called
 * that could not have been opened by anybody.
 */
function echOf(seen: Handshake): TlsObservation["ech"] {
  const ech = seen.hello?.ech;
  if (ech === undefined) return undefined;
  const answer = seen.server;
  const old = answer !== undefined && !isTls13(answer.version);
  if (!ech.plausible) return "grease";
  return old || seen.echRefused ? "rejected" : "offered";
}

const NO_SESSIONS = {};
const NO_RECORDS = {};
const NO_NAMES: readonly string[] = [];
const NO_CHAIN: readonly Uint8Array[] = [];
