/**
 * A program that holds connections, run inside a namespace by tests: what it was told to open it
 * keeps open and writes to, and each thing that happens to it is a line on standard output.
 *
 *     node talk.ts listen tcp 10.91.0.2 5000      -> listening, then "got N" for each piece
 *     node talk.ts hold tcp 10.91.0.2 5000        -> open LOCALPORT, then a piece every 20 ms, "error CODE"
 *     node talk.ts hold udp .. | loose udp ..     -> the same with a connected, an unconnected socket
 */
import { createSocket } from "node:dgram";
import { connect, createServer, isIPv6 } from "node:net";

const [what, transport, host = "", portText] = process.argv.slice(2);
const port = Number(portText);

if (what === "listen" && transport === "tcp") listenTcp();
else if (what === "listen") listenUdp();
else if (transport === "tcp") holdTcp();
else holdUdp(what === "hold");

function listenTcp(): void {
  const server = createServer((socket) => {
    socket.on("data", (bytes) => {
      say(`got ${bytes.length}`);
      socket.write("yes");
    });
    socket.on("error", (error: NodeJS.ErrnoException) => say(`error ${error.code}`));
    socket.on("close", () => say("closed"));
  });
  server.listen(port, host, () => say("listening"));
}

function listenUdp(): void {
  const socket = createSocket(isIPv6(host) ? "udp6" : "udp4");
  socket.on("message", (bytes) => say(`got ${bytes.length}`));
  socket.bind(port, host, () => say("listening"));
}

function holdTcp(): void {
  const socket = connect({ host, port, noDelay: true });
  socket.on("connect", () => {
    say(`open ${socket.localPort}`);
    setInterval(() => socket.write("a piece of it"), EVERY_MS);
  });
  socket.on("data", (bytes) => say(`got ${bytes.length}`));
  socket.on("error", (error: NodeJS.ErrnoException) => {
    say(`error ${error.code}`);
    process.exit(0);
  });
}

function holdUdp(connected: boolean): void {
  const socket = createSocket(isIPv6(host) ? "udp6" : "udp4");
  socket.on("error", (error: NodeJS.ErrnoException) => say(`error ${error.code}`));
  const told = (error: NodeJS.ErrnoException | null) => {
    if (error) say(`error ${error.code}`);
  };
  const send = () =>
    connected ? socket.send("a piece of it", told) : socket.send("a piece of it", port, host, told);
  const begin = () => {
    say(`open ${socket.address().port}`);
    setInterval(send, EVERY_MS);
  };
  if (connected) socket.connect(port, host, begin);
  else socket.bind(0, begin);
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

const EVERY_MS = 20;
