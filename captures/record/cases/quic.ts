/** QUIC: TLS 1.3 inside packets of its own, of which the first are sealed with keys that all know. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Case, type Connection, nothingSent, type Scene, sent } from "../case.ts";
import { within } from "../lab.ts";
import type { Certificate } from "../pki.ts";
import { pause, run } from "../process.ts";
import { AIOQUIC } from "../programs.ts";
import { endpoint, SERVER } from "../servers.ts";
import { kept, logOf } from "./keys.ts";

/** Longer than a handshake takes, and shorter than the client waits before it moves. */
const SPEAKING_MS = 300;
const NAME = "api.corp.example";
const PORT = 443;
const X25519 = "-GROUP-ALL:+GROUP-X25519";
const P384 = "-GROUP-ALL:+GROUP-SECP384R1";
const HELLOS = [
  ["ClientHello", "quic && tls.handshake.type == 1"],
  ["ServerHello", "quic && tls.handshake.type == 2"],
] as const;

const DECRYPTED = [
  ...HELLOS,
  ["the decrypted Certificate", "quic && tls.handshake.type == 11"],
] as const;
const GNUTLS_SUITES = "NORMAL:-VERS-ALL:+VERS-TLS1.3:-CIPHER-ALL";

export const quicCases: readonly Case[] = [
  {
    name: "quic-v1",
    shows: `
QUIC v1 (RFC 9000), HTTP/3. Names, versions and suites can be read by everybody; the certificate cannot.`,
    client: ["gtlsclient"],
    server: ["gtlsserver"],
    seen: [
      ...HELLOS,
      ["Handshake packets of the server", "quic.long.packet_type == 2 && udp.srcport == 443"],
    ],
    async record(scene) {
      const certificate = await scene.authorities.corpLeaf(NAME);
      const server = await gtlsServer(scene, certificate, ["--groups", X25519]);
      const client = await gtlsClient(scene, []);
      return [{ ...unseen(client, server, certificate), group: "x25519" }];
    },
  },
  {
    name: "quic-hello-retry",
    shows: `
QUIC v1 with a HelloRetryRequest: the client offers a share for P-256, the server does P-384 only. Two
ClientHellos follow each other in the CRYPTO frames of the client.`,
    client: ["gtlsclient"],
    server: ["gtlsserver"],
    seen: [...HELLOS, ["HelloRetryRequest", "tls.handshake.extensions_key_share_selected_group"]],
    async record(scene) {
      const certificate = await scene.authorities.corpLeaf(NAME);
      const server = await gtlsServer(scene, certificate, ["--groups", P384]);
      const both = "-GROUP-ALL:+GROUP-SECP256R1:+GROUP-SECP384R1";
      const client = await gtlsClient(scene, ["--groups", both]);
      return [{ ...unseen(client, server, certificate), group: "secp384r1" }];
    },
  },
  {
    name: "quic-retry",
    shows: `
QUIC v1 with a Retry (RFC 9000, section 8.1.2): the server wants to hear from the client's address again before it
keeps anything. The client's second packet has the server's token, other ids, and so other keys.`,
    client: ["gtlsclient"],
    server: ["gtlsserver"],
    seen: [...HELLOS, ["Retry", "quic.long.packet_type == 3"]],
    async record(scene) {
      const certificate = await scene.authorities.corpLeaf(NAME);
      const server = await gtlsServer(scene, certificate, ["--validate-addr"]);
      return [unseen(await gtlsClient(scene, []), server, certificate)];
    },
  },
  {
    name: "quic-version-negotiation",
    shows: `
The client begins with a version that nobody speaks (0x1a2a3a4a), the server lists those it does, and the client
begins again with v1 under the same ids (RFC 9000, section 6).`,
    client: ["gtlsclient"],
    server: ["gtlsserver"],
    seen: [...HELLOS, ["version negotiation", "quic.version == 0"]],
    async record(scene) {
      const certificate = await scene.authorities.corpLeaf(NAME);
      const server = await gtlsServer(scene, certificate, []);
      const versions = ["--version", "0x1a2a3a4a", "--preferred-versions", "v1"];
      return [unseen(await gtlsClient(scene, versions), server, certificate)];
    },
  },
  {
    name: "quic-v2",
    shows: `
QUIC v2 (RFC 9369): other salts, other labels, other numbers for its types of packets.`,
    client: ["aioquic"],
    server: ["aioquic"],
    seen: [["packets of v2", "quic.version == 0x6b3343cf"]],
    async record(scene) {
      const certificate = await scene.authorities.corpLeaf(NAME);
      const server = await aioquicServer(scene, certificate, ["-versions", "v2"]);
      const client = await aioquicClient(scene, server, ["-versions", "v2"]);
      return [unseen(client, server, certificate)];
    },
  },
  {
    name: "quic-compatible-version",
    shows: `
The client begins with v1 and says that it would like v2; the server answers in v2 at once (RFC 9368, section 2.3),
with keys made from the same id by the salt of v2. aioquic then seals one packet with the keys of v1 though it says
v2, which nobody can open.`,
    client: ["aioquic"],
    server: ["aioquic"],
    seen: [...HELLOS, ["packets of v2", "quic.version == 0x6b3343cf"]],
    async record(scene) {
      const certificate = await scene.authorities.corpLeaf(NAME);
      const server = await aioquicServer(scene, certificate, ["-versions", "v2,v1"]);
      const client = await aioquicClient(scene, server, ["-versions", "v2,v1", "-first", "v1"]);
      return [unseen(client, server, certificate)];
    },
  },
  {
    name: "quic-rebinding",
    shows: `
The client's port changes under way, as a NAT that forgot would change it: application data with the server's id
comes from another port, and the connection goes on (RFC 9000, section 9).`,
    client: ["gtlsclient"],
    server: ["gtlsserver"],
    seen: [...HELLOS, ["data from another port", "quic && udp.srcport == 40002"]],
    async record(scene) {
      const certificate = await scene.authorities.corpLeaf(NAME);
      const server = await gtlsServer(scene, certificate, []);
      const moving = ["--change-local-addr", "600ms", "--nat-rebinding", "--delay-stream", "900ms"];
      const client = await gtlsClient(scene, moving, () => scene.lab.nextPort());
      return [unseen(client, server, certificate)];
    },
  },
  {
    name: "quic-early-data",
    shows: `
Two connections of QUIC v1: the second returns the ticket of the first and sends its question as early data, in
0-RTT packets before the server has said anything.`,
    client: ["gtlsclient"],
    server: ["gtlsserver"],
    seen: [...HELLOS, ["0-RTT packets", "quic.long.packet_type == 1"]],
    async record(scene) {
      const certificate = await scene.authorities.corpLeaf(NAME);
      const server = await gtlsServer(scene, certificate, []);
      const at = (name: string): string => join(scene.lab.folder, name);
      const kept = ["--session-file", at("session"), "--tp-file", at("parameters")];
      const first = await gtlsClient(scene, kept);
      const second = await gtlsClient(scene, kept);
      const full = unseen(first, server, certificate);
      return [full, { ...full, client: second, resumed: "psk", certificates: nothingSent }];
    },
  },
  kept({
    name: "quic-secrets",
    shows: `
QUIC v1 with AES-256 and a HelloRetryRequest.`,
    client: ["gtlsclient"],
    server: ["gtlsserver"],
    seen: DECRYPTED,
    async record(scene) {
      const certificate = await scene.authorities.corpLeaf(NAME, { key: "RSA-2048" });
      const options = ["--ciphers", `${GNUTLS_SUITES}:+AES-256-GCM`, "--groups", P384];
      const server = await gtlsServer(scene, certificate, options);
      const both = "-GROUP-ALL:+GROUP-SECP256R1:+GROUP-SECP384R1";
      const client = await gtlsClient(scene, ["--groups", both]);
      const suite = { cipher: "TLS_AES_256_GCM_SHA384", group: "secp384r1" };
      return [{ ...unseen(client, server, certificate), ...suite, alpn: "h3" }];
    },
  }),
  kept({
    name: "quic-secrets-v2",
    shows: `
QUIC v2 with ChaCha20-Poly1305.`,
    client: ["aioquic"],
    server: ["aioquic"],
    seen: [["packets of v2", "quic.version == 0x6b3343cf"]],
    async record(scene) {
      const certificate = await scene.authorities.corpLeaf(NAME);
      const suite = ["-suite", "CHACHA20_POLY1305_SHA256"];
      const server = await aioquicServer(scene, certificate, ["-versions", "v2", ...suite]);
      const keylog = ["-keylog", logOf(scene)];
      const client = await aioquicClient(scene, server, ["-versions", "v2", ...suite, ...keylog]);
      const cipher = "TLS_CHACHA20_POLY1305_SHA256";
      return [{ ...unseen(client, server, certificate), cipher, alpn: "hq-interop" }];
    },
  }),
  kept({
    name: "quic-secrets-unknown-issuer",
    shows: `
QUIC v1 with a chain from a CA that nobody here approved, which the client does not check.`,
    client: ["gtlsclient"],
    server: ["gtlsserver"],
    seen: DECRYPTED,
    async record(scene) {
      const certificate = await scene.authorities.strangerLeaf(NAME);
      const server = await gtlsServer(scene, certificate, []);
      const client = await gtlsClient(scene, []);
      return [{ ...unseen(client, server, certificate), alpn: "h3" }];
    },
  }),
];

