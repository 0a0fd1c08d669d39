/** Go's TLS at both ends: a client of TLS 1.2 and 1.3, and a server. Needs the `go` command, skipped without. */
import { execFileSync, spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { IS_ROOT, Pair, PEER } from "../../netns/pair.ts";
import { CLIENTS, connect, NAME, Peers, PORTS } from "./peers.ts";
import { Watcher } from "./watcher.ts";

vi.setConfig({ testTimeout: 120_000, hookTimeout: 300_000 });

const hasGo = spawnSync("go", ["version"]).status === 0;
const SERVED = 4436;

describe.skipIf(!IS_ROOT || !hasGo)("Go", () => {
  let pair: Pair;
  let peers: Peers;
  let watcher: Watcher;

  beforeAll(async () => {
    pair = new Pair();
    peers = new Peers();
    const source = join(peers.folder, "peer.go");
    const program = join(peers.folder, "peer");
    writeFileSync(source, GO);
    execFileSync("go", ["build", "-o", program, source], {
      env: { ...process.env, GO111MODULE: "off" },
    });
    await peers.start(pair);
    const server = pair.spawn("peer", [program, "serve", `${peers.folder}/unknown`, `:${SERVED}`]);
    await new Promise((resolve) => server.stdout!.once("data", resolve));
    watcher = await Watcher.start(pair, "nflog", peers.policy);
    const client = (port: number, version: string) =>
      connect(pair, [program, "connect", `${PEER.ipv4}:${port}`, NAME, version]);
    client(PORTS.nginxApproved, "1.2");
    client(PORTS.opensslSelfSigned, "1.2");
    client(PORTS.openssl13, "1.3");
    connect(pair, CLIENTS.curl(SERVED, "--tls-max", "1.2"));
    const ports = [PORTS.nginxApproved, PORTS.opensslSelfSigned, PORTS.openssl13, SERVED];
    const isJudged = () => ports.every((port) => watcher.verdictsTo(port).length > 0);
    await watcher.until(isJudged, "a verdict for each case");
    await watcher.stop();
  });
  afterAll(() => {
    pair?.close();
    peers?.close();
  });

  test.each([
    ["a client to an approved server", PORTS.nginxApproved, { decision: "pass" }],
    ["a client to a self-signed server", PORTS.opensslSelfSigned, { would: "cut" }],
    ["a client of TLS 1.3", PORTS.openssl13, { decision: "report", wouldCut: false }],
    ["a server of an unknown issuer", SERVED, { would: "cut" }],
  ] as const)("%s", (_, port, expected) => {
    expect(watcher.verdictsTo(port)).toHaveLength(1);
    expect(watcher.verdictsTo(port)[0]).toMatchObject(expected);
  });
});

const GO = `package main

import (
	"crypto/tls"
	"fmt"
	"net/http"
	"os"
)

func main() {
	if os.Args[1] == "serve" {
		fmt.Println("ready")
		panic(http.ListenAndServeTLS(os.Args[3], os.Args[2]+".pem", os.Args[2]+".key", nil))
	}
	versions := map[string]uint16{"1.2": tls.VersionTLS12, "1.3": tls.VersionTLS13}
	config := &tls.Config{ServerName: os.Args[3], InsecureSkipVerify: true, MaxVersion: versions[os.Args[4]]}
	connection, err := tls.Dial("tcp", os.Args[2], config)
	if err == nil {
		connection.Close()
	}
}
`;
