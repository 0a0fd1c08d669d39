/** Handshake packets of real peers, opened with the secrets that their captures hold. */
import { describe, expect, test } from "vitest";
import { KeyLog } from "../../../src/inspect/keys/key-log.ts";
import { isLongHeader, readLongHeader } from "../../../src/inspect/quic/header.ts";
import { datagrams } from "./captured.ts";
import { type Datagram, hear } from "./hear.ts";

describe.each(["quic-secrets", "quic-secrets-v2", "quic-secrets-unknown-issuer"])("%s", (name) => {
  const seen = (said: readonly Datagram[], keys: KeyLog) => hear(said, keys).results()[0];

  test("shows the chain, who proves it, and that the server finished", async () => {
    const { said, keys } = await datagrams(name);
    const one = seen(said, keys);
    expect(one?.certificates.seen).toBe("decrypted");
    expect(one?.certificates.chain).toHaveLength(2);
    expect(one?.proof?.signature.length).toBeGreaterThan(60);
    expect(one?.finished).toBe("verified");
    expect(one?.steps.slice(-5)).toEqual([
      "encrypted-extensions",
      "certificate",
      "certificate-verify",
      "finished",
      "finished",
    ]);
    expect(hear(said, keys).wants).toBe("records");
  });

  test("shows no chain with the keys of others", async () => {
    const { said } = await datagrams(name);
    const one = seen(said, new KeyLog());
    expect(one?.certificates).toEqual({ seen: "no", why: "quic", chain: [] });
  });

  test("shows the same when neighbours overtake each other, the ServerHello too", async () => {
    const { said, keys } = await datagrams(name);
    const chain = (of: readonly Datagram[]) => seen(of, keys)?.certificates.chain.map(String);
    for (let at = 1; at < said.length; at++) {
      const turned = [...said];
      [turned[at - 1], turned[at]] = [turned[at]!, turned[at - 1]!];
      if (turned[at - 1]!.side !== turned[at]!.side) continue;
      expect(chain(turned)).toEqual(chain(said));
    }
  });

  test("tells a Handshake packet that was damaged, and reads its repetition", async () => {
    const { said, keys } = await datagrams(name);
    const damaged = said.map((one) => ({ ...one, bytes: Uint8Array.from(one.bytes) }));
    for (const one of damaged) if (one.side === 1) damageHandshake(one.bytes);
    const reasons = hear(damaged, keys).malformed.map(({ reason }) => reason);
    expect(reasons).toContain("Handshake packet that its keys do not open");
    expect(seen(damaged, keys)?.finished).toBeUndefined();
    // The client's Finished came before what it covers came again.
    expect(seen([...damaged, ...said], keys)?.finished).toBe("verified");
  });
});

/** Changes the last byte of every Handshake packet. */
function damageHandshake(bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length && isLongHeader(bytes[at]!); ) {
    const header = readLongHeader(bytes, at, bytes.length, 0);
    if (typeof header === "string") return;
    at = header.end;
    if (header.type === "handshake") bytes[at - 1]! ^= 1;
  }
}
