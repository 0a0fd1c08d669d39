/**
 * Where a connection goes, and whether an entry of the policy (`for`, `to`) means that place.
 *
 * A destination has an address that the packets prove, and perhaps a name that the client only
 * claims (SNI). Whether the server proved the name is the caller's question: an approval needs it,
 * an exception for what cannot be verified anyway does not.
 */
import { canonical, isDnsName, isDnsPattern } from "../trust/host-name.ts";
import type { Setting, Target } from "./policy/policy.ts";

export interface Destination {
  /** As the client sent it; absent when it sent none. Hostile text. */
  readonly serverName?: string | undefined;
  /** The name as lower-case A-labels; absent when there is none or it cannot be a name. */
  readonly name?: string | undefined;
  /** IPv4 dotted or IPv6 as RFC 5952 has it, without brackets. */
  readonly ip: string;
  readonly port: number;
  readonly workload?: string | undefined;
}

/** An entry as people write it: a name, `*.name`, an address or a CIDR. Text instead: what was expected. */
export function parseTarget(text: string): Target | string {
  const slash = text.indexOf("/");
  const address = slash < 0 ? text : text.slice(0, slash);
  const bytes = addressBytes(address);
  if (bytes !== undefined) {
    const most = bytes.length * 8;
    const prefix = slash < 0 ? String(most) : text.slice(slash + 1);
    if (!/^\d{1,3}$/.test(prefix) || Number(prefix) > most) {
      return `a prefix length of 0 to ${most}`;
    }
    const bits = Number(prefix);
    const first = bytes.map((byte, i) => byte & maskOf(bits, i));
    if (first.some((byte, i) => byte !== bytes[i])) {
      return "zeros behind the prefix: it is not clear which network is meant";
    }
    return { kind: "cidr", text, bytes, bits };
  }
  const wildcard = text.startsWith("*.");
  const name = canonical({ kind: "dns", value: wildcard ? text.slice(2) : text });
  const pattern = wildcard ? `*.${name}` : name;
  if (name === undefined || !isDnsName(name) || pattern === undefined || !isDnsPattern(pattern)) {
    return "a DNS name, one with a leading `*.` label, an address or a CIDR";
  }
  return { kind: "name", text: pattern };
}

/** `*` stands for exactly one label, the leftmost. `name` is lower-case A-labels. */
export function coversName(target: Target, name: string): boolean {
  if (target.kind !== "name") return false;
  if (!target.text.startsWith("*.")) return target.text === name;
  const dot = name.indexOf(".");
  return dot > 0 && name.slice(dot + 1) === target.text.slice(2);
}

export function coversAddress(target: Target, ip: string): boolean {
  if (target.kind !== "cidr") return false;
  const bytes = addressBytes(ip);
  if (bytes === undefined || bytes.length !== target.bytes.length) return false;
  return bytes.every((byte, i) => (byte & maskOf(target.bits, i)) === target.bytes[i]);
}

/** What a setting says about this place, and on which line. The first entry that matches decides. */
export function settingFor<Answer>(
  setting: Setting<Answer>,
  { name, ip }: Destination,
): { answer: Answer; line: number | undefined } {
  const entry = setting.for.find(({ to }) =>
    to.some(
      (target) => coversAddress(target, ip) || (name !== undefined && coversName(target, name)),
    ),
  );
  if (entry === undefined) return { answer: setting.default, line: setting.line };
  return { answer: entry.then, line: entry.line };
}

/**
 * A name that can be one stands for itself, since lines name the address beside it; else the address,
 * behind what the client claimed. Raw text.
 */
export function placeName({ serverName, name, ip, port }: Destination): string {
  if (serverName !== undefined && name !== undefined) return serverName;
  const end = ip.includes(":") ? `[${ip}]:${port}` : `${ip}:${port}`;
  return serverName === undefined ? end : `${serverName} (${end})`;
}

/** The bits of byte `index` that a prefix of `bits` bits covers. */
function maskOf(bits: number, index: number): number {
  const here = Math.max(0, Math.min(8, bits - index * 8));
  return (0xff << (8 - here)) & 0xff;
}

/** Four or sixteen numbers; `undefined` if it is no address. */
function addressBytes(text: string): number[] | undefined {
  const ip = canonical({ kind: "ip", value: text });
  if (ip === undefined) return undefined;
  if (!ip.includes(":")) return ip.split(".").map(Number);
  const [head = "", tail] = ip.split("::");
  const groups = (part: string) => (part === "" ? [] : part.split(":").map((g) => parseInt(g, 16)));
  const [left, right] = [groups(head), groups(tail ?? "")];
  const zeros = new Array<number>(8 - left.length - right.length).fill(0);
  return [...left, ...zeros, ...right].flatMap((group) => [group >> 8, group & 0xff]);
}
