/**
 * Protocol by protocol: what each of a capture's conversations is, as tshark says or as we made it, and what
 * Portcullis calls it; once on its own ports and once on others; and what nDPI calls it, which may ask the port.
 */
import { readdirSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readTruth, SHARED, sharedIsHere } from "../../truth/truth.ts";
import { DIFFERENCES, NAMES, UPGRADES } from "./differences.ts";
import { type Heard, heardIn, otherPort, wordsFor } from "./heard.ts";
import { ndpiSays, type Verdict } from "./ndpi.ts";
import { type Stream, streamsOf } from "./streams.ts";

interface Capture {
  readonly file: string;
  readonly streams: readonly Stream[] | null;
  readonly categories: readonly string[];
}

interface Score {
  truth: number;
  ours: number;
  both: number;
  /** The same with every port changed. */
  oursElsewhere: number;
  bothElsewhere: number;
  ndpi: number;
  /** Of those, what it knows by the port alone. */
  ndpiByPort: number;
}

describe.skipIf(!sharedIsHere)("the captures of others", () => {
  const captures = sharedIsHere ? (readTruth() as unknown as Capture[]) : [];
  const heard = new Map<string, readonly Heard[]>();
  const scores = new Map<string, Score>();
  const confusion = new Map<string, Map<string, number>>();

  beforeAll(async () => {
    for (const { file, streams } of captures) {
      const path = `${SHARED}/${file}`;
      const here = await heardIn(path);
      heard.set(file, here);
      const elsewhere = await heardIn(path, otherPort);
      const ours = streamsOf(streams, here);
      const there = streamsOf(streams, onTheirPorts(elsewhere, here));
      const known = [...ours.values()].some(({ theirs }) => theirs.length > 0);
      const ndpi = known ? ndpiSays(path) : new Map<string, Verdict>();
      for (const [ends, one] of ours) {
        if (one.words.length === 0) continue;
        score(scores, one, there.get(ends)?.ours ?? [], ndpi.get(ends));
        if (!isKnown(file)) confuse(confusion, one.theirs, one.words);
      }
    }
  }, SWEEP_MS_MAX);

  afterAll(() => {
    console.log(`\n${scoreTable(scores)}\n\n${confusionTable(confusion)}\n`);
  });

  test("recall and precision are the same on any ports", () => {
    expect(scores.size).toBeGreaterThan(30);
    for (const [name, { ours, both, oursElsewhere, bothElsewhere }] of scores) {
      expect({ name, ours: oursElsewhere, both: bothElsewhere }).toEqual({ name, ours, both });
    }
  });

  test("no protocol is taken for another, and none for TLS", () => {
    const wrong = [...confusion].flatMap(([theirs, row]) =>
      [...row].filter(([ours]) => ours !== theirs).map(([ours, count]) => [theirs, ours, count]),
    );
    expect(wrong).toEqual([]);
  });

  test("each capture of a category plain:* that is decoded shows it", () => {
    const missed: string[] = [];
    const tally = { shown: 0, undecoded: 0 };
    for (const { file, streams, categories } of captures) {
      for (const category of categories.filter((one) => one.startsWith("plain:"))) {
        const theirs = category.slice("plain:".length);
        const name = NAMES[theirs];
        if (name === undefined) continue;
        const words = (heard.get(file) ?? []).flatMap(({ seen }) => wordsFor(seen));
        const holding = streams?.filter(([, , , , protocols]) => protocols.includes(theirs)) ?? [];
        const read = [...streamsOf(holding, heard.get(file) ?? []).values()];
        if ([name, ...(SPECIAL_OF[name] ?? [])].some((one) => words.includes(one))) tally.shown++;
        else if (read.every((one) => one.words.length === 0)) tally.undecoded++;
        else if (!isKnown(file)) missed.push(`${file}: ${category}`);
      }
    }
    console.log(`plain:* ${JSON.stringify(tally)}`);
    expect(missed).toEqual([]);
    expect(tally.shown).toBeGreaterThan(350);
  });

  test("each capture of a category starttls:* shows what its TLS was inside of", () => {
    const missed: string[] = [];
    let shown = 0;
    for (const { file, categories } of captures) {
      for (const category of categories.filter((one) => one.startsWith("starttls:"))) {
        const theirs = category.slice("starttls:".length);
        const name = UPGRADES[theirs] ?? theirs;
        if (NOT_UPGRADES.has(name)) continue;
        const found = (heard.get(file) ?? []).some(({ seen }) => seen.tls?.starttls === name);
        if (found) shown++;
        else if (!isKnown(file)) missed.push(`${file}: ${category}`);
      }
    }
    console.log(`starttls:* ${shown} shown`);
    expect(missed).toEqual([]);
    expect(shown).toBeGreaterThan(20);
  });
});

