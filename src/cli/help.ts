/** Help texts, made from the tables that the program runs by. They fit a screen of 80 x 24. */
import { wrap } from "../report/layout.ts";
import type { Command, Group } from "./command.ts";

/** `portcullis <command> --help`. */
export function commandHelp(command: Command): string {
  const options = command.options.filter((option) => !option.toCome && !option.rare);
  const names = options.map(({ name, value }) => `--${name}${value ? ` ${value}` : ""}`);
  const width = Math.max(0, ...names.map((name) => name.length));
  const lines = [
    `portcullis ${command.usage}`,
    ...wrap(command.says, COLUMNS),
    "",
    ...options.flatMap(({ says }, index) =>
      wrap(says, COLUMNS - width - 4).map(
        (line, at) => `  ${(at === 0 ? names[index]! : "").padEnd(width)}  ${line}`,
      ),
    ),
    ...(options.length > 0 ? [""] : []),
    ...exampleLines(command.examples),
  ];
  return `${lines.join("\n")}\n`;
}

/** `portcullis --help`. `commands` as they are typed, with what they do. */
export function programHelp(
  commands: readonly (readonly [name: string, does: string])[],
  examples: Command["examples"],
): string {
  const width = Math.max(...commands.map(([name]) => name.length));
  const lines = [
    "portcullis <command> [options]",
    "Reads TLS handshakes and names the certificate issuers that nobody approved.",
    "",
    ...commands.map(([name, does]) => `  ${name.padEnd(width)}  ${does}`),
    "",
    "  portcullis <command> --help   the options of one command",
    "  portcullis --version          the version",
    "",
    ...exampleLines(examples),
  ];
  return `${lines.join("\n")}\n`;
}

/** `portcullis policy --help`. */
export function groupHelp(name: string, { usage, says, commands, examples }: Group): string {
  const width = Math.max(...commands.map((command) => command.usage.length));
  const lines = [
    `portcullis ${usage}`,
    ...wrap(says, COLUMNS),
    "",
    ...commands.map((command) => `  ${command.usage.padEnd(width)}  ${command.says}`),
    "",
    `  portcullis ${name} <command> --help   the options of one command`,
    "",
    ...exampleLines(examples),
  ];
  return `${lines.join("\n")}\n`;
}

function exampleLines(examples: Command["examples"]): string[] {
  const width = Math.max(...examples.map(([line]) => line.length));
  return examples.map(([line, does]) => `  ${line.padEnd(width)}  # ${does}`);
}

const COLUMNS = 80;
