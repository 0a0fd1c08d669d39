/**
 * The stage of `demo --live`: two network namespaces and a cable of their own, certificates that openssl makes
 * in a folder that goes away, and the processes that play. Nothing else of the machine is touched.
 *
 *     workload 198.18.0.1  eth0 <== veth ==> eth0  198.18.0.2 peer
 *
 * Everything that was made is unmade by `clear`, also when the play is interrupted: so that is synchronous,
 * may be called at any moment and any number of times.
 */
import { type ChildProcess, execFileSync, type SpawnOptions, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export type End = "workload" | "peer";

/** The machine lacks something. The message says what, and how to get it. */
export class StageRefused extends Error {
  override readonly name = "StageRefused";
}

export class Stage {
  /** For certificates, policy, journal and evidence. */
  readonly folder = mkdtempSync(join(tmpdir(), "portcullis-demo-"));
  readonly #names: Record<End, string> = {
    workload: `portcullis-demo-w${process.pid}`,
    peer: `portcullis-demo-p${process.pid}`,
  };
  readonly #children: ChildProcess[] = [];
  #hasNamespaces = false;

  /** Throws `StageRefused`. */
  build(): void {
    for (const [program, what] of PROGRAMS) {
      if (!isThere(program))
        throw new StageRefused(`${program} is not here: apt-get install ${what}`);
    }
    const { workload, peer } = this.#names;
    this.#hasNamespaces = true;
    for (const name of [workload, peer]) ip("netns", "add", name);
    const other = ["peer", "name", "eth0", "netns", peer];
    ip("-n", workload, "link", "add", "eth0", "type", "veth", ...other);
    ip("-n", workload, "address", "add", `${WORKLOAD}/30`, "dev", "eth0");
    ip("-n", peer, "address", "add", `${PEER}/30`, "dev", "eth0");
    for (const name of [workload, peer]) {
      for (const link of ["lo", "eth0"]) ip("-n", name, "link", "set", link, "up");
    }
  }

  write(name: string, text: string): string {
    const path = join(this.folder, name);
    writeFileSync(path, text);
    return path;
  }

  /** A certificate for `name` and its key: signed by `by`, or by itself. */
  certificate(name: string, by?: Certificate): Certificate {
    const path = (ending: string) =>
      join(this.folder, `${name.replace(/[^a-z]+/gi, "-")}.${ending}`);
    const made = { cert: path("crt"), key: path("key") };
    const isCa = by === undefined && name.includes(" ");
    const extension = isCa ? "basicConstraints=critical,CA:TRUE" : `subjectAltName=DNS:${name}`;
    const signer = by === undefined ? [] : ["-CA", by.cert, "-CAkey", by.key];
    this.#openssl(
      ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"],
      ...["-subj", `/CN=${name}`, "-addext", extension, "-days", "30", ...signer],
      ...(by === undefined ? [] : ["-addext", "basicConstraints=critical,CA:FALSE"]),
      ...["-addext", isCa ? "keyUsage=keyCertSign" : "extendedKeyUsage=serverAuth"],
      ...["-keyout", made.key, "-out", made.cert],
    );
    return made;
  }

  /** Starts a program at one end. It is killed by `clear`, if it still runs then. */
  start(end: End, command: readonly string[], options: SpawnOptions = {}): ChildProcess {
    const [program, ...args] = this.#inside(end, command);
    const child = spawn(program!, args, { stdio: ["pipe", "pipe", "pipe"], ...options });
    child.stdin?.on("error", () => {});
    child.on("error", () => {});
    this.#children.push(child);
    return child;
  }

  /** Frames that the peer's end of the cable received so far. */
  framesAtPeer(): number {
    const [program, ...args] = this.#inside("peer", ["ip", "-j", "-s", "link", "show", "eth0"]);
    const [link] = JSON.parse(execFileSync(program!, args, { encoding: "utf8" })) as Link[];
    return link?.stats64.rx.packets ?? 0;
  }

  clear(): void {
    for (const child of this.#children.splice(0)) {
      if (child.exitCode === null && child.signalCode === null) child.kill("SIGKILL");
    }
    if (this.#hasNamespaces) {
      for (const name of Object.values(this.#names)) {
        if (existsSync(`/run/netns/${name}`)) ip("netns", "delete", name);
      }
    }
    rmSync(this.folder, { recursive: true, force: true });
  }

  #inside(end: End, command: readonly string[]): string[] {
    return ["nsenter", `--net=/run/netns/${this.#names[end]}`, "--", ...command];
  }

  #openssl(...args: string[]): void {
    try {
      execFileSync("openssl", args, { stdio: ["ignore", "ignore", "pipe"] });
    } catch (error) {
      const said =
        error instanceof Error && "stderr" in error ? String(error.stderr) : String(error);
      throw new StageRefused(`openssl cannot make the certificates: ${said.trim().slice(0, 500)}`);
    }
  }
}

export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

interface Link {
  readonly stats64: { readonly rx: { readonly packets: number } };
}

function ip(...args: string[]): void {
  try {
    execFileSync("ip", args, { stdio: ["ignore", "ignore", "pipe"] });
  } catch (error) {
    const said = error instanceof Error && "stderr" in error ? String(error.stderr) : String(error);
    throw new StageRefused(`ip ${args.join(" ")}: ${said.trim()}; it takes root and CAP_SYS_ADMIN`);
  }
}

function isThere(program: string): boolean {
  const folders = [...(process.env.PATH ?? "").split(":"), "/usr/sbin", "/sbin"];
  return folders.some((folder) => existsSync(join(folder, program)));
}

/** Of a range that is for trying networks (RFC 2544). */
export const WORKLOAD = "198.18.0.1";
export const PEER = "198.18.0.2";

const PROGRAMS = [
  ["ip", "iproute2"],
  ["openssl", "openssl"],
  ["nsenter", "util-linux"],
  ["setpriv", "util-linux"],
] as const;
