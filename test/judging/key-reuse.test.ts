/** A shared key through the whole pipeline: one note, however the capture is cut and ordered. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { defaultPolicy } from "../../src/judge/policy/policy.ts";
import { replay } from "../../src/replay.ts";
import type { Line } from "../../src/report/lines.ts";
import { conversation } from "../wire/conversation.ts";
import { type Identity, mint } from "../wire/identity.ts";
import { EPOCH_US } from "../wire/packet.ts";
import { pcap } from "../wire/pcap.ts";
import { clientHello, record, serverFlight } from "../wire/tls.ts";

const folder = mkdtempSync(join(tmpdir(), "portcullis-key-reuse-"));
afterAll(() => rmSync(folder, { recursive: true }));

const first = mint({ subject: "CN=a.test", names: ["a.test"] });
const shared = mint({ subject: "CN=b.test", names: ["b.test"], key: first.key });
const alone = mint({ subject: "CN=c.test", names: ["c.test"] });

function capture(name: string, ...served: [Identity, string][]): string {
  const packets = served.flatMap(([identity, place], number) =>
    conversation({
      client: `10.0.0.1:${40_000 + number}`,
      server: `${place}:443`,
      startUs: EPOCH_US + (name.charCodeAt(0) * 100 + number) * 1_000_000,
    })
      .client(record(22, clientHello({ serverName: "x.test" })))
      .server(serverFlight([identity.der]))
      .close()
      .packets(),
  );
  const path = join(folder, `${name}.pcap`);
  writeFileSync(path, pcap(packets));
  return path;
}

async function shares(inputs: readonly string[]): Promise<string[]> {
  const lines: Line[] = [];
  const options = { inputs, policy: defaultPolicy, hash: false, local: [], observations: false };
  await replay(options, (line) => lines.push(line));
  return lines
    .filter((line) => line.kind === "finding" && line.rule === "C04")
    .filter((line) => JSON.stringify(line).includes("shared-key"))
    .map((line) => JSON.stringify(line));
}

test("a key that two servers share is one note, whole or in slices", async () => {
  const a = capture("a", [first, "192.0.2.1"], [alone, "192.0.2.3"]);
  const b = capture("b", [shared, "192.0.2.2"], [first, "192.0.2.1"]);
  const told = await shares([a, b]);
  expect(told).toHaveLength(1);
  expect(JSON.parse(told[0]!)).toMatchObject({
    kind: "finding",
    severity: "note",
    evidence: { names: ["a.test", "b.test"] },
  });
  expect(await shares([b, a])).toEqual(told);
  expect(await shares([a])).toEqual([]);
});
