/** Encryption that became weaker, or none: before and after in one capture (B06, B13, B15). */
import { type Case, type Connection, nothingSent, type Scene, sent } from "../case.ts";
import { openssl, own } from "../clients.ts";
import { inClear } from "../ordinary.ts";
import { pause } from "../process.ts";
import { GRPC, goPeer } from "../programs.ts";
import { CERTIFICATE_IN_CLEAR, CLIENT_HELLO, TLS13 } from "../seen.ts";
import { endpoint, opensslServer, ownServer, SERVER } from "../servers.ts";

const NAME = "api.corp.example";

export const weakerCases: readonly Case[] = [
  {
    name: "null-suite",
    shows: `
Two TLS 1.2 connections to one server, each with three lines from the client and their answers. The first
agrees on AES-GCM; the second on \`TLS_ECDHE_ECDSA_WITH_NULL_SHA\`, which encrypts nothing: the lines can be read.`,
    client: ["openssl"],
    server: ["openssl"],
    seen: [
      ...CERTIFICATE_IN_CLEAR,
      ["what should be secret", 'tcp.payload contains "attack at dawn"'],
    ],
    async record(scene) {
      const certificate = await scene.authorities.corpLeaf(NAME);
      const suites = ["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-GCM-SHA256:eNULL:@SECLEVEL=0"];
      const identity = ["-cert", certificate.pem, "-key", certificate.key];
      const chain = ["-cert_chain", certificate.chainPem];
      const accept = ["-accept", `${SERVER}:443`, "-rev"];
      await scene.lab.serve(
        ["openssl", "s_server", ...accept, ...identity, ...chain, ...suites],
        443,
      );
      const server = endpoint(SERVER, 443);
      const sealed = await threeLines(scene, server, "ECDHE-ECDSA-AES128-GCM-SHA256");
      const clear = await threeLines(scene, server, "eNULL:@SECLEVEL=0");
      return [
        {
          ...inClear(sealed, server, NAME, certificate),
          cipher: "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
        },
        { ...inClear(clear, server, NAME, certificate), cipher: "TLS_ECDHE_ECDSA_WITH_NULL_SHA" },
      ];
    },
  },
  {
    name: "aes-masked-go",
    shows: `
Five TLS 1.3 connections of Go clients. Two orders of the same suites: AES-GCM first, and then, with
\`GODEBUG=cpu.aes=off\`, ChaCha20 first. The last two are the harmless causes of another order: a client on
another address that never had AES (an older processor), and one of the first address that offers other
suites, TLS 1.2 with them (a newer library).`,
    client: ["go"],
    server: ["go"],
    seen: TLS13,
    async record(scene) {
      const program = await goPeer(scene);
      const certificate = await scene.authorities.corpLeaf(NAME);
      const server = await ownServer(scene, program, { certificate, options: ["-version", "any"] });
      const masked = [MASKED];
      const clients = [
        await own(scene, program, { server, name: NAME }),
        await own(scene, program, { server, name: NAME }),
        await own(scene, program, { server, name: NAME, environment: masked }),
        await own(scene, program, { server, name: NAME, environment: masked, ...OTHER_ADDRESS }),
        await own(scene, program, {
          server,
          name: NAME,
          environment: masked,
          options: ["-version", "any"],
        }),
      ];
      return clients.map((client) => sealed(client, server, certificate));
    },
  },
  {
    name: "aes-masked-grpc",
    shows: `
Two ClientHellos of gRPC's C core (BoringSSL), which a server answers that does not speak HTTP/2: with AES-GCM
first, and then, with \`OPENSSL_ia32cap\` in the client's environment, with ChaCha20 first.`,
    client: ["grpcio"],
    server: ["openssl"],
    seen: TLS13,
    async record(scene) {
      const certificate = await scene.authorities.corpLeaf(NAME);
      const server = await opensslServer(scene, { certificate, options: ["-alpn", "h2"] });
      const clients = [];
      for (const environment of [[], ["OPENSSL_ia32cap=~0x200000200000000"]]) {
        const root = scene.authorities.corpRoot.pem;
        clients.push(
          await own(scene, GRPC, { server, name: NAME, environment, options: ["-ca", root] }),
        );
      }
      return clients.map((client) => sealed(client, server, certificate));
    },
  },
  {
    name: "hybrid-lost",
    shows: `
Five TLS 1.3 connections of a Go client to one server: three with X25519MLKEM768, then two with plain X25519,
since \`GODEBUG=tlsmlkem=0\` took it away.`,
    client: ["go"],
    server: ["go"],
    seen: TLS13,
    async record(scene) {
      const program = await goPeer(scene);
      const certificate = await scene.authorities.corpLeaf(NAME);
      const options = ["-groups", "default"];
      const server = await ownServer(scene, program, { certificate, options });
      const connections: Connection[] = [];
      for (const hybrid of [true, true, true, false, false]) {
        const environment = hybrid ? [] : ["GODEBUG=tlsmlkem=0"];
        const client = await own(scene, program, { server, name: NAME, options, environment });
        const group = hybrid ? "X25519MLKEM768" : "x25519";
        connections.push({ ...sealed(client, server, certificate), group });
      }
      return connections;
    },
  },
  {
    name: "floor-lost",
    shows: `
Five connections of OpenSSL to one server: four with TLS 1.3, then one whose configuration leaves it TLS 1.2 with
static RSA.`,
    client: ["openssl"],
    server: ["openssl"],
    seen: [
      CLIENT_HELLO,
      ["ServerHello of TLS 1.2", "tls.handshake.type == 2 && tls.handshake.ciphersuite == 0x009c"],
    ],
    async record(scene) {
      const certificate = await scene.authorities.corpLeaf(NAME, { key: "RSA-2048" });
      const server = await opensslServer(scene, { certificate });
      const connections: Connection[] = [];
      for (let i = 0; i < 4; i++) {
        const client = await openssl(scene, { server, name: NAME, options: ["-tls1_3"] });
        connections.push(sealed(client, server, certificate));
      }
      const options = ["-tls1_2", "-cipher", "AES128-GCM-SHA256"];
      const client = await openssl(scene, { server, name: NAME, options });
      const cipher = "TLS_RSA_WITH_AES_128_GCM_SHA256";
      connections.push({ ...inClear(client, server, NAME, certificate), cipher });
      return connections;
    },
  },
];

