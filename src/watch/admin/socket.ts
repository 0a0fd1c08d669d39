/**
 * The admin socket: a Unix socket in a directory of its own, for people and probes on this machine.
 *
 * The workload shares our network and perhaps our user, so nothing here is reached by an address, abstract
 * sockets included. Two locks, each enough alone: the directory is 0700, and the kernel says who connects
 * (SO_PEERCRED). Clients, their time, and the bytes that they send or leave unread are limited, so that
 * whoever may connect can still not keep others out for long or fill our memory.
 */
import { lstatSync, mkdirSync, rmSync } from "node:fs";
import { createConnection, createServer, type Server, type Socket } from "node:net";
import { dirname } from "node:path";
import { type Peer, peerOf } from "../../kernel/peer.ts";
import { FrameReader } from "./frames.ts";

export interface AdminSocketOptions {
  readonly path: string;
  /** Answers one request. Never throws for what is in it. */
  readonly answer: (request: Record<string, unknown>, peer: Peer) => Promise<object>;
  /** Somebody was turned away, in words. */
  readonly onRefused: (why: string) => void;
}

/** The path cannot be used. The message says what to do. */
export class AdminRefused extends Error {
  override readonly name = "AdminRefused";
}

/** Listens. Rejects with `AdminRefused`. */
export async function openAdminSocket(options: AdminSocketOptions): Promise<Server> {
  const { path } = options;
  prepareDirectory(dirname(path));
  await removeStale(path);
  const server = createServer((socket) => serve(socket, server, options));
  server.maxConnections = CLIENTS_MAX;
  server.on("drop", () => options.onRefused(`more than ${CLIENTS_MAX} clients at once`));
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once("error", reject);
  // Others' rights are what the directory does not give.
  server.listen(path, resolve);
  await promise.catch((error: Error) => {
    throw new AdminRefused(`--admin unix:${path}: ${error.message}`);
  });
  server.removeListener("error", reject);
  server.on("error", (error) => options.onRefused(error.message));
  return server;
}

function serve(socket: Socket, server: Server, { answer, onRefused }: AdminSocketOptions): void {
  const { fd } = (socket as Socket & { readonly _handle: { readonly fd: number } })._handle;
  const peer = peerOf(fd);
  socket.on("error", () => socket.destroy());
  if (peer === undefined || !(peer.uid === 0 || peer.uid === process.getuid?.())) {
    onRefused(`a process of user ${peer?.uid ?? "unknown"} (pid ${peer?.pid ?? "unknown"})`);
    socket.end(`${JSON.stringify({ ok: false, why: "not your gate: expected root" })}\n`);
    return;
  }
  socket.setTimeout(IDLE_MS, () => socket.destroy());
  const frames = new FrameReader();
  let queue = Promise.resolve();
  let waiting = 0;
  socket.on("data", (bytes) => {
    for (const frame of frames.push(bytes)) {
      if ("refused" in frame || ++waiting > REQUESTS_MAX) {
        const why = "refused" in frame ? frame.refused : `${waiting} requests without reading`;
        onRefused(`pid ${peer.pid}: ${why}`);
        socket.end(`${JSON.stringify({ ok: false, why })}\n`);
        return;
      }
      // In order, one at a time: an answer belongs to the request before it.
      queue = queue.then(async () => {
        const said = await answer(frame.value, peer);
        waiting--;
        if (!socket.destroyed) socket.write(`${JSON.stringify(said)}\n`);
        if (socket.writableLength > UNREAD_BYTES_MAX || !server.listening) socket.destroy();
      });
    }
  });
}

/** Ours alone, or made so by nobody but its owner. */
function prepareDirectory(directory: string): void {
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new AdminRefused(`--admin: ${error instanceof Error ? error.message : error}`);
  }
  const { mode, uid } = lstatSync(directory);
  const us = process.getuid?.();
  if ((mode & 0o170000) !== 0o040000 || (mode & 0o077) !== 0 || (uid !== us && uid !== 0)) {
    const found = `mode ${(mode & 0o7777).toString(8)} of user ${uid}`;
    throw new AdminRefused(
      `--admin: ${directory} has ${found}, expected a directory of mode 700 of user ${us}: chmod 700 it, or name another one`,
    );
  }
}

/** A socket that nobody listens on is what a process left that was killed. */
async function removeStale(path: string): Promise<void> {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return;
  if (!found.isSocket()) throw new AdminRefused(`--admin: ${path} is there and is no socket`);
  const isLive = await new Promise<boolean>((resolve) => {
    const probe = createConnection(path);
    probe.on("connect", () => resolve(true)).on("error", () => resolve(false));
    probe.on("connect", () => probe.destroy());
  });
  if (isLive) throw new AdminRefused(`--admin: another process answers on ${path}`);
  rmSync(path);
}

/** A person, two probes and a collector, twice. */
const CLIENTS_MAX = 8;
const IDLE_MS = 10_000;
/** That wait for their answer, of one client. */
const REQUESTS_MAX = 16;
const UNREAD_BYTES_MAX = 256 * 1024;
