/** `portcullis cut` and `portcullis release`: a person's own hand on the gate. */
import { escapeJson, escapeText } from "../report/escape.ts";
import { ADMIN_OPTION, adminPath } from "./admin-path.ts";
import { type Command, EXIT } from "./command.ts";
import { given, Misuse, type Option, parseCall } from "./options.ts";
import { complain, Output } from "./output.ts";

const OPTIONS: readonly Option[] = [
  { name: "because", value: "TEXT", says: "the reason, which is recorded; required" },
  ADMIN_OPTION,
  { name: "format", value: "F", oneOf: ["text", "json"], says: "text (default) or json" },
];

export const cutCommand: Command = {
  usage: 'cut --because "..."',
  says:
    "Isolates the workload at once: it keeps running and reaches nothing. Recorded with the reason " +
    "and with who asked. It stays so until `portcullis release`. Exits 4 when it is not isolated.",
  options: OPTIONS,
  examples: [
    ['portcullis cut --because "INC-4411"', "the gate of this machine"],
    ['portcullis cut --because "INC-4411" --format json', "for programs"],
  ],
  run: (args) => act("cut", args),
};

export const releaseCommand: Command = {
  usage: 'release --because "..."',
  says:
    "Lets the workload out again. Recorded with the reason and with who asked. A cut that comes at the " +
    "same time wins. Exits 4 when something still stands.",
  options: OPTIONS,
  examples: [
    ['portcullis release --because "INC-4411 was a rotation"', "in words"],
    ['portcullis release --because "..." --format json', "for programs"],
  ],
  run: (args) => act("release", args),
};

async function act(verb: "cut" | "release", args: readonly string[]): Promise<number> {
  const call = parseCall(args, OPTIONS);
  const [more] = call.operands;
  if (more !== undefined) throw new Misuse(`${verb} takes options only, found ${more}`);
  const because = given(call, "because");
  if (because === undefined || because.trim() === "") {
    throw new Misuse(`${verb} expects a reason: ${verb} --because "INC-4411: ..."`);
  }
  const path = adminPath(call);
  const { ask, NoAnswer } = await import("../watch/admin/ask.ts");
  let answer: Record<string, unknown>;
  try {
    answer = await ask(path, { verb, because });
  } catch (error) {
    if (!(error instanceof NoAnswer)) throw error;
    complain(escapeText(error.message));
    return EXIT.REFUSED;
  }
  if (answer.ok !== true) {
    complain(escapeText(String(answer.why)));
    return EXIT.REFUSED;
  }
  const outcomes = answer.outcomes as readonly Outcome[];
  const isJson = given(call, "format") === "json";
  const lines = isJson ? [escapeJson(answer)] : outcomes.map(inWords);
  new Output(1).print(`${lines.join("\n")}\n`);
  return outcomes.some(({ status }) => status === "failed") ? EXIT.REFUSED : EXIT.FINE;
}

interface Outcome {
  readonly rung: string;
  readonly status: string;
  readonly verified: boolean;
  readonly detail: string;
}

function inWords({ rung, status, verified, detail }: Outcome): string {
  const proof = status === "done" ? (verified ? ", verified" : ", NOT verified") : "";
  return escapeText(`${rung}: ${status}${proof}: ${detail}`);
}
