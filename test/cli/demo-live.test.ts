/** `demo --live` as a person runs it: the story, and that nothing of it is left, also when interrupted. */
import { spawn } from "node:child_process";
import { readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { describe, expect, test, vi } from "vitest";
import { IS_ROOT } from "../netns/pair.ts";
import { PROJECT, portcullis } from "./program.ts";

vi.setConfig({ testTimeout: 60_000 });

/** What a play may leave behind. */
function left(pid?: number): string[] {
  const namespaces = readdirSync("/run/netns").filter(
    (name) =>
      name.startsWith("portcullis-demo-") && (pid === undefined || name.endsWith(String(pid))),
  );
  const folders = readdirSync(tmpdir()).filter((name) => name.startsWith("portcullis-demo-"));
  return [...namespaces, ...folders];
}

describe.runIf(IS_ROOT)("demo --live", () => {
  test("plays the whole story and leaves nothing", async () => {
    const { code, out, err } = await portcullis(["demo", "--live"]);
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(out).toMatch(/policy +line 5: allow: /);
    expect(out).toMatch(/verdict +pass: /);
    expect(out).toMatch(/finding +A16 self-signed, breach/);
    expect(out).toMatch(/fence +done, verified: cut off in [\d.]+ ms/);
    expect(out).toMatch(/frames +0 reached the peer since the cut/);
    expect(out).toMatch(/approved +the approved call does not get out either/);
    expect(out).toMatch(/kept +[\s\S]*packets\.pcapng/);
    expect(out).toMatch(/replayed +A16, breach/);
    expect(out).toMatch(/approved +passes again/);
    expect(out).not.toContain("which is wrong");
    expect(Math.max(...out.split("\n").map((line) => line.length))).toBeLessThanOrEqual(98);
    expect(left()).toEqual([]);
  });

  test.each(["SIGINT", "SIGTERM"] as const)(
    "cleans up when it is interrupted by %s",
    async (signal) => {
      const child = spawn(process.execPath, ["src/cli/portcullis.mjs", "demo", "--live"], {
        cwd: PROJECT,
      });
      let out = "";
      const second = Promise.withResolvers<void>();
      child.stdout.on("data", (bytes: Buffer) => {
        out += bytes.toString();
        if (out.includes("2. A self-signed call")) second.resolve();
      });
      await second.promise;
      child.kill(signal);
      const code = await new Promise((resolve) => child.on("close", resolve));
      expect(code).toBe(4);
      expect(left(child.pid)).toEqual([]);
    },
  );
});

test("demo --live says what it takes where it cannot be", async () => {
  if (IS_ROOT) {
    const plain = ["--reuid", "65534", "--regid", "65534", "--clear-groups"];
    const program = [process.execPath, "src/cli/portcullis.mjs", "demo", "--live"];
    const child = spawn("setpriv", [...plain, ...program], { cwd: PROJECT });
    let err = "";
    child.stderr.on("data", (bytes: Buffer) => {
      err += bytes.toString();
    });
    const code = await new Promise((resolve) => child.on("close", resolve));
    expect(err).toContain("it takes Linux and root");
    expect(code).toBe(4);
  } else {
    expect((await portcullis(["demo", "--live"])).code).toBe(4);
  }
});
