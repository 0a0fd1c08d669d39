/**
 * The page of metrics: HTTP/1.1 on a loopback address, as much of it as a scraper needs.
 *
 * `node:http` alone takes 15 MB of resident memory, a quarter of what the sidecar may have, for one page that has
 * no parameters. So a request is read up to its empty line, only its first line counts, and every answer
 * closes the connection. The workload may talk to it, too: clients, bytes and time are limited.
 */
import { createServer, type Server, type Socket } from "node:net";

export interface MetricsAddress {
  readonly host: string;
  readonly port: number;
}

/** `127.0.0.1:9464`, `[::1]:9464`; undefined for what is no loopback address and port. */
export function metricsAddressIn(text: string): MetricsAddress | undefined {
  const match = /^(?:(?<v4>127(?:\.\d{1,3}){3})|\[(?<v6>::1)\]):(?<port>\d{1,5})$/.exec(text);
  const host = match?.groups?.v4 ?? match?.groups?.v6;
  const port = Number(match?.groups?.port);
  if (host === undefined || !(port >= 0 && port < 65536)) return undefined;
  return host.split(".").some((part) => Number(part) > 255) ? undefined : { host, port };
}

/** Listens. Rejects with the error of the operating system, `EADDRINUSE` when another holds the port. */
export async function openMetricsPage(
  { host, port }: MetricsAddress,
  text: () => string,
): Promise<Server> {
  const server = createServer((socket) => serve(socket, text));
  server.maxConnections = CLIENTS_MAX;
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once("error", reject);
  server.listen({ host, port, exclusive: true }, resolve);
  await promise;
  server.removeListener("error", reject);
  // What fails later (too many open files) costs a scrape, not the gate.
  server.on("error", () => {});
  return server.unref();
}

function serve(socket: Socket, text: () => string): void {
  let head = "";
  socket.setTimeout(IDLE_MS, () => socket.destroy());
  // However slowly somebody sends: a request is one packet.
  const deadline = setTimeout(() => socket.destroy(), REQUEST_MS_MAX).unref();
  socket.on("close", () => clearTimeout(deadline));
  socket.on("error", () => socket.destroy());
  socket.on("data", (bytes: Buffer) => {
    head += bytes.toString("latin1");
    if (head.length > HEAD_BYTES_MAX) socket.end(answer("431 Request Header Fields Too Large", ""));
    else if (head.includes("\r\n\r\n")) socket.end(answerTo(head, text));
    else return;
    // One answer a connection: whatever else is sent is not read.
    socket.removeAllListeners("data").resume();
  });
}

function answerTo(head: string, text: () => string): string {
  const request = /^(?<method>GET|HEAD) (?<path>[^ ?]{1,100})(?:\?[^ ]*)? HTTP\/1\.[01]\r\n/.exec(
    head,
  );
  if (request === null) return answer("400 Bad Request", "expected GET /metrics\n");
  if (request.groups?.path !== "/metrics") return answer("404 Not Found", "expected /metrics\n");
  const page = text();
  return answer("200 OK", page, request.groups.method === "HEAD");
}

function answer(status: string, body: string, headOnly = false): string {
  return [
    `HTTP/1.1 ${status}`,
    "Content-Type: text/plain; version=0.0.4; charset=utf-8",
    `Content-Length: ${Buffer.byteLength(body)}`,
    "Cache-Control: no-store",
    "Connection: close",
    "",
    headOnly ? "" : body,
  ].join("\r\n");
}

/** Two scrapers, twice. */
const CLIENTS_MAX = 4;
const IDLE_MS = 5000;
const REQUEST_MS_MAX = 10_000;
/** As Node's own servers take. */
const HEAD_BYTES_MAX = 16 * 1024;
