/**
 * The comparisons with other programs: one capture, whole processes, alternating rounds.
 *
 * A ratio is another program's median time over ours: 2 means that we take half as long.
 */
import { statSync } from "node:fs";
import { CAPTURE, HANDSHAKES, PREFIX_PACKETS, packetsOf } from "./captures.ts";
import { type Command, type Measured, takeTurns } from "./measure.ts";
import { type Peer, part, portcullis, portcullisLogged } from "./peers.ts";
import { rootOf } from "./record.ts";
import { COLUMNS, type Goal, goalLine, table } from "./table.ts";
import { warm } from "./warm.ts";

export interface Section {
  readonly rows: readonly Measured[];
  readonly goals: readonly Goal[];
}

export function compareBulk(peers: readonly Peer[]): Section {
  return compare("bulk", CAPTURE.bulk, peers, (rows, ours) => [
    { what: "bulk: cat", value: ratio(rows, ours, "cat"), atLeast: 0.4, unit: "x" },
    { what: "bulk: tcpdump", value: ratio(rows, ours, "tcpdump"), atLeast: 1.5, unit: "x" },
    { ...best("bulk", rows, ours, peers), atLeast: 4, unit: "x" },
    { what: "bulk: peak memory", value: ours.median.peakMb, atMost: 150, unit: "MB" },
    ...limits("bulk", rows, peers),
  ]);
}

/**
 * Twice: as an analyst first meets a capture, where nobody approved the issuer and each handshake is
 * a line, a finding and a verdict; and with the issuer's root given, where each is a line and a
 * verdict that passes. The peers write a line each, and judge nothing.
 */
export function compareHandshakes(peers: readonly Peer[], chains: 1 | 1000): Section {
  const title = `handshakes on ${chains} chain${chains === 1 ? "" : "s"}`;
  const file = chains === 1 ? CAPTURE.handshakes1 : CAPTURE.handshakes1000;
  return compare(title, file, peers, (rows, ours, approved) => [
    { ...best(`${title}, unknown issuer`, rows, ours, peers), atLeast: 3, unit: "x" },
    { ...best(`${title}, known issuer`, rows, approved, peers), atLeast: 3, unit: "x" },
    { what: `${title}: peak memory`, value: ours.median.peakMb, atMost: 150, unit: "MB" },
    { what: `${title}: TLS lines`, value: portcullisLogged(), atLeast: HANDSHAKES, unit: "" },
    ...limits(title, rows, peers),
  ]);
}

function compare(
  title: string,
  file: string,
  peers: readonly Peer[],
  goalsOf: (rows: readonly Measured[], ours: Measured, approved: Measured) => Goal[],
): Section {
  const [bytes, packets] = [statSync(file).size, packetsOf(file)];
  process.stdout.write(`\n${title}: ${(bytes / 1e9).toFixed(2)} GB, ${packets} packets\n`);
  const isBulk = title === "bulk";
  const entrants = peers.filter((peer) => isBulk || peer.name !== "ssldump");
  warm(file);
  const rows = takeTurns([
    ...entrants.map((peer) => peer.command(file)),
    part("floor", file),
    part("reads", file),
    { ...portcullis(file, "--observations", "--roots", rootOf(file)), name: APPROVED },
    portcullis(file, "--observations"),
  ]);
  const [approved, ours] = [rows.at(-2)!, rows.at(-1)!];

  const logged = new Map(entrants.map((peer) => [peer.name, peer.logged?.()]));
  for (const { name } of [approved, ours]) logged.set(name, portcullisLogged());
  const text = table(rows, [
    ...COLUMNS,
    { head: "GB/s", cell: (row) => (bytes / 1e9 / row.median.seconds).toFixed(2) },
    { head: "TLS logged", cell: (row) => `${logged.get(row.name) ?? "-"}` },
    // Steadier than time when others want the same cores; but it counts all cores of a program.
    {
      head: "cpu ratio",
      cell: (row) => (row.median.cpuSeconds / ours.median.cpuSeconds).toFixed(2),
    },
    { head: "ratio", cell: (row) => (row.median.seconds / ours.median.seconds).toFixed(2) },
  ]);
  process.stdout.write(`${text}\n`);
  const ssldump = peers.find((peer) => peer.name === "ssldump");
  const apart = isBulk || ssldump === undefined ? [] : [prefixOnly(ssldump, packets, ours)];

  const goals = goalsOf(rows, ours, approved);
  process.stdout.write(`${goals.map(goalLine).join("\n")}\n`);
  return { rows: [...rows, ...apart], goals };
}

/**
 * ssldump looks for a connection by walking all it has open, so 55,000 take it minutes. It gets the
 * first packets only, and its time is scaled up by the number of packets, which is kind to it.
 */
function prefixOnly(ssldump: Peer, packets: number, ours: Measured): Measured {
  const command: Command = ssldump.command(CAPTURE.prefix);
  const row = takeTurns([{ ...command, name: "ssldump on a prefix" }], 3)[0]!;
  const seconds = (row.median.seconds * packets) / PREFIX_PACKETS;
  const share = `${row.median.seconds.toFixed(2)} s for the first ${PREFIX_PACKETS} packets`;
  const value = (seconds / ours.median.seconds).toFixed(2);
  process.stdout.write(
    `ssldump: ${share} of one chain's capture (median of ${row.runs.length}), ` +
      `so at least ${seconds.toFixed(1)} s for all: ratio ${value}\n`,
  );
  return row;
}

function ratio(rows: readonly Measured[], ours: Measured, name: string): number {
  const row = rows.find((each) => each.name === name);
  return row === undefined ? Number.NaN : row.median.seconds / ours.median.seconds;
}

/** What the comparison with the best could come to if part of our work cost nothing. */
function limits(title: string, rows: readonly Measured[], peers: readonly Peer[]): Goal[] {
  const first = bestOf(rows, peers);
  return (["floor", "reads"] as const).map((of) => {
    const { name } = part(of, "");
    const row = rows.find((each) => each.name === name)!;
    const value = first.median.seconds / row.median.seconds;
    return { what: `${title}: limit (${first.name} / ${name})`, value, unit: "x" };
  });
}

function bestOf(rows: readonly Measured[], peers: readonly Peer[]): Measured {
  const inspecting = rows.filter((row) => peers.some((p) => p.logsTls && p.name === row.name));
  return inspecting.toSorted((a, b) => a.median.seconds - b.median.seconds)[0]!;
}

function best(title: string, rows: readonly Measured[], ours: Measured, peers: readonly Peer[]) {
  const first = bestOf(rows, peers);
  return {
    what: `${title}: best that logs TLS (${first.name})`,
    value: ratio(rows, ours, first.name),
  };
}

const APPROVED = "portcullis --observations --roots";
