/** Windows: whose signature counts, over what, and when; and what `policy check` says of one. */
import { execFileSync } from "node:child_process";
import { createHash, generateKeyPairSync } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { warningsOf } from "../../src/judge/check/check.ts";
import { parsePolicy } from "../../src/judge/policy/policy-file.ts";
import { signedText, type WrittenWindow, windowOf } from "../../src/judge/window.ts";
import { newSigner, type Signer, signedWindow } from "./sign-window.ts";

const signer = newSigner();
const stranger = newSigner();
const NOON_US = Date.UTC(2026, 10, 23, 12) * 1000;

const refusalOf = (window: WrittenWindow, signers: readonly string[] = [signer.sha256]) =>
  windowOf(window, signers).refused;

/** A policy is YAML, of which JSON is a part. */
const policyWith = (windows: readonly WrittenWindow[], signers: readonly string[]) =>
  `version: 1\nwindowSigners: ${JSON.stringify(signers)}\nwindows: [\n${windows
    .map((window) => `  ${JSON.stringify(window)},\n`)
    .join("")}  ]\n`;

describe("a window", () => {
  test("counts when a signer of the policy has signed it, however the signer's hash is written", () => {
    const pin = `sha256/${Buffer.from(signer.sha256, "hex").toString("base64")}`;
    expect(refusalOf(signedWindow(signer))).toBeUndefined();
    expect(refusalOf(signedWindow(signer), [stranger.sha256, pin])).toBeUndefined();
    expect(refusalOf(signedWindow(signer, { signedBy: pin }))).toBeUndefined();
  });

  test.each<[name: string, change: Partial<WrittenWindow>]>([
    ["its name", { name: "another" }],
    ["its scope", { scope: "a".repeat(64) }],
    ["its beginning", { from: "2026-11-21" }],
    ["its end", { to: "2027-11-23" }],
    ["the way in which its end is written", { to: "2026-11-23T23:59Z" }],
    ["its signature", { signature: signedWindow(stranger).signature }],
    ["the length of its signature", { signature: "AAAA" }],
  ])("does not count when somebody has changed %s", (_, change) => {
    const window = signedWindow(signer);
    const tampered = { ...window, ...change };
    expect(tampered).not.toEqual(window);
    expect(refusalOf(tampered)).toBe("`signature` does not fit what the window says");
  });

  test("does not count when nobody of the policy has signed it", () => {
    const says = "`signedBy` is none of `windowSigners`";
    expect(refusalOf(signedWindow(stranger))).toBe(says);
    expect(refusalOf(signedWindow(signer), [])).toBe(says);
  });

  test("does not count when it names one signer and brings the key of another", () => {
    const borrowed = signedWindow(stranger, { signedBy: signer.sha256 });
    expect(refusalOf(borrowed)).toBe("`publicKey` is not the key that `signedBy` names");
  });

  test.each<[name: string, spki: Buffer]>([
    ["RSA", keyOf(generateKeyPairSync("rsa", { modulusLength: 2048 }))],
    ["Ed448", keyOf(generateKeyPairSync("ed448"))],
    ["any bytes", Buffer.from("no key at all")],
    ["nothing", Buffer.alloc(0)],
  ])("does not count with a key of %s", (_, spki) => {
    const signedBy = createHash("sha256").update(spki).digest("hex");
    const window = signedWindow(signer, { publicKey: spki.toString("base64"), signedBy });
    expect(refusalOf(window, [signedBy])).toMatch(/^`publicKey` is no Ed25519 key/);
  });

  test("lasts from the first microsecond of its beginning to the last of its end", () => {
    const { fromUs, toUs } = windowOf(
      signedWindow(signer, { from: "2026-11-25T22:00Z", to: "2026-11-26" }),
      [],
    );
    expect([fromUs, toUs]).toEqual([
      Date.UTC(2026, 10, 25, 22) * 1000,
      Date.UTC(2026, 10, 27) * 1000 - 1,
    ]);
  });

  test("lasts to the end of a second, where its end has one", () => {
    const { toUs } = windowOf(signedWindow(signer, { to: "2026-11-26T00:00:07Z" }), []);
    expect(toUs).toBe(Date.UTC(2026, 10, 26, 0, 0, 8) * 1000 - 1);
  });

  test("is about a key or a component", () => {
    const pin = `sha256/${Buffer.from(signer.sha256, "hex").toString("base64")}`;
    expect(windowOf(signedWindow(signer, { scope: pin }), [])).toMatchObject({
      key: signer.sha256,
    });
    const other = windowOf(signedWindow(signer), []);
    expect([other.key, other.component]).toEqual([undefined, "wire.encryption"]);
  });
});

