/**
 * A Node TLS peer, started in a namespace: `node peer.ts -serve true -address IP:PORT -cert F -key F`
 * or `node peer.ts -address IP:PORT -name N`, and then:
 *
 *     -ca F         trust this root; without it nothing is checked
 *     -version V    the only version to offer, as `TLSv1.2`
 *     -ciphers L    OpenSSL's list        -groups L   OpenSSL's list of groups
 *     -alpn L       offered protocols, with commas
 *     -bytewise true    every byte of the hello in a segment of its own
 *     -resume P,Q   two connections from these local ports, the second with the session of the first
 */
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:https";
import { connect as connectTcp, type Socket } from "node:net";
import { Duplex } from "node:stream";
import {
  type ConnectionOptions,
  connect,
  type SecureContextOptions,
  type SecureVersion,
  type TLSSocket,
} from "node:tls";
import { parseArgs } from "node:util";

const flags = readFlags(process.argv.slice(2));
const target = /^\[?(?<host>.*?)\]?:(?<port>\d+)$/.exec(flags.address ?? "")?.groups;
const host = target?.host ?? "";
const port = Number(target?.port);
const version = flags.version as SecureVersion | undefined;

const settings: SecureContextOptions & { ALPNProtocols?: string[] } = {
  ...(version && { minVersion: version, maxVersion: version }),
  ...(flags.ciphers && { ciphers: flags.ciphers }),
  ...(flags.groups && { ecdhCurve: flags.groups }),
  ...(flags.cert && { cert: readFileSync(flags.cert), key: readFileSync(flags.key ?? "") }),
  ...(flags.ca && { ca: readFileSync(flags.ca) }),
  ...(flags.alpn && { ALPNProtocols: flags.alpn.split(",") }),
};

/** One request. Returns the newest session that the server gave. */
async function visit(more: ConnectionOptions, localPort?: number): Promise<Buffer> {
  const plain = connectTcp({ host, port, noDelay: true, ...(localPort && { localPort }) });
  await once(plain, "connect");
  const socket: TLSSocket = connect({
    ...settings,
    ...more,
    socket: flags.bytewise ? new Bytewise(plain) : plain,
    servername: flags.name ?? "",
    rejectUnauthorized: flags.ca !== undefined,
  });
  let session: Buffer = Buffer.alloc(0);
  socket.on("session", (given) => {
    session = given;
  });
  await once(socket, "secureConnect");
  if (more.session && !socket.isSessionReused()) throw new Error("the session was not resumed");
  socket.end(`GET / HTTP/1.1\r\nHost: ${flags.name}\r\nConnection: close\r\n\r\n`);
  socket.resume();
  await once(socket, "close");
  return session;
}

/** Passes everything on, but what is written first, the ClientHello, one byte at a time. */
class Bytewise extends Duplex {
  readonly #plain: Socket;
  #hello = true;

  constructor(plain: Socket) {
    super();
    this.#plain = plain;
    plain.on("data", (bytes) => this.push(bytes));
    plain.on("end", () => this.push(null));
  }

  override _read(): void {}

  override async _write(bytes: Buffer, _: string, done: () => void): Promise<void> {
    const step = this.#hello ? 1 : bytes.length;
    this.#hello = false;
    for (let at = 0; at < bytes.length; at += step) {
      this.#plain.write(bytes.subarray(at, at + step));
      // Longer than the way to the peer and back, so that the kernel has nothing to put together.
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    done();
  }

  override _final(done: () => void): void {
    // The other side may have closed first, and then this side is closed as well.
    if (this.#plain.writableEnded) done();
    else this.#plain.end(done);
  }
}

function readFlags(args: string[]): Record<string, string | undefined> {
  const names = "serve address cert key ca version ciphers groups alpn name bytewise resume";
  const options = Object.fromEntries(
    names.split(" ").map((name) => [name, { type: "string" as const }]),
  );
  const doubled = args.map((word, at) => (at % 2 === 0 ? `-${word}` : word));
  return parseArgs({ args: doubled, options }).values as Record<string, string | undefined>;
}

if (flags.serve) {
  const server = createServer({ ...settings }, (_, answer) => answer.end("ok\n"));
  server.listen(port, host);
} else if (flags.resume) {
  const [first, second] = flags.resume.split(",").map(Number);
  const session = await visit({}, first);
  await visit({ session }, second);
} else {
  await visit({});
}
