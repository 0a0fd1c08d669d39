/**
 * Servers that are not the ordinary case: another group, a client certificate, TLS 1.2; and what a probe says
 * to them, counted on their side of the connection.
 */
import { afterAll, describe, expect, test, vi } from "vitest";
import { ask } from "../../src/probe/ask.ts";
import { matchFlights } from "../../src/probe/flight-match.ts";
import { parseCertificate } from "../../src/trust/certificate.ts";
import { checkPossession } from "../../src/trust/possession.ts";
import { leaves, type Passed, pause, Stage, workload } from "./peers.ts";
import { CLIENTS, SERVERS, type ServerOptions } from "./programs.ts";

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const stage = new Stage();
afterAll(() => stage.end());

/** What the workload had, what the probe got, and what the server heard of the probe. */
async function probed(name: string, client: string, options: ServerOptions) {
  const port = await SERVERS[name]!(stage, options);
  const real = await stage.relay(port);
  await CLIENTS[client]!(stage, real.port);
  const { hello, seen } = workload(real.passed[0]!);
  const probe = await stage.relay(port);
  const answer = await ask({ ip: "127.0.0.1", port: probe.port, hello });
  await pause(100);
  return { seen, answer, said: recordsOf(probe.passed[0]!), hello };
}

/** Type and length of each record of the client's. */
function recordsOf({ pieces }: Passed): [type: number, bytes: number][] {
  const all = Buffer.concat(pieces.filter(({ side }) => side === 0).map(({ bytes }) => bytes));
  const found: [number, number][] = [];
  for (let at = 0; at + 5 <= all.length; ) {
    const length = all.readUInt16BE(at + 3);
    found.push([all[at]!, length]);
    at += 5 + length;
  }
  return found;
}

/** Two alerts of two bytes, their type and a tag, behind a change cipher spec for the path's sake. */
const SEALED_END = [
  [20, 1],
  [23, 19],
  [23, 19],
];

describe("a server of TLS 1.3", () => {
  test.each([
    ["openssl", "openssl", { groups: "P-384" }, true],
    ["node", "curl", { groups: "P-521" }, true],
    ["gnutls", "openssl", { groups: "P-384" }, true],
    ["openssl", "openssl", { mutual: true }, false],
    ["nginx", "curl", { mutual: true }, false],
    ["node", "node with ML-KEM", { mutual: true, groups: "X25519MLKEM768" }, false],
    ["go", "python", { mutual: true }, false],
    ["gnutls", "gnutls", { mutual: true }, false],
  ] as const)("%s, asked as %s asks, with %o", async (name, client, options, retries) => {
    const { seen, answer, said, hello } = await probed(name, client, options);
    expect(answer.why).toBeUndefined();
    expect(answer).toMatchObject({ complete: true, retried: retries });
    expect(answer.seen).toMatchObject({ finished: "verified", group: seen.group });
    const match = matchFlights(seen.flight, answer.seen!.flight);
    expect(match).toMatchObject({ match: true, by: "records" });
    expect(match!.bytes).toBeLessThanOrEqual(3);
    // Of the key shares each is as long as the workload's.
    expect(said[0]![0]).toBe(22);
    expect(said[0]![1]).toBeLessThanOrEqual(hello.length + 4 + 32);
    // No Finished, no certificate, no application byte: only how it ends.
    expect(said.slice(retries ? 2 : 1)).toEqual(SEALED_END);
    if (retries) expect(said[1]![0]).toBe(22);
  });
});

describe("a server of TLS 1.2", () => {
  test.each(["openssl", "nginx", "node", "go", "gnutls"])(
    "%s shows its chain and signs",
    async (name) => {
      const { seen, answer, said } = await probed(name, name === "go" ? "curl" : "python", {
        version: "1.2",
      });
      expect(answer.why).toBeUndefined();
      expect(answer).toMatchObject({
        complete: true,
        seen: { version: "TLS1.2", cipher: seen.cipher },
      });
      const chain = answer.seen!.certificates.chain.map((der) => Buffer.from(der).toString("hex"));
      expect(chain).toEqual(seen.certificates.chain.map((der) => Buffer.from(der).toString("hex")));
      expect(chain[0]).toBe(Buffer.from(leaves["P-256"].der).toString("hex"));
      const leaf = parseCertificate(answer.seen!.certificates.chain[0]!);
      expect(checkPossession(answer.seen!.proof!, leaf).state).toBe("verified");
      expect(said.slice(1)).toEqual([
        [21, 2],
        [21, 2],
      ]);
    },
  );
});
