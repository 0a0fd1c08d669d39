/**
 * Hellos that were made to be misread (`captures/evasion.ts`): each is read as its server may read it, or
 * what is wrong with it is told, and none makes the connection look better than the plain handshake did.
 * Beside ours stand tshark 4.0 and nDPI 4.2, of which each row says which name they report.
 */
import { execFileSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { afterAll, describe, expect, test } from "vitest";
import { defaultPolicy } from "../../src/judge/policy/policy.ts";
import { replay } from "../../src/replay.ts";
import type { Line } from "../../src/report/lines.ts";
import { sortedLines } from "./sorted.ts";

type Name = "real" | "decoy" | "none";
interface Row {
  readonly ours: Name;
  /** Rules that speak beyond A15, the plain handshake's own, and `malformed`. */
  readonly told?: readonly string[];
  readonly tshark: Name;
  readonly ndpi: Name;
}

const TABLE: Record<string, Row> = {
  "alert-before": { ours: "real", tshark: "real", ndpi: "real" },
  "empty-record-inside": {
    ours: "none",
    told: ["A18", "C03", "malformed"],
    tshark: "none",
    ndpi: "none",
  },
  "empty-records": { ours: "real", tshark: "real", ndpi: "real" },
  "fake-fin-checksum": { ours: "real", tshark: "real", ndpi: "real" },
  "fake-fin-low-ttl": { ours: "real", tshark: "real", ndpi: "real" },
  "fake-fin-out-of-window": { ours: "real", tshark: "none", ndpi: "real" },
  "fake-rst-checksum": { ours: "real", tshark: "real", ndpi: "real" },
  "fake-rst-low-ttl": { ours: "real", tshark: "real", ndpi: "real" },
  "fake-rst-out-of-window": { ours: "real", tshark: "none", ndpi: "real" },
  "fake-rst-server": { ours: "real", tshark: "real", ndpi: "real" },
  grease: { ours: "real", tshark: "real", ndpi: "real" },
  "hello-16k": { ours: "real", tshark: "real", ndpi: "real" },
  "hello-40k": { ours: "real", tshark: "real", ndpi: "none" },
  "ip-fragments": { ours: "real", tshark: "real", ndpi: "none" },
  "ip-fragments-backwards": { ours: "real", tshark: "real", ndpi: "none" },
  "one-byte-records": { ours: "real", tshark: "real", ndpi: "none" },
  "one-byte-segments": { ours: "real", tshark: "real", ndpi: "none" },
  "out-of-order": { ours: "real", tshark: "none", ndpi: "none" },
  "overlap-decoy-first": { ours: "decoy", told: ["C03", "C08"], tshark: "decoy", ndpi: "decoy" },
  "overlap-decoy-last": { ours: "real", told: ["C08"], tshark: "real", ndpi: "real" },
  "overlap-inside": { ours: "decoy", told: ["C03", "C08"], tshark: "none", ndpi: "none" },
  "overlap-low-ttl": { ours: "decoy", told: ["C03", "C08"], tshark: "decoy", ndpi: "decoy" },
  "record-version-0300": { ours: "real", tshark: "real", ndpi: "real" },
  "record-version-0304": { ours: "real", tshark: "real", ndpi: "real" },
  "record-version-03ff": { ours: "real", told: ["malformed"], tshark: "real", ndpi: "real" },
  "record-version-0903": { ours: "real", told: ["malformed"], tshark: "real", ndpi: "real" },
  "records-split-in-name": { ours: "real", tshark: "real", ndpi: "none" },
  "segments-split-in-name": { ours: "real", tshark: "real", ndpi: "real" },
  "ssl2-hello": { ours: "none", told: ["C03", "C05"], tshark: "none", ndpi: "none" },
};

describe.each(Object.entries(TABLE))("evasion/%s", (name, row) => {
  const path = `captures/evasion/${name}.pcap`;

  test("reads the same as its golden", async () => {
    const { text } = await linesOf(path);
    await expect(text).toMatchFileSnapshot(`evasion/${name}.jsonl`);
  });

  test("is read or told, and never judged better than the plain handshake", async () => {
    const { lines } = await linesOf(path);
    const tls = lines.filter((line) => line.kind === "tls");
    const plain = await linesOf("captures/unknown-issuer.pcap");
    const chain = plain.lines.find((line) => line.kind === "tls")!.certificates.chain;
    expect(tls.map((line) => nameOf(line.serverName))).toEqual([row.ours]);
    expect(tls[0]!.certificates).toMatchObject({ seen: "wire", chain });
    const rules = lines.filter((line) => line.kind === "finding").map(({ rule }) => rule);
    const malformed = lines.some((line) => line.kind === "malformed") ? ["malformed"] : [];
    expect([...new Set([...rules, ...malformed])].sort()).toEqual(["A15", ...(row.told ?? [])]);
    const verdict = lines.find((line) => line.kind === "verdict");
    expect(verdict).toMatchObject({ decision: "report", would: "cut" });
  });

  test("is what tshark and nDPI make of it", () => {
    expect({ tshark: tshark(path), ndpi: ndpi(path) }).toEqual({
      tshark: row.tshark,
      ndpi: row.ndpi,
    });
  });
});

test("every capture has its row", () => {
  const files = readdirSync("captures/evasion").filter((file) => file.endsWith(".pcap"));
  expect(files.map((file) => file.replace(/\.pcap$/, "")).sort()).toEqual(
    Object.keys(TABLE).sort(),
  );
});

afterAll(() => {
  const rows = Object.entries(TABLE).map(
    ([name, { ours, told = [], tshark, ndpi }]) =>
      `${name.padEnd(26)}${ours.padEnd(8)}${tshark.padEnd(8)}${ndpi.padEnd(8)}${told.join(" ")}`,
  );
  const head = `${"evasion".padEnd(26)}${"ours".padEnd(8)}${"tshark".padEnd(8)}${"nDPI".padEnd(8)}told by ours`;
  console.log(`\n${[head, ...rows].join("\n")}\n`);
});

async function linesOf(path: string): Promise<{ text: string; lines: Line[] }> {
  const found: Line[] = [];
  const options = { inputs: [path], local: [], observations: true, hash: false };
  await replay({ ...options, policy: defaultPolicy }, (line) => void found.push(line));
  const text = sortedLines(found);
  const lines = text.trimEnd().split("\n");
  return { text, lines: lines.map((line) => JSON.parse(line) as Line) };
}

function tshark(path: string): Name {
  const field = "tls.handshake.extensions_server_name";
  const argv = ["-r", path, "-2", "-Y", field, "-T", "fields", "-e", field];
  const stdio: ["ignore", "pipe", "ignore"] = ["ignore", "pipe", "ignore"];
  return nameOf(execFileSync("tshark", argv, { encoding: "utf8", stdio }).trim() || undefined);
}

function ndpi(path: string): Name {
  const text = execFileSync("ndpiReader", ["-i", path, "-v", "2"], { encoding: "latin1" });
  return nameOf(/Hostname\/SNI: (?<name>[^\]]*)/.exec(text)?.groups?.name);
}

function nameOf(name: string | undefined): Name {
  if (name === undefined) return "none";
  return name === "updates.vendor.example" ? "real" : "decoy";
}
