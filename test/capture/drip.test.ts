/** However a capture is handed over, whole, byte by byte or cut in two anywhere, it reads the same. */
import { gzipSync, zstdCompressSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { latin1, pattern } from "../wire/bytes.ts";
import { EPOCH_US } from "../wire/packet.ts";
import { pcap } from "../wire/pcap.ts";
import {
  block,
  comment,
  enhanced,
  iface,
  obsolete,
  pcapng,
  secrets,
  section,
  simple,
  TLS_KEY_LOG,
} from "../wire/pcapng.ts";
import { readPieces } from "./reading.ts";

const packets = [61, 0, 33].map((count) => ({ atUs: EPOCH_US + count, bytes: pattern(count) }));
const blocks = pcapng([
  section({ endian: "big", options: [comment("drip")] }),
  iface({ resolution: 9 }),
  secrets(TLS_KEY_LOG, latin1("# none\n")),
  enhanced(packets[0]!, { clock: { resolution: 9 }, options: [comment("x")] }),
  block(0x0bad, pattern(9)),
  section({ endian: "little" }),
  iface(),
  obsolete(packets[1]!),
  simple(packets[2]!),
]);
const FILES: Record<string, Uint8Array> = {
  pcap: pcap(packets),
  "pcap with nanoseconds, big endian": pcap(packets, { endian: "big", nanoseconds: true }),
  "truncated pcap": pcap(packets).subarray(0, -1),
  pcapng: blocks,
  "truncated pcapng": blocks.subarray(0, -1),
  "damaged pcapng": Uint8Array.from(blocks, (byte, index) => (index === 53 ? 0xff : byte)),
  gzip: gzipSync(pcap(packets)),
  zstd: zstdCompressSync(blocks),
  "something else": latin1("neither of the two"),
};

describe.each(Object.entries(FILES))("%s", (_name, file) => {
  test("byte by byte", async () => {
    const whole = await readPieces([file]);
    expect(await readPieces(Array.from(file, (byte) => Uint8Array.of(byte)))).toEqual(whole);
  });

  test("cut in two at every byte", async () => {
    const whole = await readPieces([file]);
    for (let at = 0; at <= file.length; at++) {
      const read = await readPieces([file.subarray(0, at), file.subarray(at)]);
      expect(read, `cut at ${at}`).toEqual(whole);
    }
  });
});
