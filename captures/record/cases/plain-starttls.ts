/**
 * Protocols that begin in clear and go over to TLS 1.2, each between OpenSSL's client and a server that
 * people run; TLS behind a proxy's envelope; and an offer that somebody between has hidden.
 */
import { chmod } from "node:fs/promises";
import { join } from "node:path";
import { type Case, type Connection, type Scene, sent, type Tool } from "../case.ts";
import { within } from "../lab.ts";
import type { Certificate } from "../pki.ts";
import { run } from "../process.ts";
import { NODE_STRIPPER } from "../programs.ts";
import { endpoint, opensslServer, SERVER } from "../servers.ts";
import { serveLdap, serveMariadb, servePostgres } from "./plain-binary.ts";
import { configuration, folderOf, openPath, PASSWORD, plain, type, USER } from "./plain-scene.ts";

export const plainStarttlsCases: readonly Case[] = [
  upgraded({
    protocol: "smtp",
    says: "SMTP",
    server: "exim4",
    port: 25,
    end: "QUIT\r\n",
    serve: (scene, certificate) => exim(scene, { certificate }),
  }),
  upgraded({
    protocol: "ftp",
    says: "FTP, by AUTH TLS,",
    server: "vsftpd",
    port: 21,
    end: "QUIT\r\n",
    async serve(scene, { fullChainPem, key }) {
      const root = await folderOf(scene, "ftp", "root");
      const lines = [
        "listen=YES",
        "background=NO",
        "anonymous_enable=YES",
        "local_enable=NO",
        "seccomp_sandbox=NO",
        "ssl_enable=YES",
        "allow_anon_ssl=YES",
        "ssl_ciphers=HIGH",
        `rsa_cert_file=${fullChainPem}`,
        `rsa_private_key_file=${key}`,
        `anon_root=${root}`,
        `secure_chroot_dir=${root}`,
        "ftp_username=ftp",
      ];
      const file = await configuration(scene, "vsftpd.conf", lines);
      await scene.lab.serve(["vsftpd", file], 21);
    },
  }),
  upgraded({
    protocol: "ldap",
    says: "LDAP",
    server: "slapd",
    port: 389,
    // An unbind.
    end: "\x30\x05\x02\x01\x02\x42\x00",
    serve: serveLdap,
  }),
  upgraded({
    protocol: "postgres",
    as: "postgresql",
    says: "PostgreSQL, by its SSLRequest,",
    server: "postgres",
    port: 5432,
    end: "X\0\0\0\x04",
    serve: servePostgres,
  }),
  upgraded({
    protocol: "mysql",
    says: "MariaDB's protocol",
    server: "mariadbd",
    port: 3306,
    end: "",
    serve: serveMariadb,
  }),
  upgraded({
    protocol: "xmpp",
    says: "XMPP",
    server: "prosody",
    port: 5222,
    end: "</stream:stream>",
    options: ["-xmpphost", "mail.corp.example"],
    serve: (scene, certificate) => prosody(scene, certificate),
  }),
  throughEnvelope("connect", "tinyproxy"),
  throughEnvelope("socks", "danted"),
  plain({
    name: "plain-smtp",
    shows: "SMTP with AUTH PLAIN, to Exim, which offers STARTTLS.",
    client: "socat",
    server: "exim4",
    seen: [["AUTH", 'smtp.req.command == "AUTH"']],
    async speak(scene) {
      await exim(scene, { certificate: await scene.authorities.corpLeaf("mail.corp.example") });
      await type(scene, 25, login(), /^220 .*250[ -]STARTTLS.*235 .*221 /s);
    },
  }),
  plain({
    name: "plain-smtp-stripped",
    shows: `SMTP whose offer of STARTTLS is hidden by somebody between, byte for byte, so that the client logs in
in clear. What it talks to passes all it says on to Exim, on 10.77.1.20.`,
    client: "socat",
    server: "exim4",
    seen: [
      ["the offer, hidden", 'tcp.payload contains "250-XXXXXXXX"'],
      ["AUTH", 'smtp.req.command == "AUTH"'],
    ],
    async speak(scene) {
      const certificate = await scene.authorities.corpLeaf("mail.corp.example");
      await exim(scene, { certificate, address: "10.77.1.20", port: 2525 });
      const between = ["-listen", endpoint(SERVER, 25), "-connect", endpoint("10.77.1.20", 2525)];
      await scene.lab.serve([...NODE_STRIPPER, ...between], 25);
      await type(scene, 25, login(), /^220 .*250[ -]XXXXXXXX.*235 .*221 /s);
    },
  }),
  plain({
    name: "plain-smtp-refused",
    shows:
      "SMTP whose server says no to STARTTLS, and a client that logs in all the same, to Exim.",
    client: "socat",
    server: "exim4",
    seen: [["STARTTLS", 'tcp.payload contains "STARTTLS"']],
    async speak(scene) {
      await exim(scene, {});
      const [hello, ...rest] = login();
      await type(scene, 25, [hello!, "STARTTLS", ...rest], /^220 .*503 .*235 .*221 /s);
    },
  }),
  plain({
    name: "plain-xmpp",
    shows: "XMPP with SASL's PLAIN, to Prosody, which asks for nothing better.",
    client: "socat",
    server: "prosody",
    seen: [["a login", 'tcp.payload contains "mechanism=\\"PLAIN\\""']],
    async speak(scene) {
      await prosody(scene);
      const secret = Buffer.from(`\0${USER}\0${PASSWORD}`).toString("base64");
      const names = "xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'";
      const open = `<stream:stream to='mail.corp.example' version='1.0' ${names}>`;
      const auth = `<auth xmlns="urn:ietf:params:xml:ns:xmpp-sasl" mechanism="PLAIN">${secret}</auth>`;
      await type(scene, 5222, [`<?xml version='1.0'?>${open}`, auth], /<success/);
    },
  }),
];

