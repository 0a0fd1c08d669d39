/** DTLS: the same handshakes over datagrams. */
import { join } from "node:path";
import { type Case, type Connection, nothingSent, type Scene, sent } from "../case.ts";
import { opensslDtls } from "../clients.ts";
import { within } from "../lab.ts";
import { inClear } from "../ordinary.ts";
import type { Certificate } from "../pki.ts";
import { pause, run } from "../process.ts";
import { endpoint, opensslDtlsServer, SERVER } from "../servers.ts";

export const dtlsCases: readonly Case[] = [
  {
    name: "dtls12",
    shows: `
DTLS 1.2 on a port of its own: the server keeps no state until its cookie comes back (HelloVerifyRequest), so
two ClientHellos; then a handshake whose certificate is in clear.`,
    client: ["openssl"],
    server: ["openssl"],
    seen: [
      ...COOKIE(),
      ["the server's Certificate", "dtls.handshake.type == 11"],
      ["ServerKeyExchange", "dtls.handshake.type == 12"],
    ],
    async record(scene) {
      return [await plain(scene, { server: ["-dtls1_2", "-listen"], client: ["-dtls1_2"] })];
    },
  },
  {
    name: "dtls10",
    shows: `
DTLS 1.0 (RFC 4347): what old VPN clients and phones speak. The certificate is in clear.`,
    client: ["openssl"],
    server: ["openssl"],
    seen: [
      ["ServerHello of DTLS 1.0", "dtls.handshake.type == 2 && dtls.handshake.version == 0xfeff"],
      ["the server's Certificate", "dtls.handshake.type == 11"],
    ],
    async record(scene) {
      const old = ["-dtls1", "-cipher", "ALL:@SECLEVEL=0"];
      const line = await plain(scene, { server: old, client: old });
      return [{ ...line, version: "DTLS1.0" }];
    },
  },
  {
    name: "dtls12-fragments",
    shows: `
DTLS 1.2 over a path of 400 bytes, with certificates of both sides: messages are cut into fragments, of which
each datagram has one or some (RFC 6347, section 4.2.3).`,
    client: ["openssl"],
    server: ["openssl"],
    seen: [
      ["a fragment that does not begin its message", "dtls.handshake.fragment_offset > 0"],
      ["CertificateRequest", "dtls.handshake.type == 13"],
      ["the client's CertificateVerify", "dtls.handshake.type == 15"],
    ],
    async record(scene) {
      const { corpRoot } = scene.authorities;
      const worker = await workload(scene);
      const narrow = ["-dtls1_2", "-mtu", "400"];
      const identity = ["-cert", worker.pem, "-key", worker.key, "-cert_chain", worker.chainPem];
      const line = await plain(scene, {
        server: [...narrow, "-Verify", "2", "-CAfile", corpRoot.pem],
        client: [...narrow, ...identity],
      });
      return [{ ...line, clientCertificates: sent(worker) }];
    },
  },
  {
    name: "dtls12-loss",
    shows: `
DTLS 1.2 through a relay that loses, repeats and turns round datagrams of the server's flight, in fragments:
both sides repeat themselves until everything has come (RFC 6347, section 4.2.4). What was lost was lost on
the way to the client, before the capture.`,
    client: ["openssl"],
    server: ["openssl"],
    needs: ["node"],
    seen: [
      ["fragments of the Certificate", "dtls.handshake.type == 11 && udp.srcport == 4443"],
      ["ClientHellos", "dtls.handshake.type == 1"],
    ],
    async record(scene) {
      const narrow = ["-dtls1_2", "-mtu", "400"];
      const certificate = await scene.authorities.corpLeaf(NAME);
      const behind = await opensslDtlsServer(scene, { certificate, port: 4444, options: narrow });
      const server = endpoint(SERVER, PORT);
      await scene.lab.serve([...RELAY, server, behind], PORT, "server", "udp");
      const client = await opensslDtls(scene, { server, name: NAME, options: narrow });
      return [{ ...inClear(client, server, NAME, certificate), version: "DTLS1.2" }];
    },
  },
  {
    name: "dtls12-gnutls",
    shows: `
DTLS 1.2 between GnuTLS programs, which always ask for a cookie and share suites that OpenSSL does not prefer.`,
    client: ["gnutls-cli"],
    server: ["gnutls-serv"],
    seen: [...COOKIE(), ["the server's Certificate", "dtls.handshake.type == 11"]],
    async record(scene) {
      const certificate = await scene.authorities.corpLeaf(NAME);
      const server = endpoint(SERVER, PORT);
      const identity = ["--x509certfile", certificate.fullChainPem];
      const key = ["--x509keyfile", certificate.key];
      const listen = [
        "gnutls-serv",
        "--udp",
        "--echo",
        "--port",
        String(PORT),
        "--disable-client-cert",
      ];
      await scene.lab.serve([...listen, ...identity, ...key], PORT, "server", "udp");
      const port = await scene.lab.nextPort();
      const name = ["--sni-hostname", NAME, "--verify-hostname", NAME];
      const trust = ["--x509cafile", scene.authorities.corpRoot.pem];
      const argv = ["gnutls-cli", "--udp", "--port", String(PORT), ...name, ...trust, SERVER];
      const program = scene.lab.start("client", argv);
      await program.until(() => program.output.includes("Handshake was completed"));
      await pause(EXCHANGE_MS);
      await program.stop("SIGTERM");
      const client = endpoint("10.77.0.2", port);
      return [{ ...inClear(client, server, NAME, certificate), version: "DTLS1.2" }];
    },
  },
  {
    name: "dtls12-resumed",
    shows: `
DTLS 1.2 twice: the second connection returns the ticket of the first, and no certificate is shown.`,
    client: ["openssl"],
    server: ["openssl"],
    seen: [
      ["NewSessionTicket", "dtls.handshake.type == 4"],
      ["the only Certificate", "dtls.handshake.type == 11"],
    ],
    async record(scene) {
      const certificate = await scene.authorities.corpLeaf(NAME);
      const options = ["-dtls1_2"];
      const server = await opensslDtlsServer(scene, { certificate, port: PORT, options });
      const file = join(scene.lab.folder, "session.pem");
      const call = { server, name: NAME };
      const first = await opensslDtls(scene, { ...call, options: [...options, "-sess_out", file] });
      const second = await opensslDtls(scene, { ...call, options: [...options, "-sess_in", file] });
      const full = { ...inClear(first, server, NAME, certificate), version: "DTLS1.2" };
      return [full, { ...full, client: second, resumed: "ticket", certificates: nothingSent }];
    },
  },
  {
    name: "dtls12-unknown-ca",
    shows: `
The client of DTLS 1.2 refuses a chain that leads to a root it does not know, with an alert in clear.`,
    client: ["openssl"],
    server: ["openssl"],
    seen: [["Alert unknown_ca", "dtls.alert_message.level == 2 && dtls.alert_message.desc == 48"]],
    async record(scene) {
      const certificate = await scene.authorities.strangerLeaf(NAME);
      const options = ["-dtls1_2"];
      const server = await opensslDtlsServer(scene, { certificate, port: PORT, options });
      const port = await scene.lab.nextPort();
      const trust = ["-verify_return_error", "-CAfile", scene.authorities.corpRoot.pem];
      const argv = ["openssl", "s_client", "-connect", server, "-servername", NAME, ...options];
      await run(within("client", [...argv, ...trust]), { allow: "any" });
      const client = endpoint("10.77.0.2", port);
      const alerts = [{ side: "client", level: "fatal", name: "unknown_ca" }] as const;
      const line = { ...inClear(client, server, NAME, certificate), version: "DTLS1.2" };
      return [{ ...line, established: false, alerts }];
    },
  },
];

