/**
 * What else could be true where nothing was said: each line of the policy met as far as what was given
 * lets it be, and each place where signatures could lead.
 */

import { canonical } from "../../trust/host-name.ts";
import type { Destination } from "../destination.ts";
import type { AllowLine, DenyLine, Policy, Roots } from "../policy/policy.ts";
import type { Question } from "./explain.ts";
import { exampleOf, type Given, isAt, rootsName } from "./explain-assume.ts";
import type { Supposition } from "./explain-suppose.ts";

export interface Other extends Question {
  /** A clause: what is different from the question. */
  readonly says: string;
}

export function otherSuppositions(policy: Policy, given: Given, question: Question): Other[] {
  const { allow = [], deny, roots } = policy.issuers;
  return [
    ...[...allow, ...deny].flatMap((line) => lineMet(line, { policy, given, question }) ?? []),
    ...[...roots, undefined].flatMap((one) => elsewhere(one, question) ?? []),
  ];
}

function lineMet(
  line: AllowLine | DenyLine,
  { policy, given, question }: { policy: Policy; given: Given; question: Question },
): Other | undefined {
  const chain = chainMet(line, { policy, given, suppose: question.suppose });
  const place = placeMet(line, given, question.destination);
  if (chain === undefined || place === undefined) return undefined;
  const differs = [...place.says, ...chain.says];
  if (differs.length === 0) return undefined;
  const { destination } = place;
  return { ...question, destination, suppose: chain.suppose, says: differs.join(", and ") };
}

/** The chain that the line means; `undefined` if what was given contradicts it. */
function chainMet(
  line: AllowLine | DenyLine,
  { policy, given, suppose }: { policy: Policy; given: Given; suppose: Supposition },
): { says: string[]; suppose: Supposition } | undefined {
  const { issuer, issuerKey, spki, certificate } = line;
  const says: string[] = [];
  let met: Supposition = suppose;
  if (issuerKey !== undefined && issuerKey !== suppose.issuerKey) {
    if (given.issuerKey !== undefined) return undefined;
    met = { ...met, issuer, issuerKey, named: "issuer" };
    says.push(`the issuer is ${issuer}`);
  }
  if (spki !== undefined && spki !== given.spki) {
    if (given.spki !== undefined) return undefined;
    met = { ...met, spki };
    says.push(`${issuerKey === undefined ? "a key on the path" : "its key"} is ${spki}`);
  }
  if (certificate !== undefined) {
    met = { ...met, certificate };
    says.push(`${issuerKey === undefined ? "a certificate on the path" : "it"} is ${certificate}`);
  }
  const roots = "roots" in line ? line.roots : undefined;
  const there = policy.issuers.roots.find((one) => rootsName(one) === roots);
  if (roots !== undefined && there === undefined) return undefined;
  if (there !== undefined && there !== suppose.roots) {
    met = { ...met, roots: there };
    says.push(`signatures lead to a root of ${roots}`);
  }
  return { says, suppose: met };
}

/** The destination and the workload that the line is for. */
function placeMet(
  line: AllowLine | DenyLine,
  given: Given,
  destination: Destination,
): { says: string[]; destination: Destination } | undefined {
  if (!("tolerate" in line)) return { says: [], destination };
  const says: string[] = [];
  let met = destination;
  if (line.for !== undefined && !isAt(line.for, destination)) {
    const target = line.for.find(({ kind }) =>
      kind === "name" ? given.name === undefined : given.ip === undefined,
    );
    if (target === undefined) return undefined;
    const example = exampleOf(target);
    if (target.kind === "name") {
      const name = canonical({ kind: "dns", value: example });
      met = { ...met, serverName: example, name };
    } else met = { ...met, ip: example };
    says.push(`the server is ${example}`);
  }
  if (line.ports !== undefined && !line.ports.includes(destination.port)) {
    if (given.port !== undefined) return undefined;
    met = { ...met, port: line.ports[0]! };
    says.push(`the port is ${line.ports[0]}`);
  }
  const { workloads } = line;
  if (workloads !== undefined && !workloads.includes(destination.workload ?? "")) {
    if (given.workload !== undefined) return undefined;
    met = { ...met, workload: workloads[0]! };
    says.push(`the workload is ${workloads[0]}`);
  }
  return { says, destination: met };
}

function elsewhere(roots: Roots | undefined, question: Question): Other | undefined {
  if (roots === question.suppose.roots) return undefined;
  const where = roots === undefined ? "no root" : `a root of ${rootsName(roots)}`;
  const suppose = { ...question.suppose, roots };
  return { ...question, suppose, says: `signatures lead to ${where}` };
}
