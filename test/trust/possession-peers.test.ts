/**
 * Possession of the key, proved by real peers: every kind of key, version and exchange that OpenSSL and
 * GnuTLS still speak. Any bit that is changed afterwards unproves it.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Proof, TlsObservation } from "../../src/inspect/observation.ts";
import { parseCertificate } from "../../src/trust/certificate.ts";
import { checkPossession } from "../../src/trust/possession.ts";
import { hear } from "../inspect/tls/hear.ts";
import {
  gnutlsClient,
  gnutlsServer,
  identityFile,
  KEYS,
  type KeyName,
  opensslClient,
  opensslServer,
  overheard,
  type Peer,
} from "./overheard.ts";

const folder = mkdtempSync(join(tmpdir(), "portcullis-possession-"));
const openssl = new Map<KeyName, Peer>();
const gnutls = new Map<KeyName, Peer>();

beforeAll(async () => {
  const keys = Object.keys(KEYS) as KeyName[];
  const start = async (key: KeyName) => {
    const file = identityFile(folder, key);
    openssl.set(key, await opensslServer(file, ["-psk", "1a2b3c4d"]));
    if (key !== "RSA-PSS") gnutls.set(key, await gnutlsServer(file, GNUTLS));
  };
  await Promise.all(keys.map(start));
}, 60_000);

afterAll(() => {
  for (const { program } of [...openssl.values(), ...gnutls.values()]) program.kill("SIGKILL");
  rmSync(folder, { recursive: true });
});

describe("OpenSSL", () => {
  test.each<[KeyName, string, string, string]>([
    ["RSA-2048", "TLS1.0", "ECDHE-RSA-AES128-SHA", "its own choice"],
    ["RSA-2048", "TLS1.0", "DHE-RSA-AES128-SHA", "its own choice"],
    ["RSA-2048", "TLS1.1", "ECDHE-RSA-AES128-SHA", "its own choice"],
    ["RSA-2048", "TLS1.1", "DHE-RSA-AES128-SHA", "its own choice"],
    ["RSA-2048", "TLS1.2", "ECDHE-RSA-AES128-SHA", "its own choice"],
    ["RSA-2048", "TLS1.2", "DHE-RSA-AES128-GCM-SHA256", "its own choice"],
    ["RSA-2048", "TLS1.2", "ECDHE-RSA-AES128-SHA", "RSA+SHA1"],
    ["RSA-2048", "TLS1.2", "ECDHE-RSA-AES128-SHA", "RSA+SHA224"],
    ["RSA-2048", "TLS1.2", "ECDHE-RSA-AES128-SHA", "RSA+SHA256"],
    ["RSA-2048", "TLS1.2", "ECDHE-RSA-AES128-SHA", "RSA+SHA384"],
    ["RSA-2048", "TLS1.2", "ECDHE-RSA-AES128-SHA", "RSA+SHA512"],
    ["RSA-2048", "TLS1.2", "ECDHE-RSA-AES128-SHA", "rsa_pss_rsae_sha256"],
    ["RSA-2048", "TLS1.2", "ECDHE-RSA-AES128-SHA", "rsa_pss_rsae_sha384"],
    ["RSA-2048", "TLS1.2", "ECDHE-RSA-AES128-SHA", "rsa_pss_rsae_sha512"],
    ["RSA-PSS", "TLS1.2", "ECDHE-RSA-AES128-SHA", "rsa_pss_pss_sha256"],
    ["RSA-PSS", "TLS1.2", "ECDHE-RSA-AES128-SHA", "rsa_pss_pss_sha512"],
    ["P-256", "TLS1.0", "ECDHE-ECDSA-AES128-SHA", "its own choice"],
    ["P-256", "TLS1.1", "ECDHE-ECDSA-AES128-SHA", "its own choice"],
    ["P-256", "TLS1.2", "ECDHE-ECDSA-AES128-SHA", "its own choice"],
    ["P-256", "TLS1.2", "ECDHE-ECDSA-AES128-SHA", "ECDSA+SHA1"],
    ["P-256", "TLS1.2", "ECDHE-ECDSA-AES128-SHA", "ECDSA+SHA512"],
    ["P-384", "TLS1.0", "ECDHE-ECDSA-AES128-SHA", "its own choice"],
    ["P-384", "TLS1.2", "ECDHE-ECDSA-AES128-SHA", "ECDSA+SHA256"],
    ["P-384", "TLS1.2", "ECDHE-ECDSA-AES128-SHA", "ECDSA+SHA384"],
    ["P-521", "TLS1.1", "ECDHE-ECDSA-AES128-SHA", "its own choice"],
    ["P-521", "TLS1.2", "ECDHE-ECDSA-AES128-SHA", "ECDSA+SHA512"],
    ["Ed25519", "TLS1.2", "ECDHE-ECDSA-AES128-GCM-SHA256", "its own choice"],
    ["Ed448", "TLS1.2", "ECDHE-ECDSA-AES128-GCM-SHA256", "its own choice"],
    ["DSA", "TLS1.0", "DHE-DSS-AES128-SHA", "its own choice"],
    ["DSA", "TLS1.1", "DHE-DSS-AES128-SHA", "its own choice"],
    ["DSA", "TLS1.2", "DHE-DSS-AES128-SHA256", "DSA+SHA256"],
    ["DSA", "TLS1.2", "DHE-DSS-AES128-SHA256", "DSA+SHA1"],
  ])("holds its %s key: %s, %s, %s", async (key, version, cipher, scheme) => {
    const options = [OPENSSL_VERSION[version]!, "-cipher", `${cipher}:@SECLEVEL=0`];
    const schemes = scheme === "its own choice" ? [] : ["-sigalgs", scheme];
    const seen = await handshake(openssl.get(key)!, opensslClient(...options, ...schemes));
    proves(seen, version);
    expect(seen.proof!.scheme === undefined).toBe(version !== "TLS1.2");
    if (scheme !== "its own choice") expect(seen.proof!.scheme).toBe(SCHEME[scheme]);
  });

  test.each([
    ["AES128-SHA", "TLS1.0", "static-rsa"],
    ["AES128-GCM-SHA256", "TLS1.2", "static-rsa"],
    ["RSA-PSK-AES128-CBC-SHA", "TLS1.2", "psk"],
  ])("signs nothing with %s, %s: %s", async (cipher, version, why) => {
    const options = [OPENSSL_VERSION[version]!, "-cipher", `${cipher}:@SECLEVEL=0`];
    const client = opensslClient(...options, "-psk", "1a2b3c4d");
    const seen = await handshake(openssl.get("RSA-2048")!, client);
    expect(seen).toMatchObject({ version, established: true, unproved: why });
    expect(seen.proof).toBeUndefined();
  });
});

describe("GnuTLS", () => {
  test.each<[KeyName, string, string]>([
    ["RSA-2048", "TLS1.0", "ECDHE-RSA"],
    ["RSA-2048", "TLS1.1", "DHE-RSA"],
    ["RSA-2048", "TLS1.2", "ECDHE-RSA"],
    ["RSA-2048", "TLS1.2", "DHE-RSA"],
    ["P-256", "TLS1.0", "ECDHE-ECDSA"],
    ["P-256", "TLS1.2", "ECDHE-ECDSA"],
    ["P-384", "TLS1.2", "ECDHE-ECDSA"],
    ["P-521", "TLS1.2", "ECDHE-ECDSA"],
    ["Ed25519", "TLS1.2", "ECDHE-ECDSA"],
    ["Ed448", "TLS1.2", "ECDHE-ECDSA"],
    ["DSA", "TLS1.0", "DHE-DSS"],
    ["DSA", "TLS1.1", "DHE-DSS"],
  ])("holds its %s key: %s, %s", async (key, version, exchange) => {
    const priority = `${GNUTLS}:-VERS-ALL:+VERS-${version}:-KX-ALL:+${exchange}`;
    proves(await handshake(gnutls.get(key)!, gnutlsClient(priority)), version);
  });
});

async function handshake(
  server: Peer,
  client: Parameters<typeof overheard>[1],
): Promise<TlsObservation> {
  const seen = hear(await overheard(server, client)).result();
  expect(seen?.certificates.seen).toBe("wire");
  return seen!;
}

/** Verified, and failed once a bit is another, wherever it is. */
function proves(seen: TlsObservation, version: string): void {
  const proof = seen.proof!;
  const leaf = parseCertificate(seen.certificates.chain[0]!);
  expect(seen).toMatchObject({ version, established: true });
  expect(checkPossession(proof, leaf)).toEqual({ state: "verified" });
  const { content, signature } = proof;
  const [client, server, parameters] = [0, 32, 64];
  for (const at of [client, server, parameters, content.length - 1]) {
    expect(checkPossession({ ...proof, content: spoilt(content, at) }, leaf)).toEqual(FAILED);
  }
  for (const at of [signature.length >> 1, signature.length - 1]) {
    const other: Proof = { ...proof, signature: spoilt(signature, at) };
    expect(checkPossession(other, leaf)).toEqual(FAILED);
  }
}

