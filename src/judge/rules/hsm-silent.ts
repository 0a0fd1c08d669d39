/** B16: a workload no longer talks to its HSM, and TLS goes on. */
import { clip, type Finding, findingOf, type Rule } from "../finding.ts";
import type { Decision } from "../policy/policy.ts";
import { DISABLE_CRYPTO_HARDWARE, tagged } from "./attack.ts";

export const hsmSilent: Rule = {
  id: "B16",
  name: "hsm-silent",
  severity: "breach",
  confidence: "medium",
  attack: tagged(DISABLE_CRYPTO_HARDWARE, ["T1600.002"]),
  title: "HSM session lost while crypto continues",
  whatToDo:
    "Find out where the workload's keys are now: look at its PKCS#11 configuration, and ask the HSM when this client was last served.",
  means:
    "A line of `expect` with `hardware: {kind: hsm}` and no `identity` says where an HSM answers. The workload " +
    "had connections there, none for five minutes, and opens new TLS connections all the same: keys " +
    "that were in the HSM are used elsewhere, or something else signs.",
  cannotSee:
    "HSMs that no line declares, and cards in the machine. A silence within one open connection: it " +
    "counts as used from its first to its last packet. It is told when the capture ends.",
  falsePositives: [
    {
      when: "Maintenance of the HSM: a signed window for the component `wire.encryption`, or a line of less worth.",
      exception:
        "expect:\n  - to: {cidr: <address>, ports: [1792]}\n    encryption: {by: tls}\n" +
        "    hardware: {kind: hsm}\n    otherwise: pass",
    },
    {
      when: "A client that failed over to another HSM: declare the network or both addresses in one line each.",
    },
    { when: "A workload that was scaled to zero: without new TLS connections nothing is said." },
  ],
  emulation: {
    says: "A connection to the HSM's address that ends, and TLS that goes on for more than five minutes.",
    commands: [
      "openssl s_client -connect <hsm>:1792   # then end it",
      "sleep 301; curl https://<another server>/",
    ],
  },
};

export interface HsmSilence {
  readonly workload: string;
  /** Where the HSM answered. */
  readonly hsm: string;
  readonly place: string;
  readonly silentSeconds: number;
  readonly lastAtUs: number;
  readonly line?: number | undefined;
}

export function hsmSilentFinding(asks: Decision, seen: HsmSilence): Finding {
  const { workload, hsm, place, silentSeconds, lastAtUs, line } = seen;
  return findingOf(hsmSilent, asks, {
    summary: `${clip(workload, NAME_MAX)} has not talked to its HSM ${hsm} for ${silentSeconds} s, and opens TLS to ${clip(place, NAME_MAX)}.`,
    evidence: { workload, hsm, silentSeconds, lastAtUs, ...(line !== undefined && { line }) },
  });
}

const NAME_MAX = 50;
