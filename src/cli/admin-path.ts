/** The admin socket that a command speaks to: `--admin unix:PATH`. */
import { type Call, given, Misuse, type Option } from "./options.ts";

export const ADMIN_OPTION: Option = {
  name: "admin",
  value: "unix:PATH",
  says: "the gate's admin socket (default: unix:/run/portcullis/admin.sock)",
};

/** Throws `Misuse`. */
export function adminPath(call: Call): string {
  const text = given(call, "admin") ?? `unix:${ADMIN_PATH}`;
  const path = text.startsWith("unix:") ? text.slice("unix:".length) : "";
  if (!path.startsWith("/") || path.length > PATH_BYTES_MAX || path.includes("\0")) {
    throw new Misuse(
      `--admin ${text}: expected unix: and an absolute path of at most ${PATH_BYTES_MAX} bytes`,
    );
  }
  return path;
}

const ADMIN_PATH = "/run/portcullis/admin.sock";
/** What `sun_path` holds, with its zero byte (unix(7)). */
const PATH_BYTES_MAX = 107;
