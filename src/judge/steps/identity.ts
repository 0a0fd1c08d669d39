/**
 * Step 7, of identities whose key hardware holds: whether the certificate leads to the CA or the key that the
 * line names. Signatures count, where the line gives a key: a name alone anybody can write.
 */
import { Anchors, keyAnchor } from "../../trust/anchors.ts";
import type { Chain } from "../../trust/store.ts";
import { validate } from "../../trust/validate.ts";
import { anchorsOf } from "../anchors.ts";
import { askable } from "../case.ts";
import { placeName } from "../destination.ts";
import type { Expectation, HardwareIdentity } from "../expectation.ts";
import type { Meeting } from "../meeting.ts";
import type { Policy } from "../policy/policy.ts";
import { hsmIdentityFinding } from "../rules/hsm-identity.ts";
import { keyName } from "../strength.ts";
import type { Answer } from "../verdict.ts";

export interface Shown {
  readonly chain: Chain | undefined;
  readonly clientChain: Chain | undefined;
  readonly atUs: number;
}

/** `before`: the kind of key that this identity had, where it is known. */
export function identityAnswers(
  { line, otherwise, hardware }: Expectation,
  { chain, clientChain, atUs }: Shown,
  meeting: Meeting,
  { policy, before }: { readonly policy: Policy; readonly before: string | undefined },
): Answer[] {
  const identity = hardware?.identity;
  const sent = identity?.of === "client" ? clientChain : chain;
  const leaf = sent?.certificates[0];
  if (identity === undefined || sent === undefined || leaf === undefined) return [];
  const now = keyName(leaf.key);
  const isThere = leadsTo(identity, sent, { atUs, policy });
  const at = { step: "expect", ...(line !== undefined && { line }) } as const;
  if (isThere && (before === undefined || before === now)) {
    return [
      { ...at, says: `met: the ${identity.of}'s certificate leads to the HSM's CA`, asks: "pass" },
    ];
  }
  const asks = askable(meeting, otherwise ?? "report");
  const why = isThere ? "key-type-changed" : "leads-elsewhere";
  const { subject, issuer, sha256 } = leaf;
  const place = placeName(meeting.destination);
  const { of } = identity;
  const seen = { of, why, place, subject, issuer, sha256, before, now, line } as const;
  const says = `${asks}: not met: the ${of}'s certificate ${why === "leads-elsewhere" ? "does not lead to the HSM's CA" : "has a key of another kind"}`;
  if (otherwise === "pass") return [{ ...at, says, asks }];
  return [{ ...at, says, asks, finding: hsmIdentityFinding(asks, seen) }];
}

function leadsTo(
  { of, issuerKey, spki }: HardwareIdentity,
  { certificates }: Chain,
  { atUs, policy }: { readonly atUs: number; readonly policy: Policy },
): boolean {
  const named =
    issuerKey === undefined ||
    certificates.some((one) => one.issuerKey === issuerKey || one.subjectKey === issuerKey);
  if (!named || spki === undefined) return named;
  const demand = { chain: certificates, purpose: of, atUs };
  if (validate({ ...demand, anchors: keyAnchors(spki) }).trusted) return true;
  // The CA itself need not be sent where the policy's roots hold it.
  return validate({ ...demand, anchors: rootsOf(policy) }).paths.some((path) =>
    path.certificates.some((one) => one.spkiSha256 === spki),
  );
}

/** Answers are remembered by the identity of the anchors. */
function keyAnchors(spki: string): Anchors {
  const known = KEYS.get(spki) ?? Anchors.of([keyAnchor(spki)]);
  if (KEYS.size >= KEYS_MAX) KEYS.clear();
  KEYS.set(spki, known);
  return known;
}

function rootsOf(policy: Policy): Anchors {
  const known = ROOTS.get(policy) ?? anchorsOf(policy, { allow: false });
  ROOTS.set(policy, known);
  return known;
}

const KEYS = new Map<string, Anchors>();
const ROOTS = new WeakMap<Policy, Anchors>();
/** Identities of a policy. */
const KEYS_MAX = 1024;
