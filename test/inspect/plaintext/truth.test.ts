/**
 * The captures of others against what tshark says of them: which protocols each TCP stream speaks, what went
 * over to TLS, and where credentials stood. And all of it again with every port changed.
 */
import { spawnSync } from "node:child_process";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readTruth, SHARED, sharedIsHere } from "../../truth/truth.ts";
import { DIFFERENCES, UPGRADES } from "./differences.ts";
import { type Heard, heardIn, otherPort, wordsFor } from "./heard.ts";
import { endsOf, name, pair, type Stream, streamsOf } from "./streams.ts";

interface Capture {
  readonly file: string;
  readonly streams: readonly Stream[] | null;
  readonly credentials_in_clear: readonly Credential[] | null;
  readonly tls_streams: readonly { client: string; server: string; starttls?: string | null }[];
}

interface Credential {
  readonly frame: number;
  readonly proto: string;
}

describe.skipIf(!sharedIsHere)("the captures of others", () => {
  const captures = sharedIsHere ? (readTruth() as unknown as Capture[]) : [];
  const heard = new Map<string, readonly Heard[]>();
  const tally = new Map<string, { truth: number; ours: number; both: number }>();

  beforeAll(async () => {
    for (const { file } of captures) heard.set(file, await heardIn(`${SHARED}/${file}`));
  }, SWEEP_MS_MAX);

  afterAll(() => {
    const rows = [...tally].sort().map(([name, { truth, ours, both }]) => {
      const part = (of: number) => (of === 0 ? "-" : `${((100 * both) / of).toFixed(1)} %`);
      return [name, truth, ours, both, part(truth), part(ours)].map(pad).join(" ");
    });
    const head = ["protocol", "truth", "ours", "both", "recall", "precision"].map(pad).join(" ");
    console.log(`\n${[head, ...rows].join("\n")}\n`);
  });

  test("every stream of a protocol that we read is told, and as nothing else", {
    timeout: SWEEP_MS_MAX,
  }, () => {
    const wrong: string[] = [];
    for (const { file, streams } of captures) {
      for (const [ends, { theirs, ours, words }] of streamsOf(streams, heard.get(file) ?? [])) {
        // Of what is in no packet that we decode there is nothing to say.
        if (words.length === 0) continue;
        for (const name of new Set([...theirs, ...ours])) count(tally, name, theirs, ours);
        const missed = theirs.filter((name) => !ours.includes(name));
        const invented = ours.filter((name) => !theirs.includes(name));
        if (missed.length + invented.length === 0) continue;
        if (DIFFERENCES.some((one) => file.endsWith(one.file) && one.says(missed, invented)))
          continue;
        wrong.push(
          `${file} ${ends}: missed ${missed.join()}; invented ${invented.join()}; ${words}`,
        );
      }
    }
    expect(wrong).toEqual([]);
  });

  test("no TLS is called plaintext", { timeout: SWEEP_MS_MAX }, () => {
    const wrong = captures.flatMap(({ file, tls_streams }) =>
      tls_streams.flatMap(({ client, server, starttls }) => {
        const ours = (heard.get(file) ?? []).filter(
          ({ flow }) => endsOf(flow) === pair(client, server),
        );
        const clear = ours.filter(
          ({ seen }) => seen.tls === undefined && seen.plaintext.length > 0,
        );
        const known = starttls || DIFFERENCES.some((one) => file.endsWith(one.file));
        return clear.length > 0 && !known ? [`${file}: ${client}`] : [];
      }),
    );
    expect(wrong).toEqual([]);
  });

  test("what goes over to TLS is named for what it went over in", { timeout: SWEEP_MS_MAX }, () => {
    const wrong: string[] = [];
    for (const { file, tls_streams } of captures) {
      for (const { client, server, starttls } of tls_streams) {
        const ours = (heard.get(file) ?? [])
          .filter(({ flow }) => endsOf(flow) === pair(client, server))
          .flatMap(({ seen }) => seen.tls ?? []);
        if (ours.length === 0) continue;
        const is = ours.map((tls) => tls.starttls).find(Boolean);
        const expected = starttls ? (UPGRADES[starttls] ?? starttls) : undefined;
        const known = DIFFERENCES.some((one) => file.endsWith(one.file));
        if (is !== expected && !known) wrong.push(`${file} ${client}: ${is}, expected ${expected}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  test("every credential in clear is located", { timeout: SWEEP_MS_MAX }, () => {
    const missed: string[] = [];
    let located = 0;
    for (const { file, credentials_in_clear: credentials } of captures) {
      if (credentials === null) continue;
      const frames = framesOf(`${SHARED}/${file}`);
      for (const { frame, proto } of credentials) {
        const place = frames.get(frame);
        if (place === undefined) continue;
        if (isLocated(place, heard.get(file) ?? [])) located++;
        else missed.push(`${file} frame ${frame}: ${proto}`);
      }
    }
    expect(missed).toEqual([]);
    expect(located).toBeGreaterThan(60);
  });

  test("all of it is the same on other ports", { timeout: SWEEP_MS_MAX }, async () => {
    const different: string[] = [];
    for (const { file } of captures) {
      const again = await heardIn(`${SHARED}/${file}`, otherPort);
      const before = JSON.stringify(heard.get(file)!.map(withoutPorts));
      if (JSON.stringify(again.map(withoutPorts)) !== before) different.push(file);
    }
    expect(different).toEqual([]);
  });
});

function count(
  tally: Map<string, { truth: number; ours: number; both: number }>,
  name: string,
  theirs: readonly string[],
  ours: readonly string[],
): void {
  const row = tally.get(name) ?? { truth: 0, ours: 0, both: 0 };
  tally.set(name, row);
  if (theirs.includes(name)) row.truth++;
  if (ours.includes(name)) row.ours++;
  if (theirs.includes(name) && ours.includes(name)) row.both++;
}

interface Place {
  readonly from: string;
  readonly to: string;
  readonly offset: number;
  readonly bytes: number;
}

/** An exposure that begins within the frame. */
function isLocated({ from, to, offset, bytes }: Place, heard: readonly Heard[]): boolean {
  return heard
    .filter(({ flow }) => endsOf(flow) === pair(from, to))
    .some(({ flow, seen }) =>
      seen.plaintext.some(({ client, exposes }) =>
        exposes.some((one) => {
          const end = flow.ends[one.side === "client" ? client : 1 - client]!;
          const said = name(end.ip, end.port) === from;
          // A line's end may come alone.
          return said && one.offset <= offset + bytes && one.offset + one.bytes >= offset;
        }),
      ),
    );
}

/** By number: whose bytes of which direction each TCP frame holds. */
function framesOf(path: string): Map<number, Place> {
  const fields = ["frame.number", "ip.src", "ipv6.src", "tcp.srcport", "ip.dst", "ipv6.dst"];
  const more = ["tcp.dstport", "tcp.seq", "tcp.len"];
  const asked = [...fields, ...more].flatMap((field) => ["-e", field]);
  const flags = ["-r", path, "-Y", "tcp.len > 0", "-T", "fields", "-E", "separator=|", ...asked];
  const { stdout } = spawnSync("tshark", flags, { encoding: "utf8", maxBuffer: 2 ** 28 });
  const last = (text = "") => text.split(",").at(-1)!;
  return new Map(
    stdout
      .trim()
      .split("\n")
      .map((line) => line.split("|"))
      .map(([frame, v4, v6, port, to4, to6, toPort, seq, length]) => {
        const from = name(last(v4) || last(v6), Number(port));
        const to = name(last(to4) || last(to6), Number(toPort));
        return [Number(frame), { from, to, offset: Number(seq) - 1, bytes: Number(length) }];
      }),
  );
}

function withoutPorts({ flow, seen }: Heard): unknown {
  return {
    ips: flow.ends.map(({ ip }) => ip),
    // Who the client is of something unknown goes by ports where no SYN was seen (INTERFACE).
    words: wordsFor(seen),
    clear: seen.plaintext.map(({ client, exposes, startTls }) => ({ client, exposes, startTls })),
    starttls: seen.tls?.starttls,
  };
}

function pad(cell: string | number, column: number): string {
  return column === 0 ? String(cell).padEnd(12) : String(cell).padStart(9);
}

const SWEEP_MS_MAX = 300_000;
