/**
 * Reads a policy in a child process that ends: the watcher itself loads neither YAML nor a validator.
 *
 * The child is our own program on the same files, so its answer is trusted as a module's would be; but it
 * reads what people wrote, so its time, its output and its messages are bounded.
 */
import { spawn } from "node:child_process";
import { getCompileCacheDir } from "node:module";
import { fileURLToPath } from "node:url";
import { deserialize } from "node:v8";
import type { Watched } from "../judge/policy/files-changed.ts";
import type { Policy } from "../judge/policy/policy.ts";

/** Where a policy comes from; no file means the defaults. */
export interface PolicySource {
  readonly file?: string | undefined;
  /** As `--roots` and `--crl` give them. */
  readonly roots: readonly string[];
  readonly crls: readonly string[];
}

export type PolicyRead =
  | {
      readonly policy: Policy;
      /** What it was made of, and how that looked when it was read (files-changed.ts). */
      readonly watched: readonly Watched[];
      readonly mark: string;
    }
  | {
      /** What is wrong, with place and line, a problem a line. */
      readonly problem: string;
    };

/** Never rejects: a child that dies or takes too long is a problem like any other. */
export function readPolicyInChild(source: PolicySource): Promise<PolicyRead> {
  return new Promise((resolve) => {
    const cache = getCompileCacheDir();
    const child = spawn(process.execPath, [PROGRAM, JSON.stringify(source)], {
      stdio: ["ignore", "pipe", "pipe"],
      env: cache === undefined ? {} : { NODE_COMPILE_CACHE: cache },
    });
    const failed = (why: string) => {
      child.kill("SIGKILL");
      resolve({ problem: `${source.file ?? "the policy"}: its reader ${why}` });
    };
    const timer = setTimeout(() => failed(`took more than ${TIME_MAX_MS} ms`), TIME_MAX_MS);
    const out: Buffer[] = [];
    let bytes = 0;
    let said = "";
    child.stdout.on("data", (piece: Buffer) => {
      bytes += piece.length;
      if (bytes > ANSWER_BYTES_MAX) failed(`said more than ${ANSWER_BYTES_MAX} bytes`);
      else out.push(piece);
    });
    child.stderr.on("data", (piece: Buffer) => {
      if (said.length < SAID_MAX) said += piece.toString("latin1");
    });
    child.on("error", (error) => failed(`cannot be started: ${error.message}`));
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      if (code !== 0) failed(`ended with ${signal ?? code}: ${said.slice(0, SAID_MAX).trim()}`);
      else resolve(answerIn(Buffer.concat(out)) ?? { problem: "the policy's reader said nothing" });
    });
  });
}

function answerIn(bytes: Buffer): PolicyRead | undefined {
  return bytes.length === 0 ? undefined : (deserialize(bytes) as PolicyRead);
}

/** Beside this file, in the sources and once compiled. */
const PROGRAM = fileURLToPath(
  new URL(`./policy-reading.${import.meta.url.endsWith(".js") ? "js" : "ts"}`, import.meta.url),
);
const TIME_MAX_MS = 20_000;
/** Revocation lists are the bulk of it (crls.ts). */
const ANSWER_BYTES_MAX = 256 * 2 ** 20;
/** Of a fault of our own: its first lines. */
const SAID_MAX = 2000;
