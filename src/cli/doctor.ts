/** `portcullis doctor`: what is possible here, one line an ability, and how to grant what is missing. */
import { isatty } from "node:tty";
import { paint } from "../report/colour.ts";
import { escapeJson, escapeText } from "../report/escape.ts";
import { wrap } from "../report/layout.ts";
import type { Ability } from "../watch/abilities.ts";
import { ADMIN_OPTION, adminPath } from "./admin-path.ts";
import { type Command, EXIT } from "./command.ts";
import { given, Misuse, type Option, parseCall } from "./options.ts";
import { Output } from "./output.ts";
import { STATE_OPTION, stateDirectory } from "./state-directory.ts";

const OPTIONS: readonly Option[] = [
  {
    name: "need",
    value: "NAME",
    many: true,
    says: "exit 4 unless this ability is there; may be repeated",
  },
  STATE_OPTION,
  ADMIN_OPTION,
  { name: "format", value: "F", oneOf: ["text", "json"], says: "text (default) or json" },
];

export const doctorCommand: Command = {
  usage: "doctor",
  says:
    "Tells what this machine or container lets the gate do, one line an ability, and how to grant what is " +
    "missing. It tries each and changes nothing; it works without rights, too, and exits 0.",
  options: OPTIONS,
  examples: [
    ["portcullis doctor", "all of it"],
    ["portcullis doctor --need capture --need fence", "before a roll-out"],
  ],
  run,
};

async function run(args: readonly string[]): Promise<number> {
  const call = parseCall(args, OPTIONS);
  const [more] = call.operands;
  if (more !== undefined) throw new Misuse(`doctor takes options only, found ${more}`);
  const directories = { stateDirectory: stateDirectory(call), adminPath: adminPath(call) };
  const { abilities } = await import("../watch/abilities.ts");
  const found = await abilities(directories);
  const needed = call.values.get("need") ?? [];
  const missing = needed.filter(
    (name) => !found.some((one) => one.name === name && one.possible === "yes"),
  );
  const isJson = given(call, "format") === "json";
  new Output(1).print(isJson ? `${escapeJson(found)}\n` : textOf(found));
  return missing.length > 0 ? EXIT.REFUSED : EXIT.FINE;
}

function textOf(found: readonly Ability[]): string {
  const colour = isatty(1) && !process.env.NO_COLOR && process.env.TERM !== "dumb";
  const width = Math.max(...found.map(({ name }) => name.length)) + 2;
  const lines = found.flatMap(({ name, possible, says, grant }) => {
    const mark = paint(possible.padEnd(MARK_COLUMNS), MARKS[possible], colour);
    const indent = " ".repeat(MARK_COLUMNS + width);
    const columns = COLUMNS - MARK_COLUMNS - width;
    const text = [...wrap(escapeText(says), columns)];
    if (grant !== undefined) text.push(...wrap(`→ ${escapeText(grant)}`, columns));
    return text.map((line, at) =>
      at === 0 ? `${mark}${name.padEnd(width)}${line}` : indent + line,
    );
  });
  return `${lines.join("\n")}\n`;
}

const MARKS = { yes: "good", limited: "warning", no: "breach" } as const;
const MARK_COLUMNS = 9;
const COLUMNS = 100;
