/**
 * `replay --probe` as a user runs it: in a network namespace of its own, a workload calls a server, the
 * capture of that is replayed there, and the server is asked again.
 */
import { execFileSync, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { type Identity, mint } from "../wire/identity.ts";
import { leaves, pause, root, Stage } from "./peers.ts";

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const NAMESPACE = `pcp-probe-${process.pid}`;
const IP = "10.99.7.1";
const stage = new Stage();
const within = (...argv: string[]) => ["ip", "netns", "exec", NAMESPACE, ...argv];
const ip = (...argv: string[]) => execFileSync("ip", argv);

beforeAll(() => {
  ip("netns", "add", NAMESPACE);
  ip("-n", NAMESPACE, "link", "set", "lo", "up");
  // Loopback itself is nothing that is ever probed.
  ip("-n", NAMESPACE, "addr", "add", `${IP}/32`, "dev", "lo");
});
afterAll(async () => {
  await stage.end();
  ip("netns", "del", NAMESPACE);
});

/** Shows `first` to the first connection and `then` to all others, on a port of its own. */
async function serve(port: number, first: readonly Identity[], then: readonly Identity[]) {
  const file = (chain: readonly Identity[], name: string) => ({
    key: stage.file(`${name}-${port}.key`, chain[0]!.keyPem),
    cert: stage.file(`${name}-${port}.pem`, chain.map((one) => one.certificatePem).join("")),
  });
  const contexts = JSON.stringify([file(first, "first"), file(then, "then")]);
  const program = spawn(
    within(process.execPath, "-e", SERVER, contexts, String(port), IP)[0]!,
    within(process.execPath, "-e", SERVER, contexts, String(port), IP).slice(1),
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  stage.own(program);
  await new Promise<void>((resolve) => program.stdout!.once("data", () => resolve()));
}

/** The capture of one call, and what a replay of it says while the server is still there. */
async function replayed(port: number, settings: string, ...args: string[]) {
  const pcap = `${stage.folder}/call-${port}.pcap`;
  const capture = spawn(
    "ip",
    within("tcpdump", "-i", "lo", "-U", "--immediate-mode", "-w", pcap, `port ${port}`).slice(1),
    {
      stdio: ["ignore", "ignore", "pipe"],
    },
  );
  stage.own(capture);
  await new Promise<void>((resolve) => capture.stderr!.once("data", () => resolve()));
  const to = ["--resolve", `probe.test:${port}:${IP}`, `https://probe.test:${port}/`];
  await stage.run(within("curl", "-sk", "-m", "5", "-o", "/dev/null", ...to));
  await pause(300);
  capture.kill("SIGINT");
  await new Promise<void>((resolve) => capture.once("close", () => resolve()));
  const roots = stage.file("root.pem", root.certificatePem);
  const policy = stage.file(
    `policy-${port}.yaml`,
    `version: 1\nissuers: {roots: [${roots}]}\n${settings}`,
  );
  const argv = within(
    process.execPath,
    "src/cli/portcullis.mjs",
    "replay",
    pcap,
    "--policy",
    policy,
  );
  const how = ["--format", "jsonl", "--observations", "--fail-on", "never", ...args];
  const out = execFileSync(argv[0]!, [...argv.slice(1), ...how], { encoding: "utf8" });
  expect(readFileSync(pcap).length).toBeGreaterThan(1000);
  const lines = out
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  return {
    tls: lines.find(({ kind }) => kind === "tls"),
    rules: lines.filter(({ kind }) => kind === "finding").map(({ rule }) => rule),
  };
}

describe("a replay of now", () => {
  const real = [leaves["P-256"], root];

  test("asks nobody unless it is told to", async () => {
    await serve(4431, real, real);
    const { tls } = await replayed(4431, "");
    expect(tls).toMatchObject({
      version: "TLS1.3",
      certificates: { seen: "no", why: "encrypted" },
    });
  });

  test("shows the chain that the server shows, and how far that may be believed", async () => {
    await serve(4432, real, real);
    const { tls, rules } = await replayed(4432, "", "--probe");
    expect(tls).toMatchObject({
      certificates: { seen: "probe" },
      possession: "verified",
      evidence: { class: "probe-unbound", confidence: "low-medium" },
    });
    expect(tls.certificates.chain).toHaveLength(2);
    expect(rules).toContain("A18");
  });

  test("finds the certificate that only the workload was shown", async () => {
    await serve(4433, [mint({ subject: "CN=swapped", names: ["probe.test"] })], real);
    const { tls, rules } = await replayed(4433, "", "--probe");
    expect(tls.evidence).toEqual({ class: "cert-divergence", confidence: "high" });
    expect(rules).toContain("C06");
  });

  test("finds the self-signed one that everybody is shown", async () => {
    const own = [mint({ subject: "CN=probe.test", names: ["probe.test"] })];
    await serve(4434, own, own);
    const { tls, rules } = await replayed(4434, "", "--probe");
    expect(tls.certificates.seen).toBe("probe");
    expect(rules).toContain("A16");
  });

  test("asks no address that its policy forbids", async () => {
    await serve(4435, real, real);
    const { tls } = await replayed(4435, `probe: {never: [${IP}]}\n`, "--probe");
    expect(tls.certificates).toMatchObject({ seen: "no", why: "encrypted" });
  });
});

const SERVER = `
const { readFileSync } = require("node:fs");
const { createServer, createSecureContext } = require("node:tls");
const [contexts, port, host] = process.argv.slice(1);
const made = JSON.parse(contexts).map(({ key, cert }) =>
  createSecureContext({ key: readFileSync(key), cert: readFileSync(cert) }));
let turn = 0;
const server = createServer({ SNICallback: (_, answer) => answer(null, made[Math.min(turn++, 1)]) }, (socket) => {
  socket.on("error", () => {});
  socket.on("data", () => socket.end("HTTP/1.0 200 OK\\r\\n\\r\\nok\\n"));
});
server.on("tlsClientError", () => {});
server.listen(Number(port), host, () => console.log("ready"));
`;
