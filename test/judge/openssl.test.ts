/**
 * THREATS, invariant 2, beside another judge of chains: of what passes under a policy without `pass` and
 * `tolerate`, `openssl verify` accepts every path that we call valid: strict, with the same anchor, at the
 * same time, for the same name. Chains of every kind of fault (test/trust/mutation.ts), and policies
 * that approve by root, name, key and certificate.
 *
 * Seeded, so that a failure can be had again: six chains of each kind. `CHAINS=20000` makes more.
 */
import { execFile, execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, describe, expect, test } from "vitest";
import { Judge } from "../../src/judge/decide.ts";
import {
  type AllowLine,
  always,
  defaultPolicy,
  type Policy,
  sealPolicy,
} from "../../src/judge/policy/policy.ts";
import { parseCertificate } from "../../src/trust/certificate.ts";
import type { Possession } from "../../src/trust/possession.ts";
import { ChainStore } from "../../src/trust/store.ts";
import type { TrustPath } from "../../src/trust/validate.ts";
import { type Case, makeCase } from "../trust/mutation.ts";
import { pem } from "../wire/identity.ts";
import { handshake } from "./scene.ts";

const folder = mkdtempSync(join(tmpdir(), "portcullis-policy-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.skipIf(!hasOpenssl())("beside openssl verify", () => {
  const count = Number(process.env.CHAINS ?? 426);

  test(`of ${count} chains under ten policies each, whatever passes is accepted`, {
    timeout: 300_000,
  }, async () => {
    const passes = new Map<string, Passed>();
    const store = new ChainStore();
    const tally = { judged: 0, passed: 0, unproved: 0 };
    for (let seed = 0; seed < count; seed++) {
      const made = makeCase(seed);
      for (const [i, policy] of policiesFor(made).entries()) {
        const proof = PROOFS[(seed + i) % PROOFS.length]!;
        const judge = new Judge(policy);
        const input = inputOf(made, store, proof.possession);
        const { decision } = judge.judge(input).verdict;
        tally.judged++;
        if (!proof.counts) {
          tally.unproved++;
          expect([made.mutation, decision]).not.toEqual([made.mutation, "pass"]);
        } else if (decision === "pass") {
          tally.passed++;
          const valid = judge.caseOf(input).server!.validation.paths.filter((path) => path.valid);
          expect(valid, made.mutation).not.toEqual([]);
          for (const path of valid) passes.set(`${seed} ${keyOf(path)}`, { made, path });
        }
      }
    }
    const refusals = await inParallel([...passes.values()], refusalOf);
    console.log("policies beside openssl", tally, "asked", passes.size);
    expect(refusals.filter((refusal) => refusal !== undefined)).toEqual([]);
    // Where little passes, little is said.
    expect(tally.passed / tally.judged).toBeGreaterThan(0.05);
  });
});

interface Passed {
  readonly made: Case;
  readonly path: TrustPath;
}

function keyOf({ certificates, anchor }: TrustPath): string {
  return [...certificates, anchor.certificate].map((one) => one?.sha256).join();
}

/** Every way to approve a chain, and some that miss it. */
function policiesFor({ chain, root: der }: Case): Policy[] {
  const root = parseCertificate(der);
  const sent = chain.map(parseCertificate);
  const issuer = sent.at(-1);
  const file = {
    kind: "file",
    name: "./root.pem",
    pem: pem("CERTIFICATE", der),
    certificates: [root.sha256],
  } as const;
  const policyOf = (allow: Partial<AllowLine>[] | undefined, rooted: boolean) => {
    const lines = allow?.map((line): AllowLine => ({ tolerate: [], ...line }));
    return sealPolicy({
      ...defaultPolicy,
      mode: "enforce",
      issuers: {
        ...defaultPolicy.issuers,
        roots: rooted ? [file] : [],
        ...(lines !== undefined && { allow: lines }),
        hygiene: always("refuse"),
      },
    });
  };
  const byName = { issuer: issuer?.subject ?? "", issuerKey: issuer?.subjectKey ?? "" };
  const byKey = { spki: issuer?.spkiSha256 ?? "" };
  const here = { for: [{ kind: "name", text: "*.example" } as const] };
  return [
    policyOf(undefined, true),
    policyOf([], true),
    policyOf([byName], true),
    policyOf([{ ...byName, ...byKey }], true),
    policyOf([{ roots: file.name }], true),
    policyOf([byKey], false),
    policyOf([{ certificate: issuer?.sha256 ?? "" }], false),
    policyOf([{ spki: sent[0]?.spkiSha256 ?? "" }], false),
    policyOf([{ certificate: sent[0]?.sha256 ?? "" }], true),
    policyOf([{ ...byKey, ...here }, byName], true),
  ];
}

function inputOf({ chain, name, atUs }: Case, store: ChainStore, possession: Possession) {
  const place = name.kind === "ip" ? { name: null, ip: name.value } : { name: name.value };
  return handshake({ chain: store.get(chain), atUs, possession, ...place });
}

/** `undefined` when OpenSSL accepts it. */
async function refusalOf({ made, path }: Passed, index: number) {
  const file = (what: string, ders: readonly Uint8Array[]) => {
    const place = join(folder, `${index}-${what}.pem`);
    writeFileSync(place, ders.map((der) => pem("CERTIFICATE", der)).join(""));
    return place;
  };
  // Where the policy names a key or certificate, the path ends at whichever was sent.
  const [leaf, ...others] = path.certificates.map(({ der }) => der) as [
    Uint8Array,
    ...Uint8Array[],
  ];
  const anchor = path.anchor.certificate?.der ?? path.certificates.at(-1)!.der;
  const name = made.name.kind === "ip" ? "-verify_ip" : "-verify_hostname";
  const call = [
    ...["verify", "-x509_strict", "-auth_level", "2", "-purpose", "sslserver", "-partial_chain"],
    ...["-attime", String(made.atUs / 1e6), name, made.name.value, "-no-CAfile", "-no-CApath"],
    ...["-no-CAstore", "-trusted", file("trusted", [anchor])],
    ...(others.length === 0 ? [] : ["-untrusted", file("others", others)]),
    file("leaf", [leaf]),
  ];
  try {
    await promisify(execFile)("openssl", call, {
      timeout: 20_000,
      env: { PATH: process.env.PATH },
    });
    return undefined;
  } catch (error) {
    const { stderr } = error as { stderr: string };
    const sort = `${path.anchor.source}, ${path.certificates.length} long`;
    return `${made.mutation} (seed ${made.seed}; ${sort}): ${stderr.trim()}`;
  }
}

async function inParallel<T, R>(
  items: readonly T[],
  work: (item: T, index: number) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  let next = 0;
  const worker = async () => {
    while (next < items.length) {
      const at = next++;
      results[at] = await work(items[at]!, at);
    }
  };
  await Promise.all(Array.from({ length: 4 }, worker));
  return results;
}

function hasOpenssl(): boolean {
  try {
    execFileSync("openssl", ["version"]);
    return true;
  } catch {
    return false;
  }
}

/** `budget` counts as the last one that was looked at, which was good. */
const PROOFS: readonly { readonly possession: Possession; readonly counts: boolean }[] = [
  { possession: { state: "verified" }, counts: true },
  { possession: { state: "unverified", why: "budget" }, counts: true },
  { possession: { state: "verified" }, counts: true },
  { possession: { state: "unverified", why: "static-rsa" }, counts: false },
  { possession: { state: "failed" }, counts: false },
  { possession: { state: "unverified", why: "not-checked" }, counts: false },
];
