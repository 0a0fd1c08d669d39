/** What packets that lie, that are missing or that are not ours to read come to in the lines. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, describe, expect, test } from "vitest";
import { defaultPolicy } from "../../src/judge/policy/policy.ts";
import { replay } from "../../src/replay.ts";
import type { Line } from "../../src/report/lines.ts";
import { readHandshakes } from "../fuzz/handshake-file.ts";
import { concat, pattern, uint } from "../wire/bytes.ts";
import { type ConversationShape, conversation, merge } from "../wire/conversation.ts";
import { fragments } from "../wire/ip.ts";
import { ethernet } from "../wire/link.ts";
import { EPOCH_US, type WirePacket } from "../wire/packet.ts";
import { pcap } from "../wire/pcap.ts";
import { block, enhanced, iface, pcapng, section, simplePcapng } from "../wire/pcapng.ts";
import { play } from "../wire/recorded.ts";
import {
  applicationData,
  certificate,
  RECORD,
  record,
  records,
  serverHello,
  serverHelloDone,
} from "../wire/tls.ts";
import { udp } from "../wire/transport.ts";

const folder = mkdtempSync(join(tmpdir(), "lines-"));
afterAll(() => rmSync(folder, { recursive: true }));
const flights = readHandshakes().find(({ name }) => name === "tls12-ecdsa")!.flights;
const [hello, answer] = flights;

describe("evasion", () => {
  test("segments that overlap with different bytes are a C08 finding that names the place", async () => {
    const script = conversation().client(hello!.bytes);
    script.segment("client", 20, pattern(30, 99)).server(answer!.bytes);
    const found = await kinds(script.packets(), "finding");
    const [evasion] = found.filter((line) => line.rule === "C08");
    expect(evasion).toMatchObject({ severity: "breach", flow: "1" });
    expect(JSON.stringify(evasion)).toContain("20");
  });

  test("a connection with such an overlap is not passed", async () => {
    const script = conversation().client(pattern(90)).segment("client", 5, pattern(30, 99));
    const lines = await linesOf(pcap(script.packets()));
    expect(lines.filter((line) => line.kind === "finding")).toMatchObject([{ rule: "C08" }]);
  });

  test("a retransmission is none", async () => {
    const script = conversation().client(hello!.bytes).again().server(answer!.bytes).again();
    const found = await kinds(script.packets(), "finding");
    expect(found.filter((line) => line.rule === "C08")).toEqual([]);
  });
});

test("one side's alert does not disturb the other's record underway", async () => {
  const script = play(conversation({ mss: 1000 }), flights.slice(0, 6));
  const large = applicationData(15_000, 15_000);
  script.server(large.subarray(0, 5000)).client(record(21, pattern(26)));
  script.server(large.subarray(5000)).server(applicationData(3000, 1500));
  const lines = await linesOf(pcap(script.close().packets()));
  expect(lines.filter((line) => line.kind === "tls")).toMatchObject([{ established: true }]);
  expect(lines.filter((line) => line.kind === "malformed")).toEqual([]);
});

describe("coverage says what was missing while the handshake was read", () => {
  test.each([
    ["nothing", {}, []],
    ["the snap length cut it", { snapBytes: 400 }, ["snaplen"]],
    ["it was joined midstream", { handshake: false, skip: 1 }, ["midstream"]],
  ] as [string, ConversationShape & { skip?: number }, string[]][])(
    "%s",
    async (_name, shape, coverage) => {
      const { skip = 0, ...rest } = shape;
      const script = play(conversation(rest), flights.slice(skip));
      const [tls] = await kinds(script.packets(), "tls");
      const verdicts = await kinds(script.packets(), "verdict");
      expect(tls).toBeDefined();
      expect(verdicts[0]?.coverage).toEqual(coverage);
    },
  );

  test("a segment was lost", async () => {
    const script = conversation().client(hello!.bytes).server(answer!.bytes.subarray(0, 300));
    script.lose("server", 100).server(answer!.bytes.subarray(400)).close();
    const [verdict] = await kinds(script.packets(), "verdict");
    expect(verdict?.coverage).toEqual(["loss"]);
    const [tls] = await kinds(script.packets(), "tls");
    expect(tls?.certificates).toMatchObject({ seen: "no", why: "loss", chain: [] });
  });
});

describe("direction follows --local", () => {
  test.each([
    [["10.0.0.0/8"], "egress"],
    [["192.0.2.7"], "ingress"],
    [["10.0.0.0/8", "192.0.2.0/24"], "internal"],
    [["172.16.0.0/12"], "unknown"],
    [[], "unknown"],
  ])("%j: %s", async (local, direction) => {
    const file = pcap(play(conversation(), flights).packets());
    const lines = await linesOf(file, { local });
    expect(lines.find((line) => line.kind === "tls")).toMatchObject({
      direction,
      client: "10.0.0.1:40000",
      server: "192.0.2.7:443",
    });
  });

  test("the client is who sent the hello, though the capture begins with the server", async () => {
    const script = conversation({ handshake: false }).ack("server");
    const lines = await linesOf(pcap(play(script, flights).packets()));
    expect(lines.find((line) => line.kind === "tls")).toMatchObject({ client: "10.0.0.1:40000" });
  });

  test("IPv6 is in brackets", async () => {
    const ends = { client: "[2001:db8::1]:40000", server: "[2001:db8::2]:443" };
    const [tls] = await kinds(play(conversation(ends), flights).packets(), "tls");
    expect(tls).toMatchObject({ client: "[2001:db8::1]:40000", server: "[2001:db8::2]:443" });
  });
});

describe("what is not read is told and counted", () => {
  test("another link", async () => {
    const packets = conversation().client(pattern(9)).packets();
    const lines = await linesOf(pcap(packets, { linkType: 105 }));
    expect(lines.filter((line) => line.kind === "loss")).toMatchObject([
      { packetsDropped: packets.length, why: expect.stringContaining("IEEE802_11") },
    ]);
  });

  test("a tunnel", async () => {
    const bytes = ethernet(udp({ from: "10.0.0.1:5", to: "10.0.0.2:4789" }, pattern(60)));
    const lines = await linesOf(
      pcap([
        { atUs: EPOCH_US, bytes },
        { atUs: EPOCH_US, bytes },
      ]),
    );
    expect(lines.filter((line) => line.kind === "loss")).toMatchObject([
      { packetsDropped: 2, why: expect.stringContaining("VXLAN") },
    ]);
  });

  test("fragments that never were whole", async () => {
    const whole = udp({ from: "10.0.0.1:5", to: "10.0.0.2:53" }, pattern(900));
    const bytes = ethernet(fragments(whole, 400)[0]!);
    const lines = await linesOf(pcap([{ atUs: EPOCH_US, bytes }]));
    expect(lines.filter((line) => line.kind === "loss")).toMatchObject([{ where: "ip-fragments" }]);
  });

  test("packets that cannot be right", async () => {
    const bytes = ethernet(concat(uint(0x44, 1), pattern(40)), { etherType: 0x0800 });
    const lines = await linesOf(pcap([{ atUs: EPOCH_US, bytes }]));
    expect(lines.filter((line) => line.kind === "malformed")).toMatchObject([
      { at: "packet", reason: expect.stringContaining("IPv4 header of 16 bytes") },
    ]);
  });

  test("blocks that cannot be right, with the file and the byte", async () => {
    const odd = enhanced({ atUs: EPOCH_US, bytes: pattern(4), interfaceId: 3 });
    const lines = await linesOf(pcapng([section(), iface(), odd, block(0x0bad, pattern(4))]));
    expect(lines.filter((line) => line.kind === "malformed")).toMatchObject([
      { file: expect.stringContaining("capture"), at: "pcapng-block", offset: 28 + 20 + 8 + 20 },
    ]);
  });
});

test("chains that open connections hold are bounded, and those not kept are told", async () => {
  const connections = Array.from({ length: 600 }, (_, index) => {
    const chain = Array.from({ length: 60 }, () => concat(uint(index, 4), pattern(1000)));
    const flight = concat(serverHello(), certificate(chain), serverHelloDone());
    const client = `10.0.${index >> 8}.${index & 255}:40000`;
    const script = conversation({ client, startUs: EPOCH_US + index * 100_000, mss: 16_000 });
    return script
      .client(hello!.bytes)
      .server(records(RECORD.handshake, flight, 16_000))
      .packets();
  });
  const lines = await linesOf(pcap(merge(...connections)));
  const tls = lines.filter((line) => line.kind === "tls");
  expect(tls).toHaveLength(600);
  const kept = tls.filter(({ certificates }) => certificates.seen === "wire").length;
  expect(kept).toBeGreaterThan(300);
  expect(kept).toBeLessThan(500);
  const told = lines.filter((line) => line.kind === "malformed" || line.kind === "loss");
  expect(told.length).toBeGreaterThan(0);
});

describe("a damaged or truncated capture is judged up to the damage: exit 3, and the byte is named", () => {
  const packets = play(conversation(), flights).close().packets();
  const files: [string, Uint8Array, number][] = [
    ["pcap", pcap(packets).subarray(0, -5), pcap(packets.slice(0, -1)).length],
    ["pcapng", simplePcapng(packets).subarray(0, -5), simplePcapng(packets.slice(0, -1)).length],
    ["pcap.gz", gzipSync(pcap(packets).subarray(0, -5)), pcap(packets.slice(0, -1)).length],
  ];

  test.each(files)("%s", (name, bytes, atByte) => {
    const path = join(folder, `cut.${name}`);
    writeFileSync(path, bytes);
    const run = portcullis([path]);
    expect(run.status).toBe(3);
    expect(run.stderr).toContain(`cut.${name}`);
    expect(run.stderr.replaceAll(",", "")).toMatch(new RegExp(`\\b${atByte}\\b`));
    expect(run.stdout).toContain('"kind":"tls"');
    expect(run.stdout).toContain('"kind":"summary"');
  });

  test("standard input", () => {
    const run = portcullis(["-"], pcap(packets).subarray(0, -5));
    expect(run.status).toBe(3);
    expect(run.stdout).toContain('"kind":"tls"');
  });

  test("--max-bytes", () => {
    const path = join(folder, "long.pcap");
    writeFileSync(path, pcap(packets));
    const run = portcullis([path, "--max-bytes", "2000"]);
    expect(run.status).toBe(3);
    expect(run.stderr.replaceAll(",", "")).toContain("2000");
  });

  test("one of several: the others are judged all the same", () => {
    const [good, bad] = [join(folder, "good.pcap"), join(folder, "bad.pcap")];
    writeFileSync(good, pcap(packets));
    writeFileSync(bad, "this is no capture");
    const run = portcullis([bad, good]);
    expect(run.status).toBe(3);
    expect(run.stderr).toContain("bad.pcap");
    expect(run.stdout).toContain('"kind":"tls"');
  });
});

function portcullis(args: readonly string[], input?: Uint8Array) {
  const all = ["src/cli/portcullis.mjs", "replay", "--format", "jsonl", "--observations", ...args];
  return spawnSync(process.execPath, all, { encoding: "utf8", ...(input && { input }) });
}

async function linesOf(
  file: Uint8Array,
  more: { local?: readonly string[] } = {},
): Promise<Line[]> {
  const path = join(folder, "capture");
  writeFileSync(path, file);
  const lines: Line[] = [];
  const options = { inputs: [path], policy: defaultPolicy, observations: true, hash: false };
  await replay({ ...options, local: more.local ?? [] }, (line) => lines.push(line));
  return lines;
}

async function kinds<K extends Line["kind"]>(packets: readonly WirePacket[], kind: K) {
  const lines = await linesOf(pcap(packets));
  return lines.filter((line): line is Extract<Line, { kind: K }> => line.kind === kind);
}
