/** `portcullis watch`: stands beside a workload, in its network namespace, and drops the gate. */
import { escapeText } from "../report/escape.ts";
import type { WatchCall } from "../watch/call.ts";
import { ADMIN_OPTION, adminPath } from "./admin-path.ts";
import { type Command, EXIT } from "./command.ts";
import { type Call, given, Misuse, type Option, parseCall } from "./options.ts";
import { complain } from "./output.ts";
import { POLICY_OPTIONS } from "./policy-given.ts";
import { STATE_OPTION, stateDirectory } from "./state-directory.ts";

const OPTIONS: readonly Option[] = [
  { name: "mode", value: "M", says: "tap (default): read packets; gate and proxy come later" },
  ...POLICY_OPTIONS,
  { name: "respond", value: "LIST", says: "refuse,fence or none (default: the policy's ladder)" },
  { name: "dry-run", says: "say what would be done, and do nothing" },
  {
    name: "on-failure",
    value: "F",
    oneOf: ["open", "closed"],
    says: "what leaves while the gate is absent",
  },
  { name: "despite", value: "NAME", many: true, says: "enforce although `doctor` names this" },
  { name: "metrics", value: "IP:PORT", says: "Prometheus page, on loopback (default: none)" },
  ADMIN_OPTION,
  STATE_OPTION,
  { name: "observations", says: "also what is merely seen, and verdicts that pass" },
  {
    name: "log",
    value: "LEVEL",
    oneOf: ["debug", "info", "warn", "error"],
    says: "of standard error (default: info)",
  },
];

export const watchCommand: Command = {
  usage: "watch",
  says:
    "Watches the connections of this network namespace, prints findings as JSON lines, and does what " +
    "the policy says: nothing in audit. SIGHUP reads the policy again.",
  options: OPTIONS,
  examples: [
    ["portcullis watch --policy p.yaml", "as `mode:` says"],
    ["portcullis watch --policy p.yaml --dry-run", "touching nothing"],
  ],
  run,
};

async function run(args: readonly string[]): Promise<number> {
  const call = await callOf(parseCall(args, OPTIONS));
  const { watch } = await import("../watch/appliance.ts");
  const { WatchRefused } = await import("../watch/call.ts");
  try {
    return (await watch(call)) ? EXIT.FINE : EXIT.UNREADABLE;
  } catch (error) {
    if (!(error instanceof WatchRefused)) throw error;
    complain(error.message.split("\n").map(escapeText).join("\n"));
    return error.because === "machine" ? EXIT.REFUSED : EXIT.MISUSE;
  }
}

/** Throws `Misuse`. */
async function callOf(call: Call): Promise<WatchCall> {
  const [more] = call.operands;
  if (more !== undefined) throw new Misuse(`watch takes options only, found ${more}`);
  const mode = given(call, "mode") ?? "tap";
  if (mode === "gate" || mode === "proxy") {
    throw new Misuse(`--mode ${mode} is not in this version yet: it has --mode tap`);
  }
  if (mode !== "tap") throw new Misuse(`--mode ${mode}: expected tap`);
  const respond = given(call, "respond")?.split(",");
  for (const rung of respond ?? []) {
    if (TO_COME.includes(rung)) {
      throw new Misuse(
        `--respond ${rung} is not in this version yet: it has refuse, fence and none`,
      );
    }
    if (!RUNGS.includes(rung)) throw new Misuse(`--respond ${rung}: expected ${RUNGS.join(", ")}`);
  }
  const page = given(call, "metrics");
  const metrics = page === undefined ? undefined : await metricsAddress(page);
  const onFailure = given(call, "on-failure") as WatchCall["onFailure"];
  return {
    source: {
      file: given(call, "policy"),
      roots: call.values.get("roots") ?? [],
      crls: call.values.get("crl") ?? [],
    },
    ...(onFailure !== undefined && { onFailure }),
    ...(respond !== undefined && { respond }),
    dryRun: call.values.has("dry-run"),
    ...(metrics !== undefined && { metrics }),
    adminPath: adminPath(call),
    stateDirectory: stateDirectory(call),
    observations: call.values.has("observations"),
    despite: await despiteOf(call),
    logLevel: (given(call, "log") ?? "info") as WatchCall["logLevel"],
  };
}

async function metricsAddress(text: string): Promise<NonNullable<WatchCall["metrics"]>> {
  const { metricsAddressIn } = await import("../watch/metrics-page.ts");
  const address = metricsAddressIn(text);
  if (address !== undefined) return address;
  throw new Misuse(`--metrics ${text}: expected a loopback address and a port, 127.0.0.1:9464`);
}

async function despiteOf(call: Call): Promise<WatchCall["despite"]> {
  const names = call.values.get("despite") ?? [];
  if (names.length === 0) return new Set();
  const { WEAKNESSES } = await import("../watch/defence/weakness.ts");
  return new Set(
    names.map((name) => {
      const known = WEAKNESSES.find((one) => one === name);
      if (known === undefined)
        throw new Misuse(`--despite ${name}: expected ${WEAKNESSES.join(", ")}`);
      return known;
    }),
  );
}

const RUNGS = ["refuse", "fence", "none"];
const TO_COME = ["docker", "kubernetes", "webhook"];
