/** What this run of the gate is called in rules and records: the container's name, and a number of its own. */
import { randomBytes } from "node:crypto";
import { hostname } from "node:os";

/** At most 64 letters, digits, dots and dashes, as the fence's mark takes them. */
export function instanceName(name = hostname()): string {
  const plain = name.replace(/[^A-Za-z0-9.-]/g, "").slice(0, NAME_CHARACTERS_MAX) || "gate";
  return `${plain}-${randomBytes(4).toString("hex")}`;
}

const NAME_CHARACTERS_MAX = 48;
