/** `portcullis schema`: what the lines of `--format jsonl` look like. */
import { LINES_SCHEMA } from "../report/schema.ts";
import { type Command, EXIT } from "./command.ts";
import { Misuse, parseCall } from "./options.ts";
import { Output } from "./output.ts";

export const schemaCommand: Command = {
  usage: "schema",
  says: "Prints the JSON Schema (2020-12) of the lines that --format jsonl prints.",
  options: [],
  examples: [
    ["portcullis schema > lines.schema.json", "keep it for a validator"],
    ["portcullis schema | jq '.$defs | keys'", "the kinds of lines"],
  ],
  run: async (args) => {
    const { operands } = parseCall(args, []);
    if (operands.length > 0) throw new Misuse(`schema takes no operand, found ${operands[0]}`);
    new Output(1).print(`${JSON.stringify(LINES_SCHEMA, undefined, 2)}\n`);
    return EXIT.FINE;
  },
};