describe("our own captures", () => {
  const files = readdirSync("captures").filter((file) => /^(plain-|ssh).*\.pcap$/.test(file));

  test.each(files)("%s is what it is called, on any port", async (file) => {
    const [, name = "", upgraded] = /^(?:plain-)?([a-z0-9]+).*?(-starttls|-tls)?\.pcap$/.exec(
      file,
    )!;
    const expected = name === "connect" ? "http" : name;
    for (const ports of [undefined, otherPort]) {
      const seen = (await heardIn(`captures/${file}`, ports)).map((one) => one.seen);
      const words = new Set(seen.flatMap(wordsFor));
      expect([...words]).toContain(expected);
      const allowed = [expected, ...(BEHIND[file] ?? []), ...(upgraded ? ["tls"] : [])];
      expect([...words].filter((word) => !allowed.includes(word))).toEqual([]);
      const over = seen.map(({ tls }) => tls?.starttls).filter((one) => one !== undefined);
      expect(new Set(over)).toEqual(new Set(upgraded ? [name] : []));
    }
  });

  test("a row of each stands beside nDPI's", { timeout: SWEEP_MS_MAX }, () => {
    const rows = files.map((file) => {
      const verdicts = [...ndpiSays(`captures/${file}`).values()];
      const said = verdicts.map(
        ({ protocols, byPort }) => `${protocols.join("+")}${byPort ? " (by port)" : ""}`,
      );
      return `${file.padEnd(34)} ${[...new Set(said)].join(", ")}`;
    });
    console.log(`\n${rows.join("\n")}\n`);
    expect(rows.length).toBeGreaterThan(50);
    expect(rows.join("\n")).toMatch(/plain-redis\.pcap +redis/);
  });
});

/** Where both words are known to differ, and why. */
function isKnown(file: string): boolean {
  return DIFFERENCES.some((one) => file.endsWith(one.file));
}

/** What was heard on other ports, as if it had been on those of the capture: flows come in the same order. */
function onTheirPorts(elsewhere: readonly Heard[], here: readonly Heard[]): Heard[] {
  return elsewhere.map(({ seen }, index) => ({ seen, flow: here[index]!.flow }));
}

function score(
  scores: Map<string, Score>,
  { theirs, ours }: { readonly theirs: readonly string[]; readonly ours: readonly string[] },
  elsewhere: readonly string[],
  ndpi: Verdict | undefined,
): void {
  for (const name of new Set([...theirs, ...ours])) {
    const row = scores.get(name) ?? { ...NONE };
    scores.set(name, row);
    const is = Number(theirs.includes(name));
    row.truth += is;
    row.ours += Number(ours.includes(name));
    row.both += is * Number(ours.includes(name));
    row.oursElsewhere += Number(elsewhere.includes(name));
    row.bothElsewhere += is * Number(elsewhere.includes(name));
    const known = is * Number(ndpi?.protocols.includes(name) === true);
    row.ndpi += known;
    row.ndpiByPort += known * Number(ndpi?.byPort === true);
  }
}

/** Each of their words against the one of ours that is nearest to it. */
function confuse(
  confusion: Map<string, Map<string, number>>,
  theirs: readonly string[],
  words: readonly string[],
): void {
  for (const name of theirs) {
    const general = SPECIAL_OF[name]?.find((one) => words.includes(one));
    const ours = words.includes(name) ? name : general === undefined ? (words[0] ?? "") : name;
    const row = confusion.get(name) ?? new Map<string, number>();
    confusion.set(name, row);
    row.set(ours, (row.get(ours) ?? 0) + 1);
  }
}

function scoreTable(scores: ReadonlyMap<string, Score>): string {
  const share = (part: number, whole: number) =>
    whole === 0 ? "-" : `${((100 * part) / whole).toFixed(1)} %`;
  const head = ["protocol", "truth", "recall", "precision", "elsewhere:", "recall", "precision"];
  const rows = [...scores]
    .sort()
    .map(([name, row]) => [
      name,
      row.truth,
      share(row.both, row.truth),
      share(row.both, row.ours),
      "",
      share(row.bothElsewhere, row.truth),
      share(row.bothElsewhere, row.oursElsewhere),
      share(row.ndpi, row.truth),
      share(row.ndpiByPort, row.truth),
    ]);
  return [[...head, "nDPI", "by port"], ...rows]
    .map((cells) => cells.map((cell, at) => String(cell)[at === 0 ? "padEnd" : "padStart"](11)))
    .map((cells) => cells.join(" "))
    .join("\n");
}

/** Sparse: of each protocol, what it was called and how often. */
function confusionTable(confusion: ReadonlyMap<string, ReadonlyMap<string, number>>): string {
  const rows = [...confusion].sort().map(([theirs, row]) => {
    const cells = [...row].map(([ours, count]) => `${ours} ${count}`);
    return `${theirs.padEnd(11)} is called ${cells.join(", ")}`;
  });
  return rows.join("\n");
}

const NONE: Score = {
  truth: 0,
  ours: 0,
  both: 0,
  oursElsewhere: 0,
  bothElsewhere: 0,
  ndpi: 0,
  ndpiByPort: 0,
};
/** What a special case is told as tells of it as well. */
const SPECIAL_OF: Readonly<Record<string, readonly string[]>> = {
  http: ["docker", "websocket"],
  http2: ["grpc", "etcd"],
};
/** TLS inside what encrypts by itself, and behind a line that says only who connects. */
const NOT_UPGRADES: ReadonlySet<string> = new Set(["openvpn", "proxy"]);
/** What an envelope of ours carries. */
const BEHIND: Readonly<Record<string, readonly string[]>> = {
  "plain-socks.pcap": ["http"],
  "plain-proxy.pcap": ["http"],
};
const SWEEP_MS_MAX = 600_000;
