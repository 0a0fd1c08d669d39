/**
 * Cases of C2SP x509-limbo, each with the result that its authors expect. Only this file knows their
 * ids: which profile a family runs with, and which of its results we do not follow, and why.
 */
import { existsSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { Anchors, type Profile, pemAnchors } from "../../src/trust/anchors.ts";
import { type Certificate, parseCertificate } from "../../src/trust/certificate.ts";
import { FINDINGS } from "../../src/trust/finding.ts";
import type { PeerName } from "../../src/trust/host-name.ts";
import { parseRevocationList } from "../../src/trust/revocation.ts";
import { type Validation, validate } from "../../src/trust/validate.ts";

describe.skipIf(!existsSync(LIMBO()))("of x509-limbo", () => {
  const cases = existsSync(LIMBO()) ? load() : [];
  const results = cases.map((limbo) => ({ limbo, accepted: run(limbo).valid }));

  test.each(results)("$limbo.id is judged as expected", ({ limbo, accepted }) => {
    const agrees = accepted === (limbo.expected_result === "SUCCESS");
    const why = () => `${limbo.description}\n${JSON.stringify(said(run(limbo)), null, 1)}`;
    expect(agrees, why()).toBe(!(limbo.id in EXCEPTIONS));
  });

  test("at least 97 % are right, and none is wrongly accepted", () => {
    const isPedantic = ({ limbo }: Result) => limbo.features.some((f) => f.startsWith("pedantic-"));
    const strict = results.filter((result) => !isPedantic(result));
    const tally = (list: readonly Result[]) => ({
      cases: list.length,
      right: list.filter(isRight).length,
      wronglyAccepted: list.filter((r) => !isRight(r) && r.accepted).map(({ limbo }) => limbo.id),
      wronglyRejected: list.filter((r) => !isRight(r) && !r.accepted).map(({ limbo }) => limbo.id),
    });
    const [all, pedantic] = [tally(strict), tally(results.filter(isPedantic))];
    console.log("x509-limbo", all, "pedantic", pedantic);
    expect(all.wronglyAccepted).toEqual([]);
    expect(pedantic.wronglyAccepted).toEqual([]);
    expect(all.right / all.cases).toBeGreaterThanOrEqual(0.97);
  });

  test("every case ends within the budget's counters", () => {
    for (const limbo of cases) {
      const began = performance.now();
      const { spent } = run(limbo);
      const ms = Math.round(performance.now() - began);
      if (limbo.features.includes("denial-of-service")) console.log(limbo.id, `${ms} ms`, spent);
      expect(spent.signatures).toBeLessThanOrEqual(120);
      expect(spent.nodes).toBeLessThanOrEqual(1000);
      expect(spent.comparisons).toBeLessThan(251_000);
    }
  });
});

interface Limbo {
  readonly id: string;
  readonly description: string;
  readonly features: readonly string[];
  readonly validation_kind: "SERVER" | "CLIENT";
  readonly trusted_certs: readonly string[];
  readonly untrusted_intermediates: readonly string[];
  readonly peer_certificate: string;
  readonly validation_time: string | null;
  readonly crls?: readonly string[];
  readonly expected_result: "SUCCESS" | "FAILURE";
  readonly expected_peer_name: { readonly kind: string; readonly value: string } | null;
}

interface Result {
  readonly limbo: Limbo;
  readonly accepted: boolean;
}

function isRight({ limbo, accepted }: Result): boolean {
  return accepted === (limbo.expected_result === "SUCCESS");
}

function run(limbo: Limbo): Validation {
  const { anchors } = pemAnchors(limbo.trusted_certs.join("\n"));
  const name = limbo.expected_peer_name;
  return validate({
    chain: [limbo.peer_certificate, ...limbo.untrusted_intermediates].map(certificate),
    anchors: Anchors.of(anchors),
    purpose: limbo.validation_kind === "SERVER" ? "server" : "client",
    // Cases without a time are to be judged now; the sample's certificates live long enough.
    atUs: limbo.validation_time === null ? NOW_US : Date.parse(limbo.validation_time) * 1000,
    profile: profileOf(limbo.id),
    revocationLists: (limbo.crls ?? []).map((pem) => parseRevocationList(bytesOf(pem))),
    ...(name === null
      ? {}
      : { name: { kind: name.kind.toLowerCase(), value: name.value } as PeerName }),
  });
}

function said({ findings, spent }: Validation): unknown {
  return {
    findings: findings.map(({ name, certificate, detail }) => [
      name,
      FINDINGS[name].invalidates,
      certificate?.subject,
      detail,
    ]),
    spent,
  };
}

function certificate(pem: string): Certificate {
  return parseCertificate(bytesOf(pem));
}

function bytesOf(pem: string): Uint8Array {
  return Uint8Array.from(Buffer.from(pem.replace(/-----[^-]+-----/g, ""), "base64"));
}

function profileOf(id: string): Profile {
  return /^(?:webpki|online)::/.test(id) ? "webpki" : "rfc5280";
}

function load(): Limbo[] {
  return (JSON.parse(readFileSync(LIMBO(), "utf8")) as { testcases: Limbo[] }).testcases;
}

function LIMBO(): string {
  return "../shared/x509/limbo-sample.json";
}

const NOW_US = Date.parse("2026-11-23T00:00:00Z") * 1000;
/** Cases whose expected result we do not follow. */
const EXCEPTIONS: Readonly<Record<string, string>> = {
  "pathlen::validation-ignores-pathlen-in-leaf":
    "the leaf is a CA whose keyUsage allows no handshake; we refuse it, as OpenSSL does for a server",
};
