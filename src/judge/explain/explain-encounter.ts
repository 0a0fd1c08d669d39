/**
 * Connections that nobody made: what step 7 would see of one in clear, of one that is encrypted as a line
 * expects, and of such that fall short of it in one thing each.
 *
 * A handshake is looked for among a few real versions, suites and groups until the judge's own measure
 * (strength.ts) finds nothing short of the line, so that "meets it" means the same here as on the wire.
 */
import type { Flow } from "../../flow/event.ts";
import type { TlsObservation } from "../../inspect/observation.ts";
import type { KeyKind } from "../../trust/key.ts";
import type { Destination } from "../destination.ts";
import type { Expectation } from "../expectation.ts";
import type { Encountered } from "../steps/expect.ts";
import { shortfalls } from "../strength.ts";

/** Where and when it is, and the server's key where its certificate was given. */
export interface Place {
  readonly destination: Destination;
  readonly atUs: number;
  readonly key?: KeyKind | undefined;
}

/** In clear; of no protocol in particular. */
export function inClear(place: Place): Encountered {
  const said = { protocol: "http", exposes: [], startTls: "none" } as const;
  return { clear: { kind: "plaintext", ...basisOf(place, "tcp"), ...said } };
}

/** Encrypted by what the line says; `undefined` when nothing that is known here is good enough for it. */
export function meeting(expectation: Expectation, place: Place): Encountered | undefined {
  const { by } = expectation;
  if (by !== "tls" && by !== "dtls") {
    const sealed = { why: "encrypted-unknown", encryption: by } as const;
    return { clear: { kind: "opaque", ...basisOf(place, "tcp"), ...sealed } };
  }
  const tls = candidates(expectation, place).find((one) => !isShort(one, expectation));
  return tls && { tls, key: place.key };
}

/** TLS or DTLS that falls short, once in each thing that the line asks for; the worst that is short of no more. */
export function fallingShort(expectation: Expectation, place: Place): Encountered[] {
  const { by } = expectation;
  if (by !== "tls" && by !== "dtls") return [{ tls: handshake(place, "tls", TLS13) }];
  const short = candidates(expectation, place)
    .map((tls) => ({ tls, what: shortfalls(tls, expectation).map((one) => one.what) }))
    .filter(({ what }) => what.length > 0)
    .sort((a, b) => a.what.length - b.what.length);
  const kinds = ["version", "cipher", "group"] as const;
  return kinds.flatMap((kind) => {
    const found = short.find(({ what }) => what.includes(kind));
    return found === undefined ? [] : [{ tls: found.tls, key: place.key }];
  });
}

function isShort(tls: TlsObservation, expectation: Expectation): boolean {
  return shortfalls(tls, expectation).length > 0;
}

interface Agreement {
  readonly version: string;
  readonly cipher: string;
  readonly group: string;
}

/** The best first. A suite that the line names itself is one that its author has seen. */
function candidates(expectation: Expectation, place: Place): TlsObservation[] {
  const by = expectation.by === "dtls" ? "dtls" : "tls";
  const named = (expectation.ciphers ?? []).filter((one) => one.startsWith("TLS_"));
  const groups = [...(expectation.groups ?? []), ...GROUPS];
  const agreements = VERSIONS.flatMap((version) =>
    [...named, ...SUITES]
      .flatMap((cipher) => groups.map((group): Agreement => ({ version, cipher, group })))
      .filter(isPossible),
  );
  return agreements.map((one) => handshake(place, by, one));
}

/**
 * A suite of TLS 1.3 names no key exchange (RFC 8446 §B.4), and no older version has it. Before TLS 1.2
 * there is no other hash than SHA-1 (RFC 5246 §1.2), and before TLS 1.3 no hybrid group.
 */
function isPossible({ version, cipher, group }: Agreement): boolean {
  if (version === "TLS1.3") return !cipher.includes("_WITH_");
  const isOld = version === "TLS1.1" ? cipher.endsWith("_SHA") : true;
  return cipher.includes("_WITH_") && isOld && !group.includes("MLKEM");
}

function handshake(place: Place, by: "tls" | "dtls", agreed: Agreement): TlsObservation {
  const { serverName } = place.destination;
  const transport = by === "dtls" ? "dtls" : "tcp";
  const version = by === "dtls" ? `D${agreed.version.replace("1.1", "1.0")}` : agreed.version;
  return {
    kind: "tls",
    ...basisOf(place, by === "dtls" ? "udp" : "tcp"),
    transport,
    ...agreed,
    version,
    ...(serverName === undefined ? {} : { serverName }),
    alpnOffered: [],
    steps: [],
    established: true,
    resumed: false,
    alerts: [],
    certificates: { seen: "no", why: "encrypted", chain: [] },
    coverage: [],
  };
}

function basisOf({ destination: { ip, port }, atUs }: Place, transport: "tcp" | "udp") {
  const flow: Flow = {
    id: 1,
    transport,
    ends: [
      { ip: CLIENT_IP, port: 0 },
      { ip, port },
    ],
    opener: 0,
    openedAtUs: atUs,
  };
  return { flow, client: 0, atUs } as const;
}

const TLS13: Agreement = {
  version: "TLS1.3",
  cipher: "TLS_AES_256_GCM_SHA384",
  group: "X25519MLKEM768",
};
const VERSIONS = ["TLS1.3", "TLS1.2", "TLS1.1"];
const SUITES = [
  "TLS_AES_256_GCM_SHA384",
  "TLS_CHACHA20_POLY1305_SHA256",
  "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
  "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
  "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA",
  "TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA",
];
const GROUPS = ["X25519MLKEM768", "x25519", "secp256r1"];
/** RFC 5737. Nothing looks at it. */
export const CLIENT_IP = "192.0.2.254";
