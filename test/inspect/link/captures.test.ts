/**
 * Encrypted links in the captures of others: each flow and packet that carries one, and no other, by what
 * tshark found there. Where this list differs from tshark's, the reason stands beside it.
 */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { Census } from "../../../src/decode/census.ts";
import { decodeFrame } from "../../../src/decode/link.ts";
import { PacketView } from "../../../src/decode/packet-view.ts";
import { aboveEthernet, aboveIp, LinkFlow } from "../../../src/inspect/link/index.ts";
import { type ReadPacket, read } from "../../capture/reading.ts";
import { seen } from "../../flow/reader.ts";
import { SHARED, sharedIsHere } from "../../truth/truth.ts";

describe.runIf(sharedIsHere)("the captures of others", async () => {
  const files = sharedIsHere ? filesOf(`${SHARED}/truth.ndjson`) : [];
  const found: Record<string, string[]> = {};
  const packets: Record<string, string[]> = {};
  for (const file of files) {
    const captured = (await read(`${SHARED}/${file}`).catch(() => undefined))?.packets ?? [];
    const name = file.split("/").at(-1)!;
    const flows = flowsIn(captured);
    const outside = packetsIn(captured);
    if (flows.length > 0) found[name] = flows;
    if (outside.length > 0) packets[name] = outside;
  }

  test("UDP flows", () => expect(found).toEqual(UDP));
  test("packets above IP and Ethernet", () => expect(packets).toEqual(OUTSIDE));
});

function filesOf(truth: string): string[] {
  return readFileSync(truth, "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => (JSON.parse(line) as { file: string }).file);
}

/** Each UDP flow that is named, as `who: datagrams told of all`. */
function flowsIn(captured: readonly ReadPacket[]): string[] {
  const links = new Set(captured.map(({ link }) => link));
  return [...links].flatMap((link) => {
    const own = captured.filter((packet) => packet.link === link);
    const { flows } = seen(
      own.map((packet) => ({ ...packet, originalBytes: packet.original })),
      { link, wants: (events) => (events.length < EVENTS_MAX ? "bytes" : "nothing") },
    );
    return flows.flatMap(({ flow, events }) => {
      const links = new LinkFlow([flow.ends[0].port, flow.ends[1].port]);
      const datagrams = events.filter((event) => event.kind === "datagram");
      const told = datagrams.filter(({ side, bytes, cut }) =>
        links.push(side, { bytes, from: 0, to: bytes.length, cut }),
      );
      return links.by === undefined ? [] : [`${links.by}: ${told.length} of ${datagrams.length}`];
    });
  });
}

/** How many packets of each kind stand directly above IP or Ethernet. */
function packetsIn(captured: readonly ReadPacket[]): string[] {
  const view = new PacketView();
  const census = new Census();
  const counts = new Map<string, number>();
  for (const { bytes, original, link } of captured) {
    view.protocol = 0;
    view.cut = original - bytes.length;
    decodeFrame(view, bytes, 0, bytes.length, link, census);
    const { start, end, missing } = view;
    const type = link === 1 && bytes.length > 14 ? (bytes[12]! << 8) | bytes[13]! : 0;
    const said =
      aboveIp(view.protocol, { bytes, from: start, to: end, cut: missing }) ??
      aboveEthernet(type, { bytes, from: 14, to: bytes.length, cut: view.cut });
    if (said === undefined) continue;
    const name = `${said.message} ${said.carries}`;
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return [...counts].map(([name, count]) => `${name}: ${count}`);
}

const EVENTS_MAX = 400;

/**
 * Told datagrams are those from the second one on that fits. tshark also calls WireGuard one datagram each
 * of `radiuslayer` and of `WireGuard.pcap`, with nothing that fits them, and some of Zoom's media.
 * `openvpn_synthetic` and three flows of `openvpn.pcap` use ports that tshark does not try.
 */
const UDP: Record<string, string[]> = {
  "WireGuard.pcap": ["wireguard: 2 of 3"],
  "ikev1.pcap": ["ipsec: 11 of 11"],
  "ikev2_nat_t.pcapng": ["ipsec: 54 of 54"],
  "mullvad_wireguard.pcap": ["wireguard: 8 of 10"],
  "openvpn-tlscrypt.pcap": ["openvpn: 12 of 13"],
  "openvpn.pcap": [
    "openvpn: 82 of 83",
    "openvpn: 118 of 120",
    "openvpn: 99 of 100",
    "openvpn: 30 of 31",
    "openvpn: 14 of 15",
  ],
  "openvpn_nohmac.pcapng": ["openvpn: 399 of 400"],
  "openvpn_synthetic.pcap": ["openvpn: 3 of 4", "openvpn: 3 of 4"],
  "openvpn_tcp_single.pcap": ["wireguard: 3 of 4"],
  "protonvpn.pcap": ["wireguard: 13 of 14"],
  "tunnelbear.pcap": ["wireguard: 9 of 12"],
  "wireguard-ping-tcp-dsb.pcapng": ["wireguard: 20 of 22"],
  "wireguard-ping-tcp.pcap": ["wireguard: 20 of 22"],
  "wireguard.pcap": ["wireguard: 20 of 22", "wireguard: 29 of 30"],
};

/** Frames in tunnels and AH before IPv6's next header are not reached; ESP of 8 bytes holds nothing. */
const OUTSIDE: Record<string, string[]> = {
  "ah-esp.pcap": ["ah clear: 10"],
  "esp-bug-12671.pcapng.gz": ["esp payload: 6"],
  "ikev1.pcap": ["esp payload: 16"],
  "ip6_esp.pcap": ["esp payload: 120"],
  "ipsec.pcapng": ["ah clear: 2"],
  "macsec-encrypted.pcap": ["macsec payload: 1"],
  "macsec-short-longer.pcap": ["macsec clear: 1"],
  "macsec-short-shorter.pcap": ["macsec clear: 1"],
  "macsec-short-valid.pcap": ["macsec clear: 1"],
};
