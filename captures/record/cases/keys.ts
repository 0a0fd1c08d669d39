/** TLS 1.3 with its secrets inside the file, so that what is encrypted can be read and checked. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Case, type Connection, nothingSent, type Scene, sent } from "../case.ts";
import { type Call, curl, gnutls, openssl, own } from "../clients.ts";
import { CURL_HTTP1, inClear } from "../ordinary.ts";
import type { Certificate } from "../pki.ts";
import { run } from "../process.ts";
import { goPeer, NODE } from "../programs.ts";
import { TLS13 } from "../seen.ts";
import { gnutlsServer, nginx, opensslServer, ownServer } from "../servers.ts";

const DECRYPTED = [...TLS13, ["the decrypted Certificate", "tls.handshake.type == 11"]] as const;

export const keysCases: readonly Case[] = [
  kept({
    name: "keys-suites",
    shows: `
The five cipher suites of TLS 1.3, one connection each.`,
    client: ["openssl"],
    server: ["openssl"],
    seen: DECRYPTED,
    async record(scene) {
      const certificate = await scene.authorities.corpLeaf(NAME);
      const all = ["-ciphersuites", SUITES.join(":")];
      const server = await opensslServer(scene, { certificate, options: ["-tls1_3", ...all] });
      const lines: Connection[] = [];
      for (const suite of SUITES) {
        const options = ["-ciphersuites", suite, ...opensslLog(scene)];
        const client = await openssl(scene, { server, name: NAME, options });
        lines.push({ ...encrypted(client, server, certificate), cipher: suite });
      }
      return lines;
    },
  }),
  kept({
    name: "keys-retry",
    shows: `
A HelloRetryRequest: the server wants another group than the one that the client guessed.`,
    client: ["openssl"],
    server: ["openssl"],
    seen: [
      ...DECRYPTED,
      ["HelloRetryRequest", "tls.handshake.extensions_key_share_selected_group"],
    ],
    async record(scene) {
      const certificate = await scene.authorities.corpLeaf(NAME, { key: "P-384" });
      const groups = ["-groups", "P-384"];
      const server = await opensslServer(scene, { certificate, options: ["-tls1_3", ...groups] });
      const options = ["-groups", "P-256:P-384", ...opensslLog(scene)];
      const client = await openssl(scene, { server, name: NAME, options });
      return [{ ...encrypted(client, server, certificate), group: "secp384r1" }];
    },
  }),
  kept({
    name: "keys-http2",
    shows: `
curl and nginx, HTTP/2: which protocol the server chose is encrypted as well.`,
    client: ["curl"],
    server: ["nginx"],
    seen: DECRYPTED,
    async record(scene) {
      const certificate = await scene.authorities.corpLeaf(NAME, { key: "RSA-2048" });
      const options = ["ssl_protocols TLSv1.3", "http2"];
      const server = await nginx(scene, { certificate, options });
      const trust = ["--cacert", scene.authorities.corpRoot.pem];
      const client = await curl(scene, { ...asked(scene, server), options: trust });
      return [{ ...encrypted(client, server, certificate), alpn: "h2" }];
    },
  }),
  kept({
    name: "keys-raw-public-key",
    shows: `
A server that shows a raw public key, and no certificate around it (RFC 7250): its key is proved, but nobody
has signed whose it is.`,
    client: ["gnutls-cli"],
    server: ["gnutls-serv"],
    seen: [...TLS13, ["server_certificate_type", "tls.handshake.extension.type == 20"]],
    async record(scene) {
      const certificate = await scene.authorities.corpLeaf(NAME);
      const key = join(scene.lab.folder, "raw.pem");
      await run(["openssl", "pkey", "-in", certificate.key, "-pubout", "-out", key]);
      const priority = "--priority=NORMAL:-VERS-ALL:+VERS-TLS1.3:-CTYPE-SRV-ALL:+CTYPE-SRV-RAWPK";
      const identity = ["--rawpkkeyfile", certificate.key, "--rawpkfile", key, priority];
      const server = await gnutlsServer(scene, { certificate, options: identity });
      const options = [priority, "--insecure"];
      const client = await gnutls(scene, { ...asked(scene, server), options });
      return [{ ...encrypted(client, server, certificate), certificates: nothingSent }];
    },
  }),
  kept({
    name: "keys-mutual",
    shows: `
curl and nginx, which asks for a certificate: the client's chain is encrypted with keys of its own.`,
    client: ["curl"],
    server: ["nginx"],
    seen: [...DECRYPTED, ["the decrypted CertificateRequest", "tls.handshake.type == 13"]],
    async record(scene) {
      const { corpRoot, corpLeaf } = scene.authorities;
      const certificate = await corpLeaf(NAME);
      const mine = await worker(scene);
      const ask = [`ssl_client_certificate ${corpRoot.pem}`, "ssl_verify_client on"];
      const options = ["ssl_protocols TLSv1.3", ...ask, "ssl_verify_depth 2"];
      const server = await nginx(scene, { certificate, options });
      const identity = ["--cert", mine.fullChainPem, "--key", mine.key];
      const trust = ["--cacert", corpRoot.pem, ...CURL_HTTP1];
      const client = await curl(scene, {
        ...asked(scene, server),
        options: [...trust, ...identity],
      });
      const line = { ...encrypted(client, server, certificate), alpn: "http/1.1" };
      return [{ ...line, clientCertificates: sent(mine, false) }];
    },
  }),
  kept({
    name: "keys-hybrid",
    shows: `
Node on both sides, and the hybrid group X25519MLKEM768.`,
    client: ["node"],
    server: ["node"],
    seen: DECRYPTED,
    async record(scene) {
      const certificate = await scene.authorities.corpLeaf(NAME, { key: "Ed25519" });
      const hybrid = ["-version", "TLSv1.3", "-groups", "X25519MLKEM768"];
      const server = await ownServer(scene, NODE, { certificate, options: hybrid });
      const options = [...hybrid, "-ca", scene.authorities.corpRoot.pem];
      const client = await own(scene, NODE, { ...asked(scene, server), options });
      return [{ ...encrypted(client, server, certificate), group: "X25519MLKEM768" }];
    },
  }),
  kept({
    name: "keys-go",
    shows: `
A Go server, which sends each message in a record of its own.`,
    client: ["node"],
    server: ["go"],
    seen: DECRYPTED,
    async record(scene) {
      const certificate = await scene.authorities.corpLeaf(NAME);
      const server = await ownServer(scene, await goPeer(scene), { certificate });
      const options = ["-ca", scene.authorities.corpRoot.pem];
      const client = await own(scene, NODE, { ...asked(scene, server), options });
      return [{ ...encrypted(client, server, certificate), group: "x25519" }];
    },
  }),
];

/** A case whose file holds the handshakes' secrets, and none of what came behind them. */
export function kept(one: Omit<Case, "needs" | "capture" | "finish">): Case {
  return {
    ...one,
    shows: `${one.shows.trimEnd()} The file holds the secrets of the handshakes (a Decryption Secrets
Block, put in by \`editcap --inject-secrets\`), not those of what was said behind them.`,
    needs: ["editcap"],
    capture: { ending: "pcapng" },
    async finish(captured, file, scene) {
      const text = await readFile(logOf(scene), "latin1");
      const lines = text.split("\n").filter((line) => /^(CLIENT|SERVER)_HANDSHAKE/.test(line));
      const few = join(scene.lab.folder, "handshakes.txt");
      await writeFile(few, `${lines.join("\n")}\n`);
      await run(["editcap", "-F", "pcapng", "--inject-secrets", `tls,${few}`, captured, file]);
    },
  };
}