/** One connection of DTLS 1.2, with the words that each program adds. */
async function plain(
  scene: Scene,
  options: { server: readonly string[]; client: readonly string[] },
): Promise<Connection> {
  const certificate = await scene.authorities.corpLeaf(NAME);
  const service = { certificate, port: PORT, options: options.server };
  const server = await opensslDtlsServer(scene, service);
  const client = await opensslDtls(scene, { server, name: NAME, options: options.client });
  return { ...inClear(client, server, NAME, certificate), version: "DTLS1.2" };
}

async function workload({ pki, authorities }: Scene): Promise<Certificate> {
  return pki.issue({
    subject: "/O=Example Corp/CN=worker-7",
    key: "P-256",
    issuer: authorities.corp,
    names: ["URI:spiffe://corp.example/ns/jobs/sa/worker-7"],
    purpose: "clientAuth",
    days: [-1, 30],
  });
}

function COOKIE() {
  return [
    ["HelloVerifyRequest", "dtls.handshake.type == 3"],
    ["a ClientHello with the cookie", "dtls.handshake.type == 1 && dtls.handshake.cookie"],
  ] as const;
}

const NAME = "api.corp.example";
const PORT = 4443;
const RELAY = [process.execPath, join(import.meta.dirname, "..", "lossy.ts")];
/** Longer than an exchange takes. */
const EXCHANGE_MS = 300;
