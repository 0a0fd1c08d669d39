/** A fence whose run ended: killed at any step, of an older version, or of one that nobody knows. */
import { once } from "node:events";
import { setTimeout } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { IS_ROOT, PEER } from "../../netns/pair.ts";
import { Scene } from "../../netns/scene.ts";

describe.runIf(IS_ROOT)("a later run", () => {
  let scene: Scene;
  beforeEach(() => {
    scene = new Scene();
  });
  afterEach(() => scene.close());

  test.each([
    ["opened", "open", 0, 0],
    ["refused", "open", 1, 0],
    ["shut", "cut", 1, 0],
    ["kept", "cut", 1, 3],
    ["down", "cut", 1, 3],
    ["cut", "cut", 0, 3],
    ["released", "open", 0, 0],
  ] as const)(
    "finds what one that was killed when it had %s left: %s",
    async (step, state, refused, taken) => {
      scene.pair.run("workload", "ip", "route", "add", "default", "via", PEER.ipv4);
      const before = routes();
      const killed = scene.pair.spawn("workload", [process.execPath, "test/netns/killed.ts", step]);
      const [, signal] = (await once(killed, "exit")) as [number | null, string | null];
      expect(signal).toBe("SIGKILL");

      const left = scene.arrived();
      if (state === "cut") {
        // Rules outlive whoever made them.
        scene.hold("tcp", "ipv4", 5001);
        await setTimeout(WAIT_MS);
      }
      const fence = scene.fence({ bypassable: true });
      expect(fence.state()).toBe(state);
      expect(fence.found).toMatchObject({ is: "ours", isCut: state === "cut" });
      expect(fence.found.mark).toMatchObject({ instance: "killed", policySha256: "1".repeat(64) });
      expect(fence.found.refused.length).toBe(refused);
      expect(fence.found.taken.length).toBe(taken);
      expect(scene.rules("inet", "portcullis")).toContain("instance=test ");
      if (state === "cut") expect(scene.arrived()).toBe(left);

      // Whatever was left undone, the same again completes it, and a release undoes all of it.
      expect(fence.cut("again")).toMatchObject({ verified: true });
      expect(fence.release()).toMatchObject({ status: "done", verified: true });
      scene.pair.settle();
      expect(routes()).toEqual(before);
      await scene.connected("tcp", "ipv4", 5002);
    },
  );

  test.each([
    ["an older one's", "portcullis fence 0 instance=old policy=", "older"],
    ["a later one's", "portcullis fence 99 instance=new policy=", "unknown"],
    ["nobody's", "", "unknown"],
  ])("keeps a cut of %s tables, and takes their place without a gap", async (_whose, mark, is) => {
    const comment = mark === "" ? "" : `comment "${mark}${"2".repeat(64)}" ;`;
    load(`table inet portcullis { ${comment}
      chain out { type filter hook output priority 0; policy accept; counter drop comment "cut"; }
      chain other { }
    }`);
    const left = scene.arrived();
    await tryTheDoor();
    const fence = scene.fence();
    expect(fence.found).toMatchObject({ is, isCut: true, cutRules: 1 });
    expect(fence.state()).toBe("cut");
    expect(fence.cut("again")).toMatchObject({ status: "unneeded", verified: true });
    const rules = scene.rules("inet", "portcullis");
    expect(rules).toContain("portcullis fence 1 instance=test");
    expect(rules).not.toContain("chain other");
    await setTimeout(WAIT_MS);
    expect(scene.arrived()).toBe(left);
  });

  test("opens in the place of unknown tables that cut nothing", () => {
    load("table inet portcullis { chain x { type filter hook output priority 0; }; }");
    load("table netdev portcullis { chain y { }; }");
    const fence = scene.fence();
    expect(fence.found).toMatchObject({ is: "unknown", isCut: false, mark: undefined });
    expect(fence.state()).toBe("open");
    fence.remove();
    expect(scene.rules()).toBe("");
  });

  test("is refused while another is at work here", () => {
    scene.fence();
    expect(() => scene.fence()).toThrow(/EPERM.*no other Portcullis at work in this namespace/);
  });

  /** Calls where no answer can come from; behind a link that is down nobody even waits for one. */
  async function tryTheDoor(): Promise<void> {
    const caller = scene.hold("tcp", "ipv4", 5001);
    await Promise.race([scene.calling(5001), caller.next(/^error/)]);
    await setTimeout(WAIT_MS);
    expect(caller.matching(/^open/)).toEqual([]);
  }

  function load(rules: string): void {
    scene.pair.run("workload", "nft", rules);
  }

  function routes(): string[] {
    const shown = ["-4", "-6"].map((family) => scene.pair.run("workload", "ip", family, "route"));
    return shown
      .join("")
      .trim()
      .split("\n")
      .map((line) => line.trim())
      .sort();
  }
});

test.runIf(IS_ROOT)(
  "a fence without CAP_NET_ADMIN is refused by the name of what it takes",
  async () => {
    const scene = new Scene();
    try {
      const without = ["setpriv", "--bounding-set=-net_admin", "--inh-caps=-net_admin"];
      const command = [...without, process.execPath, "test/netns/killed.ts", "opened"];
      const child = scene.pair.spawn("workload", command, { stdio: ["ignore", "ignore", "pipe"] });
      let said = "";
      child.stderr!.on("data", (text: Buffer) => {
        said += text;
      });
      await once(child, "close");
      expect(said).toMatch(/KernelRefused: .*the kernel answered EPERM.*it takes CAP_NET_ADMIN/);
    } finally {
      scene.close();
    }
  },
);

const WAIT_MS = 300;
