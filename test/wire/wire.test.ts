import { X509Certificate } from "node:crypto";
import { describe, expect, test } from "vitest";
import { mint } from "./identity.ts";
import { recordHandshake } from "./recorded.ts";

describe("recorded handshakes", () => {
  for (const version of ["TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"] as const) {
    test(`${version} is recorded flight by flight`, async () => {
      const root = mint({ subject: "CN=Wire Root", ca: true, keyType: "rsa-2048" });
      const leaf = mint({
        subject: "CN=a.test",
        names: ["a.test"],
        issuer: root,
        keyType: "rsa-2048",
      });
      const made = await recordHandshake({ chain: [leaf, root], version, serverName: "a.test" });
      expect(made.flights.length).toBeGreaterThanOrEqual(4);
      expect(made.flights[0]!.bytes[0]).toBe(22);
    });
  }

  test("a session resumes when both recordings share the ticket keys", async () => {
    const leaf = mint({ subject: "CN=a.test", names: ["a.test"] });
    const shape = { chain: [leaf], ticketKeys: Buffer.alloc(48, 7), serverName: "a.test" };
    const first = await recordHandshake(shape);
    const second = await recordHandshake({ ...shape, session: first.session! });
    expect(second.resumed).toBe(true);
  });
});

describe("minted certificates", () => {
  for (const keyType of ["P-256", "P-384", "rsa-2048", "ed25519"] as const) {
    test(`Node reads one with a ${keyType} key, and its issuer verifies it`, () => {
      const root = mint({ subject: "CN=Wire Root,O=Example", ca: true, keyType });
      const leaf = mint({
        subject: "CN=a.test",
        names: ["a.test", "192.0.2.1"],
        issuer: root,
        keyType,
      });
      const read = new X509Certificate(leaf.der);
      expect(read.verify(new X509Certificate(root.der).publicKey)).toBe(true);
      expect(read.subjectAltName).toBe("DNS:a.test, IP Address:192.0.2.1");
      expect(read.issuer).toBe("CN=Wire Root\nO=Example");
      expect(read.validTo).toBe("Dec 31 00:00:00 2027 GMT");
    });
  }

  test("a bad signature does not verify", () => {
    const leaf = mint({ subject: "CN=a.test", keyType: "rsa-2048", badSignature: true });
    const read = new X509Certificate(leaf.der);
    expect(read.verify(read.publicKey)).toBe(false);
  });
});