export function logOf({ lab }: Pick<Scene, "lab">): string {
  return join(lab.folder, "keylog.txt");
}

function opensslLog(scene: Scene): string[] {
  return ["-keylogfile", logOf(scene)];
}

/** curl and GnuTLS read the one variable, Node the other. */
function asked(scene: Scene, server: string): Call {
  const log = logOf(scene);
  const environment = [`SSLKEYLOGFILE=${log}`, `NODE_OPTIONS=--tls-keylog=${log}`];
  return { server, name: NAME, environment };
}

function encrypted(client: string, server: string, certificate: Certificate): Connection {
  const line = inClear(client, server, NAME, certificate);
  return { ...line, version: "TLS1.3", certificates: sent(certificate, false) };
}

async function worker({ pki, authorities }: Scene): Promise<Certificate> {
  return pki.issue({
    subject: "/O=Example Corp/CN=worker-7",
    key: "P-256",
    issuer: authorities.corp,
    names: ["URI:spiffe://corp.example/ns/jobs/sa/worker-7"],
    purpose: "clientAuth",
    days: [-1, 30],
  });
}

const NAME = "api.corp.example";
const SUITES = [
  "TLS_AES_128_GCM_SHA256",
  "TLS_AES_256_GCM_SHA384",
  "TLS_CHACHA20_POLY1305_SHA256",
  "TLS_AES_128_CCM_SHA256",
  "TLS_AES_128_CCM_8_SHA256",
];
