/** Handshakes that do not end well, or do not end once. */
import { type Case, type Connection, nothingSent, type Scene } from "../case.ts";
import { curl, openssl } from "../clients.ts";
import { CURL_HTTP1, inClear } from "../ordinary.ts";
import { type Program, pause } from "../process.ts";
import { CERTIFICATE_IN_CLEAR, CLIENT_HELLO } from "../seen.ts";
import { endpoint, nginx, opensslServer } from "../servers.ts";

export const handshakeCases: readonly Case[] = [
  {
    name: "alert-unknown-ca",
    shows: `
The client refuses a chain that it cannot follow to a root it trusts: the server's Certificate was seen in
clear, the client ends the TLS 1.2 handshake with a fatal \`unknown_ca\`, and nothing is established.`,
    client: ["curl"],
    server: ["nginx"],
    seen: [
      ...CERTIFICATE_IN_CLEAR,
      ["Alert unknown_ca", "tls.alert_message.level == 2 && tls.alert_message.desc == 48"],
    ],
    async record(scene) {
      const name = "updates.vendor.example";
      const certificate = await scene.authorities.strangerLeaf(name);
      const server = await nginx(scene, { certificate, options: ["ssl_protocols TLSv1.2"] });
      const options = ["--cacert", scene.authorities.corpRoot.pem, ...CURL_HTTP1];
      const client = await curl(scene, { server, name, options, fails: true });
      const alerts = [{ side: "client", level: "fatal", name: "unknown_ca" }] as const;
      const plain = { ...inClear(client, server, name, certificate), alpn: "http/1.1" };
      return [{ ...plain, established: false, alerts }];
    },
  },
  {
    name: "alert-handshake-failure",
    shows: `
The server shares no cipher suite with the client and answers the ClientHello with a fatal
\`handshake_failure\`: no ServerHello, no version, no certificate.`,
    client: ["openssl"],
    server: ["openssl"],
    seen: [
      CLIENT_HELLO,
      ["Alert handshake_failure", "tls.alert_message.level == 2 && tls.alert_message.desc == 40"],
    ],
    async record(scene) {
      const name = "api.corp.example";
      const certificate = await scene.authorities.corpLeaf(name);
      const suite = (cipher: string): string[] => ["-tls1_2", "-cipher", cipher];
      const options = suite("ECDHE-ECDSA-AES256-GCM-SHA384");
      const server = await opensslServer(scene, { certificate, options });
      const offered = suite("ECDHE-ECDSA-AES128-GCM-SHA256");
      const client = await openssl(scene, { server, name, options: offered, fails: true });
      const alerts = [{ side: "server", level: "fatal", name: "handshake_failure" }] as const;
      const nothing = { established: false, alerts, certificates: nothingSent };
      return [{ client, server, serverName: name, resumed: false, ...nothing }];
    },
  },
  renegotiation(),
  midstream(),
];

function renegotiation(): Case {
  return {
    name: "renegotiation",
    shows: `
TLS 1.2 in which the client starts a second handshake inside the first one's protection (RFC 5746): the
first is in clear, of the second only handshake records can be seen.`,
    client: ["openssl"],
    server: ["openssl"],
    seen: [
      ...CERTIFICATE_IN_CLEAR,
      ["encrypted handshake messages", "tls.record.content_type == 22 && !tls.handshake.type"],
    ],
    async record(scene) {
      const { client, end, program } = await talk(scene, ["-client_renegotiation"]);
      program.write("R\n");
      await program.until(() => program.output.includes("RENEGOTIATING"));
      await pause(EXCHANGE_MS);
      await end();
      return [{ ...client, renegotiations: 1 }];
    },
  };
}

function midstream(): Case {
  let talking: Talk | undefined;
  return {
    name: "midstream",
    shows: `
A TLS 1.2 connection that was there before the capture: no handshake, no SYN, application data of both sides
and the closing alerts. The truth says what the handshake would have shown; from this file it cannot be known,
and who is the client can only be guessed from the ports.`,
    client: ["openssl"],
    server: ["openssl"],
    seen: [
      ["application data", "tls.record.content_type == 23"],
      ["the client's FIN", "tcp.flags.fin == 1 && tcp.srcport == 40001"],
    ],
    async prepare(scene) {
      talking = await talk(scene, []);
    },
    async record() {
      const { client, end, program } = talking!;
      program.write("GET /first HTTP/1.0\r\n\r\n");
      await pause(EXCHANGE_MS);
      await end();
      return [{ ...client, certificates: { ...client.certificates, inClear: false } }];
    },
  };
}

interface Talk {
  readonly program: Program;
  readonly client: Connection;
  end(): Promise<void>;
}

/** An s_client that has finished its handshake and waits for lines: R renegotiates, Q ends. */
async function talk(scene: Scene, options: readonly string[]): Promise<Talk> {
  const name = "api.corp.example";
  const certificate = await scene.authorities.corpLeaf(name);
  const tls12 = ["-tls1_2", ...options];
  const server = await opensslServer(scene, { certificate, options: tls12 });
  const port = await scene.lab.nextPort();
  const argv = ["openssl", "s_client", "-connect", server, "-servername", name];
  const program = scene.lab.start("client", argv);
  await program.until(() => program.output.includes("Verify return code"));
  const end = async (): Promise<void> => {
    program.write("Q\n");
    await program.ended;
  };
  return { program, end, client: inClear(endpoint("10.77.0.2", port), server, name, certificate) };
}

/** Longer than an exchange takes. */
const EXCHANGE_MS = 300;
