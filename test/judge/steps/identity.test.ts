/** B17: an identity whose key an HSM should hold. */
import { expect, test } from "vitest";
import { identityAnswers } from "../../../src/judge/steps/identity.ts";
import { expecting } from "../encounter.ts";
import { AT_US, type ChainName, chains } from "../scene.ts";
import { DN, issuing } from "../table.ts";

const IMPOSTOR: ChainName = "with an unknown issuer and an approved extra";

async function asked(identity: string, chain: ChainName, before?: string) {
  const line = `  - {to: {cidr: 10.20.0.0/16}, encryption: {by: tls}, hardware: {kind: hsm, identity: {of: client, ${identity}}}}`;
  const policy = await expecting(line);
  const destination = { ip: "10.20.0.5", port: 443 };
  const meeting = {
    destination,
    direction: "egress",
    client: "10.0.0.9",
    workload: undefined,
  } as const;
  const shown = { chain: undefined, clientChain: chains[chain], atUs: AT_US };
  const answers = identityAnswers(
    policy.expect![0]!,
    shown,
    { ...meeting, isNamed: () => false },
    { policy, before },
  );
  return answers.map(({ asks, finding }) =>
    `${asks} ${finding?.rule ?? ""} ${finding?.evidence.why ?? ""}`.trim(),
  );
}

test.each<
  [name: string, identity: string, chain: ChainName, before: string | undefined, told: string[]]
>([
  ["leads to the HSM's CA by its key", `spki: ${issuing.spki}`, "good", undefined, ["pass"]],
  ["leads to the HSM's CA by its name", `issuer: "${DN}"`, "good", undefined, ["pass"]],
  [
    "was issued by somebody else",
    `spki: ${issuing.spki}`,
    "self-signed",
    undefined,
    ["report B17 leads-elsewhere"],
  ],
  [
    "has the name alone, and not the signature",
    `issuer: "${DN}", spki: ${issuing.spki}`,
    IMPOSTOR,
    undefined,
    ["report B17 leads-elsewhere"],
  ],
  [
    "was rotated, with the same kind of key",
    `spki: ${issuing.spki}`,
    "good",
    "secp256r1",
    ["pass"],
  ],
  [
    "has another kind of key than before",
    `spki: ${issuing.spki}`,
    "good",
    "rsa-2048",
    ["report B17 key-type-changed"],
  ],
])("a client's certificate that %s", async (_, identity, chain, before, told) => {
  expect(await asked(identity, chain, before)).toEqual(told);
});