/** Three records from the client, each answered with its line turned round. */
async function threeLines({ lab }: Scene, server: string, cipher: string): Promise<string> {
  const port = await lab.nextPort();
  const options = ["-tls1_2", "-cipher", cipher, "-servername", NAME];
  const program = lab.start("client", [
    "openssl",
    "s_client",
    "-quiet",
    "-connect",
    server,
    ...options,
  ]);
  for (const line of LINES) {
    program.write(`${line}\n`);
    await program.until(() => program.output.includes([...line].reverse().join("")));
  }
  await program.stop("SIGTERM");
  await pause(CLOSING_MS);
  return endpoint("10.77.0.2", port);
}

function sealed(
  client: string,
  server: string,
  certificate: Parameters<typeof sent>[0],
): Connection {
  const certificates = certificate === undefined ? nothingSent : sent(certificate, false);
  const done = { resumed: false, established: true } as const;
  return { client, server, version: "TLS1.3", serverName: NAME, ...done, certificates };
}

const MASKED = "GODEBUG=cpu.aes=off";
const OTHER_ADDRESS = { address: "10.77.0.3", options: ["-from", "10.77.0.3"] };
const LINES = [
  "the first line says: attack at dawn, from the north",
  "the second line says: bring forty horses and the cannon",
  "the third line says: tell nobody, least of all the wire",
];
const CLOSING_MS = 200;
