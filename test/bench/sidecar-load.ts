/**
 * What a sidecar is measured under: real TCP connections that carry a recorded TLS 1.2 handshake, byte for
 * byte, so that the load costs its makers no cryptography and the watcher all of its own. Signatures fit,
 * since both sides say what they said when they were recorded.
 *
 *     node sidecar-load.ts record KEY CERT             prints a transcript as JSON
 *     node sidecar-load.ts serve PORT TRANSCRIPT       answers connections, and `GET` with bulk
 *     node sidecar-load.ts connect HOST PORT TRANSCRIPT PER_SECOND SECONDS
 *     node sidecar-load.ts bulk HOST PORT MEGABITS SECONDS
 */
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { connect as connectTls, createServer as createTlsServer } from "node:tls";

/** Who said what, in turns. */
type Transcript = { readonly from: "client" | "server"; readonly base64: string }[];

async function record(keyFile: string, certFile: string): Promise<void> {
  const [key, cert] = [readFileSync(keyFile), readFileSync(certFile)];
  const server = createTlsServer({ key, cert, maxVersion: "TLSv1.2" }, (socket) =>
    socket.on("data", () => socket.end("hello")),
  ).listen(0, "127.0.0.1");
  await once(server, "listening");
  const said: Transcript = [];
  const say = (from: "client" | "server", bytes: Buffer) =>
    said.push({ from, base64: bytes.toString("base64") });
  const middle = createServer((client) => {
    const onward = connect((server.address() as AddressInfo).port, "127.0.0.1");
    client.on("data", (bytes) => say("client", bytes) && onward.write(bytes));
    onward.on("data", (bytes) => say("server", bytes) && client.write(bytes));
    client.on("end", () => onward.end());
    onward.on("end", () => client.end());
  }).listen(0, "127.0.0.1");
  await once(middle, "listening");
  const socket = connectTls({
    host: "127.0.0.1",
    port: (middle.address() as AddressInfo).port,
    servername: "api.corp.example",
    rejectUnauthorized: false,
  });
  await once(socket, "secureConnect");
  socket.write("hello");
  socket.resume();
  await once(socket, "close");
  process.stdout.write(JSON.stringify(said));
  process.exit();
}

/** Says one side's part of the transcript; resolves when both are through. */
function play(socket: Socket, who: "client" | "server", said: readonly Turn[]): Promise<void> {
  return new Promise((resolve) => {
    let turn = 0;
    let heard = 0;
    const go = () => {
      for (; turn < said.length; turn++) {
        const { from, bytes } = said[turn]!;
        if (from === who) socket.write(bytes);
        else if (heard < bytes.length) return;
        else heard -= bytes.length;
      }
      resolve();
    };
    socket.on("data", (bytes) => {
      heard += bytes.length;
      go();
    });
    socket.on("error", () => resolve());
    go();
  });
}

interface Turn {
  readonly from: "client" | "server";
  readonly bytes: Buffer;
}

function turnsIn(file: string): Turn[] {
  const said = JSON.parse(readFileSync(file, "utf8")) as Transcript;
  return said.map(({ from, base64 }) => ({ from, bytes: Buffer.from(base64, "base64") }));
}

function serve(port: number, file: string): void {
  const said = turnsIn(file);
  createServer((socket) => {
    socket.on("error", () => {});
    socket.once("data", (first) => {
      socket.pause();
      if (first[0] === 0x47) return void pour(socket, String(first));
      socket.unshift(first);
      void play(socket, "server", said).then(() => socket.end());
      socket.resume();
    });
  }).listen(port, "10.91.0.2", 4096, () => process.stdout.write("ready\n"));
}

/** `GET MEGABITS SECONDS`: so much a second, for so long. */
async function pour(socket: Socket, asked: string): Promise<void> {
  const [, megabits, seconds] = asked.split(" ").map(Number);
  const piece = Buffer.alloc(((megabits! * 125_000) / 100) | 0, "x");
  const end = performance.now() + seconds! * 1000;
  for (let next = performance.now(); next < end; next += 10) {
    if (!socket.write(piece)) await once(socket, "drain");
    await sleep(Math.max(0, next + 10 - performance.now()));
  }
  socket.end();
}

async function connections(
  host: string,
  port: number,
  { said, perSecond, seconds }: { said: Turn[]; perSecond: number; seconds: number },
): Promise<void> {
  const start = performance.now();
  let made = 0;
  let done = 0;
  while (performance.now() - start < seconds * 1000) {
    const due = ((performance.now() - start) / 1000) * perSecond;
    for (; made < due; made++) {
      const socket = connect(port, host);
      socket.on("connect", () => void play(socket, "client", said).then(() => socket.end()));
      socket.on("error", () => {});
      socket.on("close", () => done++);
    }
    await sleep(2);
  }
  await sleep(500);
  process.stdout.write(`${done}\n`);
  process.exit();
}

async function bulk(host: string, port: number, megabits: number, seconds: number): Promise<void> {
  const socket = connect(port, host);
  let bytes = 0;
  socket.on("connect", () => socket.write(`GET ${megabits} ${seconds}`));
  socket.on("data", (piece) => {
    bytes += piece.length;
  });
  await once(socket, "close");
  process.stdout.write(`${bytes}\n`);
}

const [what, one = "", two = "", three = "", four = "", five = ""] = process.argv.slice(2);
if (what === "record") await record(one, two);
else if (what === "serve") serve(Number(one), two);
else if (what === "bulk") await bulk(one, Number(two), Number(three), Number(four));
else {
  const shape = { said: turnsIn(three), perSecond: Number(four), seconds: Number(five) };
  await connections(one, Number(two), shape);
}
