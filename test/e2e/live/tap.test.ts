/**
 * Watching real connections, each way of capturing: what is decided of each, and that an independent
 * capture at the peer's end, replayed, comes to the same.
 */
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { readPolicyFile } from "../../../src/judge/policy/policy-file.ts";
import { replay } from "../../../src/replay.ts";
import type { Line, VerdictLine } from "../../../src/report/lines.ts";
import { IS_ROOT, Pair, WORKLOAD } from "../../netns/pair.ts";
import { Recording } from "../../netns/recording.ts";
import { CLIENTS, connect, Peers, PORTS } from "./peers.ts";
import { Watcher } from "./watcher.ts";

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

/** What a case must come to: `would` and the rules, whatever else is noted. */
interface Case {
  readonly name: string;
  readonly command: readonly string[];
  readonly port: number;
  readonly decision: "pass" | "report";
  readonly would?: "cut" | "refuse";
  readonly rules: readonly string[];
}

const V12 = ["--tls-max", "1.2"];
const CASES: readonly Case[] = [
  {
    name: "curl to a self-signed OpenSSL server, TLS 1.2",
    command: CLIENTS.curl(PORTS.opensslSelfSigned, ...V12),
    port: PORTS.opensslSelfSigned,
    decision: "report",
    would: "cut",
    rules: ["A16"],
  },
  {
    name: "openssl to an approved OpenSSL server, TLS 1.2",
    command: CLIENTS.openssl(PORTS.opensslApproved, "-tls1_2"),
    port: PORTS.opensslApproved,
    decision: "pass",
    rules: [],
  },
  {
    name: "curl to an OpenSSL server of TLS 1.3, which is not seen",
    command: CLIENTS.curl(PORTS.openssl13),
    port: PORTS.openssl13,
    decision: "report",
    rules: ["A18"],
  },
  {
    name: "curl to an approved nginx by IPv6 and HTTP/2, TLS 1.2",
    command: CLIENTS.curlIpv6(PORTS.nginxApproved, ...V12),
    port: PORTS.nginxApproved,
    decision: "pass",
    rules: [],
  },
  {
    name: "Node to a Node server of an unknown issuer, TLS 1.2",
    command: CLIENTS.node(PORTS.nodeUnknown, "TLSv1.2"),
    port: PORTS.nodeUnknown,
    decision: "report",
    would: "cut",
    rules: ["A15"],
  },
  {
    name: "curl to nginx in clear",
    command: CLIENTS.curlPlain(PORTS.nginxPlain),
    port: PORTS.nginxPlain,
    decision: "pass",
    rules: [],
  },
];

describe.skipIf(!IS_ROOT).each(["nflog", "ring", "tcpdump"])("by %s", (method) => {
  let pair: Pair;
  let peers: Peers;
  let watcher: Watcher;
  let seen: readonly Line[] = [];

  beforeAll(async () => {
    // Here and not above: tests that are only listed, or left out, must leave nothing behind.
    pair = new Pair();
    peers = new Peers();
    await peers.start(pair);
    const recording = await Recording.start(pair, join(peers.folder, "peer.pcap"));
    watcher = await Watcher.start(pair, method, peers.policy);
    for (const { command } of CASES) connect(pair, command);
    const isJudged = () => CASES.every(({ port }) => watcher.verdictsTo(port).length > 0);
    await watcher.until(isJudged, "a verdict for each case");
    await watcher.stop();
    await recording.stop();
    const lines: Line[] = [];
    const policy = await readPolicyFile(peers.policy);
    const local = [WORKLOAD.ipv4, WORKLOAD.ipv6];
    const options = { inputs: [recording.path], policy, local, observations: true, hash: false };
    await replay({ ...options, verify: "all" }, (line) => lines.push(line));
    seen = lines;
  });
  afterAll(() => {
    pair?.close();
    peers?.close();
  });

  test.each(CASES)("$name", ({ port, decision, would, rules }) => {
    const verdicts = watcher.verdictsTo(port);
    expect(verdicts).toHaveLength(1);
    expect(verdicts[0]).toMatchObject({ decision, ...(would !== undefined && { would }) });
    const about = watcher.lines.filter(
      (line) => line.kind === "finding" && line.flow === verdicts[0]!.flow,
    );
    const serious = about.filter((line) => line.kind === "finding" && NOTED.has(line.rule));
    expect(serious.map((line) => line.kind === "finding" && line.rule).sort()).toEqual([...rules]);
  });

  test("says how it captures, loses nothing, and calls all of it egress", () => {
    expect(watcher.ready).toEqual({ ready: method, why: `${method}: asked for` });
    expect(watcher.state).toMatchObject({ lost: 0, failed: false });
    expect(watcher.lines.filter(({ kind }) => kind === "loss" || kind === "fault")).toEqual([]);
    const tls = watcher.lines.flatMap((line) => (line.kind === "tls" ? [line] : []));
    expect(new Set(tls.map(({ direction }) => direction))).toEqual(new Set(["egress"]));
    expect(tls.every(({ established }) => established)).toBe(true);
  });

  test("what the peer captured, replayed, is decided alike", () => {
    const theirs = seen.filter((line) => line.kind === "verdict");
    expect(theirs).toHaveLength(CASES.length);
    for (const verdict of theirs) {
      const ours = watcher.verdicts.findLast(({ client }) => client === verdict.client);
      expect(ours && said(ours)).toEqual(said(verdict));
    }
    expect(told(watcher.lines)).toEqual(told(seen));
  });

  test("leaves no rule behind", () => {
    expect(pair.run("workload", "nft", "list", "ruleset")).not.toContain("portcullis");
  });
});

function said({ client, server, decision, would, reason, findings }: VerdictLine) {
  return { client, server, decision, would, reason, findings };
}

function told(lines: readonly Line[]): string[] {
  return lines
    .flatMap((line) =>
      line.kind === "finding" ? [`${line.client} ${line.rule} ${line.severity}`] : [],
    )
    .sort();
}

/** What the cases are about; how certificates of a test are made is noted beside it (C04). */
const NOTED = new Set(["A15", "A16", "A18", "C01", "C02", "C03", "C05"]);