function spoilt(bytes: Uint8Array, at: number): Uint8Array {
  const other = Uint8Array.from(bytes);
  other[at]! ^= 1;
  return other;
}

const FAILED = { state: "failed" };
const OPENSSL_VERSION: Readonly<Record<string, string>> = {
  "TLS1.0": "-tls1",
  "TLS1.1": "-tls1_1",
  "TLS1.2": "-tls1_2",
};
/** TLS SignatureScheme registry, and the pairs of RFC 5246 §7.4.1.4.1. */
const SCHEME: Readonly<Record<string, number>> = {
  "RSA+SHA1": 0x0201,
  "RSA+SHA224": 0x0301,
  "RSA+SHA256": 0x0401,
  "RSA+SHA384": 0x0501,
  "RSA+SHA512": 0x0601,
  rsa_pss_rsae_sha256: 0x0804,
  rsa_pss_rsae_sha384: 0x0805,
  rsa_pss_rsae_sha512: 0x0806,
  rsa_pss_pss_sha256: 0x0809,
  rsa_pss_pss_sha512: 0x080b,
  "ECDSA+SHA1": 0x0203,
  "ECDSA+SHA256": 0x0403,
  "ECDSA+SHA384": 0x0503,
  "ECDSA+SHA512": 0x0603,
  "DSA+SHA1": 0x0202,
  "DSA+SHA256": 0x0402,
};
/** What GnuTLS has left out of NORMAL as too old. */
const GNUTLS =
  "NORMAL:+VERS-TLS1.0:+VERS-TLS1.1:-VERS-TLS1.3:+DHE-DSS:+SHA1:+SIGN-ALL:%VERIFY_ALLOW_SIGN_WITH_SHA1";
