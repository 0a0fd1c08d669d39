/**
 * Chains, each with one thing made wrong, judged by us and by `openssl verify`: strict, at the same
 * time, for the same name. What OpenSSL refuses we never accept. Where we refuse and OpenSSL does
 * not, the reason has a name here.
 *
 * Seeded, so that a failure can be had again. `CHAINS=20000` makes more of them.
 */
import { execFile, execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, describe, expect, test } from "vitest";
import { Anchors } from "../../src/trust/anchors.ts";
import { parseCertificate } from "../../src/trust/certificate.ts";
import { FINDINGS } from "../../src/trust/finding.ts";
import { validate } from "../../src/trust/validate.ts";
import { type Case, MUTATIONS, makeCase, STRICTER } from "./mutation.ts";

const folder = mkdtempSync(join(tmpdir(), "portcullis-openssl-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.skipIf(!hasOpenssl())("beside openssl verify", () => {
  const count = Number(process.env.CHAINS ?? 2000);

  test(`of ${count} chains, none that OpenSSL refuses is accepted`, {
    timeout: 300_000,
  }, async () => {
    const cases = Array.from({ length: count }, (_, seed) => makeCase(seed));
    const kinds = new Set(cases.map(({ mutation }) => mutation));
    expect(kinds.size).toBeGreaterThanOrEqual(40);

    const theirs = await inParallel(cases, opensslAccepts);
    const tally = { agreed: 0, accepted: 0, stricter: 0 };
    const wrong: string[] = [];
    const stricter: Record<string, number> = {};
    for (const [i, made] of cases.entries()) {
      const ours = judge(made);
      if (ours.accepted === theirs[i]!.accepted) {
        tally.agreed++;
        if (ours.accepted) tally.accepted++;
      } else if (ours.accepted) {
        wrong.push(`${made.mutation} (seed ${made.seed}): ${theirs[i]!.says}`);
      } else if (ours.why.some((name) => STRICTER[made.mutation]?.finding === name)) {
        tally.stricter++;
        stricter[made.mutation] = (stricter[made.mutation] ?? 0) + 1;
      } else {
        wrong.push(`${made.mutation} (seed ${made.seed}): we refuse, ${ours.why.join(", ")}`);
      }
    }
    console.log("openssl", tally, "kinds", kinds.size, "stricter", stricter);
    expect(wrong).toEqual([]);
    expect(tally.stricter / count).toBeLessThanOrEqual(0.02);
    // Not all may be refused: then the test would say nothing.
    expect(tally.accepted / count).toBeGreaterThan(0.1);
  });

  test("every kind of mutation that must be refused is refused by us alone as well", () => {
    for (const [at, { name, fatal }] of MUTATIONS.entries()) {
      if (!fatal) continue;
      expect([name, judge(makeCase(at)).accepted]).toEqual([name, false]);
    }
  });
});

function judge({ chain, root, name, atUs }: Case): { accepted: boolean; why: string[] } {
  const anchor = {
    source: "file",
    profile: "rfc5280",
    certificate: parseCertificate(root),
  } as const;
  const { valid, findings } = validate({
    chain: chain.map(parseCertificate),
    anchors: Anchors.of([anchor]),
    name,
    purpose: "server",
    atUs,
  });
  const counted = findings.filter((finding) => FINDINGS[finding.name].invalidates);
  return { accepted: valid, why: counted.map((finding) => finding.name) };
}

async function opensslAccepts(made: Case): Promise<{ accepted: boolean; says: string }> {
  const file = (what: string, ders: readonly Uint8Array[]) => {
    const path = join(folder, `${made.seed}-${what}.pem`);
    writeFileSync(path, ders.map(pem).join(""));
    return path;
  };
  const [leaf, ...others] = made.chain as [Uint8Array, ...Uint8Array[]];
  const name = made.name.kind === "ip" ? "-verify_ip" : "-verify_hostname";
  const call = [
    ...["verify", "-x509_strict", "-auth_level", "2", "-purpose", "sslserver"],
    ...["-attime", String(made.atUs / 1e6), name, made.name.value, "-no-CAfile", "-no-CApath"],
    ...["-no-CAstore", "-trusted", file("root", [made.root])],
    ...(others.length === 0 ? [] : ["-untrusted", file("others", others)]),
    file("leaf", [leaf]),
  ];
  try {
    await promisify(execFile)("openssl", call, {
      timeout: 20_000,
      env: { PATH: process.env.PATH },
    });
    return { accepted: true, says: "OK" };
  } catch (error) {
    const { stderr } = error as { stderr: string };
    return { accepted: false, says: stderr.trim().replaceAll("\n", " ") };
  }
}

async function inParallel<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  let next = 0;
  const worker = async () => {
    while (next < items.length) {
      const at = next++;
      results[at] = await work(items[at]!);
    }
  };
  await Promise.all(Array.from({ length: 4 }, worker));
  return results;
}

function pem(der: Uint8Array): string {
  const lines = Buffer.from(der).toString("base64").replace(/.{64}/g, "$&\n");
  return `-----BEGIN CERTIFICATE-----\n${lines.trimEnd()}\n-----END CERTIFICATE-----\n`;
}

function hasOpenssl(): boolean {
  try {
    execFileSync("openssl", ["version"]);
    return true;
  } catch {
    return false;
  }
}
