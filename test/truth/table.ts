/** The figures that issue 3 asks for, as CI shows them. */
import type { Tallies } from "./compare.ts";

/**
 * Per field: of what truth knows how much we say (recall), of what both say how much is the same
 * (agreement), of what we say how much truth knows as well (precision).
 */
export function tableOf(tallies: Tallies): string {
  const head = ["field", "truth", "ours", "equal", "recall", "agreement", "precision"];
  const rows = Object.entries(tallies).map(([name, { truth, ours, both, equal }]) => [
    name,
    String(truth),
    String(ours),
    name === "line" ? String(both) : String(equal),
    percent(both, truth),
    name === "line" ? "" : percent(equal, both),
    percent(both, ours),
  ]);
  return [head, ...rows].map((cells) => cells.map(pad).join("  ")).join("\n");
}

function percent(part: number, whole: number): string {
  return whole === 0 ? "-" : `${((100 * part) / whole).toFixed(2)} %`;
}

function pad(cell: string, column: number): string {
  return column === 0 ? cell.padEnd(18) : cell.padStart(9);
}
