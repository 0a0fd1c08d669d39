/** All output formats, in the order in which `--help` lists them. To add one: a file here, an entry below. */
import type { Format } from "./sink.ts";

export const FORMATS: readonly Format[] = [
  {
    name: "text",
    says: "a table for people, the worst first",
    forPeople: true,
    wantsObservations: true,
    load: async () => (await import("./text.ts")).openText,
  },
  {
    name: "jsonl",
    says: "one JSON object a line, for programs (`portcullis schema` describes them)",
    forPeople: false,
    wantsObservations: false,
    load: async () => (await import("./jsonl.ts")).openJsonl,
  },
];

/** Named in INTERFACE, and not here yet. */
export const FORMATS_TO_COME: readonly string[] = ["ecs", "ocsf", "eve", "sarif"];
