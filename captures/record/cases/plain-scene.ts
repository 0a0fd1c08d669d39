/**
 * What every recording of a protocol in clear shares: who logs in, a case without TLS, and servers and
 * clients that are given a file, a folder or something to type.
 */
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Case, Connection, Scene, Tool } from "../case.ts";
import { within } from "../lab.ts";
import { pause, type RunOptions, run } from "../process.ts";
import { SERVER } from "../servers.ts";

/** Of every login. A test looks for them, and for their base64, in all that the program prints. */
export const USER = "margaret";
export const PASSWORD = "corr3ct-h0rse-battery";

export interface Plain {
  readonly name: string;
  readonly shows: string;
  readonly client: Tool;
  readonly server: Tool;
  readonly seen: Case["seen"];
  speak(scene: Scene): Promise<void>;
}

/** A case without TLS: there is nothing that the truth's connections could say. */
export function plain({ name, shows, client, server, seen, speak }: Plain): Case {
  const record = async (scene: Scene): Promise<Connection[]> => {
    await speak(scene);
    return [];
  };
  return { name, shows, client: [client], server: [server], seen, record };
}

/** Lets servers that give up root reach what lies in the case's folder. */
export async function openPath({ lab }: Scene): Promise<void> {
  for (const folder of [lab.folder, dirname(lab.folder)]) await chmod(folder, 0o711);
}

/** A folder inside the case's own that belongs to a server's user, who can reach it. */
export async function folderOf({ lab }: Scene, name: string, user: string): Promise<string> {
  const folder = join(lab.folder, name);
  await mkdir(folder);
  await chmod(lab.folder, 0o755);
  await chmod(join(lab.folder, ".."), 0o755);
  await run(["chown", user, folder]);
  return folder;
}

export async function configuration(
  { lab }: Scene,
  name: string,
  lines: readonly string[],
): Promise<string> {
  const file = join(lab.folder, name);
  await writeFile(file, `${lines.join("\n")}\n`);
  return file;
}

interface Saying extends RunOptions {
  before?(): Promise<void>;
  /** How many connections it opens at a time. Default: one. */
  readonly connections?: number;
}

/** One client program, to its end. */
export async function say(
  { lab }: Scene,
  argv: readonly string[],
  { before, connections = 1, ...options }: Saying = {},
): Promise<void> {
  await before?.();
  await lab.nextPort(connections);
  await run(within("client", argv), { input: "", ...options });
}

/** Commands one after the other, each after an answer to the one before; all answers must fit. */
export async function type(
  scene: Scene,
  port: number,
  commands: readonly string[],
  answers: RegExp,
): Promise<void> {
  const client = ["socat", "-t", "1", "-", `TCP:${SERVER}:${port}`];
  const lines = commands.map((command) => `${command}\r\n`);
  await converse(scene, client, { lines, answers });
}

interface Conversation {
  readonly lines: readonly string[];
  /** What has been answered at the end. */
  readonly answers: RegExp;
  /** With what every answer ends, where the first bytes of one do not tell that it is time. */
  readonly prompts?: RegExp;
}

/** The same with any client that reads what it says from its standard input. */
export async function converse(
  { lab }: Scene,
  client: readonly string[],
  { lines, answers, prompts }: Conversation,
): Promise<void> {
  await lab.nextPort();
  const program = lab.start("client", client);
  let said = 0;
  for (const line of lines) {
    const before = program.output.length;
    if (prompts) await program.until(() => prompts.test(program.output.slice(said)));
    said = program.output.length;
    // Some servers speak first, some only when they are asked, and some not to every line.
    for (let waits = 0; !prompts && waits < WAITS_MAX && program.output.length <= before; waits++) {
      await pause(WAIT_MS);
    }
    program.write(line);
  }
  await program.until(() => answers.test(program.output));
  await program.stop("SIGTERM");
}

const WAIT_MS = 20;
const WAITS_MAX = 20;
