/**
 * Reads a command line by a table of options.
 *
 * Own and small: `parseArgs` of node:util neither suggests the nearest name nor tells an option of a
 * later version from a wrong one, and help text would be a second table.
 */
import { suggestion } from "./nearest.ts";

export interface Option {
  /** Without the dashes. */
  readonly name: string;
  /** What stands for the value in the help, as `F`; absent for a switch. */
  readonly value?: string;
  /** May be given more than once. */
  readonly many?: boolean;
  /** The whole of the legal values. */
  readonly oneOf?: readonly string[];
  /** For the help; of an option to come, what it will do. */
  readonly says: string;
  /** For few: not in the help, which fits a screen. */
  readonly rare?: boolean;
  /** Not in this version: giving it is an error that says so. */
  readonly toCome?: boolean;
}

export interface Call {
  /** Given values by option name; a switch has one empty string. */
  readonly values: ReadonlyMap<string, readonly string[]>;
  readonly operands: readonly string[];
}

/** The call is wrong: nothing was done, exit code 2. The message is for the user. */
export class Misuse extends Error {
  override readonly name = "Misuse";
}

/** Throws `Misuse`. `--name value` and `--name=value`; `--` ends the options; `-` is an operand. */
export function parseCall(args: readonly string[], options: readonly Option[]): Call {
  const values = new Map<string, string[]>();
  const operands: string[] = [];
  for (let at = 0; at < args.length; at++) {
    const arg = args[at]!;
    if (arg === "--") {
      operands.push(...args.slice(at + 1));
      break;
    }
    if (!arg.startsWith("-") || arg === "-") {
      operands.push(arg);
      continue;
    }
    const equals = arg.indexOf("=");
    const name = equals < 0 ? arg : arg.slice(0, equals);
    const option = optionNamed(name, options);
    let value = equals < 0 ? undefined : arg.slice(equals + 1);
    if (option.value === undefined) {
      if (value !== undefined) throw new Misuse(`${name} takes no value, found "${value}"`);
      value = "";
    } else {
      value ??= args[++at];
    }
    if (value === undefined) throw new Misuse(`${name} expects a value: ${name} ${option.value}`);
    take(option, value, values);
  }
  return { values, operands };
}

/** The value of an option that may be given once. */
export function given(call: Call, name: string): string | undefined {
  return call.values.get(name)?.[0];
}

/** Throws `Misuse`. A whole number from `least` on; `k`, `M`, `G` and `T` count in thousands. */
export function countOf(call: Call, name: string, least: number): number | undefined {
  const text = given(call, name);
  if (text === undefined) return undefined;
  const match = /^(?<digits>\d{1,15})(?<unit>[kMGT]?)$/.exec(text);
  const power = ["", "k", "M", "G", "T"].indexOf(match?.groups?.unit ?? "");
  const count = Number(match?.groups?.digits ?? Number.NaN) * 1000 ** power;
  if (!(count >= least && count <= Number.MAX_SAFE_INTEGER)) {
    throw new Misuse(
      `--${name} ${text}: expected a whole number, at least ${least} (2000, 500M, 2G)`,
    );
  }
  return count;
}

function optionNamed(name: string, options: readonly Option[]): Option {
  const option = options.find((known) => `--${known.name}` === name);
  if (option === undefined) {
    const names = options.map((known) => `--${known.name}`);
    throw new Misuse(`unknown option ${name}${suggestion(name, names)}`);
  }
  if (option.toCome === true) {
    throw new Misuse(`${name} is not in this version yet: it will ${option.says}`);
  }
  return option;
}

function take(option: Option, value: string, values: Map<string, string[]>): void {
  const name = `--${option.name}`;
  if (option.oneOf !== undefined && !option.oneOf.includes(value)) {
    const near = suggestion(value, option.oneOf);
    throw new Misuse(`${name} ${value}: expected ${option.oneOf.join(", ")}${near}`);
  }
  const known = values.get(option.name);
  if (known === undefined) values.set(option.name, [value]);
  else if (option.many === true) known.push(value);
  else if (option.value !== undefined) throw new Misuse(`${name} is given twice, expected once`);
}
