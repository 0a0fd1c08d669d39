/** Connections to hold against `expect` lines: what is not said has a default that is unremarkable. */
import type { Flow } from "../../src/flow/event.ts";
import type {
  OpaqueObservation,
  PlaintextObservation,
  TlsObservation,
} from "../../src/inspect/observation.ts";
import type { Policy } from "../../src/judge/policy/policy.ts";
import { parsePolicy } from "../../src/judge/policy/policy-file.ts";
import type { Encounter } from "../../src/judge/steps/expect.ts";
import type { KeyKind } from "../../src/trust/key.ts";

export const SERVER = "10.20.0.5";
const AT_US = Date.UTC(2026, 10, 25) * 1000;

/** `expect:` in flow style; its first entry stands on line 4. Enforced. */
export function expecting(expect: string, more = ""): Promise<Policy> {
  const text = `version: 1\nmode: enforce\nexpect:\n${expect}\n${more}`;
  return parsePolicy(text, "test.yaml");
}

export interface Scene {
  readonly direction?: Encounter["direction"];
  readonly vantage?: Encounter["vantage"];
  readonly name?: string;
  readonly ip?: string;
  readonly port?: number;
  readonly isNamed?: Encounter["isNamed"];
}

export function encounter(
  policy: Policy,
  seen: Encounter["seen"],
  { direction = "egress", vantage, name, ip = SERVER, port = 5432, isNamed }: Scene = {},
): Encounter {
  const destination = { serverName: name, name, ip, port };
  return { policy, destination, direction, vantage, isNamed, seen };
}

/** A good handshake, but for what is given. */
export function tls(more: Partial<TlsObservation> = {}, key?: KeyKind): Encounter["seen"] {
  return { tls: handshakeOf(more), key };
}

export function handshakeOf(more: Partial<TlsObservation> = {}): TlsObservation {
  const atUs = more.atUs ?? AT_US;
  return {
    kind: "tls",
    flow: flowAt(atUs),
    client: 0,
    atUs,
    transport: "tcp",
    version: "TLS1.3",
    cipher: "TLS_AES_256_GCM_SHA384",
    group: "X25519MLKEM768",
    alpnOffered: [],
    steps: [],
    established: true,
    resumed: false,
    alerts: [],
    certificates: { seen: "no", why: "encrypted", chain: [] },
    coverage: [],
    ...more,
  };
}

export function plain(more: Partial<PlaintextObservation> = {}): Encounter["seen"] {
  const flow = flowAt(AT_US);
  const basis = { kind: "plaintext", flow, client: 0, atUs: AT_US } as const;
  const said = { protocol: "postgresql", exposes: [], startTls: "none" } as const;
  return { clear: { ...basis, ...said, ...more } };
}

export function opaque(more: Partial<OpaqueObservation>): Encounter["seen"] {
  const flow = flowAt(AT_US);
  const why = "unknown-protocol";
  return { clear: { kind: "opaque", flow, client: 0, atUs: AT_US, why, ...more } };
}

function flowAt(atUs: number): Flow {
  return {
    id: 1,
    transport: "tcp",
    ends: [
      { ip: "10.0.0.9", port: 40_000 },
      { ip: SERVER, port: 5432 },
    ],
    opener: 0,
    openedAtUs: atUs,
  };
}
