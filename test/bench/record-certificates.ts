/**
 * Chains for the bench's servers, minted by OpenSSL, with the extensions and so about the size that
 * certificates of the public Web have.
 *
 * Each chain is leaf and intermediate, as servers send it. Three leaves of four have P-256 keys and
 * one RSA-2048; intermediates sign with RSA-2048 or P-256, and each has ten leaves.
 */
import { execFileSync } from "node:child_process";
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";

export interface Chain {
  readonly serverName: string;
  /** Paths of PEM files: leaf and intermediate; the leaf's key. */
  readonly chain: string;
  readonly key: string;
}

/** Writes `count` chains into `folder`. All end at one root, which servers do not send. */
export function mintChains(folder: string, count: number): Chain[] {
  mkdirSync(folder, { recursive: true });
  const root = mint(`${folder}/root`, { name: "/O=Bench/CN=Bench Root", key: "rsa", is: "root" });
  const chains: Chain[] = [];
  let issuer = root;
  for (let index = 0; index < count; index++) {
    if (index % LEAVES_PER_ISSUER === 0) {
      const order = index / LEAVES_PER_ISSUER;
      const name = `/C=XX/O=Bench/CN=Bench Issuing CA ${order}`;
      const key = order % 4 === 0 ? "rsa" : "ec";
      issuer = mint(`${folder}/issuer-${order}`, { name, key, is: "issuer", by: root });
    }
    const serverName = `host-${index}.service.bench.example`;
    const key = index % 4 === 3 ? "rsa" : "ec";
    const leaf = mint(`${folder}/leaf-${index}`, {
      name: `/CN=${serverName}`,
      key,
      is: "leaf",
      by: issuer,
      serverName,
    });
    const chain = `${folder}/chain-${index}.pem`;
    writeFileSync(chain, [leaf, issuer].map((at) => readFileSync(`${at}.pem`, "utf8")).join(""));
    chains.push({ serverName, chain, key: `${leaf}.key` });
  }
  return chains;
}

interface Wanted {
  /** Subject, as `openssl -subj` takes it. */
  readonly name: string;
  readonly key: "ec" | "rsa";
  readonly is: "root" | "issuer" | "leaf";
  /** Where the issuer's files are; absent for what signs itself. */
  readonly by?: string;
  readonly serverName?: string;
}

/** Writes `at`.key, `at`.pub and `at`.pem, and returns `at`. */
function mint(at: string, { name, key, is, by = at, serverName = "" }: Wanted): string {
  const pair =
    key === "rsa"
      ? generateKeyPairSync("rsa", { modulusLength: 2048 })
      : generateKeyPairSync("ec", { namedCurve: "P-256" });
  writeFileSync(`${at}.key`, pair.privateKey.export({ type: "pkcs8", format: "pem" }));
  writeFileSync(`${at}.pub`, pair.publicKey.export({ type: "spki", format: "pem" }));
  writeFileSync(`${at}.cnf`, extensions(is, serverName));

  const subject = ["-new", "-subj", name, "-force_pubkey", `${at}.pub`, "-days", "3650"];
  const signer = by === at ? ["-key", `${at}.key`] : ["-CA", `${by}.pem`, "-CAkey", `${by}.key`];
  const serial = ["-set_serial", `0x4a${randomBytes(15).toString("hex")}`];
  const files = ["-extfile", `${at}.cnf`, "-out", `${at}.pem`];
  execFileSync("openssl", ["x509", ...subject, ...signer, ...serial, "-sha256", ...files], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  return at;
}

function extensions(is: Wanted["is"], serverName: string): string {
  const both = ["subjectKeyIdentifier=hash", "authorityKeyIdentifier=keyid"];
  const pointers = [
    "certificatePolicies=2.23.140.1.2.1",
    "authorityInfoAccess=OCSP;URI:http://ocsp.bench.example,caIssuers;URI:http://ca.bench.example/ca.crt",
    "crlDistributionPoints=URI:http://crl.bench.example/1.crl",
  ];
  const lines = {
    root: ["basicConstraints=critical,CA:true", "keyUsage=critical,keyCertSign,cRLSign"],
    issuer: [
      "basicConstraints=critical,CA:true,pathlen:0",
      "keyUsage=critical,keyCertSign,cRLSign",
      ...pointers,
    ],
    leaf: [
      "basicConstraints=critical,CA:false",
      "keyUsage=critical,digitalSignature",
      "extendedKeyUsage=serverAuth,clientAuth",
      `subjectAltName=DNS:${serverName},DNS:www.${serverName}`,
      ...pointers,
      `${TIMESTAMPS}=${TIMESTAMPS_FILLER}`,
    ],
  };
  return [...lines[is], ...both, ""].join("\n");
}

const LEAVES_PER_ISSUER = 10;
/** RFC 6962 §3.3. Two timestamps take about 242 bytes; these are only as long, not signed. */
const TIMESTAMPS = "1.3.6.1.4.1.11129.2.4.2";
const TIMESTAMPS_FILLER = `DER:0481f2${"5a".repeat(242)}`;
