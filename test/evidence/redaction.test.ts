/**
 * What evidence may hold of a conversation in clear: its beginning, without what a detector has located
 * as secret, and of what nobody recognises nothing. On captures of real servers' logins.
 */
import { hash } from "node:crypto";
import { readdirSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { CLEAR_BYTES_MAX, redacted } from "../../src/evidence/redaction.ts";
import type { KeptPacket } from "../../src/evidence/ring.ts";
import { defaultPolicy } from "../../src/judge/policy/policy.ts";
import type { PlaintextLine } from "../../src/report/lines.ts";
import { concat, latin1, uint } from "../wire/bytes.ts";
import { conversation } from "../wire/conversation.ts";
import { fragments } from "../wire/ip.ts";
import { LINK } from "../wire/link.ts";
import type { WirePacket } from "../wire/packet.ts";
import { evidenceOf, payloads, plaintextOf, replayed, secretsLeft, streamOf } from "./proofs.ts";

const captures = readdirSync("captures").filter((file) => /^plain-.*\.pcap(ng)?$/.test(file));

describe("the evidence of a conversation in clear", () => {
  test.each(captures)(
    "%s: holds no located secret, and reads as the same protocol",
    async (file) => {
      const { evidence, lines } = await evidenceOf(`captures/${file}`, defaultPolicy, () => true);
      expect(evidence.length).toBeGreaterThan(0);
      for (const { proof } of evidence) {
        const clear = plaintextOf(proof.lines);
        const isHandshake = proof.openness === "handshake";
        if (clear.length === 0 && !isHandshake) expect(proof.openness).toBe("unknown");
        expect(secretsLeft(proof, clear)).toEqual([]);
        if (!isHandshake && clear.length > 0) {
          for (const bytes of payloadBySide(proof.packets).values()) {
            expect(bytes).toBeLessThanOrEqual(CLEAR_BYTES_MAX);
          }
        }
        const again = plaintextOf(await replayed(proof, defaultPolicy));
        expect(new Set(again.map(namesOf))).toEqual(new Set(clear.map(namesOf)));
      }
      expect(lines.filter(({ kind }) => kind === "fault")).toEqual([]);
    },
  );
});

describe("packets made fit to be written", () => {
  const ends = { client: "10.0.0.1:40000", server: "192.0.2.7:110" };
  const secret = { side: "client", offset: 5, bytes: 6 } as const;
  const about = { openness: "clear", ...ends, located: [secret] } as const;
  const login = latin1("PASS hunter\r\n");

  test("have zeros where secrets stood, however they were sent", () => {
    const whole = kept(conversation(ends).client(login));
    const pieces = kept(
      conversation(ends)
        .segment("client", 0, login.subarray(0, 6))
        .segment("client", 6, login.subarray(6, 9))
        .segment("client", 1, login.subarray(1, 11))
        .segment("client", 9, login.subarray(9)),
    );
    for (const packets of [whole, pieces, [...pieces].reverse()]) {
      expect(textOf(packets)).toContain("hun");
      const text = textOf(redacted(packets, about));
      expect(text).toContain("PASS \0");
      expect(text).not.toMatch(/h\0|unt|er\r/);
    }
  });

  test("have zeros in all fragments that may hold some of it", () => {
    const packets = kept(
      conversation({ ...ends, cut: (packet) => fragments(packet, 24) }).client(login),
    );
    expect(packets.length).toBeGreaterThan(4);
    expect(textOf(redacted(packets, about))).not.toMatch(/PASS|hun|ter/);
  });

  test("keep the same bytes that the other side sent", () => {
    const packets = kept(conversation(ends).server(latin1("+OK hunter\r\n")).client(login));
    const text = textOf(redacted(packets, about));
    expect(text).toContain("+OK hunter");
    expect(text).toContain("PASS \0\0\0\0\0\0\r\n");
  });

  test("end after the first 256 bytes of a direction, and say how long they were", () => {
    const script = conversation(ends);
    for (const letter of "abc") script.client(latin1(letter.repeat(200)));
    const all = redacted(kept(script), { ...about, located: [] });
    expect(textOf(all)).toContain("a".repeat(200));
    expect(textOf(all)).toMatch(/[^b]b{56}$/);
    const cut = all.at(-1)!;
    expect(cut.original - cut.bytes.length).toBe(144);
  });

  test("are zeros where nobody recognised what it was", () => {
    const packets = kept(conversation(ends).client(latin1("token=hunter")));
    const text = textOf(redacted(packets, { ...about, openness: "unknown", located: [] }));
    expect(text).not.toMatch(/token|hunter/);
    expect(text).toHaveLength(textOf(packets).length);
  });

  test("are zeros before the first byte that is known of a direction", () => {
    const midstream = conversation({ ...ends, handshake: false })
      .segment("client", 20, latin1("later"))
      .segment("client", 5, latin1("hunter"));
    const text = textOf(redacted(kept(midstream), { ...about, located: [] }));
    expect(text).toContain("later");
    expect(text).not.toContain("hunter");
  });

  test("have digits where application data can be read inside records", () => {
    const hello = record(
      22,
      Uint8Array.from({ length: 60 }, (_, byte) => byte),
    );
    const secret = "GET /secret HTTP/1.1\r\nAuthorization: hunter\r\n".repeat(3);
    const sealed = Uint8Array.from(hash("sha512", "sealed", "buffer"));
    const stream = concat(hello, record(23, sealed), record(23, latin1(secret)), record(21, hello));
    for (const mss of [1460, 100, 7]) {
      const packets = kept(conversation(ends).client(stream, { mss }));
      const shown = redacted(packets, { ...about, openness: "handshake", located: [] });
      const text = [...streamOf(shown, ends.client)].map(([, byte]) => byte);
      const again = Buffer.from(text).toString("latin1");
      expect(again).toContain(Buffer.from(sealed).toString("latin1"));
      expect(again).not.toMatch(/secret|hunter|GET/);
      expect(again).toContain("0".repeat(secret.length));
      expect(again).toHaveLength(stream.length);
    }
  });

  test("are those of the connection alone", () => {
    const packets = kept(conversation(ends).client(login));
    expect(redacted(packets, { ...about, client: "192.0.2.9:9" })).toEqual([]);
  });
});

function record(type: number, body: Uint8Array): Uint8Array {
  return concat(uint(type, 1), uint(0x0303, 2), uint(body.length, 2), body);
}

function kept(script: { packets(): readonly WirePacket[] }): KeptPacket[] {
  return script.packets().map(({ bytes, atUs, originalBytes }, position) => {
    return { bytes, atUs, original: originalBytes ?? bytes.length, link: LINK.ethernet, position };
  });
}

function namesOf({ client, server, protocol, startTls }: PlaintextLine): string {
  return `${client} ${server} ${protocol} ${startTls === "upgraded" ? "tls" : ""}`;
}

function payloadBySide(packets: readonly KeptPacket[]): Map<string, number> {
  const reach = new Map<string, number>();
  for (const { source } of payloads(packets)) {
    if (reach.has(source)) continue;
    let most = 0;
    for (const [at] of streamOf(packets, source)) most = Math.max(most, at + 1);
    reach.set(source, most);
  }
  return reach;
}

function textOf(packets: readonly KeptPacket[]): string {
  return packets.map(({ bytes }) => Buffer.from(bytes).toString("latin1")).join("");
}
