/** One worker process at a time: asked, waited for, killed when it is late, and started anew. */
import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Answer, Question } from "./question.ts";

export class Worker {
  #process: ChildProcess | undefined;
  #asked = 0;

  /** `late` after `withinMs`; `gone` when the process ended by itself, as for want of memory. */
  ask(question: Question, withinMs: number): Promise<Answer | "late" | "gone"> {
    if (this.#asked++ % QUESTIONS_MAX === 0) this.stop();
    this.#process ??= fork(WORKER, {
      execArgv: FLAGS,
      env: { ...process.env, FC_RUNS },
      stdio: ["ignore", "ignore", "ignore", "ipc"],
    });
    const child = this.#process;
    return new Promise((resolve) => {
      const done = (answer: Answer | "late" | "gone") => {
        clearTimeout(timer);
        child.removeAllListeners();
        if (answer === "late" || answer === "gone") this.stop();
        resolve(answer);
      };
      const timer = setTimeout(() => done("late"), withinMs);
      child.once("message", (answer: Answer) => done(answer));
      child.once("exit", () => done("gone"));
      child.send(question);
    });
  }

  stop(): void {
    this.#process?.kill("SIGKILL");
    this.#process = undefined;
  }
}

const WORKER = fileURLToPath(new URL("./worker.ts", import.meta.url));
const FLAGS = ["--disable-warning=ExperimentalWarning", "--max-old-space-size=1500"];
/** Of the slowest property tests: every mutant that their place reaches runs them. */
const FC_RUNS = "20";
/** Modules are never unloaded: each generation leaves a few megabytes. */
const QUESTIONS_MAX = 150;
