/** `portcullis policy explain`: which line decides about one connection, and the walk there. */
import type { Explanation } from "../judge/explain/explain.ts";
import type { Policy } from "../judge/policy/policy.ts";
import { type Command, EXIT } from "./command.ts";
import { given, Misuse, type Option, parseCall } from "./options.ts";
import { Output } from "./output.ts";
import type { Quoted } from "./policy-explain-text.ts";

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
  // The engine, which help does without.
  const { givenIn } = await import("./policy-explain-given.ts");
  const file = given(call, "policy");
  const asked = { ...givenIn(call), isDefault: file === undefined };
  const { policy, quoted } = await policyOf(file);
  const { explain } = await import("../judge/explain/explain.ts");
  const explanation = explain(policy, asked);
  new Output(1).print(`${await printed(explanation, quoted, given(call, "format"))}\n`);
  return EXIT.FINE;
}

async function printed(
  explanation: Explanation,
  quoted: Quoted,
  format: string | undefined,
): Promise<string> {
  if (format === "json") {
    const { escapeJson } = await import("../report/escape.ts");
    return escapeJson({ file: quoted.file, ...explanation });
  }
  const { explanationText } = await import("./policy-explain-text.ts");
  return explanationText(explanation, quoted);
}

/** With the file's own lines, to quote from. */
async function policyOf(file: string | undefined): Promise<{ policy: Policy; quoted: Quoted }> {
  if (file === undefined) {
    const { defaultPolicy } = await import("../judge/policy/policy.ts");
    return { policy: defaultPolicy, quoted: { file, lines: [] } };
  }
  // Loads a YAML parser and a validator: only when asked.
  const { readPolicyFile, readPolicyText } = await import("../judge/policy/policy-file.ts");
  const { PolicyError } = await import("../judge/policy/policy-error.ts");
  try {
    const policy = await readPolicyFile(file);
    const lines = (await readPolicyText(file)).split(/\r?\n/);
    return { policy, quoted: { file, lines } };
  } catch (error) {
    throw error instanceof PolicyError ? new Misuse(error.message) : error;
  }
}
