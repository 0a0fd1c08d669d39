/** `portcullis rules`: what each detection means, and what to do about it. */
import type { Rule } from "../judge/finding.ts";
import { escapeText } from "../report/escape.ts";
import { wrap } from "../report/layout.ts";
import { type Command, EXIT, type Group } from "./command.ts";
import { suggestion } from "./nearest.ts";
import { given, Misuse, type Option, parseCall } from "./options.ts";
import { Output } from "./output.ts";

const OPTIONS: readonly Option[] = [
  { name: "format", value: "F", oneOf: ["text", "json"], says: "text (default) or json" },
];

const rulesListCommand: Command = {
  usage: "rules list",
  says: "Lists the detections of this version, with what each is worth before a policy speaks.",
  options: OPTIONS,
  examples: [
    ["portcullis rules list", "all of them"],
    ["portcullis rules list --format json | jq '.[].id'", "their ids"],
  ],
  run: async (args) => {
    const call = parseCall(args, OPTIONS);
    const [more] = call.operands;
    if (more !== undefined) throw new Misuse(`rules list takes no operand, found ${more}`);
    const rules = await allRules();
    const isText = (given(call, "format") ?? "text") === "text";
    new Output(1).print(isText ? listOf(rules) : `${JSON.stringify(rules, undefined, 2)}\n`);
    return EXIT.FINE;
  },
};

const rulesShowCommand: Command = {
  usage: "rules show <id>",
  says:
    "Shows one detection: what it means, what it cannot see, false positives with the exception to " +
    "paste into a policy, how it is emulated, and what to do. By its id or its name.",
  options: OPTIONS,
  examples: [
    ["portcullis rules show A15", "by its id"],
    ["portcullis rules show self-signed", "by its name"],
  ],
  run: async (args) => {
    const call = parseCall(args, OPTIONS);
    const [id, more] = call.operands;
    if (id === undefined) throw new Misuse("rules show expects an id: portcullis rules show A15");
    if (more !== undefined) throw new Misuse(`rules show takes one id, found ${more} as well`);
    const rule = ruleCalled(id, await allRules());
    const isText = (given(call, "format") ?? "text") === "text";
    new Output(1).print(isText ? textOf(rule) : `${JSON.stringify(rule, undefined, 2)}\n`);
    return EXIT.FINE;
  },
};

export const rulesCommands: Group = {
  usage: "rules <command>",
  says: "What each detection means, what it cannot see, and what to do about it.",
  commands: [
    {
      name: "list",
      usage: "rules list",
      says: "the detections of this version",
      load: async () => rulesListCommand,
    },
    {
      name: "show",
      usage: "rules show <id>",
      says: "one of them, with exceptions to paste",
      load: async () => rulesShowCommand,
    },
  ],
  examples: [
    ["portcullis rules list", "what can be found"],
    ["portcullis rules show A15", "what a finding means"],
  ],
};

/** Loaded late: the help does without. */
async function allRules(): Promise<readonly Rule[]> {
  return (await import("../judge/rules/index.ts")).RULES;
}

/** Throws `Misuse`. */
function ruleCalled(id: string, rules: readonly Rule[]): Rule {
  const known = rules.find((rule) => rule.id === id.toUpperCase() || rule.name === id);
  if (known !== undefined) return known;
  const near = suggestion(id, [...rules.map(({ name }) => name)]);
  const ids = rules.map((rule) => rule.id).join(", ");
  throw new Misuse(`no rule ${id} in this version${near || `, expected ${ids}`}`);
}

function listOf(rules: readonly Rule[]): string {
  const widest = Math.max(...rules.map(({ name }) => name.length));
  const rows = rules.map(
    ({ id, name, severity, title }) =>
      `${id}  ${name.padEnd(widest)}  ${severity.padEnd(SEVERITY_COLUMNS)}  ${title}`,
  );
  return `${rows.join("\n")}\n`;
}

function textOf(rule: Rule): string {
  const { attack, emulation, falsePositives } = rule;
  const [first] = attack;
  const is = attack.map((one) => one.is).join(", ");
  const harmless = falsePositives.flatMap(({ when, exception }, index) => [
    ...(index === 0 ? [] : [""]),
    ...paragraph(when),
    ...(exception === undefined ? [] : exception.split("\n").map((line) => `      ${line}`)),
  ]);
  const bundled = emulation.capture === undefined ? [] : replayOf(emulation.capture);
  const lines = [
    `${rule.id} ${rule.name}: ${rule.title}`,
    `${rule.severity} (at least a breach where a policy refuses or cuts), confidence at most ${rule.confidence}`,
    `ATT&CK ${first?.version}: ${is}; strategy ${first?.strategy}`,
    ...titled("What it means", paragraph(rule.means)),
    ...titled("What it cannot see", paragraph(rule.cannotSee)),
    ...titled("False positives, and the exception to paste into a policy", harmless),
    ...titled("How it is emulated", [
      ...paragraph(emulation.says),
      ...emulation.commands.map((line) => `      ${line}`),
      ...bundled,
    ]),
    ...titled("What to do", paragraph(rule.whatToDo)),
  ];
  return `${lines.map(escapeText).join("\n")}\n`;
}

function replayOf(capture: string): string[] {
  return [
    ...paragraph("A recording of it comes with the program:"),
    `      portcullis replay ${capture} --policy captures/portcullis.yaml`,
  ];
}

function titled(title: string, lines: readonly string[]): string[] {
  return ["", title, ...lines];
}

function paragraph(text: string): string[] {
  return wrap(text, COLUMNS - 2).map((line) => `  ${line}`);
}

const COLUMNS = 90;
/** `critical`. */
const SEVERITY_COLUMNS = 8;
