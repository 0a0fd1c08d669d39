/** One connection, read as TLS, as plaintext, as both one behind the other, or as neither. */
import { randomBytes } from "node:crypto";
import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import type { Flow } from "../../src/flow/event.ts";
import { Connection } from "../../src/inspect/connection.ts";
import { SAID_BYTES_MAX } from "../../src/inspect/plaintext/said.ts";
import { differences } from "../drip.ts";
import { mint } from "../wire/identity.ts";
import { type Recording, recordHandshake } from "../wire/recorded.ts";
import { DIALOGUES } from "./plaintext/dialogues.ts";
import { client, flow, gap, joinedFlow, type Said, server } from "./tls/hear.ts";

let handshake: Recording;
beforeAll(async () => {
  handshake = await recordHandshake({
    chain: [mint({ subject: "CN=a.example", names: ["a.example"] })],
    version: "TLSv1.2",
  });
});

describe("plaintext", () => {
  test.each(DIALOGUES)("$name reads the same however it was cut", ({ client: c, server: s }) => {
    expect(differences([client(text(c)), server(text(s))], (said) => answer(said))).toEqual({});
  });

  test.each(DIALOGUES)("$name is told on any port and with the server as opener", (known) => {
    const said = [client(text(known.client)), server(text(known.server))];
    const at = (one: number, other: number): Flow => ({
      ...joinedFlow,
      ends: [
        { ip: "10.0.0.1", port: one },
        { ip: "10.0.0.2", port: other },
      ],
    });
    const told = answer(said, at(40000, 443));
    expect(answer(said, at(25, 60000))).toEqual(told);
    expect(answer(said, at(1, 1))).toEqual(told);
  });

  test("ends at a gap, and what came before it is told", () => {
    const request = "GET / HTTP/1.1\r\nHost: a\r\nCookie: a=b\r\n\r\n";
    const seen = hear([client(text(request)), gap(0, 10), client(text("Cookie: c=d\r\n\r\n"))]);
    expect(seen.plaintext[0]?.protocol).toBe("http");
    expect(seen.plaintext[0]?.exposes).toHaveLength(1);
    expect(seen.opaque).toBeUndefined();
  });

  test("is looked at as far as the limit, and no further", () => {
    const long = `GET / HTTP/1.1\r\nX: ${"x".repeat(SAID_BYTES_MAX)}\r\nCookie: a=b\r\n\r\n`;
    expect(hear([client(text(long))]).plaintext[0]?.exposes).toEqual([]);
  });

  test("wants nothing more once both sides have said enough", () => {
    const connection = new Connection(flow);
    const much = text(`GET /${"x".repeat(500)} HTTP/1.1\r\n${"A: b\r\n".repeat(8000)}`);
    push(connection, client(much), 0);
    expect(connection.wants).toBe("nothing");
  });
});

