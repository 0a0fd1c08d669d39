/**
 * One contender of the trust bench, as a process of its own: `node trust-work.ts CONTENDER CHAINS`.
 * Does the same to every chain, and prints how many of them it did in a second of processor time, all
 * its threads counted, and in a second by the clock.
 */
import "reflect-metadata"; // what @peculiar/x509 is built on asks for it
import { X509Certificate } from "node:crypto";
import * as peculiar from "@peculiar/x509";
import { Judge } from "../../src/judge/decide.ts";
import { defaultPolicy, type FileRoots, withRoots } from "../../src/judge/policy/policy.ts";
import { Anchors } from "../../src/trust/anchors.ts";
import { parseCertificate } from "../../src/trust/certificate.ts";
import { ChainStore } from "../../src/trust/store.ts";
import { validate } from "../../src/trust/validate.ts";
import { handshake } from "../judge/scene.ts";
import { pem } from "../wire/identity.ts";
import { type Chains, readChains } from "./trust-chains.ts";

export interface Rate {
  readonly perCpuSecond: number;
  readonly perSecond: number;
}

/** Each throws for a chain that is not good, and says how often it did its work since `restart`. */
const CONTENDERS: Record<string, (given: Chains) => number | Promise<number>> = {
  /** All of path validation: names, dates, purposes, constraints, and a list of findings. */
  portcullis({ root, chains }) {
    const store = new ChainStore();
    const certificate = parseCertificate(root);
    const anchors = Anchors.of([{ source: "file", profile: "rfc5280", certificate }]);
    for (const [i, { name: value, ders }] of chains.entries()) {
      if (i === WARM_CHAINS) restart();
      const chain = store.get(ders).certificates;
      const name = { kind: "dns", value } as const;
      const { valid } = validate({ chain, anchors, name, purpose: "server", atUs: AT_US });
      if (!valid) throw new Error(`${value} is not valid`);
    }
    return chains.length - WARM_CHAINS;
  },

  /** No path building, no constraints, no purposes: OpenSSL parses, compares names and verifies. */
  "node:crypto"({ root, chains }) {
    const top = new X509Certificate(root);
    const topKey = top.publicKey;
    for (const [i, { name, ders }] of chains.entries()) {
      if (i === WARM_CHAINS) restart();
      const [leaf, issuer] = ders.map((der) => new X509Certificate(der)) as [
        X509Certificate,
        X509Certificate,
      ];
      const isGood =
        leaf.checkIssued(issuer) &&
        leaf.verify(issuer.publicKey) &&
        issuer.checkIssued(top) &&
        issuer.verify(topKey) &&
        issuer.ca &&
        leaf.checkHost(name) === name &&
        leaf.validToDate.getTime() * 1000 > AT_US;
      if (!isGood) throw new Error(`${name} is not valid`);
    }
    return chains.length - WARM_CHAINS;
  },

  /** The same, by WebCrypto, which verifies on threads. */
  async "@peculiar/x509"({ root, chains }) {
    const top = new peculiar.X509Certificate(root);
    const date = new Date(AT_US / 1000);
    for (const [i, { name, ders }] of chains.entries()) {
      if (i === WARM_CHAINS) restart();
      const [leaf, issuer] = ders.map((der) => new peculiar.X509Certificate(der)) as [
        peculiar.X509Certificate,
        peculiar.X509Certificate,
      ];
      const isGood =
        leaf.issuer === issuer.subject &&
        (await leaf.verify({ publicKey: issuer.publicKey, date })) &&
        issuer.issuer === top.subject &&
        (await issuer.verify({ publicKey: top.publicKey, date })) &&
        issuer.getExtension(peculiar.BasicConstraintsExtension)?.ca === true &&
        leaf
          .getExtension(peculiar.SubjectAlternativeNameExtension)
          ?.names.items.some(({ value }) => value === name) === true;
      if (!isGood) throw new Error(`${name} is not valid`);
    }
    return chains.length - WARM_CHAINS;
  },

  /** The same thousand servers again and again, as a cluster meets them. */
  "cached judgements"({ root, chains }) {
    const file: FileRoots = {
      kind: "file",
      name: "bench.pem",
      pem: pem("CERTIFICATE", root),
      certificates: [parseCertificate(root).sha256],
    };
    const judge = new Judge(withRoots(defaultPolicy, [file]));
    const store = new ChainStore();
    const possession = { state: "verified" } as const;
    const inputs = chains
      .slice(0, SERVERS)
      .map(({ name, ders }) =>
        handshake({ name, chain: store.get(ders), atUs: AT_US, possession }),
      );

    for (const input of inputs) {
      const { decision } = judge.judge(input).verdict;
      if (decision !== "pass") throw new Error(`${decision}, expected pass`);
    }
    return timesOver(() => {
      for (const input of inputs) judge.judge(input);
      return inputs.length;
    });
  },
};

function timesOver(work: () => number): number {
  for (let i = 0; i < WARM_ROUNDS; i++) work();
  restart();
  let done = 0;
  for (let i = 0; i < ROUNDS; i++) done += work();
  return done;
}

let cpu = process.cpuUsage();
let clock = performance.now();

function restart(): void {
  cpu = process.cpuUsage();
  clock = performance.now();
}

async function main([contender = "", file = ""]: readonly string[]): Promise<void> {
  const given = readChains(file);
  const work = CONTENDERS[contender];
  if (work === undefined) throw new Error(`no contender ${contender}`);
  restart();
  const done = await work(given);
  const { user, system } = process.cpuUsage(cpu);
  const seconds = (performance.now() - clock) / 1000;
  const rate: Rate = { perCpuSecond: (done / (user + system)) * 1e6, perSecond: done / seconds };
  process.stdout.write(JSON.stringify(rate));
}

/** Within the validity of what trust-chains.ts mints. */
const AT_US = Date.UTC(2026, 5, 1) * 1000;
/** Not counted, of all contenders alike: a process that runs for days is long compiled. */
const WARM_CHAINS = 1000;
const SERVERS = 1000;
const WARM_ROUNDS = 20;
const ROUNDS = 2000;

await main(process.argv.slice(2));
