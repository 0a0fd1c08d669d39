/** `portcullis policy schema`: what a policy file may say. */
import { type Command, EXIT } from "./command.ts";
import { Misuse, parseCall } from "./options.ts";
import { Output } from "./output.ts";

export const policySchemaCommand: Command = {
  usage: "policy schema",
  says:
    "Prints the JSON Schema (2020-12) of policy files. An editor completes and explains keys by it; " +
    "write `# yaml-language-server: $schema=portcullis.schema.json` on the first line of the policy.",
  options: [],
  examples: [
    ["portcullis policy schema > portcullis.schema.json", "for an editor"],
    ["portcullis policy schema | jq '.properties | keys'", "the keys there are"],
  ],
  run: async (args) => {
    const { operands } = parseCall(args, []);
    if (operands.length > 0) {
      throw new Misuse(`policy schema takes no operand, found ${operands[0]}`);
    }
    // Loads the validator.
    const { policyJsonSchema } = await import("../judge/policy/policy-json-schema.ts");
    new Output(1).print(`${JSON.stringify(policyJsonSchema(), undefined, 2)}\n`);
    return EXIT.FINE;
  },
};
