/** `portcullis policy check <file>`: what is wrong with a policy, or may not be meant. */
import type { Remarked } from "../judge/check/check-remark.ts";
import { formatProblem } from "../judge/policy/policy-error.ts";
import { escapeJson, escapeText } from "../report/escape.ts";
import { many } from "../report/quantity.ts";
import { type Command, EXIT } from "./command.ts";
import { given, Misuse, type Option, parseCall } from "./options.ts";
import { Output } from "./output.ts";
import { timeOf } from "./policy-time.ts";

const OPTIONS: readonly Option[] = [
  { name: "at", value: "T", says: "see expiry from this date or time, in UTC (default: now)" },
  { name: "format", value: "F", oneOf: ["text", "json"], says: "text (default) or json" },
];

export const policyCheckCommand: Command = {
  usage: "policy check <file>",
  says:
    "Says all that is wrong with a policy, each with its place and what was expected: then the exit " +
    "code is 2. Of a right one it warns about lines that are too broad, shadowed, duplicate, about to " +
    "expire (30, 7, 1 days) or can never match: then it is 0.",
  options: OPTIONS,
  examples: [
    ["portcullis policy check portcullis.yaml", "before it is used"],
    ["portcullis policy check p.yaml --at 2027-06-30", "what will have expired"],
  ],
  run,
};

async function run(args: readonly string[]): Promise<number> {
  const call = parseCall(args, OPTIONS);
  const [file, more] = call.operands;
  if (file === undefined) {
    throw new Misuse("policy check expects a file: portcullis policy check portcullis.yaml");
  }
  if (more !== undefined) throw new Misuse(`policy check takes one file, found ${more} as well`);
  const { atUs } = timeOf(call);
  // Loads a YAML parser and a validator: only when there is something to check.
  const { checkPolicyFile } = await import("../judge/check/check.ts");
  const checked = await checkPolicyFile(file, atUs);
  const out = new Output(1);
  const isText = (given(call, "format") ?? "text") === "text";
  if ("problems" in checked) {
    const { problems } = checked;
    if (isText) {
      const lines = problems.map((problem) => escapeText(formatProblem(problem)));
      const end = `${escapeText(file)}: ${many(problems.length, "error")}`;
      out.print(`${[...lines, end].join("\n")}\n`);
    } else {
      const errors = problems.map(({ line, column, message }) => ({ line, column, message }));
      out.print(`${escapeJson({ file, right: false, errors, warnings: [] })}\n`);
    }
    return EXIT.MISUSE;
  }
  const { policy, warnings } = checked;
  const { sha256 } = policy;
  if (isText) {
    const lines = warnings.map((warning) => escapeText(warningLine(file, warning)));
    const count = warnings.length === 0 ? "no warning" : many(warnings.length, "warning");
    const end = `${escapeText(file)}: right, ${count}, mode ${policy.mode}, sha256 ${sha256}`;
    out.print(`${[...lines, end].join("\n")}\n`);
  } else {
    const { mode } = policy;
    out.print(`${escapeJson({ file, right: true, mode, sha256, errors: [], warnings })}\n`);
  }
  return EXIT.FINE;
}

function warningLine(file: string, { line, column, kind, message }: Remarked): string {
  return `${file}:${line}:${column}: warning: ${kind}: ${message}`;
}
