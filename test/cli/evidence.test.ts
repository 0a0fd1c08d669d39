/** `replay --evidence DIR`, as it is typed, and as Wireshark's own programs read what it writes. */

import { spawnSync } from "node:child_process";
import { hash, X509Certificate } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { defaultPolicy } from "../../src/judge/policy/policy.ts";
import { portcullis } from "./program.ts";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "portcullis-evidence-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("replay --evidence", () => {
  test("writes a bundle for each verdict that is no pass, which tshark and openssl read", async () => {
    const directory = join(folder, "unknown");
    const run = await portcullis([
      "replay",
      "--evidence",
      directory,
      "captures/unknown-issuer.pcap",
    ]);
    expect(run.code).toBe(1);
    expect(run.err).toBe("portcullis: evidence: 1 bundles written\n");
    const [name = ""] = readdirSync(directory);
    expect(name).toMatch(/^00000001-cut-[0-9a-f]{12}$/);
    const bundle = join(directory, name);
    const manifest = JSON.parse(readFileSync(join(bundle, "manifest.json"), "utf8"));
    expect(manifest).toMatchObject({ findings: ["A15"], would: "cut", certificates: 2 });
    for (const [file, sha256] of Object.entries(manifest.files)) {
      expect(hash("sha256", readFileSync(join(bundle, file)))).toBe(sha256);
    }
    expect(manifest.files["policy.json"]).toBe(defaultPolicy.sha256);

    const read = tshark(join(bundle, "packets.pcapng"));
    const hello = read.find((packet) => packet.comments.some((text) => text.startsWith("A15 ")));
    expect(hello?.handshake).toContain("1");
    expect(read.length).toBe(manifest.packets.kept);

    const pem = readFileSync(join(bundle, "chain.pem"), "utf8");
    const chain = pem.match(/-----BEGIN[^-]*-----[^-]*-----END CERTIFICATE-----/g) ?? [];
    const ours = chain.map((one) => hash("sha256", new X509Certificate(one).raw));
    const line = readFileSync(join(bundle, "lines.jsonl"), "utf8")
      .split("\n")
      .find((one) => one.startsWith('{"kind":"tls"'));
    expect(ours).toEqual(JSON.parse(line ?? "{}").certificates.chain);

    const again = await portcullis(["replay", "--format", "jsonl", join(bundle, "packets.pcapng")]);
    expect(again.out).toContain('"rule":"A15"');
  });

  test("changes nothing of what is printed", async () => {
    const args = ["replay", "--format", "jsonl", "captures/story.pcap"];
    const without = await portcullis(args);
    const directory = join(folder, "story");
    const run = await portcullis([...args, "--evidence", directory]);
    expect(run.out).toBe(without.out);
    expect(run.code).toBe(without.code);
    const verdicts = run.out.match(/"kind":"verdict"/g)?.length ?? 0;
    const counted = Number(/(\d+) more/.exec(run.err)?.[1] ?? 0);
    expect(readdirSync(directory).filter((name) => /^\d/.test(name)).length + counted).toBe(
      verdicts,
    );
  });

  test("gives the same bytes again", async () => {
    const one = join(folder, "one");
    const two = join(folder, "two");
    for (const directory of [one, two]) {
      await portcullis(["replay", "--evidence", directory, "captures/story.pcap"]);
    }
    expect(readdirSync(two)).toEqual(readdirSync(one));
  });

  test("is refused with exit code 4 where the directory is a link, and prints nothing", async () => {
    const link = join(folder, "link");
    symlinkSync(tmpdir(), link);
    const run = await portcullis(["replay", "--evidence", link, "captures/self-signed.pcap"]);
    expect(run.code).toBe(4);
    expect(run.out).toBe("");
    expect(run.err).toMatch(/a link or a file, expected a directory/);
  });

  test("is a wrong call together with --jobs", async () => {
    const args = ["replay", "--separate", "--jobs", "2", "--evidence", join(folder, "jobs")];
    expect((await portcullis([...args, "captures/story.pcap"])).code).toBe(2);
  });
});

interface Packet {
  readonly comments: readonly string[];
  readonly handshake: string;
}

function tshark(path: string): Packet[] {
  const fields = ["frame.comment", "tls.handshake.type"].flatMap((field) => ["-e", field]);
  const run = spawnSync("tshark", ["-r", path, "-T", "fields", ...fields], { encoding: "utf8" });
  expect(run.status, run.stderr).toBe(0);
  return run.stdout
    .split("\n")
    .slice(0, -1)
    .map((row) => {
      const [comments = "", handshake = ""] = row.split("\t");
      return { comments: comments === "" ? [] : [comments], handshake };
    });
}
