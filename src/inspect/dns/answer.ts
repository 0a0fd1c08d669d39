/**
 * What an answer says about the name that was asked: the addresses at the end of its chain of aliases.
 *
 * Only records that lead there from the question count. Others in the same answer are nobody's answer to
 * anything that was asked (RFC 5452 §6), however many a server adds.
 */
import type { EchConfig } from "./ech-config.ts";
import type { DnsMessage, DnsRecord } from "./message.ts";
import { folded } from "./name.ts";

export interface DnsAnswer {
  /** Who asked, and who answered: addresses as endpoints have them. */
  readonly client: string;
  readonly resolver: string;
  /** Of the answer's last packet. */
  readonly atUs: number;
  /** The name that was asked, in lower case. */
  readonly name: string;
  readonly addresses: readonly string[];
  /** Seconds for which all of it may be kept. */
  readonly ttl: number;
  /** Of HTTPS and SVCB records with `ech=`. */
  readonly ech: readonly EchConfig[];
}

/** The answer in a message that answers a question; absent when it says nothing about addresses or ECH. */
export function answerOf(
  { question, answers, code, truncated }: DnsMessage,
  told: Pick<DnsAnswer, "client" | "resolver" | "atUs">,
): DnsAnswer | undefined {
  if (code !== 0 || truncated) return undefined;
  const addresses = new Set<string>();
  const ech: EchConfig[] = [];
  const name = folded(question.name);
  let ttl = Number.POSITIVE_INFINITY;
  const passed = new Set<string>();
  for (let here: string | undefined = name; here !== undefined && !passed.has(here); ) {
    passed.add(here);
    const records: readonly DnsRecord[] = answers.filter((one) => folded(one.name) === here);
    let next: string | undefined;
    for (const record of records) {
      ttl = Math.min(ttl, record.ttl);
      if (record.kind === "alias") {
        next = folded(record.target);
        continue;
      }
      for (const address of record.addresses)
        if (addresses.size < ADDRESSES_MAX) addresses.add(address);
      if (record.kind === "service" && record.ech !== undefined) ech.push(...record.ech);
    }
    here = next;
  }
  if (addresses.size === 0 && ech.length === 0) return undefined;
  return { ...told, name, addresses: [...addresses], ttl, ech };
}

/** More than any server's answer for one name fits into. */
const ADDRESSES_MAX = 128;