interface Upgraded {
  /** As OpenSSL's `-starttls` takes it. */
  readonly protocol: string;
  /** As INTERFACE has it, where that is another. */
  readonly as?: string;
  readonly says: string;
  readonly server: Tool;
  readonly port: number;
  /** What the client says inside TLS, to be gone. */
  readonly end: string;
  readonly options?: readonly string[];
  serve(scene: Scene, certificate: Certificate): Promise<void>;
}

function upgraded(shape: Upgraded): Case {
  const { protocol, as = protocol, says, server, port, end, options = [], serve } = shape;
  return {
    name: `plain-${as}-starttls`,
    shows: `${says} that goes over to TLS 1.2 before anybody logs in, from OpenSSL's client.`,
    client: ["openssl"],
    server: [server],
    seen: [
      ["a ClientHello behind it", 'tcp.payload contains "mail.corp.example" && tcp.len > 150'],
    ],
    async record(scene) {
      const certificate = await scene.authorities.corpLeaf(NAME);
      await serve(scene, certificate);
      const local = await scene.lab.nextPort();
      const to = ["-connect", endpoint(SERVER, port), "-servername", NAME];
      const flags = ["-starttls", protocol, "-tls1_2", ...options];
      const argv = ["openssl", "s_client", "-quiet", ...to, ...flags];
      // Some servers wait for a login, and are left by the clock; vsftpd hangs up without a word.
      await run(within("client", ["timeout", "3", ...argv]), {
        input: end,
        holdInput: true,
        allow: [0, 1, 124],
      });
      return [secured(local, endpoint(SERVER, port), certificate)];
    },
  };
}

/** HTTPS through a proxy, which sees nothing but the envelope. */
function throughEnvelope(by: "connect" | "socks", proxy: "tinyproxy" | "danted"): Case {
  return {
    name: `plain-${by}-tls`,
    shows: `TLS 1.2 inside ${by === "connect" ? "HTTP's CONNECT" : "SOCKS 5"}, from curl through a proxy.`,
    client: ["curl"],
    server: [proxy, "openssl"],
    seen: [
      ["a ClientHello behind it", 'tcp.payload contains "mail.corp.example" && tcp.len > 150'],
    ],
    async record(scene) {
      const certificate = await scene.authorities.corpLeaf(NAME);
      const origin = await opensslServer(scene, { certificate, address: "10.77.1.20" });
      const port = await serveProxy(scene, proxy);
      const through =
        by === "connect"
          ? ["-x", `http://${endpoint(SERVER, port)}`]
          : ["--socks5", endpoint(SERVER, port)];
      const resolve = ["--resolve", `${NAME}:443:${origin.split(":")[0]}`];
      const to = by === "connect" ? ["--connect-to", `${NAME}:443:${origin}`] : resolve;
      const trust = ["--cacert", scene.authorities.corpRoot.pem, "--tls-max", "1.2"];
      const local = await scene.lab.nextPort();
      const argv = ["curl", "-sS", "-o", "/dev/null", ...through, ...to, ...trust];
      await run(within("client", [...argv, `https://${NAME}/`]));
      return [secured(local, endpoint(SERVER, port), certificate)];
    },
  };
}

