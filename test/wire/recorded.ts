/**
 * A handshake that really happened: node:tls talks to itself through memory, and what passes is
 * written down, flight by flight. No socket is opened.
 */
import { Duplex } from "node:stream";
import { type ConnectionOptions, connect, createSecureContext, TLSSocket } from "node:tls";
import { concat } from "./bytes.ts";
import type { Conversation, Party } from "./conversation.ts";
import type { Identity } from "./identity.ts";

export interface Flight {
  readonly party: Party;
  readonly bytes: Uint8Array;
}

export interface RecordingShape {
  /** Leaf first. */
  readonly chain: readonly Identity[];
  readonly version?: "TLSv1" | "TLSv1.1" | "TLSv1.2" | "TLSv1.3";
  readonly serverName?: string;
  readonly alpn?: readonly string[];
  readonly ciphers?: string;
  /** What the client and then the server says once the handshake is over. */
  readonly request?: string;
  readonly answer?: string;
  /** A client certificate; the server then asks for one. */
  readonly clientChain?: readonly Identity[];
  /** A session of an earlier recording: the client offers to resume it. */
  readonly session?: Buffer;
  /** Needed on both recordings for a ticket to be honoured. */
  readonly ticketKeys?: Buffer;
  /** The MAC stands inside what CBC encrypts, as before RFC 7366. */
  readonly macInside?: true;
  /** TLS 1.2: the client then begins a second handshake inside the first one, and is shown this chain. */
  readonly renegotiated?: readonly Identity[];
  /** Groups as OpenSSL names them, the first one of the client's with a key share. */
  readonly groups?: { readonly client: string; readonly server: string };
}

export interface Recording {
  /** Neighbours always differ in party: pieces of one flight are joined. */
  readonly flights: readonly Flight[];
  readonly session: Buffer | undefined;
  readonly resumed: boolean;
  /** What the client wrote as SSLKEYLOGFILE. */
  readonly keyLog: Buffer;
}

export async function recordHandshake(shape: RecordingShape): Promise<Recording> {
  const flights: Flight[] = [];
  const [clientEnd, serverEnd] = pipe(flights);
  const { request = "GET / HTTP/1.1\r\n\r\n", answer = "HTTP/1.1 204 No Content\r\n\r\n" } = shape;
  const server = serve(serverEnd, shape);
  server.on("error", () => {});
  server.on("data", () => server.write(answer));

  const client = connect(clientOptions(clientEnd, shape));
  const keyLog: Buffer[] = [];
  client.on("keylog", (line: Buffer) => keyLog.push(line));
  let session: Buffer | undefined;
  client.on("session", (ticket) => {
    session = ticket;
  });
  await new Promise<void>((resolve, reject) => {
    client.once("error", reject);
    client.once("secureConnect", () => {
      if (shape.renegotiated === undefined) return client.write(request);
      client.renegotiate({ rejectUnauthorized: false }, () => client.write(request));
    });
    client.once("data", () => setImmediate(resolve));
  });
  const resumed = client.isSessionReused();
  session ??= client.getSession();
  await new Promise<void>((resolve) => {
    server.once("end", () => server.end());
    client.once("end", () => setImmediate(resolve));
    client.end();
  });
  return { flights: join(flights), session, resumed, keyLog: Buffer.concat(keyLog) };
}

/** Says every flight of a recording, in order. */
export function play(script: Conversation, flights: readonly Flight[], mss?: number): Conversation {
  for (const { party, bytes } of flights) script.say(party, bytes, mss ? { mss } : {});
  return script;
}

/** All that one side said. */
export function saidBy(party: Party, flights: readonly Flight[]): Uint8Array {
  return concat(...flights.filter((flight) => flight.party === party).map(({ bytes }) => bytes));
}

function serve(end: Duplex, shape: RecordingShape): TLSSocket {
  const { renegotiated } = shape;
  const socket = new TLSSocket(end, {
    isServer: true,
    secureContext: contextOf(shape.chain, shape),
    // Asked in every handshake in which the client says a name.
    requestCert: shape.clientChain !== undefined,
    rejectUnauthorized: false,
    ...(shape.alpn ? { ALPNProtocols: [...shape.alpn] } : {}),
  });
  if (renegotiated) {
    socket.once("secure", () => socket.setKeyCert(contextOf(renegotiated, shape)));
  }
  return socket;
}

function contextOf(chain: readonly Identity[], shape: RecordingShape) {
  return createSecureContext({
    key: chain[0]!.keyPem,
    cert: chain.map((identity) => identity.certificatePem).join("\n"),
    dhparam: "auto",
    ...(shape.macInside && { secureOptions: SSL_OP_NO_ENCRYPT_THEN_MAC }),
    ...versions(shape),
    ...(shape.groups ? { ecdhCurve: shape.groups.server } : {}),
    ...(shape.ticketKeys ? { ticketKeys: shape.ticketKeys } : {}),
  });
}

function clientOptions(end: Duplex, shape: RecordingShape): ConnectionOptions {
  const own = shape.clientChain;
  return {
    socket: end,
    rejectUnauthorized: false,
    ...versions(shape),
    ...(shape.groups ? { ecdhCurve: shape.groups.client } : {}),
    ...(shape.serverName ? { servername: shape.serverName } : {}),
    ...(shape.alpn ? { ALPNProtocols: [...shape.alpn] } : {}),
    ...(shape.session ? { session: shape.session } : {}),
    ...(own ? { key: own[0]!.keyPem, cert: own.map((one) => one.certificatePem).join("\n") } : {}),
  };
}

function versions(shape: RecordingShape) {
  const version = shape.version ?? "TLSv1.2";
  // TLS 1.0 and 1.1 need SHA-1 signatures, which OpenSSL 3 allows from security level 0 only.
  const old = version === "TLSv1" || version === "TLSv1.1";
  const ciphers = shape.ciphers ?? (old ? "ALL:@SECLEVEL=0" : undefined);
  return { minVersion: version, maxVersion: version, ...(ciphers ? { ciphers } : {}) };
}

function pipe(flights: Flight[]): [Duplex, Duplex] {
  const make = (party: Party, other: () => Duplex): Duplex =>
    new Duplex({
      read() {},
      write(chunk: Buffer, _encoding, done) {
        flights.push({ party, bytes: Uint8Array.from(chunk) });
        other().push(chunk);
        setImmediate(done);
      },
      final(done) {
        other().push(null);
        done();
      },
    });
  const client: Duplex = make("client", () => server);
  const server: Duplex = make("server", () => client);
  return [client, server];
}

function join(flights: readonly Flight[]): Flight[] {
  const out: Flight[] = [];
  for (const flight of flights) {
    const last = out.at(-1);
    if (last?.party !== flight.party) out.push(flight);
    else out[out.length - 1] = { party: last.party, bytes: concat(last.bytes, flight.bytes) };
  }
  return out;
}

/** OpenSSL's number, which `node:crypto` has no name for. */
const SSL_OP_NO_ENCRYPT_THEN_MAC = 0x80000;
