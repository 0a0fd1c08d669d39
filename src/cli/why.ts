/** `portcullis why --to host:443`: what would be decided now, by which line, and what was decided last. */
import type { Explanation } from "../judge/explain/explain.ts";
import { escapeJson, escapeText } from "../report/escape.ts";
import { ADMIN_OPTION, adminPath } from "./admin-path.ts";
import { type Command, EXIT } from "./command.ts";
import { given, Misuse, type Option, parseCall } from "./options.ts";
import { complain, Output } from "./output.ts";

const OPTIONS: readonly Option[] = [
  { name: "to", value: "HOST:PORT", says: "a name or an address; required" },
  ADMIN_OPTION,
  { name: "format", value: "F", oneOf: ["text", "json"], says: "text (default) or json" },
];

export const whyCommand: Command = {
  usage: "why --to HOST:PORT",
  says:
    "Tells what the gate would decide now about a connection to a place, by the policy that is in force in it, " +
    "whether that place is refused already, and the last verdicts about it. Exits 0 whatever that is.",
  options: OPTIONS,
  examples: [
    ["portcullis why --to api.example.net:443", "by name"],
    ["portcullis why --to 192.0.2.7:443", "by address"],
  ],
  run,
};

async function run(args: readonly string[]): Promise<number> {
  const call = parseCall(args, OPTIONS);
  const to = given(call, "to");
  if (to === undefined) throw new Misuse("why expects a place: why --to api.example.net:443");
  const path = adminPath(call);
  const { ask, NoAnswer } = await import("../watch/admin/ask.ts");
  let answer: Record<string, unknown>;
  try {
    answer = await ask(path, { verb: "why", to });
  } catch (error) {
    if (!(error instanceof NoAnswer)) throw error;
    complain(escapeText(error.message));
    return EXIT.REFUSED;
  }
  if (answer.ok !== true) throw new Misuse(String(answer.why));
  const isJson = given(call, "format") === "json";
  const text = isJson ? escapeJson(answer) : await inWords(answer as unknown as Why);
  new Output(1).print(`${text}\n`);
  return EXIT.FINE;
}

/** As appliance.ts answers. */
interface Why {
  readonly file?: string;
  readonly policyProblem?: string;
  readonly gate: string;
  /** Absent before there is a policy. */
  readonly explanation?: Explanation;
  readonly seen: readonly string[];
}

async function inWords({ file, policyProblem, gate, explanation, seen }: Why): Promise<string> {
  const { explanationText } = await import("./policy-explain-text.ts");
  const problem =
    policyProblem === undefined
      ? []
      : [`The file is broken, and what was good before decides: ${escapeText(policyProblem)}`];
  return [
    ...(explanation === undefined ? [] : [explanationText(explanation, { file, lines: [] }), ""]),
    `The gate is ${escapeText(gate)}.`,
    ...problem,
    ...(seen.length === 0 ? ["Nothing was decided about it yet."] : ["Decided lately:"]),
    ...seen.map((one) => `  ${escapeText(one)}`),
  ].join("\n");
}
