/**
 * More packets than a way of capturing has room for: the watcher is stopped while its workload makes
 * hundreds of connections, and goes on when they are over. What it lost it says, by number, and nothing
 * that it did not see whole is called clean.
 */
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import type { LossLine } from "../../../src/report/lines.ts";
import { IS_ROOT, Pair } from "../../netns/pair.ts";
import { CLIENTS, connect, connectMany, Peers, PORTS } from "./peers.ts";
import { Watcher } from "./watcher.ts";

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const CONNECTIONS = 300;
/** Less than their handshakes take. */
const BUFFER_BYTES = 262_144;

describe.skipIf(!IS_ROOT).each(["nflog", "ring", "tcpdump"])("by %s", (method) => {
  let pair: Pair;
  let peers: Peers;
  let watcher: Watcher;
  let established = 0;

  beforeAll(async () => {
    // Here and not above: tests that are only listed, or left out, must leave nothing behind.
    pair = new Pair();
    peers = new Peers();
    await peers.start(pair);
    watcher = await Watcher.start(pair, method, peers.policy, `${BUFFER_BYTES}`);
    watcher.child.kill("SIGSTOP");
    established = await connectMany(pair, PORTS.nginxApproved, CONNECTIONS);
    watcher.child.kill("SIGCONT");
    const isTold = () => losses().some(({ packetsDropped }) => packetsDropped > 0);
    await watcher.until(isTold, "a loss with a number");
    // What is still waiting in tcpdump's pipe may make it lose the next one, too.
    await watcher.until(() => {
      connect(pair, CLIENTS.openssl(PORTS.opensslApproved, "-tls1_2"));
      return isClean();
    }, "a verdict on a connection behind the burst");
    await watcher.stop();
  });
  afterAll(() => {
    pair?.close();
    peers?.close();
  });

  const isClean = () =>
    watcher
      .verdictsTo(PORTS.opensslApproved)
      .some(({ decision, coverage }) => decision === "pass" && coverage.length === 0);
  const losses = (): LossLine[] => watcher.lines.filter((line) => line.kind === "loss");

  test("the workload was not held up", () => {
    expect(established).toBe(CONNECTIONS);
  });

  test("the loss is told by number, and counted", () => {
    const told = losses().filter(({ where }) => where === "capture");
    const packets = told.reduce((sum, { packetsDropped }) => sum + packetsDropped, 0);
    expect(packets).toBeGreaterThan(CONNECTIONS);
    expect(watcher.state?.lost).toBe(packets);
    expect(told[0]!.why).toMatch(new RegExp(`^${method}: `));
  });

  test("what was not seen whole is not clean", () => {
    const proved = new Set(
      watcher.lines.flatMap((line) =>
        line.kind === "tls" && line.possession === "verified" ? [`${line.flow}`] : [],
      ),
    );
    const verdicts = watcher.verdictsTo(PORTS.nginxApproved);
    const clean = verdicts.filter(
      ({ decision, coverage }) => decision === "pass" && coverage.length === 0,
    );
    expect(clean.length).toBeLessThan(CONNECTIONS);
    expect(clean.filter(({ flow }) => !proved.has(`${flow}`))).toEqual([]);
  });

  test("it goes on as before", () => {
    expect(isClean()).toBe(true);
    expect(watcher.state?.failed).toBe(false);
  });
});
