/**
 * The client of a recording, a process of its own that runs at the client's end of the cable:
 * `node record-load.ts PLAN`, where PLAN is a `Plan` as JSON. Node's TLS is OpenSSL, so both ends
 * of every connection are. Prints what it has done so far, a line now and then; exits 0 only when
 * every connection finished as it should.
 *
 * Certificates are not verified here: it changes nothing on the wire and costs the time of a core.
 */
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { connect, createSecureContext, type TLSSocket } from "node:tls";
import { PIECE_BYTES } from "./record-server.ts";

export type Plan = BulkPlan | HandshakesPlan;

interface Targets {
  readonly addresses: readonly string[];
  readonly serverNames: readonly string[];
}

/** All connections are opened, then each fetches its pieces in turn with the others, then all end. */
export interface BulkPlan extends Targets {
  readonly kind: "bulk";
  readonly connections: number;
  readonly piecesEach: number;
  readonly piecesPerSecond: number;
}

/** Connect, one short request, close; again and again. Every `tls13Every`th speaks TLS 1.3. */
export interface HandshakesPlan extends Targets {
  readonly kind: "handshakes";
  readonly connections: number;
  readonly tls13Every: number;
  readonly perSecond: number;
}

async function bulk(plan: BulkPlan): Promise<void> {
  const sockets: TLSSocket[] = [];
  await inTurn(plan.connections, OPENING_AT_ONCE, OPENED_PER_SECOND, async (index) => {
    const socket = open(plan, index, index % 2 === 0 ? "TLSv1.2" : "TLSv1.3");
    await once(socket, "secureConnect");
    sockets.push(socket);
  });
  process.stdout.write(`${sockets.length} connections are open\n`);

  const waiting = [...sockets];
  const pieces = plan.connections * plan.piecesEach;
  await inTurn(pieces, FETCHING_AT_ONCE, plan.piecesPerSecond, async () => {
    // Whoever waited longest is next, so connections take turns and stay about equally far.
    const socket = waiting.shift() as TLSSocket;
    await fetchPiece(socket);
    waiting.push(socket);
  });
  await Promise.all(sockets.map((socket) => once(socket.end(), "close")));
}

async function handshakes(plan: HandshakesPlan): Promise<void> {
  await inTurn(plan.connections, HANDSHAKES_AT_ONCE, plan.perSecond, async (index) => {
    const isNew = index % plan.tls13Every === 0;
    const socket = open(plan, index, isNew ? "TLSv1.3" : "TLSv1.2");
    socket.on("secureConnect", () => {
      socket.write("GET / HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n");
    });
    let answered = 0;
    socket.on("data", (bytes: Buffer) => {
      answered += bytes.length;
    });
    await once(socket, "close");
    if (answered === 0) throw new Error(`connection ${index} closed without an answer`);
  });
}

function open(targets: Targets, index: number, version: Version): TLSSocket {
  const { addresses, serverNames } = targets;
  return connect({
    host: addresses[index % addresses.length],
    port: 443,
    servername: serverNames[index % serverNames.length] as string,
    secureContext: CONTEXT[version],
    rejectUnauthorized: false,
  });
}

async function fetchPiece(socket: TLSSocket): Promise<void> {
  socket.write("GET /piece HTTP/1.1\r\nHost: bench\r\n\r\n");
  let left = -1;
  while (left !== 0) {
    const [bytes] = (await once(socket, "data")) as [Buffer];
    // nginx sends the head in one record, alone or with the first of the body.
    left = left < 0 ? PIECE_BYTES - bytes.length + headLength(bytes) : left - bytes.length;
    if (left < 0) throw new Error("more came than was asked for");
  }
}

function headLength(bytes: Buffer): number {
  const at = bytes.indexOf("\r\n\r\n");
  if (at < 0 || !bytes.subarray(0, 12).equals(OK)) throw new Error(`answer ${bytes.toString()}`);
  return at + 4;
}

/** `task(0)` to `task(count - 1)`, at most `atOnce` together and `perSecond` begun each second. */
async function inTurn(
  count: number,
  atOnce: number,
  perSecond: number,
  task: (index: number) => Promise<void>,
): Promise<void> {
  const start = performance.now();
  let next = 0;
  let said = start;
  const worker = async () => {
    for (let index = next++; index < count; index = next++) {
      const early = start + (index * 1000) / perSecond - performance.now();
      if (early > 1) await sleep(early);
      await task(index);
      if (performance.now() - said > PROGRESS_MS) {
        said = performance.now();
        process.stdout.write(`${index} of ${count}\n`);
      }
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}

const CONTEXT = {
  "TLSv1.2": createSecureContext({ maxVersion: "TLSv1.2" }),
  "TLSv1.3": createSecureContext({ minVersion: "TLSv1.3" }),
};
type Version = keyof typeof CONTEXT;

const OK = Buffer.from("HTTP/1.1 200");
const PROGRESS_MS = 5_000;
const OPENING_AT_ONCE = 50;
const OPENED_PER_SECOND = 1_000;
const FETCHING_AT_ONCE = 300;
const HANDSHAKES_AT_ONCE = 48;

if (import.meta.main) {
  const plan = JSON.parse(process.argv[2] ?? "") as Plan;
  await (plan.kind === "bulk" ? bulk(plan) : handshakes(plan));
}
