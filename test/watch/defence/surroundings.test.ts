/**
 * Real processes with real capabilities in a network namespace of the test's own: what is seen of them.
 * The looking is done by a process inside, since a namespace is entered by whole processes.
 */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Surroundings } from "../../../src/watch/defence/surroundings.ts";
import { PROJECT } from "../../cli/program.ts";

const isRoot = process.getuid?.() === 0;
const NAME = `portcullis-test-${process.pid}`;
const neighbours: ChildProcess[] = [];

describe.skipIf(!isRoot)("in a network namespace", () => {
  beforeAll(() => {
    execFileSync("ip", ["netns", "add", NAME]);
    execFileSync("ip", ["-n", NAME, "link", "set", "lo", "up"]);
  });
  afterAll(() => {
    for (const child of neighbours) child.kill("SIGKILL");
    execFileSync("ip", ["netns", "delete", NAME]);
  });

  /** A process beside us: runs until the test ends. Its process id inside is the child's own. */
  async function neighbour(...command: string[]): Promise<number> {
    const child = spawn("ip", ["netns", "exec", NAME, ...command], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    neighbours.push(child);
    await new Promise((resolve) => child.stdout.once("data", resolve));
    return child.pid!;
  }

  function look(...through: string[]): Surroundings {
    const code = `
      import { surroundings } from "./src/watch/defence/surroundings.ts";
      const found = await surroundings();
      console.log(JSON.stringify(found));`;
    const node = [process.execPath, "--input-type=module", "-e", code];
    const said = execFileSync("ip", ["netns", "exec", NAME, ...through, ...node], {
      cwd: PROJECT,
      encoding: "utf8",
    });
    return JSON.parse(said) as Surroundings;
  }

  const SLEEP = ["sh", "-c", "echo up; exec sleep 1000"];

  test("nobody but ourselves", () => {
    expect(look()).toEqual({
      ownUid: 0,
      neighbours: [],
      unreadable: 0,
      packetSockets: 0,
      rawSockets: 0,
      hostNetwork: false,
      conntrackAccounting: expect.any(Boolean),
      conntrackLoose: expect.any(Boolean),
    });
  });

  test("the capabilities of each, its user, and whether it sees our processes", async () => {
    const raw = await neighbour(
      ...["setpriv", "--bounding-set", "-all,+net_raw", "--inh-caps", "-all", ...SLEEP],
    );
    const plain = await neighbour(
      ...["setpriv", "--reuid", "65534", "--clear-groups", "--inh-caps", "-all", ...SLEEP],
    );
    const seen = look().neighbours;
    const byPid = new Map(seen.map((one) => [one.pid, one]));
    expect(byPid.get(raw)).toMatchObject({ name: "sleep", uid: 0, sharesProcesses: true });
    expect(byPid.get(raw)).toMatchObject({ netRaw: true, netAdmin: false });
    expect(byPid.get(plain)).toMatchObject({ uid: 65534, netRaw: false, netAdmin: false });
    expect(seen).toHaveLength(2);
  });

  test("a packet socket is seen, whoever holds it; our own is not counted", async () => {
    await neighbour("sh", "-c", "exec tcpdump -i lo -w /dev/null 2>&1");
    expect(look().packetSockets).toBe(1);
  });

  test("a process in a namespace of its own does not share ours", async () => {
    const before = new Set(look().neighbours.map(({ pid }) => pid));
    await neighbour("unshare", "--pid", "--fork", "--kill-child", ...SLEEP);
    const more = look().neighbours.filter(({ pid }) => !before.has(pid));
    expect(more.find(({ name }) => name === "sleep")?.sharesProcesses).toBe(false);
  });

  test("from inside a process namespace nobody outside is seen, only their sockets", () => {
    const inside = look("unshare", "--pid", "--fork", "--mount-proc");
    expect(inside.neighbours).toEqual([]);
    expect(inside.packetSockets).toBe(1);
  });
});
