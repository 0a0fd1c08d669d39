/**
 * Maintenance windows: for a time, a change that is expected does not cut anybody off. It stays a
 * report, with all its evidence.
 *
 * Whoever may write to a policy is not always who may lower its cuts, so a window is signed, with a key
 * that `windowSigners` names: Ed25519 (RFC 8032) over the RFC 8785 form of what the file says of the
 * window, `signature` itself left out. Text is signed as written, so `from: 2026-11-25` and
 * `from: 2026-11-25T00:00Z` are two windows.
 *
 * A window whose signature is wrong lowers nothing, and everything else in the policy holds: a signer
 * who is struck off at night must not take the policy down with the windows that are still signed so.
 */
import { createPublicKey, hash, verify } from "node:crypto";
import { canonicalJson } from "./policy/canonical-json.ts";
import type { Window } from "./policy/policy.ts";
import { endOfDayOrMoment, parseHash, startOfDayOrMoment } from "./policy/policy-text.ts";

/** As the schema has checked it. */
export interface WrittenWindow {
  readonly name: string;
  readonly scope: string;
  readonly from: string;
  readonly to: string;
  readonly signedBy: string;
  readonly publicKey: string;
  readonly signature: string;
}

/** @param signers the file's `windowSigners` */
export function windowOf(written: WrittenWindow, signers: readonly string[]): Window {
  const { name, scope, from, to } = written;
  const key = parseHash(scope);
  const refused = whyRefused(written, signers);
  return {
    name,
    ...(key === undefined ? { component: scope } : { key }),
    fromUs: startOfDayOrMoment(from)!,
    toUs: endOfDayOrMoment(to)!,
    to,
    ...(refused === undefined ? {} : { refused }),
  };
}

/** What is signed of a window, as text of which the UTF-8 bytes count. */
export function signedText({ signature: _, ...rest }: WrittenWindow): string {
  return canonicalJson(rest);
}

/** A clause that says why a window does not count; `undefined` when it does. */
function whyRefused(written: WrittenWindow, signers: readonly string[]): string | undefined {
  const { signedBy, publicKey, signature } = written;
  const signer = parseHash(signedBy);
  if (!signers.some((each) => parseHash(each) === signer)) {
    return "`signedBy` is none of `windowSigners`";
  }
  const spki = Buffer.from(publicKey, "base64");
  if (hash("sha256", spki) !== signer) return "`publicKey` is not the key that `signedBy` names";
  const key = ed25519(spki);
  if (key === undefined) return "`publicKey` is no Ed25519 key (SubjectPublicKeyInfo, in Base64)";
  const isGood = verify(null, Buffer.from(signedText(written)), key, base64(signature));
  return isGood ? undefined : "`signature` does not fit what the window says";
}

function ed25519(spki: Buffer) {
  try {
    const key = createPublicKey({ key: spki, format: "der", type: "spki" });
    return key.asymmetricKeyType === "ed25519" ? key : undefined;
  } catch {
    return undefined;
  }
}

function base64(text: string): Buffer {
  return Buffer.from(text, "base64");
}
