/**
 * The same cut by other means: libnftables inside this process, and nft(8) as a process of its own. Both
 * are given the very rules that src/respond/fence/ruleset.ts adds, as text.
 */
import { spawnSync } from "node:child_process";
import koffi from "koffi";

export const CUT_TEXT = [
  'insert rule netdev portcullis egress goto cut-out comment "cut"',
  'insert rule netdev portcullis ingress goto cut-in comment "cut"',
  'insert rule inet portcullis output goto cut-out comment "cut"',
  'insert rule inet portcullis forward goto cut-through comment "cut"',
  'insert rule inet portcullis input goto cut-in comment "cut"',
].join("\n");

/** A context of libnftables in this thread's namespace: runs a text, and throws when that fails. */
export function openLibnftables(): (text: string) => void {
  const library = koffi.load("libnftables.so.1");
  const context = library.func("void *nft_ctx_new(uint32_t flags)")(0);
  const run = library.func("int nft_run_cmd_from_buffer(void *context, const char *text)");
  return (text) => {
    if (run(context, text) !== 0) throw new Error("libnftables refused the rules");
  };
}

/** nft(8) as a process; the same as `nft -f -`. */
export function runNft(text: string): void {
  const { status, stderr } = spawnSync("nft", ["-f", "-"], { input: text, encoding: "utf8" });
  if (status !== 0) throw new Error(`nft: ${stderr}`);
}
