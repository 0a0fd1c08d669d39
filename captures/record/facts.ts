/**
 * What is written beside a capture: its entry in `truth.json`, its note, and the corp root.
 *
 * The truth holds what we set up, never what a program read out of the capture; the note says in
 * which frames tshark sees it.
 */
import { X509Certificate } from "node:crypto";
import { existsSync } from "node:fs";
import { cp, readFile, stat, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { countPackets, frames } from "./capture.ts";
import { type Case, type Connection, type Scene, TOOLS, type Tool } from "./case.ts";
import { run } from "./process.ts";

interface Truth {
  readonly file: string;
  readonly recordedAt: string;
  readonly packets: number;
  /** SHA-256 of the corp root of this recording; `corp-root.pem` holds it. Absent: nobody sent a chain. */
  readonly corpRoot?: string;
  readonly connections: readonly Connection[];
}

/** A recording that is done: the file is still where the case left it. */
export interface Recorded {
  readonly path: string;
  readonly from: Case;
  readonly scene: Scene;
  readonly connections: readonly Connection[];
}

/**
 * Puts a recording into `folder`, with its note, truth and root. Throws, and writes nothing, if
 * tshark does not see what it must. Returns how many packets it has.
 */
export async function keep(folder: string, recorded: Recorded): Promise<number> {
  const { path, from, scene, connections } = recorded;
  const file = basename(path);
  const seen: string[] = [];
  for (const [says, filter] of from.seen) {
    const found = await frames(path, filter);
    if (found.length === 0) throw new Error(`${file}: tshark sees no ${says} (${filter})`);
    seen.push(`${says} in ${listed(found)}`);
  }
  const truth: Truth = {
    file,
    recordedAt: `${new Date().toISOString().slice(0, 19)}Z`,
    packets: await countPackets(path),
    ...(connections.length > 0 && { corpRoot: scene.authorities.corpRoot.facts.sha256 }),
    connections,
  };
  await cp(path, join(folder, file));
  if (from.beside) await writeFile(join(folder, from.beside.file), from.beside.text(scene));
  await writeFile(join(folder, `${from.name}.md`), await note(recorded, truth, seen));
  await mergeTruth(folder, from.name, truth, scene);
  return truth.packets;
}

async function note({ from, path }: Recorded, truth: Truth, seen: string[]): Promise<string> {
  const peers = async (tools: readonly Tool[]): Promise<string> =>
    [...new Set(await Promise.all(tools.map(version)))].join(", ");
  const { size } = await stat(path);
  const others = from.needs ? `- **Also used**: ${await peers(from.needs)}\n` : "";
  return `# ${from.name}

${from.shows.trim()}

- **Client**: ${await peers(from.client)}
- **Server**: ${await peers(from.server)}
${others}- **File**: \`${truth.file}\`, ${truth.packets} packets, ${size} bytes, recorded ${truth.recordedAt}
- **Seen with ${await version("tshark")}**: ${seen.join("; ")}
- **Remake**: \`node captures/record.ts ${from.name}\` as root, in network namespaces of its own
- **Licence**: ours, Apache-2.0
`;
}

/** A program's name and version. */
async function version(tool: Tool): Promise<string> {
  const { name, ask } = TOOLS[tool];
  const { output } = await run(ask, { allow: "any" });
  return `${name} ${/\d+\.\d+[\w.]*/.exec(output)?.[0] ?? "(unknown version)"}`;
}

async function mergeTruth(folder: string, name: string, truth: Truth, scene: Scene): Promise<void> {
  const path = join(folder, "truth.json");
  const old = existsSync(path) ? JSON.parse(await readFile(path, "utf8")) : {};
  const all: Record<string, Truth> = { ...old, [name]: truth };
  const sorted = Object.entries(all).sort(([a], [b]) => (a < b ? -1 : 1));
  await writeFile(path, `${JSON.stringify(Object.fromEntries(sorted), null, 2)}\n`);
  await mergeRoots(join(folder, "corp-root.pem"), Object.values(all), scene);
}

/**
 * Each run of the recorder has a corp root of its own, since keys are never kept. The file holds the
 * root of every capture that is there: one after a whole run, more after some were remade.
 */
async function mergeRoots(path: string, all: readonly Truth[], scene: Scene): Promise<void> {
  const ours = await readFile(scene.authorities.corpRoot.pem, "utf8");
  const old = existsSync(path) ? await readFile(path, "utf8") : "";
  const pems = `${old}\n${ours}`.match(/-----BEGIN[\s\S]*?-----END CERTIFICATE-----/g) ?? [];
  const wanted = new Set(all.map(({ corpRoot }) => corpRoot));
  const kept = [...new Set(pems)].filter((pem) => {
    const hash = new X509Certificate(pem).fingerprint256.replaceAll(":", "").toLowerCase();
    return wanted.has(hash);
  });
  await writeFile(path, `${kept.join("\n")}\n`);
}

function listed(found: readonly number[]): string {
  const shown = found.slice(0, FRAMES_LISTED).join(", ");
  const more = found.length - FRAMES_LISTED;
  return `frame${found.length > 1 ? "s" : ""} ${shown}${more > 0 ? ` and ${more} more` : ""}`;
}

const FRAMES_LISTED = 6;