test("what OpenSSL signs counts", () => {
  const folder = mkdtempSync(join(tmpdir(), "window-"));
  const at = (name: string) => join(folder, name);
  const openssl = (...args: string[]) => execFileSync("openssl", args, { stdio: "pipe" });
  try {
    openssl("genpkey", "-algorithm", "ed25519", "-out", at("key.pem"));
    const spki = openssl("pkey", "-in", at("key.pem"), "-pubout", "-outform", "DER");
    const signedBy = createHash("sha256").update(spki).digest("hex");
    const window = {
      name: "rotation",
      scope: "wire.encryption",
      from: "2026-11-22",
      to: "2026-11-23",
      signedBy,
      publicKey: spki.toString("base64"),
    };
    const canonical = signedText({ ...window, signature: "" });
    expect(canonical).toBe(
      `{"from":"2026-11-22","name":"rotation","publicKey":"${window.publicKey}",` +
        `"scope":"wire.encryption","signedBy":"${signedBy}","to":"2026-11-23"}`,
    );
    writeFileSync(at("window.json"), canonical);
    const files = ["-inkey", at("key.pem"), "-in", at("window.json"), "-out", at("signature")];
    openssl("pkeyutl", "-sign", "-rawin", ...files);
    const signature = readFileSync(at("signature")).toString("base64");
    expect(refusalOf({ ...window, signature }, [signedBy])).toBeUndefined();
  } finally {
    rmSync(folder, { recursive: true });
  }
});

describe("a policy file with windows", () => {
  test("says where they stand, and which of them lower nothing", async () => {
    const good = signedWindow(signer);
    const windows = [good, { ...good, name: "forged" }];
    const policy = await parsePolicy(policyWith(windows, [signer.sha256]), "p.yaml");
    expect(policy.windows?.map(({ line, refused }) => [line, refused])).toEqual([
      [4, undefined],
      [5, "`signature` does not fit what the window says"],
    ]);
    expect(policy.notices).toEqual([
      "the window forged lowers nothing: `signature` does not fit what the window says",
    ]);
    expect(policy.later).toEqual({});
  });

  test("has another hash when a window is taken away or stops counting", async () => {
    const good = signedWindow(signer);
    const hashes = [[good], [], [{ ...good, signature: "AAAA" }]].map(async (windows) => {
      return (await parsePolicy(policyWith(windows, [signer.sha256]), "p.yaml")).sha256;
    });
    expect(new Set(await Promise.all(hashes)).size).toBe(3);
  });

  test("is refused when a window ends before it begins", async () => {
    const text = policyWith([signedWindow(signer, { from: "2026-11-24" })], []);
    await expect(parsePolicy(text, "p.yaml")).rejects.toThrow(
      /4:.*expected `to` not before `from`/,
    );
  });

  test.each<[name: string, window: WrittenWindow, warning: RegExp | undefined]>([
    ["nothing of one that is as it should be", signedWindow(signer), undefined],
    [
      "a bad signature",
      { ...signedWindow(signer), name: "forged" },
      /^4 bad-signature: the window forged lowers nothing: `signature` does not fit/,
    ],
    ["a strange signer", signedWindow(stranger), /^4 bad-signature: .*`signedBy` is none of/],
    [
      "one that is over",
      signedWindow(signer, { to: "2026-11-22" }),
      /^4 expired: the window rotation ended on 2026-11-22: it lowers nothing any more$/,
    ],
    [
      "a scope that nothing asks for",
      signedWindow(signer, { scope: "wire.encrypton" }),
      /^4 never-matches: wire\.encrypton is nothing that this version judges \(a key .*, wire\.encryption\)$/,
    ],
    [
      "one of a year",
      signedWindow(signer, { to: "2027-11-22" }),
      /^4 too-broad: 366 days are long for a window$/,
    ],
    ["nothing of a month", signedWindow(signer, { to: "2026-12-22" }), undefined],
    [
      "one of a day more",
      signedWindow(signer, { to: "2026-12-23" }),
      /^4 too-broad: 32 days are long for a window$/,
    ],
  ])("`policy check` tells %s", async (_, window, warning) => {
    const text = policyWith([window], [signer.sha256]);
    const told = warningsOf(await parsePolicy(text, "p.yaml"), text, NOON_US).map(
      ({ line, kind, message }) => `${line} ${kind}: ${message}`,
    );
    if (warning === undefined) expect(told).toEqual([]);
    else expect(told).toEqual([expect.stringMatching(warning)]);
  });

  test("`policy check` tells that a window is over from the microsecond after its last", async () => {
    const text = policyWith([signedWindow(signer)], [signer.sha256]);
    const policy = await parsePolicy(text, "p.yaml");
    const last = policy.windows![0]!.toUs;
    const kinds = (atUs: number) => warningsOf(policy, text, atUs).map(({ kind }) => kind);
    expect([kinds(last), kinds(last + 1)]).toEqual([[], ["expired"]]);
  });
});

function keyOf({ publicKey }: { publicKey: Signer["privateKey"] }): Buffer {
  return publicKey.export({ type: "spki", format: "der" });
}
