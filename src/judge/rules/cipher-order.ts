/** B13: a client orders its suites as on a processor without AES instructions. */
import { clip, type Finding, findingOf, type Rule } from "../finding.ts";
import type { Decision } from "../policy/policy.ts";
import { DISABLE_CRYPTO_HARDWARE, tagged } from "./attack.ts";

export const cipherOrder: Rule = {
  id: "B13",
  name: "cipher-order-turned",
  severity: "warning",
  confidence: "medium",
  attack: tagged(DISABLE_CRYPTO_HARDWARE, ["T1600.002"]),
  title: "ClientHello says that AES hardware is gone",
  whatToDo:
    "Look at the environment of the client's processes (GODEBUG, OPENSSL_ia32cap) and at the flags of the processor (/proc/cpuinfo), on the node that it runs on now.",
  means:
    "The same client offers the same suites as before in another order: ChaCha20 first instead of " +
    "AES-GCM. Go's crypto/tls and BoringSSL (gRPC) ask the processor for AES instructions and order by " +
    "the answer, so these instructions were taken from them: by an environment variable, a hypervisor " +
    "or another processor.",
  cannotSee:
    "Clients whose order is fixed: OpenSSL, Node, Python, GnuTLS, the JDK. What was masked before the " +
    "capture began. Which of the three causes it is.",
  falsePositives: [
    {
      when:
        "The workload moved to a node with an older processor, or to one of another kind. Name workloads " +
        "so that this is another one (`--workloads`); there is no exception by address.",
    },
    {
      when: "A new version of the library: it nearly always offers other suites as well, and then nothing is said.",
    },
  ],
  emulation: {
    says: "A Go client, twice, the second time without AES as far as it knows; gRPC the same.",
    commands: [
      "./client <address>:4433",
      "GODEBUG=cpu.aes=off ./client <address>:4433",
      "OPENSSL_ia32cap='~0x200000200000000' python3 grpc-client.py <address>:4433",
    ],
    capture: "captures/aes-masked-go.pcap",
  },
};

export interface Turned {
  readonly workload: string;
  readonly place: string;
  readonly of: readonly string[];
  readonly beforeUs: number;
  /** What is the same before and after: the suites, however ordered, as JA4 has them. */
  readonly set: string;
  readonly line?: number | undefined;
}

export function cipherOrderFinding(asks: Decision, turned: Turned): Finding {
  const { workload, place, of, beforeUs, set, line } = turned;
  return findingOf(cipherOrder, asks, {
    summary: `${clip(workload, NAME_MAX)} now offers ChaCha20 before AES-GCM (to ${clip(place, NAME_MAX)}), as without AES instructions.`,
    evidence: { workload, of, beforeUs, suites: set, ...(line !== undefined && { line }) },
  });
}

const NAME_MAX = 60;
