/**
 * TDS, SQL Server's protocol (MS-TDS §2.2.3), and Sybase's TDS 5.0 login.
 *
 *     | type | status | length (2) | process (2) | number | 0 | data
 *     PRELOGIN (client 0x12, server 4)   (option | offset (2) | length (2)) .. 0xff | values
 *     LOGIN7 (0x10)                      length, version .. | (offset (2) | characters (2)) .. little-endian
 *
 * PRELOGIN's option 1 settles encryption. Where the answer is `on` or `required`, TLS follows, but its handshake
 * travels inside further PRELOGIN packets, so it begins behind a header and a long flight is cut by others:
 * this only says `agreed`, and whoever reads TLS must take those headers out. `off` from both encrypts the
 * login alone and leaves all that follows in clear.
 */
import type { Detector, Exposure, Match, Opening, StartTls } from "./detector.ts";
import { answer, type Fit, together } from "./fit.ts";
import { printable, u16, u16le, u32le, zeros } from "./number.ts";
import type { Said } from "./said.ts";

export const tds: Detector = {
  protocol: "tds",
  transports: ["tcp"],
  begins: { client: "\x01\x02\x03\x10\x12", server: "\x04\x12" },
  detect,
};

function detect({ client, server }: Opening) {
  const fit = together(requestFit(client), responseFit(server));
  return answer(
    fit,
    (): Match => ({
      exposes: exposed(client),
      startTls: startTlsOf(client, server),
    }),
  );
}

function requestFit(said: Said): Fit {
  const { bytes, length } = said;
  const fit = headerFit(said);
  if (fit !== "yes") return fit;
  switch (bytes[0]) {
    case PRELOGIN:
      return optionsFit(said);
    case LOGIN7:
      return login7Fit(said);
    case LOGIN:
      return login5Fit(said);
  }
  // A batch or a call. Since 2005 it begins with headers, of which that of the transaction is there.
  if (length < 18) return "maybe";
  if (u32le(bytes, 12) === 18 && u16le(bytes, 16) === 2)
    return u32le(bytes, 8) >= 22 ? "yes" : "no";
  // Before that, with its text, or the length and name of what it calls.
  return isWide(said.text.slice(bytes[0] === CALL ? 10 : 8, 40)) ? "yes" : "no";
}

function responseFit(said: Said): Fit {
  const fit = headerFit(said);
  if (fit !== "yes") return fit;
  const { bytes } = said;
  if (bytes[8] === 0 || bytes[0] === PRELOGIN) return optionsFit(said);
  // Tokens: this alone is too little, and rules out what is none.
  return bytes[0] === RESPONSE && (said.length < 9 || TOKENS.has(bytes[8]!)) ? "maybe" : "no";
}

function headerFit({ bytes, length }: Said): Fit {
  if (length < 8) return "maybe";
  const size = u16(bytes, 2);
  if (bytes[1]! > STATUS_MAX || size < 8 || size > PACKET_BYTES_MAX) return "no";
  return bytes[7] === 0 ? "yes" : "no";
}

/** A list of options that lie behind it without a hole. */
function optionsFit({ bytes, length }: Said): Fit {
  const size = u16(bytes, 2) - 8;
  let count = 0;
  while (count <= OPTIONS_MAX && 8 + 5 * count < length && bytes[8 + 5 * count] !== 0xff) count++;
  if (count > OPTIONS_MAX) return "no";
  if (8 + 5 * count >= length) return "maybe";
  let next = 5 * count + 1;
  for (let option = 0; option < count; option++) {
    const at = 8 + 5 * option;
    if (bytes[at]! > OPTION_MAX || u16(bytes, at + 1) !== next) return "no";
    next += u16(bytes, at + 3);
  }
  return count > 0 && bytes[8] === 0 && next === size ? "yes" : "no";
}

function login7Fit({ bytes, length }: Said): Fit {
  if (length < 8 + LOGIN7_BYTES)
    return length >= 12 && u32le(bytes, 8) < LOGIN7_BYTES ? "no" : "maybe";
  if (u32le(bytes, 8) > LOGIN7_BYTES_MAX) return "no";
  // 7.0 to 7.4 and what servers call 8.0; the first name lies behind the fixed part, as all do.
  const version = u32le(bytes, 12) >>> 24;
  const first = u16le(bytes, 8 + 36);
  return version >= 0x02 && version <= 0x80 && first >= 86 && first <= 128 ? "yes" : "no";
}

