/**
 * Records the captures of this folder from real peers: `node captures/record.ts [NAME...]`, as root.
 *
 * Without names, all of them. Each recording gets network namespaces of its own, which are removed
 * also after a failure or an interrupt; the certificates' keys live in a temporary folder and end
 * with the run. What is written: `NAME.pcap`, `NAME.md`, an entry in `truth.json`, `corp-root.pem`.
 *
 * Exit code: 0 all were recorded, 1 some were not (and which, and why), 2 the call cannot work, 130
 * interrupted.
 */
import { rmSync } from "node:fs";
import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeAuthorities } from "./record/authorities.ts";
import { captureWhile } from "./record/capture.ts";
import { type Case, TOOLS, type Tool } from "./record/case.ts";
import { CASES } from "./record/cases.ts";
import { keep } from "./record/facts.ts";
import { Lab, removeNow } from "./record/lab.ts";
import { Pki } from "./record/pki.ts";
import { runNow } from "./record/process.ts";

async function main(names: readonly string[]): Promise<number> {
  const chosen = names.length ? CASES.filter(({ name }) => names.includes(name)) : CASES;
  const unknown = names.filter((name) => !CASES.some((known) => known.name === name));
  const refusal = whyNot(unknown);
  if (refusal) {
    console.error(refusal);
    return 2;
  }
  const folder = await mkdtemp(join(tmpdir(), "portcullis-record-"));
  const interrupted = (): void => {
    removeNow();
    rmSync(folder, { recursive: true, force: true });
    process.exit(INTERRUPTED);
  };
  process.on("SIGINT", interrupted);
  process.on("SIGTERM", interrupted);
  try {
    return await recordAll(chosen, folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function recordAll(chosen: readonly Case[], folder: string): Promise<number> {
  const pki = new Pki(folder);
  const authorities = await makeAuthorities(pki);
  const failures: string[] = [];
  for (const one of chosen) {
    const missing = absent([...one.client, ...one.server, ...(one.needs ?? [])]);
    try {
      if (missing.length) throw new Error(`needs ${missing.join(", ")}, not installed here`);
      console.log(
        `${one.name.padEnd(NAME_COLUMNS)} ${await record(one, folder, pki, authorities)}`,
      );
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      failures.push(`NOT RECORDED ${one.name}: ${why}`);
      console.error(failures.at(-1));
    }
  }
  if (failures.length) console.error(`\n${failures.length} of ${chosen.length} not recorded`);
  return failures.length ? 1 : 0;
}

async function record(
  one: Case,
  folder: string,
  pki: Pki,
  authorities: Awaited<ReturnType<typeof makeAuthorities>>,
): Promise<string> {
  const lab = new Lab(await mkdtemp(join(folder, `${one.name}-`)));
  const scene = { lab, pki, authorities };
  const file = `${one.name}.${one.capture?.ending ?? "pcap"}`;
  const captured = join(lab.folder, `captured-${file}`);
  const kept = join(lab.folder, file);
  try {
    await lab.build(one.lab ?? {});
    await one.prepare?.(scene);
    const work = (): ReturnType<Case["record"]> => one.record(scene);
    const connections = await captureWhile(lab, captured, one.capture ?? {}, work);
    await (one.finish ? one.finish(captured, kept, scene) : cp(captured, kept));
    return `${await keep(HERE, { path: kept, from: one, scene, connections })} packets`;
  } finally {
    await lab.remove();
  }
}

function whyNot(unknown: readonly string[]): string | undefined {
  if (unknown.length) {
    return `no such capture: ${unknown.join(", ")}\nthere are: ${CASES.map((c) => c.name).join(" ")}`;
  }
  if (process.getuid?.() !== 0) return "network namespaces need root: run this as root";
  const missing = ["ip", "ss", "tcpdump", "tshark", "capinfos", "openssl"].filter(
    (program) => runNow(["which", program]).code !== 0,
  );
  return missing.length ? `not installed: ${missing.join(", ")}` : undefined;
}

function absent(tools: readonly Tool[]): Tool[] {
  return tools.filter((tool) => runNow(TOOLS[tool].ask).code !== 0);
}

const NAME_COLUMNS = 26;
/** 128 and the number of SIGINT, as shells report it. */
const INTERRUPTED = 130;
const HERE = import.meta.dirname;

process.exitCode = await main(process.argv.slice(2));
