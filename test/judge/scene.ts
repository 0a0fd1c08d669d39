/** A small world to judge: a root, what it issued, an outsider, and handshakes with any of them. */
import { generateKeyPairSync, hash, type KeyObject } from "node:crypto";
import type { TlsObservation } from "../../src/inspect/observation.ts";
import type { JudgeInput } from "../../src/judge/decide.ts";
import type { FileRoots } from "../../src/judge/policy/policy.ts";
import type { Chain } from "../../src/trust/store.ts";
import { ChainStore } from "../../src/trust/store.ts";
import * as der from "../wire/der.ts";
import {
  certificateExtension,
  type Identity,
  type IdentityShape,
  mint,
  spkiOf,
} from "../wire/identity.ts";

const NAME = "api.corp.example";

export const root = issue({ subject: "CN=Corp Root", ca: true });
export const issuing = issue({ subject: "O=Example,CN=Corp CA 2", issuer: root, ca: true });
export const otherRoot = issue({ subject: "CN=Other Root", ca: true });
/** Under a root of its own, which no policy here knows. */
export const impostor = issue({ subject: "O=Example,CN=Corp CA 2", ca: true });

const leaf = (shape: Partial<IdentityShape> = {}) =>
  issue({ subject: "CN=api", issuer: issuing, names: [NAME], ...shape });

const good = leaf();
const alone = leaf({ issuer: undefined as never, subject: "CN=alone" });
const late = leaf({ notAfter: new Date("2026-06-01T00:00:00Z") });
const early = leaf({ notBefore: new Date("2026-12-01T00:00:00Z") });
const otherName = leaf({ names: ["other.example"] });

export const identities = {
  root,
  issuing,
  otherRoot,
  impostor,
  good,
  alone,
  late,
  early,
  otherName,
};

const store = new ChainStore();
const chainOf = (...sent: Identity[]) => store.get(sent.map(({ der }) => der));

/** As servers send them, leaf first. */
export const chains = {
  good: chainOf(good, issuing),
  "good with its root": chainOf(good, issuing, root),
  "without its intermediate": chainOf(good),
  "self-signed": chainOf(alone),
  "with an unknown issuer": chainOf(leaf({ issuer: impostor }), impostor),
  "with an unknown issuer and an approved extra": chainOf(
    leaf({ issuer: impostor }),
    impostor,
    issuing,
  ),
  expired: chainOf(late, issuing),
  "not yet valid": chainOf(early, issuing),
  "for another name": chainOf(otherName, issuing),
  "with a broken signature": chainOf(leaf({ badSignature: true }), issuing),
  "without key identifiers": chainOf(
    mint({ subject: "CN=api", issuer: issuing, names: [NAME] }),
    issuing,
  ),
  unreadable: store.get([Uint8Array.of(0x30, 3, 1, 2, 3)]),
} satisfies Record<string, Chain>;
export type ChainName = keyof typeof chains;

export const AT_US = Date.UTC(2026, 10, 23) * 1000;

export interface Handshake {
  readonly chain?: Chain | undefined;
  readonly clientChain?: Chain;
  /** OCSP responses. */
  readonly stapled?: readonly Uint8Array[];
  readonly why?: TlsObservation["certificates"]["why"];
  /** `null` for a client that sends no name. */
  readonly name?: string | null;
  readonly ip?: string;
  readonly port?: number;
  readonly atUs?: number;
  readonly direction?: JudgeInput["direction"];
  readonly workload?: string;
  readonly possession?: JudgeInput["possession"];
  readonly binding?: JudgeInput["binding"];
}

/** What the judge is given for one handshake; everything has a default. */
export function handshake({ chain, clientChain, ...shape }: Handshake): JudgeInput {
  const { why, stapled, name = NAME, ip = "192.0.2.7", port = 443, atUs = AT_US } = shape;
  const observation: TlsObservation = {
    kind: "tls",
    flow: {
      id: 1,
      transport: "tcp",
      ends: [
        { ip: "10.0.0.1", port: 40_000 },
        { ip, port },
      ],
      openedAtUs: atUs,
    },
    client: 0,
    atUs,
    transport: "tcp",
    version: "TLS1.2",
    ...(name === null ? {} : { serverName: name }),
    alpnOffered: [],
    steps: [],
    established: true,
    resumed: false,
    alerts: [],
    certificates:
      chain === undefined
        ? { seen: "no", ...(why === undefined ? {} : { why }), chain: [] }
        : { seen: "wire", chain: chain.certificates.map(({ der }) => der) },
    ...(stapled === undefined ? {} : { stapled }),
    coverage: [],
  };
  const { direction = "egress", workload, possession, binding } = shape;
  return { observation, chain, clientChain, direction, workload, possession, binding };
}

/** A root file with this in it, under the name that an `allow` line may use. */
export function rootFile(identity: Identity, name = "./corp.pem"): FileRoots {
  const certificates = [hash("sha256", identity.der, "hex")];
  return { kind: "file", name, pem: identity.certificatePem, certificates };
}

/** `spki` and `certificate` hashes of an identity, in hex. */
export function hashesOf(identity: Identity): { spki: string; certificate: string } {
  const { spkiSha256, sha256 } = store.certificate(identity.der);
  return { spki: spkiSha256, certificate: sha256 };
}

/** With both key identifiers, so that there is no style to note. */
function issue(shape: IdentityShape): Identity {
  const key = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
  const own = keyIdentifier(key);
  const issuer = keyIdentifier(shape.issuer?.key ?? key);
  const extensions = [
    certificateExtension("2.5.29.14", der.octetString(own)),
    certificateExtension("2.5.29.35", der.sequence(der.tlv(0x80, issuer))),
  ];
  return mint({ ...shape, key, extensions });
}

function keyIdentifier(key: KeyObject): Uint8Array {
  return Uint8Array.from(hash("sha256", spkiOf(key), "buffer").subarray(0, 20));
}
