/**
 * Our capture reader against two that we did not write: same packets, same times, same bytes.
 */
import { existsSync } from "node:fs";
import { describe, expect, test } from "vitest";
import {
  type OraclePacket,
  type PcapFile,
  pcapFiles,
  pcapParserPackets,
  tcpdumpIsHere,
  tcpdumpPackets,
} from "./oracle.ts";
import { type ReadPacket, read } from "./reading.ts";

const FOLDERS = ["captures", "../shared/captures"];

describe.each(FOLDERS)("%s", (folder) => {
  const files = existsSync(folder) ? pcapFiles(folder) : [];
  const micro = files.filter((file) => file.clock === "microseconds");
  const nano = files.filter((file) => file.clock === "nanoseconds");

  test.skipIf(micro.length === 0)("microsecond pcap reads as pcap-parser reads it", async () => {
    const told = await compareAll(micro, (file) => pcapParserPackets(file.bytes));
    console.log(`${folder}: ${told.files} files, ${told.packets} packets as in pcap-parser`);
    expect(told.differences).toEqual([]);
    expect(told.files).toBeGreaterThan(0);
  });

  // In CI a missing tcpdump is a failure, elsewhere it is a skipped test.
  const askTcpdump = nano.length > 0 && (tcpdumpIsHere || Boolean(process.env.CI));
  test.skipIf(!askTcpdump)("nanosecond pcap reads as tcpdump reads it", async () => {
    const told = await compareAll(nano, (file) => tcpdumpPackets(file.path));
    console.log(`${folder}: ${told.files} files, ${told.packets} packets as in tcpdump`);
    expect(told.differences).toEqual([]);
    expect(told.files).toBeGreaterThan(0);
  });
});

async function compareAll(
  files: readonly PcapFile[],
  oracle: (file: PcapFile) => Promise<OraclePacket[] | undefined>,
): Promise<{ files: number; packets: number; differences: string[] }> {
  const told = { files: 0, packets: 0, differences: [] as string[] };
  for (const file of files) {
    const theirs = await oracle(file);
    if (theirs === undefined) continue;
    told.files += 1;
    told.packets += theirs.length;
    const difference = firstDifference((await read(file.path)).packets, theirs);
    if (difference) told.differences.push(`${file.path}: ${difference}`);
  }
  return told;
}

function firstDifference(ours: readonly ReadPacket[], theirs: readonly OraclePacket[]) {
  if (ours.length !== theirs.length) return `${ours.length} packets, expected ${theirs.length}`;
  for (const [index, their] of theirs.entries()) {
    const our = ours[index]!;
    const where = `packet ${index + 1}`;
    if (our.atUs !== their.atUs) return `${where} at ${our.atUs} us, expected ${their.atUs}`;
    if (our.original !== their.original) return `${where} of ${our.original} bytes on the wire`;
    if (Buffer.compare(our.bytes, their.bytes) !== 0) return `${where} has other bytes`;
  }
  return undefined;
}
