/** What is printed of a campaign. */
import type { Fate, Outcome } from "./campaign.ts";
import type { Equivalent } from "./subject.ts";

export function outcomeLine({ subject, fate, by }: Outcome): string {
  const { path, line, change, code } = subject;
  const what = `${fate.padEnd(9)} ${path}:${line} ${change}`;
  return fate === "killed" ? `${what}: ${by}` : `${what}: ${code}`;
}

/** Prints a line for each file and the goals; returns the exit code. */
export function printReport(
  outcomes: readonly Outcome[],
  rest: { readonly equivalents: number; readonly stale: readonly Equivalent[] },
): number {
  const write = (line: string) => process.stdout.write(`${line}\n`);
  write("\nfile                                  killed survived unreached  late");
  for (const [path, some] of Map.groupBy(outcomes, ({ subject }) => subject.path))
    write(row(path, some));
  const folders = Map.groupBy(outcomes, ({ subject }) =>
    subject.path.split("/").slice(0, 2).join("/"),
  );
  if (folders.size > 1) for (const [path, some] of folders) write(row(path, some));
  write(row("all", outcomes));
  write(`${rest.equivalents} equivalent mutants are listed and not counted`);
  for (const { path, code, change } of rest.stale) {
    write(`stale entry of equivalents.ts: ${path}: ${change}: ${code}`);
  }
  const reached = [...folders.values(), outcomes].every((some) => rate(some) >= GOAL);
  write(`goal: at least ${percent(GOAL)} of each folder: ${reached ? "reached" : "missed"}`);
  return reached && rest.stale.length === 0 ? 0 : 1;
}

function row(path: string, outcomes: readonly Outcome[]): string {
  const count = (fate: Fate) => outcomes.filter((each) => each.fate === fate).length;
  const counts = [
    String(count("killed")).padStart(7),
    String(count("survived")).padStart(9),
    String(count("unreached")).padStart(10),
    String(count("late")).padStart(6),
  ];
  return `${path.padEnd(36)} ${counts.join("")}  ${percent(rate(outcomes))}`;
}

/** A mutant that never ends is noticed too. */
function rate(outcomes: readonly Outcome[]): number {
  const noticed = outcomes.filter(({ fate }) => fate === "killed" || fate === "late").length;
  return outcomes.length === 0 ? 1 : noticed / outcomes.length;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

const GOAL = 0.9;
