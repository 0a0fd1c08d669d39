/**
 * Real servers' logins: each exposure stands exactly where the secret does, and no output holds it. What is
 * looked for is what captures/record/cases/plain-scene.ts logs in with.
 */
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { PASSWORD, USER } from "../../../captures/record/cases/plain-scene.ts";
import { read } from "../../capture/reading.ts";
import { portcullis } from "../../cli/program.ts";
import { type Kept, seen } from "../../flow/reader.ts";
import { concat } from "../../wire/bytes.ts";
import { heardIn } from "./heard.ts";
import { isProof } from "./proofs.ts";

const captures = readdirSync("captures").filter((file) => /^plain-.*\.pcap$/.test(file));

describe.each(captures)("%s", (file) => {
  const path = `captures/${file}`;

  test("locates every user and every password, to the byte", async () => {
    const { packets } = await read(path);
    const cut = packets.map((packet) => ({ ...packet, originalBytes: packet.original }));
    const { flows } = seen(cut, { link: packets[0]?.link ?? 1 });
    const values: [what: string, value: string, server: string][] = [];
    for (const { flow, seen: told } of await heardIn(path)) {
      const events = flows.find((one) => one.flow.id === flow.id)?.events ?? [];
      for (const { client, exposes } of told.plaintext) {
        const [asked, answered] = [saidBy(client, events), saidBy(1 - client, events)];
        for (const { what, side, offset, bytes } of exposes) {
          const said = side === "client" ? asked : answered;
          values.push([what, said.slice(offset, offset + bytes), answered]);
        }
      }
    }
    expect(values.filter((one) => !isSecret(...one))).toEqual([]);
    // Said as it is, every password is found; as a proof it is not there to be found.
    const raw = readFileSync(path).toString("latin1");
    const times = SECRETS.reduce((sum, secret) => sum + raw.split(secret).length - 1, 0);
    const found = values.filter(([, value]) => SECRETS.some((secret) => value.includes(secret)));
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

/** All of a TCP connection's side; of a UDP conversation's its first datagram, which is what is looked at. */
function saidBy(side: number, events: readonly Kept[]): string {
  const own = events.filter((one) => "side" in one && one.side === side);
  const [datagram] = own.flatMap((one) => (one.kind === "datagram" ? one.bytes : []));
  const all = datagram ?? concat(...own.flatMap((one) => (one.kind === "bytes" ? one.bytes : [])));
  return Buffer.from(all).toString("latin1");
}

/** A name, a password, both, or a proof of the password. */
function isSecret(what: string, value: string, server: string): boolean {
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
