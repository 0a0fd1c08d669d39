/** A disk of its own for a watcher's state, and its stall: a file system that is frozen. */
import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";

export class Disk {
  readonly path: string;
  #frozen = false;

  private constructor(path: string) {
    this.path = path;
  }

  /** Undefined where the kernel has no loop devices. */
  static make(folder: string): Disk | undefined {
    const [image, path] = [join(folder, "disk.img"), join(folder, "disk")];
    mkdirSync(path);
    try {
      execFileSync("truncate", ["-s", "64M", image]);
      execFileSync("mkfs.ext4", ["-q", image]);
      execFileSync("mount", ["-o", "loop", image, path], { stdio: "pipe" });
      return new Disk(path);
    } catch {
      return undefined;
    }
  }

  /** From here on nothing is written, and whoever writes waits. */
  stall(): void {
    execFileSync("fsfreeze", ["--freeze", this.path]);
    this.#frozen = true;
  }

  goOn(): void {
    if (this.#frozen) execFileSync("fsfreeze", ["--unfreeze", this.path]);
    this.#frozen = false;
  }

  close(): void {
    this.goOn();
    execFileSync("umount", ["--lazy", this.path]);
  }
}