export async function serveProxy(scene: Scene, proxy: "tinyproxy" | "danted"): Promise<number> {
  if (proxy === "tinyproxy") {
    const file = await configuration(scene, "tinyproxy.conf", ["Port 8888", `Listen ${SERVER}`]);
    await scene.lab.serve(["tinyproxy", "-d", "-c", file], 8888);
    return 8888;
  }
  const lines = [
    "logoutput: stderr",
    `internal: ${SERVER} port = 1080`,
    `external: ${SERVER}`,
    "clientmethod: none",
    "socksmethod: none",
    "client pass { from: 0.0.0.0/0 to: 0.0.0.0/0 }",
    "socks pass { from: 0.0.0.0/0 to: 0.0.0.0/0 }",
  ];
  const file = await configuration(scene, "danted.conf", lines);
  await scene.lab.serve(["danted", "-f", file], 1080);
  return 1080;
}

function secured(local: number, server: string, certificate: Certificate): Connection {
  return {
    client: endpoint("10.77.0.2", local),
    server,
    version: "TLS1.2",
    serverName: NAME,
    resumed: false,
    established: true,
    certificates: sent(certificate),
  };
}

interface Mail {
  /** Absent: no TLS. */
  readonly certificate?: Certificate;
  readonly address?: string;
  readonly port?: number;
}

/** Exim that takes our login and no mail. */
async function exim(scene: Scene, mail: Mail): Promise<void> {
  const { certificate, address = SERVER, port = 25 } = mail;
  const spool = await folderOf(scene, "spool", "Debian-exim");
  await openPath(scene);
  if (certificate) await chmod(certificate.key, 0o644);
  const good = `\${if and{{eq{$auth2}{${USER}}}{eq{$auth3}{${PASSWORD}}}}}`;
  const file = await configuration(scene, "exim.conf", [
    "primary_hostname = mail.corp.example",
    "exim_user = Debian-exim",
    "exim_group = Debian-exim",
    `spool_directory = ${spool}`,
    `log_file_path = ${join(spool, "%slog")}`,
    `pid_file_path = ${join(spool, "pid")}`,
    "host_lookup =",
    "rfc1413_query_timeout = 0s",
    "smtp_accept_keepalive = false",
    certificate ? "tls_advertise_hosts = *" : "tls_advertise_hosts =",
    ...(certificate
      ? [`tls_certificate = ${certificate.fullChainPem}`, `tls_privatekey = ${certificate.key}`]
      : []),
    "begin authenticators",
    "plain:",
    "  driver = plaintext",
    "  public_name = PLAIN",
    `  server_condition = ${good}`,
  ]);
  await scene.lab.serve(["exim4", "-C", file, "-bdf", "-oX", `[${address}]:${port}`], port);
}

async function prosody(scene: Scene, certificate?: Certificate): Promise<void> {
  const data = await folderOf(scene, "prosody", "prosody");
  if (certificate) await chmod(certificate.key, 0o644);
  const file = await configuration(scene, "prosody.cfg.lua", [
    `data_path = "${data}"`,
    `pidfile = "${join(data, "pid")}"`,
    `interfaces = { "${SERVER}" }`,
    'modules_enabled = { "saslauth", "tls", "roster" }',
    'modules_disabled = { "s2s" }',
    'authentication = "internal_plain"',
    "allow_unencrypted_plain_auth = true",
    `c2s_require_encryption = ${certificate ? "true" : "false"}`,
    'log = { info = "*console" }',
    'VirtualHost "mail.corp.example"',
    certificate
      ? `ssl = { key = "${certificate.key}", certificate = "${certificate.fullChainPem}" }`
      : "",
  ]);
  await chmod(file, 0o644);
  const as = ["runuser", "-u", "prosody", "--"];
  await run([
    ...as,
    "prosodyctl",
    "--config",
    file,
    "register",
    USER,
    "mail.corp.example",
    PASSWORD,
  ]);
  await scene.lab.serve([...as, "prosody", "--config", file, "-F"], 5222);
}

function login(): string[] {
  const secret = Buffer.from(`\0${USER}\0${PASSWORD}`).toString("base64");
  return ["EHLO client.corp.example", `AUTH PLAIN ${secret}`, "QUIT"];
}

const NAME = "mail.corp.example";