describe("TLS behind something in clear", () => {
  test.each([
    [
      "smtp",
      "smtp",
      "EHLO a\r\nSTARTTLS\r\n",
      "220 a ESMTP\r\n250-a\r\n250 STARTTLS\r\n220 go\r\n",
    ],
    ["imap", "imap", "a STARTTLS\r\n", "* OK ready\r\na OK go\r\n"],
    ["pop3", "pop3", "STLS\r\n", "+OK ready\r\n+OK go\r\n"],
    ["ftp", "ftp", "AUTH TLS\r\n", "220 FTP\r\n234 go\r\n"],
    ["nntp", "nntp", "STARTTLS\r\n", "200 news NNTP\r\n382 go\r\n"],
    ["sieve", "sieve", "STARTTLS\r\n", '"SIEVE" "x"\r\n"STARTTLS"\r\nOK\r\nOK go\r\n'],
    ["irc", "irc", "CAP LS\r\nSTARTTLS\r\n", ":a CAP * LS :tls\r\n:a 670 * :go\r\n"],
    ["xmpp", "xmpp", "<stream:stream to='a'><starttls/>", `${XMPP}<proceed ${XMPP_TLS}/>`],
    ["http", "connect", "CONNECT a:1 HTTP/1.1\r\n\r\n", "HTTP/1.1 200 ok\r\n\r\n"],
    ["socks", "socks", "\x05\x01\0\x05\x01\0\x01aaaapp", "\x05\0\x05\0\0\x01aaaapp"],
    ["proxy", "proxy", "PROXY UNKNOWN\r\n", ""],
  ])("is an upgrade: %s, called %s", (protocol, starttls, said, answered) => {
    const upgraded = [client(text(said)), server(text(answered)), ...flights()];
    const seen = hear(upgraded);
    expect(seen.tls?.starttls).toBe(starttls);
    expect(seen.tls?.established).toBe(true);
    expect(seen.tls?.certificates.seen).toBe("wire");
    expect(seen.plaintext.map((one) => one.protocol)).toEqual([protocol]);
    expect(seen.plaintext[0]?.startTls).toBe("upgraded");
    expect(seen.opaque).toBeUndefined();
  });

  test("reads the same however it was cut", () => {
    const said = [
      server(text("220 a ESMTP\r\n")),
      client(text("EHLO a\r\n")),
      server(text("250 STARTTLS\r\n")),
      client(text("STARTTLS\r\n")),
      server(text("220 go\r\n")),
      ...flights().slice(0, 2),
    ];
    expect(differences(said, (pieces) => answer(pieces))).toEqual({});
  });

  test("is no upgrade where nobody spoke of one: a hello in a file", () => {
    const request = client(text("GET /hello.bin HTTP/1.1\r\n\r\n"));
    const file = server(concat(text("HTTP/1.1 200 ok\r\n\r\n"), flights()[0]!.bytes));
    const seen = hear([request, file]);
    expect(seen.plaintext[0]).toMatchObject({ protocol: "http", startTls: "none" });
    expect(seen.tls?.starttls).toBeUndefined();
  });

  test("lets no password behind it be called exposed", () => {
    const seen = hear([
      client(text("EHLO a\r\nSTARTTLS\r\n")),
      server(text("220 a ESMTP\r\n250 STARTTLS\r\n220 go\r\n")),
      ...flights(),
      client(text("AUTH PLAIN AGFsaWNlAHB3\r\n")),
    ]);
    expect(seen.plaintext[0]?.exposes).toEqual([]);
  });

  test("may come through a tunnel through a tunnel", () => {
    const seen = hear([
      client(text("\x05\x01\0\x05\x01\0\x01aaaapp")),
      server(text("\x05\0\x05\0\0\x01aaaapp")),
      client(text("CONNECT b:25 HTTP/1.1\r\n\r\n")),
      server(text("HTTP/1.1 200 ok\r\n\r\n220 b ESMTP\r\n")),
      client(text("EHLO a\r\nAUTH PLAIN AGFsaWNlAHB3\r\n")),
      server(text("250-b\r\n250 AUTH PLAIN\r\n235 ok\r\n")),
    ]);
    expect(seen.plaintext.map(({ protocol }) => protocol)).toEqual(["socks", "http", "smtp"]);
    const secret = seen.plaintext[2]?.exposes[0];
    // Located in the whole direction, not in what the tunnel carries.
    expect(secret).toMatchObject({ what: "smtp user and password", side: "client" });
    expect(secret?.offset).toBe(13 + 25 + 8 + 11);
  });
});

describe("TLS from its first byte", () => {
  test("is that alone, and nothing of it is kept", () => {
    const seen = hear(flights());
    expect(seen.tls?.established).toBe(true);
    expect(seen.plaintext).toEqual([]);
    expect(seen.opaque).toBeUndefined();
  });

  test("answered in clear it is a handshake that failed", () => {
    const answered = server(text("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"));
    const seen = hear([flights()[0]!, answered]);
    expect(seen.tls).toBeDefined();
    expect(seen.plaintext).toEqual([]);
  });

  test("joined behind its handshake it is opaque, and known to be TLS", () => {
    const sealed = concat(Uint8Array.of(23, 3, 3, 1, 0), randomBytes(256));
    const seen = hear([client(sealed)], joinedFlow);
    expect(seen.opaque).toMatchObject({ why: "joined-midstream", encryption: "tls" });
  });
});

