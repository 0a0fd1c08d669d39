/**
 * Pairs of real servers and clients: the flight that a probe gets is the one that the workload got.
 *
 * Beside it stands what an ordinary `tls.connect` gets of the same server, which is why the workload's own
 * hello is said again.
 */
import { connect } from "node:tls";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { ask } from "../../src/probe/ask.ts";
import { matchFlights } from "../../src/probe/flight-match.ts";
import { parseCertificate } from "../../src/trust/certificate.ts";
import { checkPossession } from "../../src/trust/possession.ts";
import { leaves, root, Stage, workload } from "./peers.ts";
import { CLIENTS, SERVERS, type ServerOptions } from "./programs.ts";

vi.setConfig({ testTimeout: 30_000, hookTimeout: 120_000 });

const stage = new Stage();
const rows: string[] = [];

/** One exchange of a client with a server, and then the probe's. */
async function pair(server: number, client: string) {
  const { port, passed } = await stage.relay(server);
  await CLIENTS[client]!(stage, port);
  expect(passed.length, `${client} connected`).toBeGreaterThan(0);
  const real = workload(passed[0]!);
  const answer = await ask({ ip: "127.0.0.1", port: server, hello: real.hello });
  return { real, answer };
}

describe.each(Object.keys(SERVERS))("%s as the server", (name) => {
  const ports: Record<string, number> = {};
  const SHAPES: Record<string, ServerOptions> = { ecdsa: {}, rsa: { key: "rsa-2048" } };

  beforeAll(async () => {
    for (const [shape, options] of Object.entries(SHAPES)) {
      ports[shape] = await SERVERS[name]!(stage, options);
    }
  });

  test.each(Object.keys(CLIENTS))("and %s as the client", async (client) => {
    for (const [shape, options] of Object.entries(SHAPES)) {
      const { real, answer } = await pair(ports[shape]!, client);
      expect(answer.why).toBeUndefined();
      expect(answer).toMatchObject({ complete: true, seen: { finished: "verified" } });
      const chain = answer.seen!.certificates.chain.map((der) => Buffer.from(der));
      expect(chain).toEqual(
        [leaves[options.key ?? "P-256"], root].map(({ der }) => Buffer.from(der)),
      );
      const leaf = parseCertificate(chain[0]!);
      expect(checkPossession(answer.seen!.proof!, leaf).state).toBe("verified");
      expect(answer.seen).toMatchObject({
        version: real.seen.version,
        cipher: real.seen.cipher,
        group: real.seen.group,
      });
      const match = matchFlights(real.seen.flight, answer.seen!.flight);
      const plain = matchFlights(real.seen.flight, await ordinary(ports[shape]!));
      rows.push(
        [name.padEnd(8), client.padEnd(18), shape.padEnd(6), real.seen.group?.padEnd(15)].join("") +
          `${match?.by.padEnd(8)}${String(match?.bytes).padStart(5)}${String(plain?.bytes).padStart(8)}`,
      );
      expect(match).toMatchObject({ match: true });
      // An ECDSA signature is a byte or two longer or shorter, and one in hundreds three.
      expect(match!.bytes).toBeLessThanOrEqual(shape === "rsa" ? 0 : 3);
    }
  });
});

afterAll(async () => {
  console.log(
    `\nserver  client            key   group          by      probe  ordinary\n${rows.join("\n")}\n`,
  );
  await stage.end();
});

/** The sizes of the flight to a client of Node's own making, as many tools ask. */
async function ordinary(port: number): Promise<readonly number[] | undefined> {
  const { port: relayed, passed } = await stage.relay(port);
  const socket = connect({
    host: "127.0.0.1",
    port: relayed,
    servername: "probe.test",
    rejectUnauthorized: false,
  });
  await new Promise<void>((resolve) => {
    socket.once("error", () => resolve());
    socket.once("secureConnect", () => setImmediate(resolve));
  });
  socket.destroy();
  await new Promise((resolve) => setTimeout(resolve, 20));
  // Tickets come behind a flight, and sooner at times.
  return passed[0] && workload(passed[0]).seen.flight?.slice(0, 4);
}
