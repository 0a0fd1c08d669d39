/** `portcullis policy`: what can be done with a policy file besides judging by it. */
import type { Group } from "./command.ts";

export const policyCommands: Group = {
  usage: "policy <command>",
  says: "Validates a policy, tells which of its lines decides, and publishes its schema.",
  commands: [
    {
      name: "check",
      usage: "policy check <file>",
      says: "all that is wrong with it, or may not be meant",
      load: async () => (await import("./policy-check.ts")).policyCheckCommand,
    },
    {
      name: "explain",
      usage: "policy explain",
      says: "which line decides one connection, and why",
      load: async () => (await import("./policy-explain.ts")).policyExplainCommand,
    },
    {
      name: "schema",
      usage: "policy schema",
      says: "its JSON Schema, for editors and validators",
      load: async () => (await import("./policy-schema.ts")).policySchemaCommand,
    },
  ],
  examples: [
    ["portcullis policy check portcullis.yaml", "before it is used"],
    ["portcullis policy explain --name example.com", "by the default policy"],
  ],
};
