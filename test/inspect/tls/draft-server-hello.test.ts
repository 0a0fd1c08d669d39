import { describe, expect, test } from "vitest";
import { readServerHello } from "../../../src/inspect/tls/server-hello.ts";
import { concat, hex, pattern, uint } from "../../wire/bytes.ts";

describe("a ServerHello of an early TLS 1.3 draft", () => {
  // Recorded by Suricata's authors from draft 14: no session id, no compression, one key share.
  const keyShare = concat(hex("002800450017004104"), pattern(64, 3));
  const body = (version: number) =>
    concat(uint(version, 2), pattern(32, 1), hex("c02b0049"), keyShare);

  test.each([0x0304, 0x7f0e, 0x7f15])("is read without a session id, version %i", (version) => {
    const bytes = body(version);
    expect(readServerHello(bytes, 0, bytes.length)).toMatchObject({
      version,
      cipher: 0xc02b,
      group: 23,
    });
  });

  test.each([0x0303, 0x7f16])("is not what follows version %i", (version) => {
    const bytes = body(version);
    expect(readServerHello(bytes, 0, bytes.length)).toContain("session id");
  });
});
