/** From what was given to a whole question: everything else is assumed, and said. */

import { canonical } from "../../trust/host-name.ts";
import type { Chain } from "../../trust/store.ts";
import { coversAddress, coversName, type Destination } from "../destination.ts";
import type { AllowLine, DenyLine, Policy, Roots, Target } from "../policy/policy.ts";
import type { Question } from "./explain.ts";
import { anchorIn, type Supposition } from "./explain-suppose.ts";

export interface Given {
  readonly name?: string | undefined;
  readonly ip?: string | undefined;
  readonly port?: number | undefined;
  readonly workload?: string | undefined;
  /** RFC 4514, and its RFC 5280 §7.1 form. */
  readonly issuer?: string | undefined;
  readonly issuerKey?: string | undefined;
  /** Hex. */
  readonly spki?: string | undefined;
  readonly chain?: Chain | undefined;
  readonly atUs: number;
  /** The policy was not given either. */
  readonly isDefault?: boolean;
  /** Nor the time. */
  readonly isNow?: boolean;
}

export function questionOf(
  policy: Policy,
  given: Given,
): { question: Question; assumed: string[] } {
  const assumed: string[] = [];
  if (given.isDefault) assumed.push("policy: the default one, Mozilla's roots in audit mode");
  const destination = destinationOf(policy, given, assumed);
  const suppose = suppositionOf(policy, given, assumed);
  if (given.chain === undefined) {
    const whom = destination.name ?? "whatever was asked for";
    assumed.push(`certificate: for ${whom}, valid at the time, without a fault`);
  }
  if (given.isNow) assumed.push(`at: now, ${new Date(given.atUs / 1000).toISOString()}`);
  assumed.push(
    "connection: leaves for elsewhere (egress), and the server proves that it has its key",
  );
  return { question: { destination, atUs: given.atUs, chain: given.chain, suppose }, assumed };
}

function destinationOf(policy: Policy, given: Given, assumed: string[]): Destination {
  const serverName = given.name ?? nameOf(given.chain, given.ip);
  if (given.name === undefined) {
    assumed.push(
      serverName === undefined
        ? "name: the client sends none"
        : `name: ${serverName}, which is the certificate's`,
    );
  }
  const ip = given.ip ?? unnamedAddress(policy);
  if (given.ip === undefined) assumed.push(`server: ${ip}, which no line of the policy means`);
  if (given.port === undefined) assumed.push("port: 443");
  const { workload } = given;
  const asksWorkload = policy.issuers.allow?.some(({ workloads }) => workloads !== undefined);
  if (workload === undefined && asksWorkload) assumed.push("workload: one that no line names");
  const name = serverName === undefined ? undefined : canonical({ kind: "dns", value: serverName });
  return { serverName, name, ip, port: given.port ?? 443, workload };
}

/** A client that shows this certificate asked for one of its names, unless the address is known. */
function nameOf(chain: Chain | undefined, ip: string | undefined): string | undefined {
  const names = chain?.certificates[0]?.subjectAltNames ?? [];
  const isForAddress = names.some(({ kind, value }) => kind === "ip" && value === ip);
  if (isForAddress) return undefined;
  return names.find(({ kind }) => kind === "dns")?.value.replace(/^\*\./, "www.");
}

function suppositionOf(policy: Policy, given: Given, assumed: string[]): Supposition {
  const { spki, chain } = given;
  let { issuer, issuerKey } = given;
  if (chain !== undefined) return { named: "leaf" };
  const beside = spki === undefined ? undefined : lineOfKey(spki, policy);
  if (issuer === undefined && beside?.issuer !== undefined) {
    ({ issuer, issuerKey } = beside);
    assumed.push(`issuer: ${issuer}, as line ${beside.line} has it with this key`);
  } else if (issuer === undefined) {
    assumed.push("issuer: one that no line of the policy names");
  }
  const named = issuer === undefined ? "leaf" : "issuer";
  if (spki === undefined) assumed.push("key: one that no line of the policy names");
  else assumed.push(`key: the ${named}'s${named === "leaf" ? " (the server's own)" : ""}`);
  const roots = rootsOf(policy, issuerKey);
  assumed.push(
    roots === undefined
      ? "path: to no root, since the policy has none"
      : `path: signatures lead to a root of ${rootsName(roots)}`,
  );
  return { issuer, issuerKey, spki, named, roots };
}

/** A line that names the key together with an issuer says whose key it is. */
function lineOfKey(spki: string, { issuers }: Policy): AllowLine | DenyLine | undefined {
  const lines: readonly (AllowLine | DenyLine)[] = [...(issuers.allow ?? []), ...issuers.deny];
  return lines.find((line) => line.spki === spki && line.issuer !== undefined);
}

/** Those that hold the issuer itself, else the first. */
function rootsOf({ issuers }: Policy, issuerKey: string | undefined): Roots | undefined {
  const own = issuers.roots.find(
    (roots) => anchorIn(roots, { issuerKey }).certificate?.subjectKey === issuerKey,
  );
  return (issuerKey === undefined ? undefined : own) ?? issuers.roots[0];
}

export function rootsName(roots: Roots): string {
  return roots.kind === "mozilla" ? "mozilla" : roots.name;
}

/** An address for documentation (RFC 5737, RFC 3849) that no entry of the policy covers. */
function unnamedAddress({ issuers, expect = [] }: Policy): string {
  const { allow = [], unknown, unapproved, selfSigned, hygiene, unseen } = issuers;
  const settings = [unknown, unapproved, selfSigned, hygiene, ...Object.values(unseen)];
  const targets = [
    ...allow.flatMap((line) => line.for ?? []),
    ...settings.flatMap((setting) => setting.for.flatMap(({ to }) => to)),
    ...expect.flatMap(({ to }) => to.cidr ?? []),
  ];
  const isFree = (ip: string) => !targets.some((target) => coversAddress(target, ip));
  return UNNAMED.find(isFree) ?? UNNAMED[0]!;
}

/** Something that this entry means: a name below a wildcard, the first address of a network. */
export function exampleOf(target: Target): string {
  if (target.kind === "cidr") return target.text.split("/")[0]!;
  return target.text.replace(/^\*\./, "www.");
}

/** Whether the destination is one of these. */
export function isAt(targets: readonly Target[], { name, ip }: Destination): boolean {
  return targets.some(
    (target) => coversAddress(target, ip) || (name !== undefined && coversName(target, name)),
  );
}

const UNNAMED = ["192.0.2.1", "198.51.100.1", "203.0.113.1", "2001:db8::1"];
