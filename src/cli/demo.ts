/** `portcullis demo`, which `npm start` calls: a tour for somebody who sees Portcullis for the first time. */
import { existsSync, readFileSync } from "node:fs";
import { isatty } from "node:tty";
import { fileURLToPath } from "node:url";
import type { Policy } from "../judge/policy/policy.ts";
import { paint } from "../report/colour.ts";
import { escapeText } from "../report/escape.ts";
import { wrap } from "../report/layout.ts";
import type { Line, Reason } from "../report/lines.ts";
import { many } from "../report/quantity.ts";
import { type Command, EXIT } from "./command.ts";
import { Misuse, type Option, parseCall } from "./options.ts";
import { Output } from "./output.ts";
import { type Connection, connectionsOf, STORIES, storyOf } from "./story.ts";

const OPTIONS: readonly Option[] = [
  { name: "live", says: "play it in two network namespaces of this machine (root, Linux)" },
];

export const demoCommand: Command = {
  usage: "demo",
  says:
    "Replays the bundled captures as a story: what Portcullis sees, what it finds and why. It changes " +
    "nothing, is the same for everybody, and exits 0. With --live a workload is really cut off.",
  options: OPTIONS,
  examples: [
    ["portcullis demo", "the tour"],
    ["portcullis demo --live", "the gate itself, as root"],
  ],
  run,
};

async function run(args: readonly string[]): Promise<number> {
  const { operands, values } = parseCall(args, OPTIONS);
  if (operands.length > 0) throw new Misuse(`demo takes no operand, found ${operands[0]}`);
  if (values.has("live")) return await (await import("./demo-live.ts")).demoLive();
  const { readPolicyFile } = await import("../judge/policy/policy-file.ts");
  const { replay } = await import("../replay.ts");
  const root = projectRoot();
  const policyFile = `${root}${POLICY}`;
  const policy = await readPolicyFile(policyFile);
  const lines: Line[] = [];
  await replay(
    { inputs: [`${root}${STORY}`], policy, local: [], observations: true, hash: false },
    (line) => lines.push(line),
  );
  const policyLines = readFileSync(policyFile, "utf8").split("\n");
  const colour = isatty(1) && !process.env.NO_COLOR && process.env.TERM !== "dumb";
  const told = tell(lines, policy, policyLines, colour);
  new Output(1).print(`${told.join("\n")}\n`);
  return EXIT.FINE;
}

/** The tour, a line an element. `policyLines` are those of the policy file. */
export function tell(
  lines: readonly Line[],
  policy: Policy,
  policyLines: readonly string[],
  colour: boolean,
): string[] {
  const connections = connectionsOf(lines);
  const chapters = STORIES.map((story, index) => {
    const title = paint(`${index + 1}. ${story.title}`, "bold", colour);
    const connection = connections.find((candidate) => storyOf(candidate) === story);
    const body = connection ? chapter(connection, policyLines) : ["The capture has none."];
    return ["", title, ...wrap(story.says, TEXT_COLUMNS), ...body].map(indented);
  });
  return [
    ...wrap(WHAT_IT_IS, COLUMNS),
    "",
    `${STORY} has ${many(connections.length, "TLS connection")}. Judged by ${POLICY}, mode ${policy.mode}:`,
    ...chapters.flat(),
    "",
    paint("What would have been cut", "bold", colour),
    ...cuts(connections).map((line) => `   ${line}`),
    "",
    paint("Next, in this folder", "bold", colour),
    ...NEXT_COMMANDS.flatMap(([command, does]) => [`   ${does}:`, `   ${command}`]),
  ];
}

function indented(line: string, index: number): string {
  return index < 2 ? line : `   ${line}`;
}

