/** The policy that a call asks for: `--policy`, and what `--roots` and `--crl` add to it. */
import { defaultPolicy, type Policy } from "../judge/policy/policy.ts";
import { PolicyError } from "../judge/policy/policy-error.ts";
import { escapeText } from "../report/escape.ts";
import { type Call, given, Misuse, type Option } from "./options.ts";
import { complain } from "./output.ts";

export const POLICY_OPTIONS: readonly Option[] = [
  { name: "policy", value: "F", says: "the policy to judge by (default: Mozilla's roots, audit)" },
  {
    name: "roots",
    value: "F",
    many: true,
    says: "more roots, a PEM file or `system`; may be repeated",
  },
  { name: "crl", value: "F", many: true, says: "revocation lists, PEM or DER; may be repeated" },
];

/** Throws `Misuse` for what cannot be read; what is only worth hearing goes to standard error. */
export async function policyOf(call: Call): Promise<Policy> {
  const file = given(call, "policy");
  let policy = defaultPolicy;
  if (file !== undefined) {
    // Loads a YAML parser and a validator, 80 ms of start: only when asked.
    const { readPolicyFile } = await import("../judge/policy/policy-file.ts");
    try {
      policy = await readPolicyFile(file);
    } catch (error) {
      throw error instanceof PolicyError ? new Misuse(error.message) : error;
    }
    tell(policy.notices);
  }
  return withLists(await withRootFiles(policy, call), call);
}

async function withRootFiles(policy: Policy, call: Call): Promise<Policy> {
  const paths = call.values.get("roots");
  if (paths === undefined) return policy;
  const { readNamedRoots, withRoots } = await import("../judge/policy/roots.ts");
  const roots = [];
  for (const path of paths) {
    const read = await readNamedRoots(path, ".");
    if ("problem" in read) throw new Misuse(read.problem);
    roots.push(read.root);
    tell(read.faults);
  }
  return withRoots(policy, roots);
}

async function withLists(policy: Policy, call: Call): Promise<Policy> {
  const paths = call.values.get("crl");
  if (paths === undefined) return policy;
  const { readCrls, withCrls } = await import("../judge/policy/crls.ts");
  const crls = [];
  for (const path of paths) {
    const read = await readCrls(path);
    if ("problem" in read) throw new Misuse(read.problem);
    crls.push(read.crls);
    tell(read.faults);
  }
  return withCrls(policy, crls);
}

function tell(notices: readonly string[]): void {
  for (const notice of notices) complain(escapeText(notice));
}
