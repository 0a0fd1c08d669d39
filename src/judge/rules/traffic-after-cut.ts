/** C09: packets that leave a workload after it was cut off. */
import { type Finding, findingOf, type Rule } from "../finding.ts";
import { INSTALL_CERTIFICATE, tagged } from "./attack.ts";

export const trafficAfterCut: Rule = {
  id: "C09",
  name: "traffic-after-cut",
  severity: "critical",
  confidence: "high",
  attack: tagged(INSTALL_CERTIFICATE, ["T1041", "T1095"]),
  title: "Traffic after a cut",
  whatToDo:
    "Take the workload's link down or stop it now, since it has a way past the fence, and find out which program " +
    "with CAP_NET_RAW sends.",
  means:
    "The workload is cut off, every packet of it is dropped before it reaches the interface, and the interface " +
    "still sends. An XDP socket does that: it passes every rule of the kernel's packet filter.",
  cannotSee:
    "What leaves by an interface in another network namespace, or as signals in packets that the cut allows: the " +
    "sidecar's own channel. Packets of the moment of the cut that waited in an interface's queue count too.",
  falsePositives: [
    {
      when: "A queue in front of a slow interface, which still held packets when the workload was cut off: a few, once.",
    },
  ],
  emulation: {
    says: "Cut a workload off that has CAP_NET_RAW, then send from an XDP socket in its network namespace.",
    commands: ["portcullis cut --because exercise", "ip -s link show dev <interface>"],
  },
};

/** @param packets that the interfaces sent since the cut, without those of the channel */
export function trafficAfterCutFinding(packets: number, interfaces: readonly string[]): Finding {
  const by = interfaces.join(", ");
  return findingOf(trafficAfterCut, "cut", {
    summary: `${packets} packet${packets === 1 ? "" : "s"} left by ${by} although the workload is cut off.`,
    evidence: { packets, interfaces },
  });
}
