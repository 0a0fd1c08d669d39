/** B17: an identity whose key an HSM should hold, and whose certificate leads elsewhere. */
import { clip, type Finding, findingOf, type Rule } from "../finding.ts";
import type { Decision } from "../policy/policy.ts";
import { DISABLE_CRYPTO_HARDWARE, tagged } from "./attack.ts";

export const hsmIdentity: Rule = {
  id: "B17",
  name: "hsm-identity-lost",
  severity: "breach",
  confidence: "high",
  attack: tagged(DISABLE_CRYPTO_HARDWARE, ["T1600.002", "T1588.004"]),
  title: "HSM-backed identity lost",
  whatToDo:
    "Find out where this certificate's key lies and who issued it; revoke it if nobody did on purpose, and put the HSM's key back.",
  means:
    "A line of `expect` says with `hardware: {kind: hsm, identity: ...}` that the key of a server or of a client " +
    "is in an HSM, and to which CA or key its certificate leads. The one that was shown does not lead there, " +
    "or has another kind of key than before. Programs fall back to a key in a file when a token is gone.",
  cannotSee:
    "Certificates that TLS 1.3 hides (A18). Whether the key is really in the HSM: only who issued its " +
    "certificate. With `issuer` alone a name is compared, which anybody can write: give `spki` as well.",
  falsePositives: [
    { when: "A rotation through the HSM's CA leads to the same place, and is not told." },
    {
      when: "A new CA or a new key: its `spki` in the line.",
      exception:
        "expect:\n  - to: {name: <server name>}\n    encryption: {by: tls}\n" +
        "    hardware: {kind: hsm, identity: {of: client, spki: <spki>}}",
    },
  ],
  emulation: {
    says: "A server whose key is in SoftHSM, and then, its token moved away, in a file.",
    commands: [
      "openssl s_server -accept 4433 -engine pkcs11 -keyform engine -key 'pkcs11:token=hsm' -cert hsm.pem -tls1_2",
      "openssl s_server -accept 4433 -key file.pem -cert other.pem -tls1_2",
    ],
  },
};

export interface LostIdentity {
  readonly of: "server" | "client";
  readonly why: "leads-elsewhere" | "key-type-changed";
  readonly place: string;
  readonly subject: string;
  readonly issuer: string;
  readonly sha256: string;
  /** Kind of key before, where that changed. */
  readonly before?: string | undefined;
  readonly now: string;
  readonly line?: number | undefined;
}

export function hsmIdentityFinding(asks: Decision, seen: LostIdentity): Finding {
  const { of, why, place, subject, issuer, sha256, before, now, line } = seen;
  const what =
    why === "leads-elsewhere"
      ? `does not lead to the HSM's CA (issuer ${clip(issuer, NAME_MAX)})`
      : `has a key of another kind than before (${before}, now ${now})`;
  return findingOf(hsmIdentity, asks, {
    summary: `The ${of}'s certificate at ${clip(place, NAME_MAX)} ${what}.`,
    certificates: [sha256],
    evidence: {
      of,
      why,
      subject,
      issuer,
      key: now,
      ...(before !== undefined && { before }),
      ...(line !== undefined && { line }),
    },
  });
}

const NAME_MAX = 60;
