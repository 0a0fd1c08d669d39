/** Several files are one capture: a hundred slices of it, in any order, give the lines of the whole. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { PacketSink } from "../../src/capture/packet-sink.ts";
import { readCapture } from "../../src/capture/read.ts";
import { defaultPolicy } from "../../src/judge/policy/policy.ts";
import { replay } from "../../src/replay.ts";
import type { Line } from "../../src/report/lines.ts";
import { pattern } from "../wire/bytes.ts";
import { conversation } from "../wire/conversation.ts";
import { LINK } from "../wire/link.ts";
import type { WirePacket } from "../wire/packet.ts";
import { pcap } from "../wire/pcap.ts";
import { simplePcapng } from "../wire/pcapng.ts";

const folder = mkdtempSync(join(tmpdir(), "slices-"));
let whole = "";
let packets: WirePacket[] = [];
let expected: string[] = [];

beforeAll(async () => {
  packets = await everything();
  whole = join(folder, "whole.pcap");
  writeFileSync(whole, pcap(packets));
  expected = await linesOf([whole]);
});
afterAll(() => rmSync(folder, { recursive: true }));

describe("a hundred slices", () => {
  const writers: Record<string, (slice: readonly WirePacket[]) => Uint8Array> = {
    pcap: (slice) => pcap(slice),
    "nanosecond pcap of the other byte order": (slice) =>
      pcap(slice, { endian: "big", nanoseconds: true }),
    pcapng: (slice) => simplePcapng(slice, { endian: "big" }),
    "pcap.gz": (slice) => gzipSync(pcap(slice)),
    "pcapng.zst": (slice) => zstdCompressSync(simplePcapng(slice)),
  };

  test("there is something to compare", () => {
    expect(packets.length).toBeGreaterThan(1000);
    expect(expected.filter((line) => line.startsWith('{"kind":"tls"')).length).toBeGreaterThan(20);
  });

  test.each(Object.keys(writers))(
    "of %s give the same lines, whatever order they are named in",
    async (kind) => {
      const paths = writeSlices(kind.replace(/\W/g, "-"), writers[kind]!);
      expect(paths).toHaveLength(100);
      expect(await linesOf(paths)).toEqual(expected);
      expect(await linesOf([...paths].reverse())).toEqual(expected);
      const shuffled = paths.map((path, index) => ({ path, key: (index * 37) % 100 }));
      shuffled.sort((one, other) => one.key - other.key);
      expect(await linesOf(shuffled.map(({ path }) => path))).toEqual(expected);
    },
  );

  test("of both formats and an empty file among them give the same lines", async () => {
    const paths = writeSlices("mixed", (slice) =>
      slice.length % 2 === 0 ? pcap(slice) : simplePcapng(slice),
    );
    writeFileSync(join(folder, "none.pcap"), pcap([]));
    expect(await linesOf([join(folder, "none.pcap"), ...paths])).toEqual(expected);
  });

  test.each(["1", "2"])("give the same lines on the command line with --jobs %s", (jobs) => {
    const paths = writeSlices(`jobs-${jobs}`, (slice) => pcap(slice));
    expect(printed([whole, "--jobs", jobs])).toEqual(printed([...paths, "--jobs", jobs]));
    expect(printed([whole, "--jobs", jobs]).length).toBeGreaterThan(100);
  });
});

/** All captures of ours on Ethernet, and an hour of silence in the middle of a connection. */
async function everything(): Promise<WirePacket[]> {
  const all: WirePacket[] = [];
  const clock = new Float64Array(1);
  const sink: PacketSink = {
    clock,
    packet(bytes, offset, captured, original, link) {
      if (link !== LINK.ethernet) return;
      const kept = bytes.slice(offset, offset + captured);
      all.push({ atUs: clock[0]!, bytes: kept, originalBytes: original });
    },
  };
  const files = readdirSync("captures").filter((name) => /\.pcap(ng)?$/.test(name));
  for (const name of files) await readCapture(join("captures", name), sink);
  const last = Math.max(...all.map(({ atUs }) => atUs));
  const script = conversation({ startUs: last + 1 })
    .client(pattern(50))
    .wait(3_700_000_000);
  all.push(...script.client(pattern(60)).server(pattern(70)).close().packets());
  return all.sort((one, other) => one.atUs - other.atUs);
}

function writeSlices(name: string, write: (slice: readonly WirePacket[]) => Uint8Array): string[] {
  const paths: string[] = [];
  for (let slice = 0; slice < 100; slice++) {
    const from = Math.floor((slice * packets.length) / 100);
    const to = Math.floor(((slice + 1) * packets.length) / 100);
    const path = join(folder, `${name}-${slice}`);
    writeFileSync(path, write(packets.slice(from, to)));
    paths.push(path);
  }
  return paths;
}

/** Every line but for what the summary says of each file, in an order of their own. */
async function linesOf(inputs: readonly string[]): Promise<string[]> {
  const lines: string[] = [];
  const write = (line: Line): void => {
    lines.push(JSON.stringify(line.kind === "summary" ? { ...line, inputs: [] } : line));
  };
  const options = { inputs, policy: defaultPolicy, local: [], observations: true, hash: false };
  await replay(options, write);
  return lines.sort();
}

function printed(args: readonly string[]): string[] {
  const all = ["src/cli/portcullis.mjs", "replay", "--format", "jsonl", "--observations", ...args];
  const { stdout } = spawnSync(process.execPath, all, { encoding: "utf8", maxBuffer: 2 ** 28 });
  const lines = stdout.trimEnd().split("\n");
  return lines.map((line) => line.replace(/"inputs":\[.*?\]/, ""));
}
