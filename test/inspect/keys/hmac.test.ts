/** Our HMAC against that of `node:crypto`. */
import { createHmac } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { hmac } from "../../../src/inspect/keys/hkdf.ts";

test.each(["sha256", "sha384"] as const)("%s of any key and message", (hash) => {
  // Keys beyond a block, of 64 or 128 bytes, are hashed first.
  const key = fc.uint8Array({ maxLength: 200 });
  fc.assert(
    fc.property(key, fc.uint8Array({ maxLength: 300 }), (secret, message) => {
      const expected = createHmac(hash, secret).update(message).digest("hex");
      expect(hmac(hash, secret, message).toString("hex")).toBe(expected);
    }),
  );
});
