/**
 * The program: finds the command, loads it and nothing else, and turns what it says into an exit code.
 */
import { readFileSync } from "node:fs";
import { escapeText } from "../report/escape.ts";
import { type Command, type Entry, EXIT, type Group } from "./command.ts";
import { suggestion } from "./nearest.ts";
import { Misuse } from "./options.ts";
import { complain, Output } from "./output.ts";

async function main(args: readonly string[]): Promise<number> {
  const [name, ...rest] = args;
  try {
    if (name === undefined) {
      new Output(2).print(await help());
      return EXIT.MISUSE;
    }
    if (isHelp(name) || name === "help") {
      new Output(1).print(await help());
      return EXIT.FINE;
    }
    if (name === "--version" || name === "-V") {
      new Output(1).print(`portcullis ${version()}\n`);
      return EXIT.FINE;
    }
    const command = await commandNamed(name);
    return "commands" in command ? await runInside(name, command, rest) : await run(command, rest);
  } catch (error) {
    if (error instanceof Misuse) {
      complain(harmless(error.message));
      return EXIT.MISUSE;
    }
    // Left to Node this would exit with 1, which says that everything was read.
    const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
    complain(`a fault of our own, please report it: ${harmless(stack)}`);
    return EXIT.UNREADABLE;
  }
}

async function run(command: Command, args: readonly string[]): Promise<number> {
  const beforeOperands = args.includes("--") ? args.slice(0, args.indexOf("--")) : args;
  if (beforeOperands.some(isHelp)) {
    const { commandHelp } = await import("./help.ts");
    new Output(1).print(commandHelp(command));
    return EXIT.FINE;
  }
  return await command.run(args);
}

/** `policy check FILE`. */
async function runInside(name: string, group: Group, args: readonly string[]): Promise<number> {
  const [inner, ...rest] = args;
  if (inner === undefined || isHelp(inner) || inner === "help") {
    const { groupHelp } = await import("./help.ts");
    new Output(inner === undefined ? 2 : 1).print(groupHelp(name, group));
    return inner === undefined ? EXIT.MISUSE : EXIT.FINE;
  }
  const found = group.commands.find((entry) => entry.name === inner);
  if (found === undefined) {
    const names = group.commands.map((entry) => entry.name);
    const near = suggestion(inner, names) || `, expected ${names.join(", ")}`;
    throw new Misuse(`unknown command ${name} ${inner}${near}`);
  }
  const command = await found.load();
  const path = `${name} ${inner}`;
  return "commands" in command ? await runInside(path, command, rest) : await run(command, rest);
}

function isHelp(arg: string): boolean {
  return arg === "--help" || arg === "-h";
}

/** Line breaks are ours. */
function harmless(text: string): string {
  return text.split("\n").map(escapeText).join("\n");
}

async function commandNamed(name: string): Promise<Command | Group> {
  const known = COMMANDS.find((command) => command.name === name);
  if (known !== undefined) return await known.load();
  const toCome = COMMANDS_TO_COME[name];
  if (toCome !== undefined) {
    throw new Misuse(`${name} is not in this version yet: it will ${toCome}`);
  }
  const what = name.startsWith("-") ? "option" : "command";
  const names = COMMANDS.map((command) => command.name);
  const near = suggestion(name, [...names, "--help", "--version"]);
  throw new Misuse(`unknown ${what} ${name}${near || "; portcullis --help lists them"}`);
}

async function help(): Promise<string> {
  const { programHelp } = await import("./help.ts");
  return programHelp(
    COMMANDS.map(({ usage, says }) => [usage, says] as const),
    [
      ["portcullis demo", "a tour through bundled captures"],
      ["portcullis replay captures/story.pcap", "judge a capture"],
    ],
  );
}

function version(): string {
  // From src/cli and from dist/src/cli, whichever runs.
  for (const path of ["../../package.json", "../../../package.json"]) {
    try {
      const text = readFileSync(new URL(path, import.meta.url), "utf8");
      return String((JSON.parse(text) as { version?: unknown }).version);
    } catch {
      // Not there: the other one.
    }
  }
  return "of unknown version";
}

const COMMANDS: readonly Entry[] = [
  {
    name: "replay",
    usage: "replay <capture...>",
    says: "judge what pcap and pcapng files hold",
    load: async () => (await import("./replay.ts")).replayCommand,
  },
  {
    name: "demo",
    usage: "demo",
    says: "a tour through the bundled captures; changes nothing",
    load: async () => (await import("./demo.ts")).demoCommand,
  },
  {
    name: "watch",
    usage: "watch",
    says: "stand beside a workload and drop the gate",
    load: async () => (await import("./watch.ts")).watchCommand,
  },
  {
    name: "cut",
    usage: 'cut --because "..."',
    says: "isolate the workload by hand",
    load: async () => (await import("./gate-hand.ts")).cutCommand,
  },
  {
    name: "release",
    usage: 'release --because "..."',
    says: "let it out again",
    load: async () => (await import("./gate-hand.ts")).releaseCommand,
  },
  {
    name: "status",
    usage: "status",
    says: "what the gate does; --ready for probes",
    load: async () => (await import("./status.ts")).statusCommand,
  },
  {
    name: "why",
    usage: "why --to HOST:PORT",
    says: "what the gate would decide now, and by which line",
    load: async () => (await import("./why.ts")).whyCommand,
  },
  {
    name: "doctor",
    usage: "doctor",
    says: "what is possible here, and how to grant the rest",
    load: async () => (await import("./doctor.ts")).doctorCommand,
  },
  {
    name: "policy",
    usage: "policy <command>",
    says: "check and explain a policy; print its schema",
    load: async () => (await import("./policy.ts")).policyCommands,
  },
  {
    name: "rules",
    usage: "rules <command>",
    says: "list the detections; show what each means",
    load: async () => (await import("./rules.ts")).rulesCommands,
  },
  {
    name: "schema",
    usage: "schema",
    says: "print the JSON Schema of the lines of --format jsonl",
    load: async () => (await import("./schema.ts")).schemaCommand,
  },
];

/** Named in INTERFACE. */
const COMMANDS_TO_COME: Readonly<Record<string, string | undefined>> = {
  diff: "compare two captures",
  issuers: "review the issuers that were seen against a policy",
  console: "show that review as a web page",
  scan: "look for evidence in manifests, images and trust stores",
  inject: "add the sidecar to manifests",
  uninject: "take the sidecar out of manifests",
  "check-inject": "tell whether manifests have the sidecar",
  agent: "run on a node and hold the engine's socket",
  controller: "run in a cluster: webhook and quarantine",
};

process.exitCode = await main(process.argv.slice(2));
