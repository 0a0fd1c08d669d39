/**
 * Real servers' logins: each exposure stands exactly where the secret does, and no output holds it. What is
 * looked for is what captures/record/cases/plain-scene.ts logs in with.
 */
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { PASSWORD, USER } from "../../../captures/record/cases/plain-scene.ts";
import { PROTOCOLS } from "../../../src/inspect/plaintext/protocol.ts";
import { portcullis } from "../../cli/program.ts";
import { type Exposed, exposedIn } from "./exposed.ts";
import { isProof } from "./proofs.ts";

const captures = readdirSync("captures").filter((file) => /^plain-.*\.pcap$/.test(file));

describe.each(captures)("%s", (file) => {
  const path = `captures/${file}`;

  test("locates every user and every password, to the byte", async () => {
    const values = await exposedIn(path);
    expect(values.filter((one) => !isSecret(one))).toEqual([]);
    // Said as it is, every password is found; as a proof it is not there to be found.
    const raw = readFileSync(path).toString("latin1");
    const times = SECRETS.reduce((sum, secret) => sum + raw.split(secret).length - 1, 0);
    const found = values.filter(({ value }) => SECRETS.some((secret) => value.includes(secret)));
    expect(found).toHaveLength(times);
  });

  test("has a golden without a secret", () => {
    const golden = readFileSync(`test/golden/${file.replace(/\.pcap$/, ".jsonl")}`, "utf8");
    for (const secret of PRINTED_NEVER) expect(golden).not.toContain(secret);
  });
});

test.each(["text", "jsonl"])("prints no secret of any of them as %s", async (format) => {
  const flags = ["--format", format, "--observations"];
  const paths = captures.map((file) => `captures/${file}`);
  const { out, err } = await portcullis(["replay", ...paths, ...flags]);
  expect(out).toContain("mail.corp.example");
  for (const secret of PRINTED_NEVER) {
    expect(out).not.toContain(secret);
    expect(err).not.toContain(secret);
  }
});

test("every protocol has a golden from a real peer, but for those that captures/README.md names", () => {
  const goldens = readdirSync("test/golden").filter((file) => file.endsWith(".jsonl"));
  const said = goldens.map((file) => readFileSync(`test/golden/${file}`, "utf8")).join("");
  const missing = PROTOCOLS.filter((one) => !said.includes(`"protocol":"${one}"`));
  expect(missing.sort()).toEqual(["cassandra", "grpc", "kafka", "mongodb", "nntp", "tds", "tns"]);
});

/** A name, a password, both, or a proof of the password. */
function isSecret({ what, value, server }: Exposed): boolean {
  const known = [...SECRETS, USER, utf16(USER), "anonymous", USER.toUpperCase()];
  return known.some((one) => value.includes(one)) || isProof(what, value, server) === true;
}

/** As Windows has it; one character a byte. */
function utf16(text: string): string {
  return Buffer.from(text, "utf16le").toString("latin1");
}

const SECRETS: readonly string[] = [
  PASSWORD,
  utf16(PASSWORD),
  Buffer.from(`${USER}:${PASSWORD}`).toString("base64"),
  Buffer.from(`\0${USER}\0${PASSWORD}`).toString("base64"),
];
/** The first bytes of a password are enough of it. */
const PRINTED_NEVER: readonly string[] = [...SECRETS, USER, PASSWORD.slice(0, 8)];
