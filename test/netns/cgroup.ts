/**
 * A cgroup of our own, for programs that stand for a sidecar. Undefined where cgroup v2 is not there or
 * cannot be written: the test that needs one is skipped then, and says so.
 */
import { accessSync, constants, mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";

export class Cgroup {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  static make(): Cgroup | undefined {
    const mounts = readFileSync("/proc/self/mountinfo", "utf8");
    const root = /^(?:\S+ ){4}(?<at>\S+) .* - cgroup2 /m.exec(mounts)?.groups?.at;
    if (root === undefined) return undefined;
    try {
      accessSync(root, constants.W_OK);
      const path = `${root}/portcullis-test-${process.pid}-${++made}`;
      mkdirSync(path);
      return new Cgroup(path);
    } catch {
      return undefined;
    }
  }

  /** Calls `start` with this process inside: what it starts stays there. */
  inside<T>(start: () => T): T {
    const own = /^0::(?<path>.*)$/m.exec(readFileSync("/proc/self/cgroup", "utf8"))?.groups?.path;
    const root = this.path.slice(0, this.path.lastIndexOf("/"));
    writeFileSync(`${this.path}/cgroup.procs`, String(process.pid));
    try {
      return start();
    } finally {
      writeFileSync(`${root}${own}/cgroup.procs`, String(process.pid));
    }
  }

  /** Removes it, when the last of its processes has gone. */
  async remove(): Promise<void> {
    for (let tries = 0; tries < 100; tries++) {
      try {
        rmdirSync(this.path);
        return;
      } catch {
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }
    throw new Error(`${this.path} still has processes in it`);
  }
}

let made = 0;
