/**
 * No evasion improves a verdict (THREATS, invariant 3): the connections of every capture outside tunnels,
 * said again in other packets and records, are judged the same or more strictly.
 *
 * Said in IP fragments, out of order, twice, with other bytes over them, with forged RSTs, in split
 * records: alone and together, as fast-check draws them.
 */
import { readdirSync } from "node:fs";
import * as fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { type Policy, strictness } from "../../src/judge/policy/policy.ts";
import { readPolicyFile } from "../../src/judge/policy/policy-file.ts";
import { replay } from "../../src/replay.ts";
import { concat } from "../wire/bytes.ts";
import { type Conversation, conversation, type Party } from "../wire/conversation.ts";
import { type Heard, heardIn } from "../wire/heard.ts";
import { fragments } from "../wire/ip.ts";
import { pcap } from "../wire/pcap.ts";
import { RECORD, records } from "../wire/tls.ts";

const captures = readdirSync("captures").filter((file) => /\.pcap(ng)?$/.test(file));

interface Rewrite {
  readonly mss: number;
  readonly fragmentBytes: number | undefined;
  readonly fragmentsTurned: boolean;
  readonly recordBytes: number | undefined;
  /** Before each flight, by turns. */
  readonly before: readonly Trick[];
  readonly after: readonly Trick[];
}
type Trick = "nothing" | "turned" | "again" | "overlap" | "reset" | "reset-other";

const trick = fc.constantFrom<Trick>(
  "nothing",
  "again",
  "overlap",
  "reset",
  "reset-other",
  "turned",
);
const rewrite: fc.Arbitrary<Rewrite> = fc.record({
  mss: fc.constantFrom(1, 7, 100, 536, 1460),
  fragmentBytes: fc.constantFrom(undefined, undefined, 24, 256),
  fragmentsTurned: fc.boolean(),
  recordBytes: fc.constantFrom(undefined, 1, 13, 1000),
  before: fc.array(fc.constantFrom<Trick>("nothing", "reset", "reset-other"), {
    minLength: 1,
    maxLength: 4,
  }),
  after: fc.array(trick, { minLength: 1, maxLength: 4 }),
});
const PLAIN: Rewrite = {
  mss: 1460,
  fragmentBytes: undefined,
  fragmentsTurned: false,
  recordBytes: undefined,
  before: ["nothing"],
  after: ["nothing"],
};

describe.each(["audit", "enforce"] as const)("in %s", (mode) => {
  let policy: Policy;
  beforeAll(async () => {
    policy = { ...(await readPolicyFile("captures/portcullis.yaml")), mode };
  });

  test.each(captures)("no rewrite of %s is judged better", async (file) => {
    for (const heard of await heardIn(`captures/${file}`)) {
      if (heard.gaps || heard.flow.opener === undefined) continue;
      const plain = await decisionOf(packetsOf(heard, PLAIN), policy);
      await fc.assert(
        fc.asyncProperty(rewrite, async (how) => {
          const decision = await decisionOf(packetsOf(heard, how), policy);
          expect(decision, JSON.stringify(how)).toBeGreaterThanOrEqual(plain);
        }),
        { numRuns: RUNS },
      );
    }
  });

  test("while less of a connection is judged less, so that this would be seen", async () => {
    const [heard] = await heardIn("captures/denied.pcap");
    const plain = await decisionOf(packetsOf(heard!, PLAIN), policy);
    const cut = { ...heard!, flights: heard!.flights.slice(0, 1) };
    const less = await decisionOf(packetsOf(cut, PLAIN), policy);
    expect(plain).toBe(strictness(mode === "audit" ? "report" : "cut"));
    expect(less).toBe(strictness(mode === "audit" ? "report" : "refuse"));
  });

  test("and with other bytes before its own, none is clean", async () => {
    const [heard] = await heardIn("captures/approved.pcap");
    const decoy = (script: Conversation, party: Party, bytes: Uint8Array) =>
      script.segment(
        party,
        0,
        bytes.map((byte, at) => (at > 60 ? byte ^ 1 : byte)),
      );
    const script = conversation(ends(heard!));
    decoy(script, "client", heard!.flights[0]!.bytes);
    for (const { party, bytes } of heard!.flights) script.say(party, bytes);
    expect(await decisionOf(pcap(script.close().packets()), policy)).toBeGreaterThanOrEqual(
      strictness("report"),
    );
    const plain = await decisionOf(packetsOf(heard!, PLAIN), policy);
    expect(plain).toBe(strictness("pass"));
  });
});

