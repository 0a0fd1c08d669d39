/** `replay --crl`: a list from a file revokes what a capture shows. */
import { createPrivateKey, sign } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test, vi } from "vitest";
import { parseCertificate } from "../../src/trust/certificate.ts";
import { extension, oid, seq, time, tlv } from "../trust/mint.ts";
import { conversation } from "../wire/conversation.ts";
import { mint, pem } from "../wire/identity.ts";
import { EPOCH_US } from "../wire/packet.ts";
import { pcap } from "../wire/pcap.ts";
import { clientHello, record, serverFlight } from "../wire/tls.ts";
import { linesOf, portcullis } from "./program.ts";

// Whole processes, on a machine that others use too.
vi.setConfig({ testTimeout: 60_000 });

const folder = mkdtempSync(join(tmpdir(), "portcullis-crl-"));
afterAll(() => rmSync(folder, { recursive: true }));
const file = (name: string, content: string | Uint8Array) => {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
};

const root = mint({ subject: "CN=Root", ca: true });
const leaf = mint({ subject: "CN=a.test", issuer: root, names: ["a.test"] });

function list(serial: Uint8Array, extensions = [extension("2.5.29.20", tlv(2, serial))]) {
  const algorithm = seq(oid("1.2.840.10045.4.3.2"));
  const tbs = seq(
    tlv(2, Uint8Array.of(1)),
    algorithm,
    Uint8Array.from(parseCertificate(root.der).subjectDer),
    time("260101000000Z"),
    time("300101000000Z"),
    seq(seq(tlv(2, serial), time("260201000000Z"))),
    tlv(0xa0, seq(...extensions)),
  );
  const signature = sign("sha256", tbs, createPrivateKey(root.keyPem));
  return seq(tbs, algorithm, tlv(3, Uint8Array.of(0), signature));
}

const packets = conversation({
  client: "10.0.0.1:40000",
  server: "192.0.2.1:443",
  startUs: EPOCH_US,
})
  .client(record(22, clientHello({ serverName: "a.test" })))
  .server(serverFlight([leaf.der]))
  .close()
  .packets();
const capture = file("a.pcap", pcap(packets));
const call = [
  "replay",
  capture,
  "--format",
  "jsonl",
  "--roots",
  file("root.pem", root.certificatePem),
];

test("a revocation list from a file revokes, and is part of the policy's hash", async () => {
  const { serialDer } = parseCertificate(leaf.der);
  const crl = file("root.crl", pem("X509 CRL", list(Uint8Array.from(serialDer))));
  const without = linesOf(await portcullis(call));
  const run = await portcullis([...call, "--crl", crl]);
  const findings = linesOf(run).filter((line) => line.kind === "finding");
  expect(findings).toContainEqual(
    expect.objectContaining({ rule: "A15", evidence: expect.objectContaining({ why: "revoked" }) }),
  );
  expect(run.code).toBe(1);
  expect(JSON.stringify(without)).not.toContain("revoked");
  const hashes = [...linesOf(run), ...without].flatMap((line) =>
    line.kind === "verdict" ? line.policySha256 : [],
  );
  expect(new Set(hashes).size).toBe(2);
});

test("a list that cannot be used is told, and the rest is judged", async () => {
  const crl = file("bare.crl", list(Uint8Array.of(1), []));
  const { err, out } = await portcullis([...call, "--crl", crl]);
  expect(err).toContain("list 1 is not used: no cRLNumber");
  expect(out).toContain('"kind":"summary"');
});
