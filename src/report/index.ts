/** All output formats, in the order in which `--help` lists them. To add one: a file here, a line below. */
import { jsonl } from "./jsonl.ts";
import type { Format } from "./sink.ts";
import { text } from "./text.ts";

export const FORMATS: readonly Format[] = [text, jsonl];

/** Named in INTERFACE, and not here yet. */
export const FORMATS_TO_COME: readonly string[] = ["ecs", "ocsf", "eve", "sarif"];
