/**
 * The programs that the bench compares with, and those it records with, from Debian. A missing one
 * is an error. Suricata is the exception: Debian 12 has it in the backports suite only, which is
 * looked into by a configuration of apt that is made for it and thrown away.
 */
import { execFileSync, spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { say } from "./say.ts";

/** Installs what is missing. Throws, naming the packages, when that did not help. */
export function installPeers(): void {
  const missing = () => PROGRAMS.filter(([program]) => !has(program)).map(([, name]) => name);
  if (missing().length === 0) return;
  say(`installing ${missing().join(", ")}`);
  apt([], "update");
  apt([], "install", "--yes", "--no-install-recommends", ...missing());
  if (missing().length > 0) throw new Error(`still missing: ${missing().join(", ")}`);
}

/** Whether Suricata is there, after having tried. Without it the bench goes on, and says so. */
export function installSuricata(): boolean {
  if (has("suricata")) return true;
  const folder = mkdtempSync(join(tmpdir(), "bench-apt-"));
  try {
    const options = backports(folder);
    if (options === undefined) return false;
    say("installing suricata from the backports suite");
    apt(options, "update");
    apt(options, "install", "--yes", "--no-install-recommends", "suricata");
  } catch {
    say("apt refused");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return has("suricata");
}

/**
 * Options that make apt see, besides the release's own suites, its backports, at whatever mirror the
 * machine already uses; `undefined` when its sources are not in the form that Debian 12 writes.
 */
function backports(folder: string): string[] | undefined {
  const suite = /VERSION_CODENAME=(\w+)/.exec(readFileSync("/etc/os-release", "utf8"))?.[1];
  const files = existsSync(SOURCES) ? readdirSync(SOURCES).map((file) => join(SOURCES, file)) : [];
  const stanzas = files
    .filter((file) => file.endsWith(".sources"))
    .flatMap((file) => readFileSync(file, "utf8").split(/\n\s*\n/));
  const own = stanzas.find((text) => new RegExp(`^Suites:.*\\b${suite}(\\s|$)`, "m").test(text));
  if (suite === undefined || own === undefined) return undefined;

  mkdirSync(join(folder, "lists", "partial"), { recursive: true });
  mkdirSync(join(folder, "sources"));
  const wider = own.replace(/^Suites:(.*)$/m, `Suites:$1 ${suite}-backports`);
  writeFileSync(join(folder, "sources", "bench.sources"), `${wider.trim()}\n`);
  const settings = [
    "Dir::Etc::SourceList=/dev/null",
    `Dir::Etc::SourceParts=${folder}/sources`,
    `Dir::State::Lists=${folder}/lists`,
    `APT::Default-Release=${suite}-backports`,
  ];
  return settings.flatMap((setting) => ["-o", setting]);
}

function apt(options: readonly string[], ...command: string[]): void {
  execFileSync("apt-get", ["-qq", ...options, ...command], {
    env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
    stdio: ["ignore", "ignore", "inherit"],
    timeout: APT_MS_MAX,
  });
}

function has(program: string): boolean {
  return spawnSync("which", [program], { stdio: "ignore" }).status === 0;
}

const SOURCES = "/etc/apt/sources.list.d";
const APT_MS_MAX = 600_000;
/** Each program with its Debian package. */
const PROGRAMS = [
  ["tcpdump", "tcpdump"],
  ["ndpiReader", "libndpi-bin"],
  ["ssldump", "ssldump"],
  ["tshark", "tshark"],
  ["editcap", "wireshark-common"],
  ["time", "time"],
  ["nginx", "nginx"],
  ["openssl", "openssl"],
  ["ip", "iproute2"],
  ["ethtool", "ethtool"],
  ["sysctl", "procps"],
] as const;
