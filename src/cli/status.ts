/** `portcullis status`: what a gate does, and by exec whether it is ready and healthy. */
import { escapeJson, escapeText } from "../report/escape.ts";
import { ADMIN_OPTION, adminPath } from "./admin-path.ts";
import { type Command, EXIT } from "./command.ts";
import { given, Misuse, type Option, parseCall } from "./options.ts";
import { complain, Output } from "./output.ts";

const OPTIONS: readonly Option[] = [
  { name: "ready", says: "only whether it stands guard: exit 0, else 1 and why" },
  { name: "healthy", says: "only whether it works: exit 0, else 1 and why" },
  { name: "metrics", says: "its metrics, as Prometheus reads them" },
  ADMIN_OPTION,
  { name: "format", value: "F", oneOf: ["text", "json"], says: "text (default) or json" },
];

export const statusCommand: Command = {
  usage: "status",
  says:
    "Tells what the gate of this machine or container does: cut or open and why, policy, capture, losses, " +
    "and what around it could defeat it. Exits 4 when no gate answers.",
  options: OPTIONS,
  examples: [
    ["portcullis status", "in words"],
    ["portcullis status --ready", "as an exec probe"],
  ],
  run,
};

async function run(args: readonly string[]): Promise<number> {
  const call = parseCall(args, OPTIONS);
  const [more] = call.operands;
  if (more !== undefined) throw new Misuse(`status takes options only, found ${more}`);
  const asked = ["ready", "healthy", "metrics"].filter((name) => call.values.has(name));
  if (asked.length > 1) throw new Misuse(`--${asked[0]} and --${asked[1]}: expected one of them`);
  const path = adminPath(call);
  const { ask, NoAnswer } = await import("../watch/admin/ask.ts");
  let answer: Record<string, unknown>;
  try {
    answer = await ask(path, { verb: asked[0] ?? "status" });
  } catch (error) {
    if (!(error instanceof NoAnswer)) throw error;
    complain(escapeText(error.message));
    return EXIT.REFUSED;
  }
  if (answer.ok !== true) {
    complain(escapeText(String(answer.why)));
    return EXIT.REFUSED;
  }
  const out = new Output(1);
  if (asked[0] === "metrics") {
    out.print(String(answer.text));
    return EXIT.FINE;
  }
  const isJson = given(call, "format") === "json";
  if (asked[0] !== undefined) {
    const because = answer.because as readonly string[];
    const text = answer.good === true ? asked[0] : because.map(escapeText).join("\n");
    out.print(`${isJson ? escapeJson(answer) : text}\n`);
    return answer.good === true ? EXIT.FINE : EXIT.FINDINGS;
  }
  const status = answer.status as Record<string, unknown>;
  out.print(`${isJson ? escapeJson(status) : inWords(status).join("\n")}\n`);
  return EXIT.FINE;
}

/** `key: value` lines; what is inside another stands below it. */
function inWords(value: Record<string, unknown>, indent = ""): string[] {
  return Object.entries(value).flatMap(([key, inner]) => {
    if (inner === undefined || inner === null) return [];
    if (Array.isArray(inner)) {
      return inner.length === 0
        ? [`${indent}${key}: none`]
        : [`${indent}${key}:`, ...inner.map((one) => `${indent}  ${escapeText(String(one))}`)];
    }
    if (typeof inner === "object") {
      return [`${indent}${key}:`, ...inWords(inner as Record<string, unknown>, `${indent}  `)];
    }
    return [`${indent}${key}: ${escapeText(String(inner))}`];
  });
}
