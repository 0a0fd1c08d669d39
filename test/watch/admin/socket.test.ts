/** The admin socket against clients that are ours, others', many, slow and hostile. */
import { spawn, spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createConnection, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ask } from "../../../src/watch/admin/ask.ts";
import { AdminRefused, openAdminSocket } from "../../../src/watch/admin/socket.ts";

let folder: string;
let path: string;
let servers: Server[];
let refused: string[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "portcullis-admin-"));
  path = join(folder, "own", "admin.sock");
  servers = [];
  refused = [];
});
afterEach(async () => {
  for (const server of servers) server.close();
  rmSync(folder, { recursive: true, force: true });
});

async function listen(): Promise<Server> {
  const server = await openAdminSocket({
    path,
    answer: async (request, peer) => ({ ok: true, request, peer }),
    onRefused: (why) => void refused.push(why),
  });
  servers.push(server);
  return server;
}

/** All that a connection says until it ends. */
function heard(socket: Socket): Promise<string> {
  return new Promise((resolve) => {
    let text = "";
    socket.on("data", (bytes) => {
      text += bytes.toString();
    });
    socket.on("error", () => {});
    socket.on("close", () => resolve(text));
  });
}

test("answers, and knows who asks from the kernel", async () => {
  await listen();
  const { pid } = process;
  expect(await ask(path, { verb: "status" })).toEqual({
    ok: true,
    request: { verb: "status" },
    peer: { pid, uid: process.getuid!(), gid: process.getgid!() },
  });
});

test("stands in a directory that is its own", async () => {
  await listen();
  expect(statSync(join(folder, "own")).mode & 0o777).toBe(0o700);
});

test("answers in order", async () => {
  await listen();
  const socket = createConnection(path);
  const all = heard(socket);
  socket.write('{"n":1}\n{"n":2}\n{"n":3}\n');
  let seen = "";
  socket.on("data", (bytes) => {
    seen += bytes.toString();
    if (seen.split("\n").length === 4) socket.destroy();
  });
  const answers = (await all)
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(answers.map(({ request }) => request.n)).toEqual([1, 2, 3]);
});

describe("turns away", () => {
  test.skipIf(process.getuid?.() !== 0)(
    "another user, even where files would let it in",
    async () => {
      await listen();
      chmodSync(folder, 0o755);
      chmodSync(join(folder, "own"), 0o755);
      chmodSync(path, 0o777);
      const client = `
      const s = require("node:net").createConnection(${JSON.stringify(path)});
      s.on("data", (b) => process.stdout.write(b)).on("error", (e) => console.log(e.code));
      s.write('{"verb":"release","because":"x"}\\n');`;
      const child = spawn(process.execPath, ["-e", client], { uid: 65534, gid: 65534, cwd: "/" });
      let out = "";
      child.stdout.on("data", (bytes: Buffer) => {
        out += bytes.toString();
      });
      await new Promise((resolve) => child.on("close", resolve));
      expect(JSON.parse(out)).toEqual({ ok: false, why: "not your gate: expected root" });
      expect(refused).toEqual([expect.stringContaining("a process of user 65534")]);
    },
  );

  test("a client that sends what is no request", async () => {
    await listen();
    const socket = createConnection(path);
    const all = heard(socket);
    socket.write("GET / HTTP/1.1\r\n\r\n");
    expect(JSON.parse(await all)).toEqual({
      ok: false,
      why: expect.stringContaining("not a JSON"),
    });
  });

  test("a line without end", async () => {
    await listen();
    const socket = createConnection(path);
    const all = heard(socket);
    socket.write("x".repeat(100_000));
    expect(await all).toContain("more than 16384 bytes");
  });

  test("a client that asks and never reads", async () => {
    await listen();
    const socket = createConnection(path);
    const all = heard(socket);
    socket.pause();
    socket.write('{"verb":"status"}\n'.repeat(1000));
    socket.resume();
    expect(await all).toContain("requests without reading");
  });

  test("more clients than there is room for, and takes one again when one leaves", async () => {
    await listen();
    const idle = Array.from({ length: 8 }, () => createConnection(path));
    await Promise.all(idle.map((one) => new Promise((resolve) => one.on("connect", resolve))));
    await expect(ask(path, { verb: "status" })).rejects.toThrow("watch");
    expect(refused).toEqual(["more than 8 clients at once"]);
    const left = heard(idle[0]!);
    idle[0]!.destroy();
    await left;
    while ((await ask(path, { verb: "status" }).catch(() => undefined)) === undefined);
    for (const one of idle) one.destroy();
  });
});

describe("a path that", () => {
  test("a killed process left is taken over", async () => {
    mkdirSync(join(folder, "own"), { mode: 0o700 });
    spawnSync(process.execPath, [
      "-e",
      `require("node:net").createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, "SIGKILL"))`,
    ]);
    expect(existsSync(path)).toBe(true);
    await listen();
    expect(await ask(path, {})).toMatchObject({ ok: true });
  });

  test("a living process answers on is left alone", async () => {
    await listen();
    await expect(listen()).rejects.toThrow("another process answers");
    expect(await ask(path, {})).toMatchObject({ ok: true });
  });

  const inside = (mode: number) => mkdirSync(join(folder, "own"), { mode });
  const makeFile = () => {
    inside(0o700);
    writeFileSync(path, "");
  };
  test.each([
    ["is a file", makeFile],
    ["stands in a directory that others may enter", () => inside(0o755)],
    ["stands behind a link", () => symlinkSync(folder, join(folder, "own"))],
    ["stands in a file", () => writeFileSync(join(folder, "own"), "")],
  ])("%s is refused, and the message says so", async (_, make) => {
    make();
    await expect(listen()).rejects.toThrow(AdminRefused);
  });
});
