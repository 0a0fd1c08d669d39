/** What the bench prints: tables for people, and goals that were reached or not. */
import type { Measured } from "./measure.ts";

export interface Goal {
  /** As `bulk: cat / portcullis`. */
  readonly what: string;
  readonly value: number;
  readonly atLeast?: number;
  readonly atMost?: number;
  readonly unit: string;
}

export function isReached({ value, atLeast = -Infinity, atMost = Infinity }: Goal): boolean {
  return value >= atLeast && value <= atMost;
}

/** One line. With a limit it ends in `reached` or `MISSED`. */
export function goalLine(goal: Goal): string {
  const { what, value, unit, atLeast, atMost } = goal;
  const said = `${what}: ${value.toFixed(2)} ${unit}`.trimEnd();
  if (atLeast === undefined && atMost === undefined) return said;
  const wanted = atLeast === undefined ? `<= ${atMost}` : `>= ${atLeast}`;
  return `${said}, wanted ${wanted}  ${isReached(goal) ? "reached" : "MISSED"}`;
}

export interface Column {
  readonly head: string;
  cell(row: Measured): string;
}

/** The first column is the program, to the left; the others are numbers, to the right. */
export function table(rows: readonly Measured[], columns: readonly Column[]): string {
  const cells = [
    ["program", ...columns.map((column) => column.head)],
    ...rows.map((row) => [row.name, ...columns.map((column) => column.cell(row))]),
  ];
  const widths = cells[0]!.map((_, at) => Math.max(...cells.map((line) => line[at]!.length)));
  const pad = (text: string, at: number) =>
    at === 0 ? text.padEnd(widths[at]!) : text.padStart(widths[at]!);
  return cells.map((line) => line.map(pad).join("  ").trimEnd()).join("\n");
}

/** Time, how steady it was, processor time and memory: the columns that every table has. */
export const COLUMNS: readonly Column[] = [
  { head: "median s", cell: (row) => row.median.seconds.toFixed(3) },
  { head: "min-max", cell: (row) => `${row.fastest.toFixed(2)}-${row.slowest.toFixed(2)}` },
  { head: "runs", cell: (row) => `${row.runs.length}` },
  { head: "cpu s", cell: (row) => row.median.cpuSeconds.toFixed(2) },
  { head: "peak MB", cell: (row) => row.median.peakMb.toFixed(0) },
];
