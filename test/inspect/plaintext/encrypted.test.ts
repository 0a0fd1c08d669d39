/** A protocol's own encryption, agreed on in clear: what follows cannot be read, so it is not plaintext. */
import { describe, expect, test } from "vitest";
import { Said } from "../../../src/inspect/plaintext/said.ts";
import { snmp as snmpDetector } from "../../../src/inspect/plaintext/snmp.ts";
import { bytesOf, told } from "./told.ts";

describe("what its own protocol has encrypted", () => {
  test.each(CASES())("%s is not called plaintext, and is without it", (_name, hidden, clear) => {
    expect(told(hidden)?.protocol).toBeUndefined();
    expect(told(clear.said)?.protocol).toBe(clear.protocol);
  });
});

test("SNMP 3 that finds its engine in clear and then encrypts is not plaintext", () => {
  const [found, hidden] = [
    snmp("\x04", "\x30\x04\x04\0\x04\0"),
    snmp("\x07", "\x04\x04\xaa\xbb\xcc\xdd"),
  ];
  const asked = (...datagrams: string[]) =>
    snmpDetector.detect({
      transport: "udp",
      client: new Said(bytesOf(datagrams.join("")), true, startsOf(datagrams)),
      server: new Said(bytesOf(""), true),
      first: "client",
    });
  expect(asked(found, hidden)).toBeUndefined();
  expect(asked(found, found)).toMatchObject({ exposes: [] });
});

test("DNS with its reserved bit set is none", () => {
  const query = (flags: string) =>
    `\x12\x34\x01${flags}\0\x01\0\0\0\0\0\0\x07example\x03org\0\0\x01\0\x01`;
  expect(told({ transport: "udp", client: query("\0") })?.protocol).toBe("dns");
  expect(told({ transport: "udp", client: query("\x40") })).toBeUndefined();
});

/** Where each begins. */
function startsOf(datagrams: readonly string[]): number[] {
  return datagrams.map((_, at) => datagrams.slice(0, at).join("").length);
}

type Dialogue = Parameters<typeof told>[0];

function CASES(): [name: string, hidden: Dialogue, clear: { said: Dialogue; protocol: string }][] {
  return [
    [
      "PostgreSQL behind GSSAPI's yes",
      { client: "\0\0\0\x08\x04\xd2\x16\x30", server: "G" },
      { said: { client: "\0\0\0\x08\x04\xd2\x16\x30", server: "N" }, protocol: "postgresql" },
    ],
    [
      "SNMP 3 with privacy",
      { transport: "udp", client: snmp("\x07", "\x04\x04\xaa\xbb\xcc\xdd") },
      {
        said: { transport: "udp", client: snmp("\x05", "\x30\x04\x04\0\x04\0") },
        protocol: "snmp",
      },
    ],
    [
      "SMB 3 with an encrypted message behind session setup",
      { client: `${SMB2}\0\0\0\x34\xfdSMB${"\x99".repeat(48)}`, server: "" },
      { said: { client: SMB2, server: "" }, protocol: "smb" },
    ],
    [
      "VNC with RA2",
      { client: "RFB 003.008\n\x05", server: "RFB 003.008\n\x01\x05", begins: "server" },
      {
        said: { client: "RFB 003.008\n\x01", server: "RFB 003.008\n\x01\x01", begins: "server" },
        protocol: "vnc",
      },
    ],
    [
      "LDAP that Kerberos seals",
      { client: `${BIND}\0\0\0\x20\x05\x04\x06\xff${"\x99".repeat(28)}`, server: BOUND },
      {
        said: { client: `${BIND}\0\0\0\x20\x05\x04\x04\xff${"x".repeat(28)}`, server: BOUND },
        protocol: "ldap",
      },
    ],
  ];
}

function snmp(flags: string, data: string): string {
  const header = `\x30\x0e\x02\x01\x07\x02\x03\0\xff\xe3\x04\x01${flags}\x02\x01\x03`;
  const body = `\x02\x01\x03${header}\x04\x02\x30\0${data}`;
  return `\x30${String.fromCharCode(body.length)}${body}`;
}

const SMB2 = `\0\0\0\x40\xfeSMB\x40\0${"\0".repeat(58)}`;
const BIND = "\x30\x14\x02\x01\x01\x60\x0f\x02\x01\x03\x04\0\xa3\x08\x04\x06GSSAPI";
const BOUND = "\x30\x0c\x02\x01\x01\x61\x07\x0a\x01\0\x04\0\x04\0";