/** What was seen of a connection, and what decided about it. */
function chapter(connection: Connection, policyLines: readonly string[]): string[] {
  const { tls, verdict, findings, issuer } = connection;
  const rows: (readonly [string, string])[] = [
    [
      "who",
      `${tls.client} → ${tls.serverName ?? "no name"} (${tls.server}), ${tls.version ?? "no answer"}`,
    ],
    ["issuer", issuer ?? `not seen: ${tls.certificates.why ?? "unreadable"}`],
    ...findings.map(
      (finding) =>
        [
          "finding",
          `${finding.rule} ${finding.name}, ${finding.severity}: ${finding.summary}`,
        ] as const,
    ),
    ...(findings.length === 0 ? ([["finding", "none"]] as const) : []),
    ...stepsOf(verdict?.reason ?? [], policyLines),
    ["verdict", verdictOf(connection)],
  ];
  return rows.flatMap(([name, says]) =>
    wrap(escapeText(says), TEXT_COLUMNS - NAME_COLUMNS).map(
      (line, index) => (index === 0 ? name : "").padEnd(NAME_COLUMNS) + line,
    ),
  );
}

/** The last step that is not about lowering is the one that decides; lines of the policy are quoted. */
function stepsOf(
  reason: readonly Reason[],
  policyLines: readonly string[],
): (readonly [name: string, says: string])[] {
  // Whoever shows a certificate here holds its key: that is said of each, and decides none.
  const steps = reason.filter(({ step }) => step !== "possession");
  const deciding = steps.findLast(({ step }) => !LOWERING.includes(step));
  return steps.map((reason) => {
    const { step, line, says } = reason;
    const quoted = line === undefined ? undefined : policyLines[line - 1]?.trim();
    const where = line === undefined ? "" : `, ${POLICY}:${line}${quoted ? ` \`${quoted}\`` : ""}`;
    return [reason === deciding ? "decided" : "step", `${step}: ${says}${where}`];
  });
}

function verdictOf({ verdict }: Connection): string {
  if (verdict === undefined) return "none";
  const { decision, would } = verdict;
  return would === undefined ? decision : `${decision}; in enforce mode: ${would}`;
}

/** A cut isolates the workload, so the list is by client. */
function cuts(connections: readonly Connection[]): string[] {
  const clients = Map.groupBy(connections, ({ address }) => address);
  return [...clients].flatMap(([client, own]) => {
    const cut = own.filter(({ verdict }) => verdict?.wouldCut);
    const names = cut.map(({ tls }) => tls.serverName ?? tls.server).join(" and ");
    const says =
      cut.length === 0
        ? `${client}: no, nothing that it did asks for it`
        : `${client}: yes, because of ${names}. In enforce mode it would keep running and reach nothing`;
    return wrap(escapeText(says), TEXT_COLUMNS);
  });
}

/** From src/cli and from dist/src/cli, whichever runs. */
function projectRoot(): string {
  const near = fileURLToPath(new URL("../..", import.meta.url));
  return existsSync(`${near}${STORY}`) ? near : fileURLToPath(new URL("../../..", import.meta.url));
}

const STORY = "captures/story.pcap";
const POLICY = "captures/portcullis.yaml";

/** Each works as it stands, in the project's folder (test/cli/demo.test.ts). */
export const NEXT_COMMANDS: readonly (readonly [command: string, does: string])[] = [
  [`npx --no portcullis replay ${STORY} --policy ${POLICY}`, "the same as a table"],
  [
    "npx --no portcullis replay captures/self-signed.pcap --format jsonl --observations",
    "all that is known of one connection, for programs",
  ],
  ["npx --no portcullis replay --help", "with a capture and a policy of your own"],
];

/** Steps that lower what others asked for. */
const LOWERING: readonly string[] = ["window", "guard", "mode"];

const WHAT_IT_IS =
  "Portcullis is an egress gate for containers. It reads every TLS handshake that a workload begins, " +
  "names the certificate issuers that nobody approved, and can cut the workload off. This is a replay " +
  "of a recording: nothing on this machine is changed.";
const COLUMNS = 98;
const TEXT_COLUMNS = 95;
const NAME_COLUMNS = 9;
