/** `portcullis policy explain`: which line decides about one connection, and the walk there. */
import { readFileSync } from "node:fs";
import { isIP } from "node:net";
import { type Explanation, explain, type Outcome } from "../judge/explain.ts";
import type { Given } from "../judge/explain-assume.ts";
import { defaultPolicy, type Policy } from "../judge/policy.ts";
import { PolicyError } from "../judge/policy-error.ts";
import { parseHash } from "../judge/policy-text.ts";
import { escapeJson, escapeText } from "../report/escape.ts";
import { wrap } from "../report/layout.ts";
import { pemCertificates } from "../trust/anchors.ts";
import { canonical } from "../trust/host-name.ts";
import { parseDn } from "../trust/name.ts";
import { type Chain, ChainStore } from "../trust/store.ts";
import { type Command, EXIT } from "./command.ts";
import { type Call, given, Misuse, type Option, parseCall } from "./options.ts";
import { codeOf, Output } from "./output.ts";
import { timeOf } from "./policy-time.ts";

const OPTIONS: readonly Option[] = [
  { name: "policy", value: "F", says: "the policy (default: Mozilla's roots, audit)" },
  { name: "name", value: "N", says: "the name that the client asks for" },
  { name: "server", value: "IP:PORT", says: "where it connects to; IPv6 in brackets" },
  { name: "issuer", value: "DN", says: 'the CA that issued the certificate, "CN=Corp CA,O=Corp"' },
  { name: "spki", value: "H", says: "SHA-256 of a public key: the issuer's, else the server's" },
  { name: "chain", value: "F.pem", says: "the certificates that the server shows, leaf first" },
  { name: "at", value: "T", says: "when, as 2027-06-30 or 2027-06-30T12:00Z (default: now)" },
  { name: "workload", value: "W", says: "who connects" },
  { name: "format", value: "F", oneOf: ["text", "json"], says: "text (default) or json" },
];

export const policyExplainCommand: Command = {
  usage: "policy explain [options]",
  says:
    "Tells what a policy decides about one connection, by which line, and every step on the way. Give " +
    "what you know: the rest is assumed and listed, with what would be decided otherwise. Exits 0, " +
    "whatever is decided.",
  options: OPTIONS,
  examples: [
    ["portcullis policy explain --policy p.yaml --name a.example", "who may serve it"],
    ["portcullis policy explain --policy p.yaml --chain x.pem", "what it gets"],
  ],
  run,
};

async function run(args: readonly string[]): Promise<number> {
  const call = parseCall(args, OPTIONS);
  if (call.operands.length > 0) {
    throw new Misuse(`policy explain takes options only, found ${call.operands[0]}`);
  }
  const file = given(call, "policy");
  const asked = { ...givenIn(call), isDefault: file === undefined };
  const { policy, lines } = await policyOf(file);
  const explanation = explain(policy, asked);
  const isText = (given(call, "format") ?? "text") === "text";
  const text = isText ? textOf(explanation, { file, lines }) : escapeJson({ file, ...explanation });
  new Output(1).print(`${text}\n`);
  return EXIT.FINE;
}

/** With the file's own lines, to quote from. */
async function policyOf(
  file: string | undefined,
): Promise<{ policy: Policy; lines: readonly string[] }> {
  if (file === undefined) return { policy: defaultPolicy, lines: [] };
  // Loads a YAML parser and a validator: only when asked.
  const { readPolicyFile, readPolicyText } = await import("../judge/policy-file.ts");
  try {
    const policy = await readPolicyFile(file);
    return { policy, lines: (await readPolicyText(file)).split(/\r?\n/) };
  } catch (error) {
    throw error instanceof PolicyError ? new Misuse(error.message) : error;
  }
}

/** Throws `Misuse`. */
function givenIn(call: Call): Given {
  const name = given(call, "name");
  if (name !== undefined && canonical({ kind: "dns", value: name }) === undefined) {
    throw new Misuse(`--name ${name}: expected a DNS name, api.example.net`);
  }
  const issuer = given(call, "issuer");
  const issuerKey = issuer === undefined ? undefined : parseDn(issuer);
  if (issuer !== undefined && (issuerKey ?? "") === "") {
    throw new Misuse(`--issuer ${issuer}: expected a name, "CN=Corp CA,O=Example Corp"`);
  }
  const hash = given(call, "spki");
  const spki = hash === undefined ? undefined : parseHash(hash);
  if (hash !== undefined && spki === undefined) {
    throw new Misuse(`--spki ${hash}: expected 64 hexadecimal digits or sha256/ and Base64`);
  }
  const file = given(call, "chain");
  const chain = file === undefined ? undefined : chainIn(file);
  if (chain !== undefined) agree(chain, { issuer, issuerKey, spki });
  const workload = given(call, "workload");
  return { name, ...serverOf(call), workload, issuer, issuerKey, spki, chain, ...timeOf(call) };
}

