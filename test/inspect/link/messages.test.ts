/** Each message of each protocol, by the fields of its document, and what makes it none. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ike } from "../../../src/inspect/link/ike.ts";
import { aboveEthernet, aboveIp } from "../../../src/inspect/link/index.ts";
import type { Packet } from "../../../src/inspect/link/link-encryption.ts";
import { openvpn } from "../../../src/inspect/link/openvpn.ts";
import { wireguard } from "../../../src/inspect/link/wireguard.ts";

const packet = (hex: string, cut = 0): Packet => {
  // Bytes around it belong to somebody else.
  const bytes = Buffer.from(`eeee${hex.replaceAll(" ", "")}eeee`, "hex");
  return { bytes, from: 2, to: bytes.length - 2, cut };
};
const rest = (count: number) => "5a".repeat(count);
const esp = (of: Packet) => aboveIp(50, of);
const ah = (of: Packet) => aboveIp(51, of);
const macsec = (of: Packet) => aboveEthernet(0x88e5, of);

const INITIATOR = "1122334455667788";

test.each([
  ["ESP", esp, `c0000001 00000007 ${rest(8)}`, 0, "esp", "payload", 0xc0000001],
  ["ESP with an SPI made by hand", esp, `0000000a 00000007 ${rest(8)}`, 0, "esp", "payload", 10],
  ["ESP cut behind its header", esp, "c0000001 00000007", 90, "esp", "payload", 0xc0000001],
  ["AH", ah, `06 04 0000 00000100 00000002 ${rest(12)}`, 0, "ah", "clear", 0x100],
  [
    "MACsec, encrypted",
    macsec,
    `2c 00 00000001 ${INITIATOR} ${rest(40)}`,
    0,
    "macsec",
    "payload",
    0,
  ],
  ["MACsec, short and in clear", macsec, `03 04 00000001 ${rest(20)}`, 0, "macsec", "clear", 3],
  [
    "WireGuard's initiation",
    wireguard,
    `01000000 01020304 ${rest(140)}`,
    0,
    "handshake-initiation",
    "keys",
    0x04030201,
  ],
  [
    "WireGuard's response",
    wireguard,
    `02000000 01020304 05060708 ${rest(80)}`,
    0,
    "handshake-response",
    "keys",
    0x08070605,
  ],
  [
    "WireGuard's cookie",
    wireguard,
    `03000000 01020304 ${rest(56)}`,
    0,
    "cookie-reply",
    "keys",
    0x04030201,
  ],
  [
    "WireGuard's keepalive",
    wireguard,
    `04000000 01020304 0100000000000000 ${rest(16)}`,
    0,
    "transport-data",
    "payload",
    0x04030201,
  ],
  [
    "WireGuard's data, cut",
    wireguard,
    `04000000 01020304 0100000000000000`,
    1440,
    "transport-data",
    "payload",
    0x04030201,
  ],
] as const)("%s is told", (_name, read, hex, cut, message, carries, index) => {
  expect(read(packet(hex, cut))).toMatchObject({ message, carries, index });
});

test.each([
  [
    "IKE's first message",
    ike,
    `${INITIATOR} 0000000000000000 21 20 22 08 00000000 00000020 00000004`,
    "ike-sa-init",
  ],
  [
    "IKE behind the marker of port 4500",
    ike,
    `00000000 ${INITIATOR} ${INITIATOR} 2e 20 23 08 00000001 0000001c`,
    "ike-auth",
  ],
  [
    "IKE of version 1",
    ike,
    `${INITIATOR} 0000000000000000 01 10 04 00 00000000 00000020 00000004`,
    "aggressive",
  ],
  ["OpenVPN's reset", openvpn, `38 ${INITIATOR} 00 00000000`, "hard-reset-client-v2"],
  ["OpenVPN's data", openvpn, `48 000000 00000001 ${rest(24)}`, "data-v2"],
] as const)("%s is told", (_name, read, hex, message) => {
  expect(read(packet(hex))?.message).toBe(message);
});

describe("none of theirs is", () => {
  test.each([
    ["ESP with SPI 0", esp, `00000000 00000007 ${rest(8)}`],
    ["ESP of a header alone", esp, "c0000001 00000007"],
    ["AH with its reserved bytes set", ah, `06 04 0001 00000100 00000002 ${rest(12)}`],
    ["AH shorter than its header", ah, "06 04 0000 00000100"],
    ["MACsec of another version", macsec, `ac 00 00000001 ${INITIATOR} ${rest(40)}`],
    ["MACsec with packet number 0", macsec, `2c 00 00000000 ${INITIATOR} ${rest(40)}`],
    ["MACsec that names its sender twice", macsec, `6c 00 00000001 ${INITIATOR} ${rest(40)}`],
    ["MACsec without room for its check", macsec, `2c 00 00000001 ${INITIATOR} ${rest(4)}`],
    [
      "IKE with a length that is not the datagram's",
      ike,
      `${INITIATOR} 0000000000000000 21 20 22 08 00000000 00000021 00000004`,
    ],
    [
      "IKE without an initiator",
      ike,
      "0000000000000000 0000000000000000 21 20 22 08 00000000 0000001c",
    ],
    [
      "IKE with an exchange that nobody registered",
      ike,
      `${INITIATOR} 0000000000000000 21 20 63 08 00000000 0000001c`,
    ],
    [
      "IKE with a reserved flag",
      ike,
      `${INITIATOR} 0000000000000000 21 20 22 09 00000000 0000001c`,
    ],
    ["WireGuard with its reserved bytes set", wireguard, `01000100 01020304 ${rest(140)}`],
    ["a WireGuard initiation of another size", wireguard, `01000000 01020304 ${rest(139)}`],
    [
      "WireGuard's data that is not padded",
      wireguard,
      `04000000 01020304 0100000000000000 ${rest(17)}`,
    ],
    [
      "WireGuard's data with an absurd counter",
      wireguard,
      `04000000 01020304 0100000000000001 ${rest(16)}`,
    ],
    ["OpenVPN's reset of a later key", openvpn, `39 ${INITIATOR} 00 00000000`],
    ["OpenVPN's reset without a session", openvpn, `38 ${"00".repeat(8)} 00 00000000`],
    ["OpenVPN with no opcode of its own", openvpn, `f8 ${INITIATOR} 00 00000000`],
  ] as const)("%s", (_name, read, hex) => {
    expect(read(packet(hex))).toBeUndefined();
  });
});

test("any bytes, wherever they end, are answered", () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 200 }),
      fc.nat(200),
      fc.nat(2000),
      (bytes, from, cut) => {
        const of = { bytes, from: Math.min(from, bytes.length), to: bytes.length, cut };
        for (const read of [esp, ah, macsec, ike, wireguard, openvpn]) {
          const said = read(of);
          expect(said === undefined || said.message.length > 0).toBe(true);
        }
      },
    ),
  );
});