describe("opaque", () => {
  test.each([
    ["encrypted-unknown", [client(randomBytes(600)), server(randomBytes(600))], flow],
    ["encrypted-unknown", [client(text("SSH-2.0-x\r\n"))], flow],
    ["unknown-protocol", [client(text("frobnicate the gizmo, please. ".repeat(9)))], flow],
    ["joined-midstream", [client(text("frobnicate the gizmo, please. ".repeat(9)))], joinedFlow],
    ["gap", [gap(0, 100), client(text("frobnicate"))], flow],
  ] as const)("because of %s", (why, said, of) => {
    expect(hear(said, of).opaque?.why).toBe(why);
  });

  test("says how even and how readable the bytes are, of the side that gives more away", () => {
    const said = [client(text("frobnicate the gizmo. ".repeat(9))), server(randomBytes(4000))];
    const seen = hear(said).opaque;
    expect(seen?.printable).toBe(1);
    expect(seen?.entropy).toBeGreaterThan(3);
    expect(seen?.entropy).toBeLessThan(5);
  });

  test("says nothing of what said nothing", () => {
    expect(hear([])).toMatchObject({ plaintext: [], opaque: undefined });
  });
});

test("whatever comes, in whatever pieces, nothing is thrown and the answer is the same", () => {
  const piece = fc.record({ side: fc.constantFrom(0 as const, 1 as const), bytes: anyBytes() });
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 6 }), (said) => {
      const chopped = said.flatMap(({ side, bytes }) =>
        [...bytes].map((byte) => ({ side, bytes: Uint8Array.of(byte) })),
      );
      expect(answer(chopped)).toEqual(answer(said));
    }),
    { numRuns: 300 },
  );
});

/** Garbage, and the beginnings of what is known with garbage behind. */
function anyBytes() {
  const known = DIALOGUES.flatMap(({ client: c, server: s }) => [c, s]);
  const begun = fc
    .tuple(fc.constantFrom(...known), fc.nat(60), fc.uint8Array({ maxLength: 20 }))
    .map(([said, at, rest]) => concat(text(said.slice(0, at)), rest));
  return fc.oneof(fc.uint8Array({ maxLength: 80 }), begun);
}

function hear(said: readonly Said[], of: Flow = flow) {
  const connection = new Connection(of);
  const offsets: [number, number] = [0, 0];
  for (const one of said) {
    if (connection.wants === "nothing") break;
    push(connection, one, offsets[one.side]);
    offsets[one.side] += one.gap ?? one.bytes.length;
  }
  connection.push({ kind: "closed", why: "fin", atUs: 2 });
  return connection.result();
}

/** Lent bytes, overwritten afterwards. */
function push(
  connection: Connection,
  { side, bytes, gap: count, why = "loss" }: Said,
  offset: number,
) {
  const atUs = 1_001;
  if (count !== undefined) return connection.push({ kind: "gap", side, offset, count, why, atUs });
  const lent = Uint8Array.from(bytes);
  connection.push({ kind: "bytes", side, bytes: lent, from: 0, to: lent.length, offset, atUs });
  lent.fill(0xee);
}

/** All that may be asked, but for times. */
function answer(said: readonly Said[], of: Flow = flow) {
  const { tls, plaintext, opaque } = hear(said, of);
  return {
    tls: tls && [tls.starttls, tls.version, tls.steps, tls.established],
    plaintext: plaintext.map(({ flow: _, atUs: __, ...rest }) => rest),
    opaque: opaque && { ...opaque, flow: 0, client: of.opener },
  };
}

function flights(): Said[] {
  return handshake.flights.map(({ party, bytes }) =>
    party === "client" ? client(bytes) : server(bytes),
  );
}

function text(said: string): Uint8Array {
  return Buffer.from(said, "latin1");
}

function concat(...parts: Uint8Array[]): Uint8Array {
  return Buffer.concat(parts);
}

const XMPP_TLS = "xmlns='urn:ietf:params:xml:ns:xmpp-tls'";
const XMPP = `<stream:stream id='1'><stream:features><starttls ${XMPP_TLS}/></stream:features>`;
