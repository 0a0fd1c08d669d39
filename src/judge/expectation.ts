/**
 * An `expect` line of the policy: to whom, encrypted by what, how strong, visible where, by which
 * hardware. And a `mesh` line: a leg that somebody encrypts later.
 *
 * What `to` holds must all match. The first line that covers a connection is the one that counts, as
 * in every list of exceptions of the policy, so that a narrow line above a wide one is an exception.
 *
 * Where ciphertext is visible decides what a capture can prove. Vantages lie in a row, from inside to
 * outside: pod, node, wire. What is encrypted at one of them is encrypted at all further out; what lies
 * further in may show it in clear, and that may be the very sign that hardware works.
 */
import { coversAddress, coversName, type Destination } from "./destination.ts";
import type { Decision, Target } from "./policy/policy.ts";

export const ENCRYPTED_BY = ["tls", "dtls", "ipsec", "wireguard", "macsec", "ssh"] as const;
export type EncryptedBy = (typeof ENCRYPTED_BY)[number];

/** From inside to outside. */
export const VANTAGES = ["pod", "node", "wire"] as const;
export type Vantage = (typeof VANTAGES)[number];

export const HARDWARE = [
  "cpu-aes",
  "qat",
  "ktls-nic",
  "ipsec-nic",
  "macsec-nic",
  "hsm",
  "tpm",
  "none",
] as const;
export type HardwareKind = (typeof HARDWARE)[number];

/** Values of `minVersion`, from oldest to newest in each of the two families. */
export const MIN_VERSIONS = [
  "SSL3",
  "TLS1.0",
  "TLS1.1",
  "TLS1.2",
  "TLS1.3",
  "DTLS1.0",
  "DTLS1.2",
  "DTLS1.3",
] as const;
export type MinVersion = (typeof MIN_VERSIONS)[number];

export interface Expectation {
  /** Of the policy file, from 1; absent in a policy that was not read from a file. */
  readonly line?: number;
  readonly to: {
    readonly cidr?: Target;
    readonly name?: Target;
    readonly ports?: readonly number[];
  };
  readonly by: EncryptedBy;
  readonly minVersion?: MinVersion;
  /** IANA names, or the words of cipher-words.ts. */
  readonly ciphers?: readonly string[];
  /** IANA names. */
  readonly groups?: readonly string[];
  readonly keyTypes?: readonly string[];
  /** As written; what holds without it says `visibleAt`. */
  readonly visibleAt?: Vantage;
  /** What an unmet expectation is worth; absent: what INTERFACE's step 7 says. */
  readonly otherwise?: Decision;
  readonly hardware?: {
    readonly kind: HardwareKind;
    /** Whose key the hardware holds; absent with `hsm`: `to` is where the HSM itself answers. */
    readonly identity?: HardwareIdentity;
  };
}

/** Of the certificate whose key hardware holds: what it must lead to. At least one of both is there. */
export interface HardwareIdentity {
  readonly of: "server" | "client";
  /** RFC 4514, as written, and its RFC 5280 §7.1 form. */
  readonly issuer?: string;
  readonly issuerKey?: string;
  /** Of a CA on the path or of the leaf itself, lower-case hex. */
  readonly spki?: string;
}

/** A leg of a service mesh: in clear to the proxy beside the workload, which encrypts. */
export interface MeshLeg {
  readonly line?: number;
  /** Of the server's side. */
  readonly ports: readonly number[];
}

/** `isNamed` says of an address whether the DNS bound it to a name; absent: nobody looked. */
export type IsNamed = (name: string) => boolean;

/** The first line that covers this place. */
export function expectationFor(
  expect: readonly Expectation[] | undefined,
  destination: Destination,
  isNamed?: IsNamed,
): Expectation | undefined {
  return expect?.find((one) => covers(one, destination, isNamed));
}

/**
 * A name is the one that the client asked for; a connection that asks for none, as those in clear do,
 * is covered when the DNS bound its address to the line's name (wildcards name too many to look up).
 */
export function covers(
  { to }: Expectation,
  { name, ip, port }: Destination,
  isNamed?: IsNamed,
): boolean {
  if (to.ports !== undefined && !to.ports.includes(port)) return false;
  if (to.cidr !== undefined && !coversAddress(to.cidr, ip)) return false;
  if (to.name === undefined) return true;
  if (name !== undefined) return coversName(to.name, name);
  return !to.name.text.startsWith("*.") && isNamed?.(to.name.text) === true;
}

/**
 * From where on ciphertext must be visible. TLS, DTLS and SSH are made in the workload, but for TLS that
 * the network card encrypts; what a link encrypts leaves the pod in clear.
 */
export function visibleFrom({ visibleAt, by, hardware }: Expectation): Vantage {
  if (visibleAt !== undefined) return visibleAt;
  if (by === "tls" || by === "dtls" || by === "ssh") {
    return hardware?.kind === "ktls-nic" ? "wire" : "pod";
  }
  return "node";
}

/**
 * Whether ciphertext must be visible where the capture was taken: `unknown` without a vantage, but for
 * what is visible everywhere and where no line says `visibleAt`.
 */
export function isVisible(
  expectation: Expectation,
  vantage: Vantage | undefined,
): boolean | "unknown" {
  const from = visibleFrom(expectation);
  if (expectation.visibleAt === undefined && from === "pod") return true;
  if (vantage === undefined) return "unknown";
  return VANTAGES.indexOf(vantage) >= VANTAGES.indexOf(from);
}

/** Whether what encrypts lies below the transport layer. */
export function isLink({ by }: Expectation): boolean {
  return by === "ipsec" || by === "wireguard" || by === "macsec";
}

export function meshLegAt(mesh: readonly MeshLeg[] | undefined, port: number): MeshLeg | undefined {
  return mesh?.find(({ ports }) => ports.includes(port));
}
