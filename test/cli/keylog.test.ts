/** `replay --keylog` as a user runs it: what it opens, what it refuses, and that it shows no secret. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { readCapture } from "../../src/capture/read.ts";
import { defaultPolicy } from "../../src/judge/policy/policy.ts";
import { replay } from "../../src/replay.ts";
import { linesOf, portcullis } from "./program.ts";

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const WITH_SECRETS = "captures/secrets.pcapng";
let folder = "";
/** The same packets without the secrets, and those in a file. */
let plain = "";
let keyLog = "";
let text = "";

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "keylog-test-"));
  plain = join(folder, "plain.pcap");
  execFileSync("tcpdump", ["-r", WITH_SECRETS, "-w", plain], { stdio: "ignore" });
  const pieces: Buffer[] = [];
  await readCapture(WITH_SECRETS, {
    clock: new Float64Array(1),
    packet() {},
    secrets: (_type, bytes) => void pieces.push(Buffer.from(bytes)),
  });
  text = Buffer.concat(pieces).toString("latin1");
  keyLog = file("keys.log", text);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, content: string): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

/** A pcap file as `tcpdump -U -w -` writes it; `then` happens behind that many packets. */
async function* packetByPacket(pcap: Buffer, after: number, then: () => void) {
  yield pcap.subarray(0, 24);
  let packets = 0;
  for (let at = 24; at < pcap.length; packets++) {
    if (packets === after) then();
    const end = at + 16 + pcap.readUInt32LE(at + 8);
    yield pcap.subarray(at, end);
    at = end;
  }
}

const replayed = (...args: string[]) =>
  portcullis(["replay", "--format", "jsonl", "--observations", ...args]);
const said = (out: string) => out.split("\n").filter((line) => !line.includes('"summary"'));

describe("a key log", () => {
  test("gives the same lines as the secrets inside the capture", async () => {
    const inside = await replayed(WITH_SECRETS);
    const beside = await replayed(plain, "--keylog", keyLog);
    expect(inside.out).toContain('"seen":"decrypted"');
    expect(said(beside.out)).toEqual(said(inside.out));
    expect((await replayed(plain)).out).not.toContain("decrypted");
  });

  test("may be one of several, and reach each job", async () => {
    const none = file("none.log", "# nothing\n");
    const args = ["--separate", "--jobs", "2", "--keylog", none, "--keylog", keyLog];
    const { out } = await replayed(plain, WITH_SECRETS, ...args);
    expect(out.match(/"seen":"decrypted"/g)).toHaveLength(2);
  });

  test("may come with a capture from standard input", async () => {
    const args = ["replay", "-", "--keylog", keyLog, "--format", "jsonl", "--observations"];
    const { out } = await portcullis(args, { stdin: execFileSync("cat", [plain]) });
    expect(out).toContain('"seen":"decrypted"');
  });

  test.each([0, 4, 5, 6, 7])(
    "may be written as packets come, here after packet %i",
    async (after) => {
      const growing = file("growing.log", "");
      const seen: string[] = [];
      const options = {
        inputs: ["-"],
        keyLogs: [growing],
        policy: defaultPolicy,
        local: [],
        observations: true,
        hash: false,
        stdin: packetByPacket(readFileSync(plain), after, () => writeFileSync(growing, text)),
      };
      await replay(options, (line) => {
        if (line.kind === "tls") seen.push(line.certificates.seen);
      });
      expect(seen).toEqual(["decrypted"]);
    },
  );

  test("is told where lines of it are wrong, by their number", async () => {
    const odd = file("odd.log", `${text.split("\n").join("\nnonsense\n")}\n${"x".repeat(9000)}`);
    const ran = await replayed(plain, "--keylog", odd);
    const malformed = linesOf(ran).filter((line) => line.kind === "malformed");
    expect(malformed[0]).toMatchObject({ at: "key-log", file: odd });
    expect(malformed[0]!.reason).toMatch(/^line \d+: begins with no label/);
    expect(ran.out).toContain('"seen":"decrypted"');
  });

  test.each([
    ["that is not there", () => join(folder, "absent"), "cannot be opened (ENOENT)"],
    ["that is a directory", () => folder, "a directory, expected a file"],
  ])("%s is refused before anything is done", async (_, path, says) => {
    const { code, out, err } = await replayed(plain, "--keylog", path());
    expect(code).toBe(2);
    expect(out).toBe("");
    expect(err).toContain(says);
  });

  test("shows none of its secrets, in lines or in text, sound or broken", async () => {
    const broken = file("broken.log", text.replaceAll("\n", "0\n"));
    const secrets = text.split(/\s+/).filter((word) => /^[0-9a-f]{64,}$/.test(word));
    expect(secrets.length).toBeGreaterThan(4);
    for (const log of [keyLog, broken]) {
      for (const format of ["jsonl", "text"]) {
        const args = ["replay", WITH_SECRETS, plain, "--separate", "--keylog", log];
        const { out, err } = await portcullis([...args, "--format", format, "--observations"]);
        expect(secrets.filter((secret) => `${out}${err}`.includes(secret))).toEqual([]);
      }
    }
  });
});