/** Fields of 30 bytes, each with the count of those that are used behind it. */
function login5Fit({ bytes, length }: Said): Fit {
  if (length < 8 + 3 * FIELD_BYTES) return "maybe";
  for (let at = 8; at < 8 + 3 * FIELD_BYTES; at += FIELD_BYTES) {
    const count = bytes[at + FIELD_BYTES - 1]!;
    if (count > 30 || !printable(bytes, at, at + count)) return "no";
    if (!zeros(bytes, at + count, at + 30)) return "no";
  }
  return bytes[8 + 2 * FIELD_BYTES - 1]! > 0 ? "yes" : "no";
}

function startTlsOf(client: Said, server: Said): StartTls {
  const asked = encryptionOf(client);
  const answered = encryptionOf(server);
  if (answered === ON || answered === REQUIRED) return "agreed";
  if (answered === NOT_SUPPORTED) return asked === ON || asked === REQUIRED ? "refused" : "none";
  return answered === OFF ? "offered" : "none";
}

/** Option 1 of a PRELOGIN, without the bit that asks for a client's certificate. */
function encryptionOf(said: Said): number | undefined {
  if (said.length < 8 || optionsFit(said) !== "yes") return undefined;
  const { bytes } = said;
  for (let at = 8; bytes[at] !== 0xff; at += 5) {
    if (bytes[at] === ENCRYPTION) return (bytes[8 + u16(bytes, at + 1)] ?? 0) & 0x7f;
  }
  return undefined;
}

/** User and password of a login in clear, which stands first or behind one PRELOGIN. */
function exposed(client: Said): Exposure[] {
  const { bytes, length } = client;
  const at = bytes[0] === PRELOGIN ? u16(bytes, 2) : 0;
  const exposes: Exposure[] = [];
  const add = (what: string, offset: number, count: number) => {
    if (count > 0 && offset + count <= length) {
      exposes.push({ what, side: "client", offset, bytes: count });
    }
  };
  if (bytes[at] === LOGIN7 && length >= at + 8 + LOGIN7_BYTES) {
    const body = at + 8;
    add("tds user", body + u16le(bytes, body + 40), 2 * u16le(bytes, body + 42));
    // Each byte's halves are exchanged and some bits turned: nothing that keeps it from being read.
    add("tds password", body + u16le(bytes, body + 44), 2 * u16le(bytes, body + 46));
  } else if (bytes[at] === LOGIN && length >= at + 8 + 3 * FIELD_BYTES) {
    const user = at + 8 + FIELD_BYTES;
    add("tds user", user, bytes[user + 30]!);
    add("tds password", user + FIELD_BYTES, bytes[user + FIELD_BYTES + 30]!);
  }
  return exposes;
}

/** Text in UTF-16 whose characters are all ASCII. */
function isWide(text: string): boolean {
  return /^(?:[\t\r\n -~]\0){4,}[\t\r\n -~]?$/.test(text);
}

const LOGIN = 0x02;
const CALL = 0x03;
const RESPONSE = 0x04;
const LOGIN7 = 0x10;
const PRELOGIN = 0x12;
const ENCRYPTION = 1;
const OFF = 0;
const ON = 1;
const NOT_SUPPORTED = 2;
const REQUIRED = 3;
/** End of message, ignore, reset, reset but keep the transaction. */
const STATUS_MAX = 0x1f;
const PACKET_BYTES_MAX = 32_767;
/** From version to nonce there are 8; servers ignore others. */
const OPTIONS_MAX = 16;
const OPTION_MAX = 15;
/** The fixed part of LOGIN7 before 7.2, which later versions extend. */
const LOGIN7_BYTES = 86;
/** MS-TDS: 128 kilobytes less one. */
const LOGIN7_BYTES_MAX = 131_071;
const FIELD_BYTES = 31;
/** Columns, order, error, info, login, row, environment, SSPI, capabilities, done and their kind. */
const TOKENS = new Set([
  0x79, 0x7c, 0x81, 0xa4, 0xa5, 0xa9, 0xaa, 0xab, 0xac, 0xad, 0xae, 0xd1, 0xd2, 0xe2, 0xe3, 0xe4,
  0xe5, 0xed, 0xee, 0xfd, 0xfe, 0xff,
]);
