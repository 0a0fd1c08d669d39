/**
 * A server that shows a certificate which is not its own, and a client that does not mind: they agree
 * beforehand, as a workload and whoever it leaks to would. Started in a namespace:
 *
 *     node impostor.ts -serve true -address IP:PORT -cert F [-key F]
 *     node impostor.ts -address IP:PORT -name N
 *
 * Every message of TLS 1.2 is there and can be read as one. With `-key` the server signs its key exchange
 * (ECDHE, RSA-PSS), though not with the certificate's key; without, the suite is static RSA and nobody
 * signs anything. What would be encrypted is random: from outside that looks the same.
 */
import { constants, createPrivateKey, randomBytes, sign } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { parseArgs } from "node:util";

const flags = readFlags(process.argv.slice(2));
const [host = "", port = ""] = (flags.address ?? "").split(":");

/** Both ends keep to the order of RFC 5246 §7.3, and neither reads what the other says. */
async function serve(socket: Socket): Promise<void> {
  const hello = await heard(socket);
  const clientRandom = hello.subarray(RECORD_HEADER_BYTES + 6, RECORD_HEADER_BYTES + 38);
  const serverRandom = randomBytes(32);
  const suite = flags.key ? ECDHE_RSA : STATIC_RSA;
  const serverHello = [VERSION, serverRandom, sized(1, randomBytes(32)), suite, NO_COMPRESSION];
  const flight = [
    message(SERVER_HELLO, ...serverHello, sized(2, RENEGOTIATION_INFO)),
    message(CERTIFICATE, sized(3, ...certificates())),
    ...(flags.key ? [keyExchange(flags.key, clientRandom, serverRandom)] : []),
    message(SERVER_HELLO_DONE),
  ];
  socket.write(Buffer.concat(flight.map((body) => record(HANDSHAKE, body))));
  await heard(socket);
  socket.write(Buffer.concat([record(CHANGE_CIPHER_SPEC, Buffer.of(1)), sealed(HANDSHAKE, 40)]));
  await heard(socket);
  socket.end(sealed(APPLICATION_DATA, 120));
}

async function visit(): Promise<void> {
  const socket = connect({ host, port: Number(port), noDelay: true });
  await once(socket, "connect");
  const name = sized(2, Buffer.of(0), sized(2, Buffer.from(flags.name ?? "")));
  const extensions = [
    extension(SERVER_NAME, name),
    extension(SUPPORTED_GROUPS, sized(2, X25519)),
    extension(SIGNATURE_ALGORITHMS, sized(2, RSA_PSS_SHA256)),
    RENEGOTIATION_INFO,
  ];
  const hello = [VERSION, randomBytes(32), sized(1), sized(2, ECDHE_RSA, STATIC_RSA)];
  const rest = [Buffer.of(1, 0), sized(2, ...extensions)];
  socket.write(record(HANDSHAKE, message(CLIENT_HELLO, ...hello, ...rest)));
  const flight = await heard(socket);
  const isEphemeral = flight.subarray(SUITE_AT, SUITE_AT + 2).equals(ECDHE_RSA);
  const half = isEphemeral ? sized(1, randomBytes(32)) : sized(2, randomBytes(256));
  const secret = message(CLIENT_KEY_EXCHANGE, half);
  const changed = [record(CHANGE_CIPHER_SPEC, Buffer.of(1)), sealed(HANDSHAKE, 40)];
  socket.write(Buffer.concat([record(HANDSHAKE, secret), ...changed]));
  await heard(socket);
  socket.write(sealed(APPLICATION_DATA, 90));
  await once(socket.resume(), "close");
}

/** RFC 8422 §5.4: parameters, and a signature of them and both randoms. */
function keyExchange(keyFile: string, clientRandom: Buffer, serverRandom: Buffer): Buffer {
  const parameters = Buffer.concat([Buffer.of(3), X25519, sized(1, randomBytes(32))]);
  const key = createPrivateKey(readFileSync(keyFile));
  const signature = sign("sha256", Buffer.concat([clientRandom, serverRandom, parameters]), {
    key,
    padding: constants.RSA_PKCS1_PSS_PADDING,
    saltLength: 32,
  });
  return message(SERVER_KEY_EXCHANGE, parameters, RSA_PSS_SHA256, sized(2, signature));
}

function certificates(): Buffer[] {
  const pem = readFileSync(flags.cert ?? "", "utf8");
  const blocks = pem.match(/(?<=-----BEGIN CERTIFICATE-----)[^-]+/g) ?? [];
  return blocks.map((block) => sized(3, Buffer.from(block, "base64")));
}

async function heard(socket: Socket): Promise<Buffer> {
  const [bytes] = (await once(socket, "data")) as [Buffer];
  return bytes;
}

function record(type: number, body: Buffer): Buffer {
  return Buffer.concat([Buffer.of(type), VERSION, sized(2, body)]);
}

function sealed(type: number, bytes: number): Buffer {
  return record(type, randomBytes(bytes));
}

function message(type: number, ...parts: Buffer[]): Buffer {
  return Buffer.concat([Buffer.of(type), sized(3, ...parts)]);
}

function extension(type: number, body: Buffer): Buffer {
  return Buffer.concat([Buffer.of(0, type), sized(2, body)]);
}

/** Behind their length, in so many bytes. */
function sized(lengthBytes: number, ...parts: Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  const length = Buffer.alloc(lengthBytes);
  length.writeUIntBE(body.length, 0, lengthBytes);
  return Buffer.concat([length, body]);
}

function readFlags(args: string[]): Record<string, string | undefined> {
  const options = Object.fromEntries(
    ["serve", "address", "cert", "key", "name"].map((name) => [name, { type: "string" as const }]),
  );
  const doubled = args.map((word, at) => (at % 2 === 0 ? `-${word}` : word));
  return parseArgs({ args: doubled, options }).values as Record<string, string | undefined>;
}

const CHANGE_CIPHER_SPEC = 20;
const HANDSHAKE = 22;
const APPLICATION_DATA = 23;
const RECORD_HEADER_BYTES = 5;

/** In the server's flight: headers, version, random, session id. */
const SUITE_AT = RECORD_HEADER_BYTES + 4 + 2 + 32 + 33;

const CLIENT_HELLO = 1;
const SERVER_HELLO = 2;
const CERTIFICATE = 11;
const SERVER_KEY_EXCHANGE = 12;
const SERVER_HELLO_DONE = 14;
const CLIENT_KEY_EXCHANGE = 16;

const VERSION = Buffer.of(3, 3);
const NO_COMPRESSION = Buffer.of(0);
const ECDHE_RSA = Buffer.of(0xc0, 0x2f);
const STATIC_RSA = Buffer.of(0, 0x9c);
const X25519 = Buffer.of(0, 29);
const RSA_PSS_SHA256 = Buffer.of(8, 4);
/** RFC 5746: servers that care want to see it. */
const RENEGOTIATION_INFO = Buffer.of(0xff, 1, 0, 1, 0);
const SERVER_NAME = 0;
const SUPPORTED_GROUPS = 10;
const SIGNATURE_ALGORITHMS = 13;

if (flags.serve) {
  createServer({ noDelay: true }, (socket) => void serve(socket)).listen(Number(port), host);
} else {
  await visit();
}
