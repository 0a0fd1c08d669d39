/** Root certificates from files and directories, and policies that stand beside them. */
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { defaultPolicy, type FileRoots } from "../../../src/judge/policy/policy.ts";
import { PolicyError } from "../../../src/judge/policy/policy-error.ts";
import { parsePolicy, readPolicyFile } from "../../../src/judge/policy/policy-file.ts";
import { readNamedRoots, readRoots, withRoots } from "../../../src/judge/policy/roots.ts";
import { hashesOf, otherRoot, root, rootFile } from "../scene.ts";

describe("roots", () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "portcullis-"));
    await writeFile(join(folder, "root.pem"), root.certificatePem);
    await writeFile(join(folder, "root.der"), root.der);
    await writeFile(join(folder, "other.crt"), otherRoot.certificatePem);
    await writeFile(join(folder, "notes.txt"), "no certificate");
    await writeFile(
      join(folder, "broken.pm"),
      "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n",
    );
    await writeFile(
      join(folder, "p.yaml"),
      "version: 1\nissuers: {roots: [./root.pem, mozilla]}\n",
    );
    await writeFile(join(folder, "latin1.yaml"), Buffer.from("version: 1 # \xe9", "latin1"));
  });
  afterAll(() => rm(folder, { recursive: true }));

  const HASHES = [root, otherRoot].map((identity) => hashesOf(identity).certificate).sort();

  test("are found from the policy's folder", async () => {
    const { issuers } = await readPolicyFile(join(folder, "p.yaml"));
    expect(issuers.roots).toMatchObject([
      { kind: "file", name: "./root.pem", certificates: [hashesOf(root).certificate] },
      { kind: "mozilla" },
    ]);
  });

  test("are read from DER, PEM, and a directory of both", async () => {
    expect(await readRoots(join(folder, "root.der"))).toMatchObject({
      root: { certificates: [hashesOf(root).certificate] },
    });
    expect(await readRoots(folder, "dir")).toMatchObject({
      root: { name: "dir", certificates: HASHES },
      faults: [],
    });
  });

  test.each([
    ["notes.txt", /found no certificate, expected PEM or DER/],
    ["broken.pm", /found no certificate \(certificate 1: /],
    ["gone.pem", /cannot be read \(ENOENT\)/],
  ])("that are none are a problem in words: %s", async (file, words) => {
    expect(await readRoots(join(folder, file), file)).toEqual({
      problem: expect.stringMatching(words),
    });
  });

  test("of the system are those of its bundle, under that name", async () => {
    const bundle = "/etc/ssl/certs/ca-certificates.crt";
    if (!existsSync(bundle)) return;
    const read = await readNamedRoots("system", folder);
    const file = await readRoots(bundle, "system");
    expect(read).toEqual(file);
    expect("root" in read && read.root.certificates.length).toBeGreaterThan(50);
    const policy = await parsePolicy(
      "version: 1\nissuers: {roots: [system], allow: [{roots: system}]}",
      "p.yaml",
    );
    expect(policy.notices).toEqual([]);
    expect(policy.issuers.roots).toMatchObject([{ kind: "file", name: "system" }]);
  });

  test("change the hash by what they hold and not by where they are", async () => {
    const [pem, der, other] = await Promise.all(
      ["root.pem", "root.der", "other.crt"].map(async (file) => {
        const read = await readRoots(join(folder, file));
        if ("problem" in read) throw new Error(read.problem);
        return withRoots(defaultPolicy, [read.root]).sha256;
      }),
    );
    expect(der).toBe(pem);
    expect(other).not.toBe(pem);
    expect(pem).not.toBe(defaultPolicy.sha256);
  });

  test("change the hash when an allow line means other ones", async () => {
    const allow = (file: string) => `version: 1\nissuers: {allow: [{roots: ${file}}]}`;
    const both = [rootFile(root, "./a.pem"), rootFile(otherRoot, "./b.pem")];
    const renamed = [rootFile(root, "./x.pem"), rootFile(otherRoot, "./y.pem")];
    const hashOf = async (file: string, roots: FileRoots[]) =>
      withRoots(await parsePolicy(allow(file), "p.yaml"), roots).sha256;
    expect(await hashOf("./x.pem", renamed)).toBe(await hashOf("./a.pem", both));
    expect(await hashOf("./b.pem", both)).not.toBe(await hashOf("./a.pem", both));
  });

  test("come with a policy in UTF-8 only", async () => {
    await expect(readPolicyFile(join(folder, "latin1.yaml"))).rejects.toThrow(
      "bytes that are not UTF-8",
    );
  });

  test("come with a policy of at most a mebibyte", async () => {
    const text = "version: 1\n#";
    const sized = async (bytes: number) => {
      await writeFile(join(folder, "large.yaml"), text.padEnd(bytes, "x"));
      return readPolicyFile(join(folder, "large.yaml"));
    };
    expect((await sized(2 ** 20)).version).toBe(1);
    await expect(sized(2 ** 20 + 1)).rejects.toThrow("1048577 bytes, expected at most 1048576");
  });

  test("come in files of at most eight mebibytes", async () => {
    const sized = async (bytes: number) => {
      await writeFile(join(folder, "large.txt"), "".padEnd(bytes, "x"));
      return readRoots(join(folder, "large.txt"), "it");
    };
    expect(await sized(8 * 2 ** 20)).toEqual({
      problem: expect.stringContaining("found no certificate"),
    });
    expect(await sized(8 * 2 ** 20 + 1)).toEqual({
      problem: "it: large.txt has more than 8388608 bytes",
    });
  });

  test("come with a policy that can be read", async () => {
    await expect(readPolicyFile(join(folder, "gone.yaml"))).rejects.toThrow(
      "cannot be read (ENOENT)",
    );
    await expect(readPolicyFile(folder)).rejects.toThrow(PolicyError);
  });
});
