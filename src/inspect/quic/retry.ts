/** The tag of a Retry packet (RFC 9001 §5.8): whoever made it had seen the client's first packet. */
import { openAead } from "../keys/aead.ts";
import { tls13Suite } from "../keys/suite.ts";
import type { LongHeader } from "./header.ts";

/**
 * Whether the Retry in [header.from, header.end) answers the packet that was sent to `originalDcid`;
 * absent when this version's tags cannot be checked.
 */
export function isRetryOf(
  bytes: Uint8Array,
  header: LongHeader,
  originalDcid: string,
): boolean | undefined {
  const secret = header.version?.retry;
  if (secret === undefined) return undefined;
  const tagAt = header.end - TAG_BYTES;
  if (tagAt < header.body) return false;
  const additional = Buffer.concat([
    Buffer.from([originalDcid.length]),
    Buffer.from(originalDcid, "latin1"),
    bytes.subarray(header.from, tagAt),
  ]);
  const tag = bytes.subarray(tagAt, header.end);
  return openAead(AES_128_GCM, secret.key, secret.nonce, additional, tag) !== undefined;
}

const AES_128_GCM = tls13Suite(0x1301)!;
const TAG_BYTES = 16;
