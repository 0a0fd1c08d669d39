/**
 * What of a hello shapes a server's flight, as one text: two connections with the same may share an answer.
 * The random, the session and the keys of the shares are none of it, whatever else a workload varies.
 */
import { hash } from "node:crypto";
import { u16 } from "../inspect/tls/bytes.ts";
import { cipherSuiteName } from "../inspect/tls/cipher-suites.ts";
import { partsOf } from "./clone.ts";
import { copied } from "./extension.ts";

/** SHA-256 in hex; absent for a hello that cannot be read. */
export function helloKey(hello: Uint8Array): string | undefined {
  const parts = partsOf(hello);
  if (typeof parts === "string") return undefined;
  const { version, sessionId, ciphers, extensions } = parts;
  const known = ciphers.filter((cipher) => !cipherSuiteName(cipher).startsWith("0x"));
  const shaping = extensions.flatMap(({ type, body }) => {
    if (type === KEY_SHARE) return [[type, groupsOf(body).join()]];
    const kept = copied({ type, body });
    return typeof kept === "string" ? [] : [[type, Buffer.from(kept).toString("hex")]];
  });
  const said = [version, sessionId.length > 0, known, shaping];
  return hash("sha256", JSON.stringify(said), "hex");
}

function groupsOf(body: Uint8Array): number[] {
  const groups: number[] = [];
  for (let at = 2; at + 4 <= body.length; at += 4 + u16(body, at + 2)) groups.push(u16(body, at));
  return groups;
}

const KEY_SHARE = 51;
