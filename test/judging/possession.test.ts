/**
 * Possession through the whole pipeline: which connections of a capture are checked, that this does not
 * depend on how the capture is cut into files, and that nothing is refused unchecked.
 */
import { createHash, sign } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  defaultPolicy,
  type Policy,
  sealPolicy,
  withRoots,
} from "../../src/judge/policy/policy.ts";
import { replay } from "../../src/replay.ts";
import type { Line, TlsLine } from "../../src/report/lines.ts";
import type { Verify } from "../../src/trust/possession-checks.ts";
import { portcullis } from "../cli/program.ts";
import { rootFile } from "../judge/scene.ts";
import { concat, pattern, uint, vector } from "../wire/bytes.ts";
import { conversation } from "../wire/conversation.ts";
import { mint } from "../wire/identity.ts";
import { EPOCH_US, type WirePacket } from "../wire/packet.ts";
import { pcap } from "../wire/pcap.ts";
import {
  certificate,
  changeCipherSpec,
  clientHello,
  message,
  record,
  serverHello,
  serverHelloDone,
} from "../wire/tls.ts";

const CONNECTIONS = 500;
const NAME = "api.corp.example";
const root = mint({ subject: "CN=Root", ca: true });
const leaf = mint({ subject: `CN=${NAME}`, issuer: root, names: [NAME] });
const trusting = withRoots(defaultPolicy, [rootFile(root)]);
const enforcing = sealPolicy({ ...trusting, mode: "enforce" });

const folder = mkdtempSync(join(tmpdir(), "portcullis-possession-"));
const path = join(folder, "whole.pcap");
const forged = join(folder, "forged.pcap");
let packets: WirePacket[] = [];

beforeAll(() => {
  packets = Array.from({ length: CONNECTIONS }, (_, number) => handshake(number)).flat();
  // Many at once, which end in another order than they begin.
  packets.sort((one, other) => one.atUs - other.atUs);
  writeFileSync(path, pcap(packets));
  const bad = Array.from({ length: 200 }, (_, number) => handshake(number, number === 120));
  writeFileSync(forged, pcap(bad.flat().sort((one, other) => one.atUs - other.atUs)));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe("of a server known to be good", () => {
  test("one handshake in 64 is checked, the first one among them, and none is reported", async () => {
    for (const policy of [trusting, enforcing]) {
      const { lines, tls } = await judged([path], policy);
      const checked = tls.filter(({ possession }) => possession === "verified");
      expect(tls).toHaveLength(CONNECTIONS);
      expect(tls.filter(({ why }) => why === "budget")).toHaveLength(CONNECTIONS - checked.length);
      expect(checked.length).toBeGreaterThan(2);
      expect(checked.length).toBeLessThan(30);
      expect(lines.filter((line) => line.kind === "finding" && line.rule === "A18")).toEqual([]);
      expect(decisions(lines)).toEqual(new Set(["pass"]));
    }
  });

  test("it is the same ones, however the capture is cut", async () => {
    const whole = textOf(await judged([path], trusting));
    for (const parts of [7, 100]) {
      const slices = Array.from({ length: parts }, (_, part) => {
        const [from, to] = [part, part + 1].map((at) => Math.floor((at * packets.length) / parts));
        const slice = join(folder, `${parts}-${part}.pcap`);
        writeFileSync(slice, pcap(packets.slice(from, to)));
        return slice;
      });
      expect(textOf(await judged(slices, trusting))).toEqual(whole);
    }
  });

  test("all are checked where that is asked for", async () => {
    const { tls } = await judged([path], trusting, "all");
    expect(new Set(tls.map(({ possession }) => possession))).toEqual(new Set(["verified"]));
  });
});

test.each([
  ["a sample by default", [], true],
  ["all with --verify all", ["--verify", "all"], false],
] as const)("the command line checks %s", async (_, options, isSample) => {
  const args = ["replay", path, "--format", "jsonl", "--observations", ...options];
  const { out } = await portcullis(args);
  expect(out).toContain('"possession":"verified"');
  expect(out.includes('"why":"budget"')).toBe(isSample);
});

test("nothing is cut unchecked, and what audit only would cut is sampled", async () => {
  const enforced = await judged([path], sealPolicy({ ...defaultPolicy, mode: "enforce" }));
  expect(new Set(enforced.tls.map(({ possession }) => possession))).toEqual(new Set(["verified"]));
  expect(decisions(enforced.lines)).toEqual(new Set(["cut"]));
  const audited = await judged([path], defaultPolicy);
  expect(audited.tls.filter(({ why }) => why === "budget").length).toBeGreaterThan(CONNECTIONS / 2);
  expect(decisions(audited.lines)).toEqual(new Set(["report"]));
});

test("a copy among many is found when all are checked", async () => {
  const { tls, lines } = await judged([forged], enforcing, "all");
  expect(tls.map(({ possession }) => possession).filter((one) => one === "failed")).toHaveLength(1);
  const cut = lines.filter((line) => line.kind === "verdict" && line.decision === "cut");
  expect(cut).toMatchObject([{ findings: expect.arrayContaining(["C05"]) }]);
});

/** One whole TLS 1.2 connection; `isForged` signs another key exchange than it sends. */
function handshake(number: number, isForged = false): WirePacket[] {
  const random = createHash("sha256").update(`server ${number}`).digest();
  const parameters = concat(Uint8Array.of(3, 0, 29), vector(1, pattern(32, number)));
  const signed = concat(pattern(32, 1), random, isForged ? pattern(36) : parameters);
  const signature = sign("sha256", signed, leaf.key);
  const exchange = message(12, concat(parameters, uint(0x0403, 2), vector(2, signature)));
  const flight = [serverHello({ random, cipher: 0xc02b }), certificate([leaf.der]), exchange];
  const finished = concat(changeCipherSpec(), record(22, pattern(40)));
  return conversation({
    client: `10.0.${number >> 8}.${number & 255}:${40_000 + number}`,
    server: "192.0.2.7:443",
    startUs: EPOCH_US + number * 1_000,
    stepUs: 500 + ((number * 7919) % 9_000),
  })
    .client(record(22, clientHello({ serverName: NAME })))
    .server(record(22, concat(...flight, serverHelloDone())))
    .client(concat(record(22, message(16, vector(1, pattern(32)))), finished))
    .server(finished)
    .close()
    .packets();
}

async function judged(inputs: readonly string[], policy: Policy, verify: Verify = "sample") {
  const lines: Line[] = [];
  const options = { inputs, policy, verify, hash: false, local: [], observations: true };
  await replay(options, (line) => lines.push(line));
  return { lines, tls: lines.filter((line): line is TlsLine => line.kind === "tls") };
}

function decisions(lines: readonly Line[]): Set<string> {
  const verdicts = lines.filter((line) => line.kind === "verdict");
  return new Set(verdicts.map(({ decision }) => decision));
}

/** Sinks sort the lines, and a summary names its inputs. */
function textOf({ lines }: { lines: readonly Line[] }): string[] {
  const about = lines.filter(({ kind }) => kind !== "summary");
  return about.map((line) => JSON.stringify(line)).sort();
}
