/** Windows as somebody with a key would write them into a policy. */
import { generateKeyPairSync, hash, type KeyObject, sign } from "node:crypto";
import { signedText, type WrittenWindow } from "../../src/judge/window.ts";

export interface Signer {
  readonly privateKey: KeyObject;
  /** SubjectPublicKeyInfo, in Base64. */
  readonly publicKey: string;
  /** SHA-256 of it, hex. */
  readonly sha256: string;
}

export function newSigner(): Signer {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  const spki = publicKey.export({ type: "spki", format: "der" });
  return { privateKey, publicKey: spki.toString("base64"), sha256: hash("sha256", spki) };
}

/** One that is open for the two days around the scene's time unless `window` says otherwise. */
export function signedWindow(signer: Signer, window: Partial<WrittenWindow> = {}): WrittenWindow {
  const { privateKey, publicKey, sha256: signedBy } = signer;
  const said = {
    name: "rotation",
    scope: "wire.encryption",
    from: "2026-11-22",
    to: "2026-11-23",
    signedBy,
    publicKey,
    ...window,
  };
  const text = signedText({ ...said, signature: "" });
  const signature = sign(null, Buffer.from(text), privateKey).toString("base64");
  return { signature, ...said };
}