/** The strictest thing said about its connections; -1 when nothing was. */
async function decisionOf(bytes: Uint8Array, policy: Policy): Promise<number> {
  let worst = -1;
  async function* stdin() {
    yield bytes;
  }
  const options = { inputs: ["-"], policy, local: [], observations: true, hash: false };
  await replay({ ...options, stdin: stdin() }, (line) => {
    if (line.kind === "fault") throw new Error(line.stack);
    if (line.kind === "verdict") worst = Math.max(worst, strictness(line.decision));
    if (line.kind === "finding") worst = Math.max(worst, strictness("pass"));
  });
  return worst;
}

function packetsOf(heard: Heard, how: Rewrite): Uint8Array {
  const { fragmentBytes, fragmentsTurned, mss, recordBytes } = how;
  const pieces = (packet: Uint8Array): Uint8Array[] => {
    const cut = fragments(packet, fragmentBytes!);
    return fragmentsTurned ? cut.reverse() : cut;
  };
  const inPieces = fragmentBytes !== undefined && !heard.flow.ends[0].ip.includes(":");
  const script = conversation({ ...ends(heard), ...(inPieces && { cut: pieces }) });
  const sealed = { client: false, server: false };
  const said = { client: 0, server: 0 };
  heard.flights.forEach(({ party, bytes: flight }, turn) => {
    const whole = recordBytes === undefined ? flight : split(flight, recordBytes, party, sealed);
    play(script, how.before[turn % how.before.length]!, party, said, whole);
    // The smallest segments would make a capture of megabytes out of a large answer.
    const size = whole.length > 20_000 ? Math.max(mss, 536) : mss;
    script.say(party, whole, { mss: size });
    const after = how.after[turn % how.after.length]!;
    if (after === "turned" && !inPieces) script.swap(Math.min(8, Math.ceil(whole.length / size)));
    play(script, after, party, said, whole);
    said[party] += whole.length;
  });
  return pcap(script.close().packets());
}

function play(
  script: Conversation,
  one: Trick,
  party: Party,
  said: Readonly<Record<Party, number>>,
  whole: Uint8Array,
): void {
  const other = party === "client" ? "server" : "client";
  const first = whole.subarray(0, 1000);
  if (one === "again") script.segment(party, said[party], first);
  if (one === "overlap")
    script.segment(
      party,
      said[party],
      first.map((byte) => byte ^ 1),
    );
  if (one === "reset") script.reset(party);
  if (one === "reset-other") script.reset(other);
}

/** Handshake records in clear, each in records of `size` bytes; up to the first that is not. */
function split(
  bytes: Uint8Array,
  size: number,
  party: Party,
  sealed: Record<Party, boolean>,
): Uint8Array {
  const pieces: Uint8Array[] = [];
  let at = 0;
  while (at + 5 <= bytes.length && !sealed[party] && bytes[at] === RECORD.handshake) {
    const end = at + 5 + ((bytes[at + 3]! << 8) | bytes[at + 4]!);
    if (end > bytes.length) break;
    const version = (bytes[at + 1]! << 8) | bytes[at + 2]!;
    pieces.push(records(RECORD.handshake, bytes.subarray(at + 5, end), size, version));
    at = end;
  }
  if (at < bytes.length) sealed[party] = true;
  return concat(...pieces, bytes.subarray(at));
}

function ends({ flow }: Heard) {
  const place = (at: 0 | 1) => {
    const { ip, port } = flow.ends[at];
    return ip.includes(":") ? `[${ip}]:${port}` : `${ip}:${port}`;
  };
  const client = flow.opener ?? 0;
  return { client: place(client), server: place(client === 0 ? 1 : 0), startUs: flow.openedAtUs };
}

const RUNS = 4;
