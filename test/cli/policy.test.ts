/** `portcullis policy`, as it is typed: what it prints and the exit code. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { parse } from "yaml";
import { hashesOf, identities, root } from "../judge/scene.ts";
import { newSigner, signedWindow } from "../judge/sign-window.ts";
import { portcullis } from "./program.ts";

// Whole processes, on a machine that others use too.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const CAPTURES = "captures/portcullis.yaml";
const CA1 = "CN=Corp Issuing CA 1,O=Example Corp";
const CA2 = "CN=Corp Issuing CA 2,O=Example Corp";

const folder = mkdtempSync(join(tmpdir(), "portcullis-"));
const file = (name: string) => join(folder, name);
const spki = hashesOf(identities.issuing).spki;

beforeAll(() => {
  const { good, issuing } = identities;
  writeFileSync(file("root.pem"), root.certificatePem);
  writeFileSync(file("chain.pem"), good.certificatePem + issuing.certificatePem);
  writeFileSync(file("leaf.der"), good.der);
  writeFileSync(file("none.pem"), "no certificate");
  writeFileSync(
    file("right.yaml"),
    `version: 1
mode: enforce
issuers:
  roots: [./root.pem]
  allow:
    - {issuer: "CN=Corp CA 2,O=Example", for: ["*.corp.example"], expires: 2026-12-10}
`,
  );
  writeFileSync(file("wrong.yaml"), "version: 1\nmod: audit\nissuers:\n  hygiene: warn\n");
});
afterAll(() => rmSync(folder, { recursive: true }));

describe("help", () => {
  test.each([
    [["policy", "--help"]],
    [["policy", "help"]],
    [["policy", "check", "--help"]],
    [["policy", "explain", "-h"]],
    [["policy", "schema", "--help"]],
    [["rules", "--help"]],
    [["rules", "list", "--help"]],
    [["rules", "show", "--help"]],
  ])("%j fits a screen and ends with two examples", async (args) => {
    const { code, out, err } = await portcullis(args);
    expect({ code, err }).toEqual({ code: 0, err: "" });
    const lines = out.trimEnd().split("\n");
    expect(lines.length).toBeLessThanOrEqual(24);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80);
    expect(lines.slice(-2)).toEqual([expect.stringMatching("  # "), expect.stringMatching("  # ")]);
    expect(lines.at(-3)).toBe("");
  });
});

test.each([
  [["policy"], "policy check <file>"],
  [["policy", "chek"], "unknown command policy chek, did you mean check?"],
  [["policy", "frobnicate"], "unknown command policy frobnicate, expected check, explain, schema"],
  [["policy", "check"], "policy check expects a file"],
  [["policy", "check", "a.yaml", "b.yaml"], "policy check takes one file, found b.yaml as well"],
  [["policy", "check", "a.yaml", "--at", "soon"], "--at soon: expected a date or a time in UTC"],
  [["policy", "check", "a.yaml", "--format", "xml"], "--format xml: expected text, json"],
  [["policy", "schema", "x"], "policy schema takes no operand, found x"],
  [["policy", "explain", "x"], "policy explain takes options only, found x"],
  [["policy", "explain", "--name", "a b"], "--name a b: expected a DNS name"],
  [["policy", "explain", "--server", "example.com:443"], "--server example.com:443: expected an"],
  [["policy", "explain", "--server", "192.0.2.7:0"], "--server 192.0.2.7:0: expected an address"],
  [["policy", "explain", "--server", "[::1]:65536"], "--server [::1]:65536: expected an address"],
  [["policy", "explain", "--issuer", "Corp CA"], '--issuer Corp CA: expected a name, "CN='],
  [["policy", "explain", "--spki", "abc"], "--spki abc: expected 64 hexadecimal digits"],
  [["policy", "explain", "--chain", "gone.pem"], "--chain gone.pem: cannot be read (ENOENT)"],
  [["policy", "explain", "--chain", file("none.pem")], "none.pem: found no certificate"],
  [["policy", "explain", "--policy", "gone.yaml"], "gone.yaml: cannot be read (ENOENT)"],
  [["policy", "explain", "--policy", file("wrong.yaml")], "unknown key"],
  [
    ["policy", "explain", "--chain", file("chain.pem"), "--issuer", "CN=Else"],
    "--issuer CN=Else: no certificate of --chain has this issuer",
  ],
  [
    ["policy", "explain", "--chain", file("chain.pem"), "--spki", "a".repeat(64)],
    "--spki: no certificate of --chain has this key",
  ],
])("%j is a wrong call: %s", async (args, message) => {
  const { code, out, err } = await portcullis(args);
  expect(err).toContain(message);
  expect({ code, out }).toEqual({ code: 2, out: "" });
});

describe("policy schema", () => {
  test("prints a schema by which the captures' policy is right, and a misspelt one is not", async () => {
    const { code, out, err } = await portcullis(["policy", "schema"]);
    expect({ code, err }).toEqual({ code: 0, err: "" });
    const validate = new Ajv2020().compile(JSON.parse(out));
    expect(validate(parse(readFileSync(CAPTURES, "utf8")))).toBe(true);
    expect(validate({ version: 1, isuers: {} })).toBe(false);
  });
});

describe("policy check", () => {
  test("has nothing against the captures' policy, as text and as JSON", async () => {
    const text = await portcullis(["policy", "check", CAPTURES]);
    expect(text).toMatchObject({ code: 0, err: "" });
    const sha256 = /sha256 (?<hash>[0-9a-f]{64})\n$/.exec(text.out)?.groups?.hash;
    expect(text.out).toBe(`${CAPTURES}: right, no warning, mode audit, sha256 ${sha256}\n`);
    const json = await portcullis(["policy", "check", CAPTURES, "--format", "json"]);
    expect(JSON.parse(json.out)).toEqual({
      file: CAPTURES,
      right: true,
      mode: "audit",
      sha256,
      errors: [],
      warnings: [],
    });
  });

  test("says all that is wrong, and exits 2", async () => {
    const wrong = file("wrong.yaml");
    expect(await portcullis(["policy", "check", wrong])).toEqual({
      code: 2,
      out: `${wrong}:2:1: unknown key "mod", did you mean \`mode\`?
${wrong}:4:12: "warn", expected pass, report, refuse, cut
${wrong}: 2 errors
`,
      err: "",
    });
    const { code, out } = await portcullis(["policy", "check", wrong, "--format", "json"]);
    expect(code).toBe(2);
    expect(JSON.parse(out)).toMatchObject({
      right: false,
      errors: [
        { line: 2, column: 1 },
        { line: 4, column: 12 },
      ],
    });
  });

  test("says that there is no file, and exits 2", async () => {
    const { code, out } = await portcullis(["policy", "check", "gone.yaml"]);
    expect({ code, out }).toEqual({
      code: 2,
      out: "gone.yaml: cannot be read (ENOENT)\ngone.yaml: 1 error\n",
    });
  });

  test.each([
    ["2026-11-01", "right, no warning"],
    ["2026-11-23", "expires-in-30-days: this approval ends in 17 days, on 2026-12-10"],
    ["2026-12-04", "expires-in-7-days: this approval ends in 6 days"],
    ["2026-12-10T12:00Z", "expires-in-1-day: this approval ends in less than a day"],
    ["2026-12-11", "expired: this approval ran out on 2026-12-10: reported until 2027-01-09"],
    ["2027-02-01", "expired: this approval ran out on 2026-12-10: the line approves nothing"],
  ])("seen from %s says %s, and exits 0", async (at, message) => {
    const { code, out } = await portcullis(["policy", "check", file("right.yaml"), "--at", at]);
    expect(code).toBe(0);
    expect(out).toContain(message);
  });

  test("lets no control character of the file reach the terminal", async () => {
    const hostile = file("hostile.yaml");
    writeFileSync(hostile, 'version: 1\n"\\e[2J": 1\n');
    const { out } = await portcullis(["policy", "check", hostile]);
    expect(out).toContain("\\u001b[2J");
    expect(out).not.toContain("\u001b");
  });
});

describe("policy explain", () => {
  const explained = async (...args: string[]) => {
    const ran = await portcullis(["policy", "explain", ...args]);
    expect(ran).toMatchObject({ code: 0, err: "" });
    return ran.out;
  };
  const place = ["--name", "api.corp.example", "--server", "10.20.0.7:443", "--at", "2026-11-23"];

  test("says which line approves, and quotes it", async () => {
    const out = await explained("--policy", CAPTURES, ...place, "--issuer", CA2);
    expect(out).toMatch(
      `pass, decided by ${CAPTURES}:10 \`- issuer: "${CA2}"\` (approval)\n\nThe walk\n`,
    );
  });

  test("exits 0 for what would be cut", async () => {
    const out = await explained("--policy", CAPTURES, ...place, "--issuer", CA1);
    expect(out).toMatch(`report (cut in enforce mode), decided by ${CAPTURES}:14 `);
  });

  test.each([
    ["enforce", "report (cut without the window), decided by"],
    ["audit", "report (cut without the window), decided by"],
  ])("in %s says what a window holds back", async (mode, first) => {
    const signer = newSigner();
    const window = signedWindow(signer, { scope: spki });
    const text = `version: 1\nmode: ${mode}\nissuers: {allow: []}\nwindowSigners: [${signer.sha256}]\nwindows: [${JSON.stringify(window)}]\n`;
    writeFileSync(file("window.yaml"), text);
    const out = await explained("--policy", file("window.yaml"), ...place, "--spki", spki);
    expect(out.startsWith(first)).toBe(true);
    expect(out).toContain("report: until 2026-11-23 the window rotation expects the key");
  });

  test("needs nothing at all, and says what it assumes", async () => {
    const out = await explained();
    expect(out).toMatch(/^pass, decided by the default policy \(approval\)\n/);
    expect(out).toContain("Assumed, since it was not given\n  policy       the default one");
  });

  test("judges a chain by its certificates, in PEM or DER", async () => {
    const right = ["--policy", file("right.yaml"), "--at", "2026-11-23"];
    const pem = await explained(...right, "--chain", file("chain.pem"), "--spki", spki);
    expect(pem).toMatch(/^pass, decided by .*right\.yaml:6 /);
    expect(pem).toContain("api.corp.example, which is the certificate's");
    const other = await explained(...right, "--chain", file("chain.pem"), "--name", "x.example");
    expect(other).toMatch(/^cut, decided by no line of the policy but a default \(approval\)\n/);
    const alone = await explained(...right, "--chain", file("leaf.der"));
    expect(alone).toMatch(/^cut, decided by no line of the policy but a default \(path\)\n/);
  });

  test("takes a hash in either notation and an address without a port", async () => {
    const pin = `sha256/${Buffer.from(spki, "hex").toString("base64")}`;
    const out = await explained("--spki", pin, "--server", "2001:db8::7", "--format", "json");
    expect(JSON.parse(out)).toMatchObject({
      outcome: { decision: "pass", decided: { step: "approval" } },
      assumed: expect.arrayContaining(["port: 443"]),
    });
  });

  test("walks what is expected, as text and as JSON", async () => {
    const line = "{to: {cidr: 10.20.0.0/16}, encryption: {by: tls, minVersion: TLS1.3}}";
    writeFileSync(file("expect.yaml"), `version: 1\nmode: enforce\nexpect:\n  - ${line}\n`);
    const asked = ["--policy", file("expect.yaml"), ...place];
    const text = await explained(...asked);
    expect(text).toMatch(
      /\nExpected \(.*expect\.yaml:4\)\n {2}by +tls\n {2}minVersion {2}TLS1\.3\n/,
    );
    expect(text.replace(/\s+/g, " ")).toMatch(
      / if it is in clear, [^:]*: cut, decided by .*expect\.yaml:4 \(expect\) /,
    );
    const json = JSON.parse(await explained(...asked, "--format", "json"));
    expect(json.expect).toMatchObject({
      line: 4,
      asks: expect.arrayContaining(["by: tls", "minVersion: TLS1.3"]),
    });
    expect(json.expect.cases.at(-1).outcome).toMatchObject({
      decision: "cut",
      decided: { step: "expect", line: 4 },
    });
  });

  test("breaks its lines for a terminal", async () => {
    const out = await explained("--policy", CAPTURES, "--name", "api.corp.example");
    const [, ...lines] = out.split("\n");
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(98);
  });
});
