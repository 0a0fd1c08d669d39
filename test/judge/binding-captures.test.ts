/** Recorded questions and connections: what the policy's `resolvers` make of them, however they are cut. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { defaultPolicy, sealPolicy } from "../../src/judge/policy/policy.ts";
import { replay } from "../../src/replay.ts";
import type { Line } from "../../src/report/lines.ts";

describe.each([
  ["dns-bound", ["10.77.1.30"], true, []],
  ["dns-bound", ["10.77.1.31"], false, []],
  ["dns-bound", undefined, false, []],
  ["dns-not-bound", ["10.77.1.30"], false, ["C07"]],
  ["dns-not-bound", undefined, false, []],
] as const)("%s with resolvers %s", (name, resolvers, bound, rules) => {
  test(`is bound: ${bound}, and found: ${rules.join() || "nothing"}`, async () => {
    const lines = await judged([`captures/${name}.pcap`], resolvers);
    expect(lines.find(({ kind }) => kind === "tls")).toMatchObject({ bound });
    expect(lines.flatMap((line) => (line.kind === "finding" ? line.rule : []))).toEqual(rules);
  });
});

test("slices of a capture, in any order, say the same", async () => {
  const folder = mkdtempSync(join(tmpdir(), "portcullis-slices-"));
  try {
    const slices = packetsOf("captures/dns-not-bound.pcap").map((bytes, at) => {
      const file = join(folder, `${at}.pcap`);
      writeFileSync(file, bytes);
      return file;
    });
    expect(slices.length).toBeGreaterThan(20);
    const whole = await judged(["captures/dns-not-bound.pcap"], ["10.77.1.30"]);
    const sliced = await judged(slices.toReversed(), ["10.77.1.30"]);
    expect(sliced.filter(isSaid)).toEqual(whole.filter(isSaid));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

async function judged(inputs: readonly string[], resolvers: readonly string[] | undefined) {
  const lines: Line[] = [];
  const mode = { ...defaultPolicy.issuers, roots: [CORP] };
  const policy = sealPolicy({ ...defaultPolicy, issuers: mode, ...(resolvers && { resolvers }) });
  await replay({ inputs, policy, local: [], observations: true, hash: false }, (line) => {
    lines.push(line);
  });
  return lines;
}

/** All but what tells of the files. */
function isSaid({ kind }: Line): boolean {
  return kind !== "summary";
}

/** Each packet of a little-endian pcap file as a file of its own. */
function packetsOf(path: string): Buffer[] {
  const bytes = readFileSync(path);
  const files: Buffer[] = [];
  for (let at = 24; at < bytes.length; ) {
    const next = at + 16 + bytes.readUInt32LE(at + 8);
    files.push(Buffer.concat([bytes.subarray(0, 24), bytes.subarray(at, next)]));
    at = next;
  }
  return files;
}

const CORP = {
  kind: "file",
  name: "./corp-root.pem",
  pem: readFileSync("captures/corp-root.pem", "utf8"),
  certificates: [],
} as const;