/** One server for all clients, of ngtcp2 with GnuTLS. */
async function gtlsServer(
  { lab }: Scene,
  { key, fullChainPem }: Certificate,
  options: readonly string[],
): Promise<string> {
  await writeFile(join(lab.folder, "index.html"), "ok\n");
  const where = ["-q", "-d", lab.folder, SERVER, String(PORT), key, fullChainPem];
  await lab.serve(["gtlsserver", ...options, ...where], PORT, "server", "udp");
  return endpoint(SERVER, PORT);
}

/** Returns its endpoint. With `then`, that is done once it speaks. */
async function gtlsClient(
  { lab }: Scene,
  options: readonly string[],
  then?: () => Promise<unknown>,
): Promise<string> {
  const port = await lab.nextPort();
  // It takes the name for the ClientHello from the host it connects to, so there must be such a host.
  const hosts = join(lab.folder, "hosts");
  await writeFile(hosts, `${SERVER} ${NAME}\n`);
  const withHosts = [
    "unshare",
    "-m",
    "sh",
    "-c",
    'mount --bind "$0" /etc/hosts && exec "$@"',
    hosts,
  ];
  const program = ["env", `SSLKEYLOGFILE=${logOf({ lab })}`, "gtlsclient", "-q"];
  const brief = ["--exit-on-all-streams-close", "--timeout", "3s", ...options];
  const asked = [NAME, String(PORT), `https://${NAME}/index.html`];
  const running = run(within("client", [...withHosts, ...program, ...brief, ...asked]));
  if (then !== undefined) {
    await pause(SPEAKING_MS);
    await then();
  }
  await running;
  return endpoint("10.77.0.2", port);
}

async function aioquicServer(
  { lab }: Scene,
  { key, fullChainPem }: Certificate,
  options: readonly string[],
): Promise<string> {
  const where = ["-serve", "true", "-address", endpoint(SERVER, PORT)];
  const identity = ["-cert", fullChainPem, "-key", key];
  await lab.serve([...AIOQUIC, ...where, ...identity, ...options], PORT, "server", "udp");
  return endpoint(SERVER, PORT);
}

async function aioquicClient(
  { lab, authorities }: Scene,
  server: string,
  options: readonly string[],
): Promise<string> {
  const port = await lab.nextPort();
  const asked = ["-address", server, "-name", NAME, "-ca", authorities.corpRoot.pem];
  await run(within("client", [...AIOQUIC, ...asked, ...options]));
  return endpoint("10.77.0.2", port);
}

/** A handshake that went well, whose certificate nobody can see. */
function unseen(client: string, server: string, certificate: Certificate): Connection {
  const done = { resumed: false, established: true } as const;
  const certificates = sent(certificate, false);
  return { client, server, version: "TLS1.3", serverName: NAME, ...done, certificates };
}