function serverOf(call: Call): { ip?: string; port?: number } {
  const text = given(call, "server");
  if (text === undefined) return {};
  const match = SERVER.exec(text);
  const address = isIP(text) > 0 ? text : (match?.groups?.v6 ?? match?.groups?.v4 ?? "");
  const ip = canonical({ kind: "ip", value: address });
  const digits = isIP(text) > 0 ? undefined : match?.groups?.port;
  const port = digits === undefined ? undefined : Number(digits);
  if (ip === undefined || port === 0 || (port ?? 0) > 65535) {
    throw new Misuse(
      `--server ${text}: expected an address and a port, 192.0.2.7:443 or [::1]:443`,
    );
  }
  return port === undefined ? { ip } : { ip, port };
}

function chainIn(file: string): Chain {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    throw new Misuse(`--chain ${file}: cannot be read (${codeOf(error) ?? error})`);
  }
  const pem = Buffer.from(bytes).toString("latin1");
  const ders = bytes[0] === DER_SEQUENCE ? [bytes] : pemCertificates(pem);
  if (ders.length === 0) throw new Misuse(`--chain ${file}: found no certificate, expected PEM`);
  return new ChainStore().get(ders.slice(0, CHAIN_MAX));
}

/** A chain says all there is about issuers and keys; what else is given must be in it. */
function agree(
  { certificates }: Chain,
  { issuer, issuerKey, spki }: Pick<Given, "issuer" | "issuerKey" | "spki">,
): void {
  const names = certificates.flatMap((one) => [one.issuerKey, one.subjectKey]);
  if (issuerKey !== undefined && !names.includes(issuerKey)) {
    throw new Misuse(`--issuer ${issuer}: no certificate of --chain has this issuer`);
  }
  if (spki !== undefined && !certificates.some((one) => one.spkiSha256 === spki)) {
    throw new Misuse(`--spki: no certificate of --chain has this key`);
  }
}

interface Quoted {
  readonly file: string | undefined;
  readonly lines: readonly string[];
}

function textOf({ outcome, assumed, otherwise, more }: Explanation, quoted: Quoted): string {
  const { decided, walk } = outcome;
  const steps = walk.map(({ step, line, says }): Row => [step, `${says}${at(line, quoted.file)}`]);
  const rows: string[] = [
    `${decisionOf(outcome)}, decided by ${whatDecided(decided, quoted)}`,
    ...section("The walk", steps),
    ...section(
      "Assumed, since it was not given",
      assumed.map((one): Row => {
        const colon = one.indexOf(": ");
        return [one.slice(0, colon), one.slice(colon + 2)];
      }),
    ),
    ...section(
      "Otherwise",
      otherwise.map(({ if: clause, outcome: other }): Row => {
        const by = whatDecided(other.decided, { ...quoted, lines: [] });
        return ["if", `${clause}: ${decisionOf(other)}, decided by ${by}`];
      }),
    ),
    ...(more === 0 ? [] : [`  and ${more} more, which other lines decide`]),
  ];
  return rows.join("\n");
}

type Row = readonly [name: string, says: string];

function section(title: string, rows: readonly Row[]): string[] {
  if (rows.length === 0) return [];
  const width = Math.max(...rows.map(([name]) => name.length)) + 2;
  const lines = rows.flatMap((one) => row(one, width));
  return ["", title, ...lines];
}

function row([name, says]: Row, width: number): string[] {
  const [head = "", ...rest] = wrap(escapeText(says), COLUMNS - width - 2);
  const indent = " ".repeat(width + 2);
  return [`  ${escapeText(name).padEnd(width)}${head}`, ...rest.map((line) => indent + line)];
}

function decisionOf({ decision, would }: Outcome): string {
  return would === undefined ? decision : `${decision} (${would} in enforce mode)`;
}

/** ``portcullis.yaml:9 `- issuer: ...` (approval)``, or the step where no line spoke. */
function whatDecided({ step, line }: Outcome["decided"], { file, lines }: Quoted): string {
  if (file === undefined) return `the default policy (${step})`;
  if (line === undefined) return `no line of the policy but a default (${step})`;
  const quote = lines[line - 1]?.trim();
  return escapeText(`${file}:${line}${quote ? ` \`${quote}\`` : ""} (${step})`);
}

function at(line: number | undefined, file: string | undefined): string {
  return line === undefined || file === undefined ? "" : ` (${file}:${line})`;
}

const SERVER = /^(?:\[(?<v6>[^\]]+)\]|(?<v4>[^:[\]]+))(?::(?<port>\d{1,5}))?$/;
const DER_SEQUENCE = 0x30;
/** More than any server sends. */
const CHAIN_MAX = 100;
const COLUMNS = 98;
