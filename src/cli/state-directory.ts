/** Where a gate keeps what must outlive it: `--state DIR`. */
import { type Call, given, Misuse, type Option } from "./options.ts";

export const STATE_OPTION: Option = {
  name: "state",
  value: "DIR",
  says: "journal and evidence (default: /var/lib/portcullis)",
};

/** Throws `Misuse`. */
export function stateDirectory(call: Call): string {
  const text = given(call, "state") ?? STATE_DIRECTORY;
  if (!text.startsWith("/") || text.includes("\0")) {
    throw new Misuse(`--state ${text}: expected an absolute path`);
  }
  return text;
}

const STATE_DIRECTORY = "/var/lib/portcullis";
