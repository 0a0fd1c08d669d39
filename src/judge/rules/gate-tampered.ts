/** C10: somebody changed what the gate stands on. */
import { type Finding, findingOf, type Rule } from "../finding.ts";
import { INSTALL_CERTIFICATE, tagged } from "./attack.ts";

export const gateTampered: Rule = {
  id: "C10",
  name: "gate-tampered",
  severity: "critical",
  confidence: "high",
  attack: tagged(INSTALL_CERTIFICATE, ["T1562.004"]),
  title: "Gate tampered with",
  whatToDo:
    "Find the process that did it, and who may: it takes CAP_NET_ADMIN in the workload's network namespace, which " +
    "no workload needs.",
  means:
    "Rules, sockets, marks, counters or interfaces that belong to Portcullis were changed by another process. " +
    "Whoever can do that can also open the gate; what was changed is put back as it was.",
  cannotSee:
    "Changes that leave everything of ours as it is and still lead around it: another network namespace, a program " +
    "at the interface (XDP, tc) that sends by itself, rules of others that redirect frames before ours see them.",
  falsePositives: [
    {
      when: "A person who flushes the whole ruleset (`nft flush ruleset`), or a tool that does so when it starts.",
    },
  ],
  emulation: {
    says: "Delete a rule of Portcullis while it watches. From Linux 6.9 on the kernel refuses that to everyone else.",
    commands: ["nft delete table inet portcullis"],
  },
};

/**
 * @param what was changed, and as what it was found
 * @param by the process that did it, where the kernel says so: a name, hostile text
 */
export function gateTamperedFinding(what: string, by?: string): Finding {
  return findingOf(gateTampered, "cut", {
    summary: `${what}${by === undefined ? "" : `, by ${by}`}.`,
    evidence: { what, ...(by !== undefined && { by }) },
  });
}
