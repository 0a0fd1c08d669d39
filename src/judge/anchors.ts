/**
 * What a policy's files and lines say to the trust engine: where a path may end (roots, and the keys and
 * certificates that `allow` names), and which certificates were revoked.
 */
import { hash } from "node:crypto";
import {
  type Anchor,
  Anchors,
  certificateAnchor,
  keyAnchor,
  mozillaAnchors,
  pemAnchors,
} from "../trust/anchors.ts";
import { parseRevocationList, type RevocationList } from "../trust/revocation.ts";
import type { Policy } from "./policy/policy.ts";

/**
 * Expired lines count as well: what they name is still known, and the approval step says that the
 * approval ran out. With `allow: false` only the roots remain.
 */
export function anchorsOf({ issuers }: Policy, { allow } = { allow: true }): Anchors {
  const anchors: Anchor[] = [];
  // Mozilla's first: of a root that a file holds as well, the stricter profile counts, and an
  // `allow` line for `roots: mozilla` matches it wherever the file stands in the list.
  const { mozilla = [], file = [] } = Object.groupBy(issuers.roots, ({ kind }) => kind);
  for (const roots of [...mozilla, ...file]) {
    // One by one: a spread of a large bundle would overflow the stack.
    const more = roots.kind === "mozilla" ? mozillaAnchors() : pemAnchors(roots.pem).anchors;
    for (const anchor of more) anchors.push(anchor);
  }
  for (const { spki, certificate, issuerKey, line } of (allow ? issuers.allow : undefined) ?? []) {
    // `issuer`, `spki` and `certificate` on one line mean the same certificate.
    const named = {
      ...(spki !== undefined && { spkiSha256: spki }),
      ...(issuerKey !== undefined && { subjectKey: issuerKey }),
    };
    if (certificate !== undefined)
      anchors.push({ ...certificateAnchor(certificate, line), ...named });
    else if (spki !== undefined) anchors.push({ ...keyAnchor(spki, line), ...named });
  }
  return Anchors.of(anchors);
}

/** The revocation lists of a policy, each once, however many files hold it. */
export function revocationListsOf({ issuers }: Policy): readonly RevocationList[] {
  const known = new Map<string, Uint8Array>();
  for (const { lists } of issuers.crls ?? []) {
    for (const der of lists) known.set(hash("sha256", der), der);
  }
  return [...known.values()].map(parseRevocationList);
}
