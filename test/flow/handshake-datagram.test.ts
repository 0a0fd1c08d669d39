/** A conversation whose inspector wants `records`: what of its datagrams is told, and what is not. */
import { describe, expect, test } from "vitest";
import { concat, pattern, uint } from "../wire/bytes.ts";
import { ethernet } from "../wire/link.ts";
import { EPOCH_US } from "../wire/packet.ts";
import { udp } from "../wire/transport.ts";
import { seen } from "./reader.ts";

const said = (first: number, index: number) => {
  const payload = concat(uint(first, 1), pattern(20));
  const bytes = ethernet(udp({ from: "10.0.0.1:4000", to: "10.0.0.2:443" }, payload));
  return { atUs: EPOCH_US + index, bytes };
};

describe("of datagrams, `records` are", () => {
  test.each([
    ["a DTLS handshake record", 22, true],
    ["a long header of QUIC", 0xc3, true],
    ["DTLS application data", 23, false],
    ["a short header of QUIC", 0x41, false],
    ["RTP", 0x80, false],
    ["STUN", 0, false],
  ])("%s: %i, told: %s", (_name, first, told) => {
    const { events } = seen([said(7, 0), said(first, 1)], { wants: () => "records" }).flows[0]!;
    expect(events.filter(({ kind }) => kind === "datagram")).toHaveLength(told ? 2 : 1);
  });
});
