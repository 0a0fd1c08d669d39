/**
 * The policy in force, and its changes while running.
 *
 *     start ──► read ──good──► in force ◄──────────good──────────┐
 *                 │                │  file changed, or SIGHUP ──► read
 *                 └─bad─► (start.ts decides)                 bad ─┴─► the last good one stays in force
 *
 * Files are asked for their marks every two seconds: notifications of the kernel miss what a mounted
 * ConfigMap does when its symbolic link is turned, and what happens on the other side of a network
 * file system. A broken file is told once for each of its states, not every two seconds.
 */
import { fingerprintOf, type Watched } from "../judge/policy/files-changed.ts";
import type { Policy } from "../judge/policy/policy.ts";
import { type PolicyRead, type PolicySource, readPolicyInChild } from "./policy-child.ts";

export interface PolicyKeeperOptions {
  readonly source: PolicySource;
  /**
   * What was read is good. It may say the same as `before`, on other lines of the file. Throws to
   * refuse it, with a message for the user.
   */
  readonly onRead: (policy: Policy, before: Policy) => void;
  /** What is wrong with the files now; the policy in force stays. */
  readonly onProblem: (problem: string) => void;
  /** Default: in a child process. */
  readonly read?: (source: PolicySource) => Promise<PolicyRead>;
  readonly everyMs?: number;
}

export class PolicyKeeper {
  readonly #options: PolicyKeeperOptions;
  readonly #read: (source: PolicySource) => Promise<PolicyRead>;
  #policy: Policy;
  #watched: readonly Watched[];
  #mark: string;
  #problem: string | undefined;
  #timer: NodeJS.Timeout | undefined;
  #asked = false;
  #underway: Promise<void> | undefined;

  /** With what was read at start. */
  constructor(options: PolicyKeeperOptions, start: Exclude<PolicyRead, { problem: string }>) {
    this.#options = options;
    this.#read = options.read ?? readPolicyInChild;
    this.#policy = start.policy;
    this.#watched = start.watched;
    this.#mark = start.mark;
  }

  get policy(): Policy {
    return this.#policy;
  }

  /** What is wrong with the files, if they are not what is in force. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** Begins to look after the files. */
  watch(): void {
    const look = async () => {
      if ((await fingerprintOf(this.#watched)) !== this.#mark) await this.reload();
      if (this.#timer !== undefined) this.#timer = this.#later(look);
    };
    this.#timer = this.#later(look);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** Reads now, as SIGHUP asks. One at a time: who asks meanwhile gets another one after it. */
  async reload(): Promise<void> {
    this.#asked = true;
    this.#underway ??= this.#readOn().finally(() => {
      this.#underway = undefined;
    });
    await this.#underway;
  }

  async #readOn(): Promise<void> {
    while (this.#asked) {
      this.#asked = false;
      // Before the reading: what changes from here on is a change.
      const mark = await fingerprintOf(this.#watched);
      const read = await this.#read(this.#options.source);
      if ("problem" in read) this.#refuse(read.problem, mark);
      else this.#take(read);
    }
  }

  #take({ policy, watched, mark }: Exclude<PolicyRead, { problem: string }>): void {
    try {
      this.#options.onRead(policy, this.#policy);
    } catch (error) {
      this.#refuse(error instanceof Error ? error.message : String(error), mark);
      return;
    }
    this.#policy = policy;
    this.#watched = watched;
    this.#mark = mark;
    this.#problem = undefined;
  }

  #refuse(problem: string, mark: string): void {
    const isNew = problem !== this.#problem || mark !== this.#mark;
    this.#problem = problem;
    this.#mark = mark;
    if (isNew) this.#options.onProblem(problem);
  }

  #later(look: () => Promise<void>): NodeJS.Timeout {
    return setTimeout(() => void look(), this.#options.everyMs ?? LOOK_EVERY_MS).unref();
  }
}

/** A few calls of stat(2) each time. */
const LOOK_EVERY_MS = 2000;
