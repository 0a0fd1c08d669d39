/**
 * Protocols in clear, as real servers and clients speak them, each with a login where there is one. The
 * user and the password are the same everywhere, so that a test can look for them in every output.
 */
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Case, Connection, Scene, Tool } from "../case.ts";
import { sent } from "../case.ts";
import { within } from "../lab.ts";
import type { Certificate } from "../pki.ts";
import { pause, run } from "../process.ts";
import { endpoint, SERVER } from "../servers.ts";

export const plainCases: readonly Case[] = [
  plain({
    name: "plain-http",
    shows: "HTTP/1.1 with Basic authentication and a cookie, to nginx.",
    client: "curl",
    server: "nginx",
    seen: [["a password", "http.authbasic"]],
    async speak(scene) {
      const server = await webServer(scene);
      const cookie = ["-b", `session=${PASSWORD}`];
      await say(scene, [
        "curl",
        "-sS",
        "-u",
        `${USER}:${PASSWORD}`,
        ...cookie,
        `http://${server}/`,
      ]);
    },
  }),
  plain({
    name: "plain-http-connect",
    shows: "HTTP through a proxy's CONNECT, with Basic authentication to the proxy, tinyproxy.",
    client: "curl",
    server: "tinyproxy",
    seen: [["CONNECT", 'http.request.method == "CONNECT"']],
    async speak(scene) {
      const origin = await webServer(scene);
      const lines = [`Port 8888`, `Listen ${SERVER}`, `BasicAuth ${USER} ${PASSWORD}`];
      const file = await configuration(scene, "tinyproxy.conf", lines);
      await scene.lab.serve(["tinyproxy", "-d", "-c", file], 8888);
      const through = ["-x", `http://${USER}:${PASSWORD}@${SERVER}:8888`, "--proxytunnel"];
      await say(scene, ["curl", "-sS", ...through, `http://${origin}/`]);
    },
  }),
  plain({
    name: "plain-socks",
    shows: "HTTP through SOCKS 5 without a login, to Dante.",
    client: "curl",
    server: "danted",
    seen: [["SOCKS 5", "socks.version == 5"]],
    async speak(scene) {
      const origin = await webServer(scene);
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
      await say(scene, ["curl", "-sS", "--socks5", `${SERVER}:1080`, `http://${origin}/`]);
    },
  }),
  plain({
    name: "plain-ftp",
    shows: "FTP, logged in as anybody with a password, to vsftpd.",
    client: "socat",
    server: "vsftpd",
    seen: [["a password", 'ftp.request.command == "PASS"']],
    async speak(scene) {
      const root = join(scene.lab.folder, "ftp");
      await mkdir(root);
      await openPath(scene);
      const lines = [
        "listen=YES",
        "background=NO",
        "anonymous_enable=YES",
        "local_enable=NO",
        "seccomp_sandbox=NO",
        `anon_root=${root}`,
        `secure_chroot_dir=${root}`,
        "ftp_username=ftp",
      ];
      const file = await configuration(scene, "vsftpd.conf", lines);
      await scene.lab.serve(["vsftpd", file], 21);
      const commands = ["USER anonymous", `PASS ${PASSWORD}`, "SYST", "QUIT"];
      await type(scene, 21, commands, /^220 .*331 .*230 .*215 .*221 /s);
    },
  }),
  plain({
    name: "plain-redis",
    shows: "Redis with AUTH as a user, in RESP2, to redis-server.",
    client: "redis-cli",
    server: "redis-server",
    seen: [["AUTH", 'tcp.payload contains "AUTH"']],
    async speak(scene) {
      const acl = ["--user", USER, "on", `>${PASSWORD}`, "+@all", "~*"];
      const flags = [
        "--save",
        "",
        "--appendonly",
        "no",
        "--bind",
        SERVER,
        "--protected-mode",
        "no",
      ];
      await scene.lab.serve(["redis-server", ...flags, ...acl], 6379);
      const login = ["--user", USER, "--pass", PASSWORD, "--no-auth-warning"];
      const client = ["redis-cli", "-h", SERVER, ...login];
      await say(scene, [...client, "SET", "key", "value"]);
    },
  }),
  plain({
    name: "plain-memcached",
    shows: "Memcached's text protocol.",
    client: "socat",
    server: "memcached",
    seen: [["a command", "memcache.command"]],
    async speak(scene) {
      await scene.lab.serve(["memcached", "-u", "nobody", "-l", SERVER, "-U", "0"], 11_211);
      const commands = ["set key 0 60 5", "value", "get key", "quit"];
      await type(scene, 11_211, commands, /STORED.*VALUE key.*END/s);
    },
  }),
  plain({
    name: "plain-irc",
    shows: "IRC with a connection password, to ngIRCd.",
    client: "socat",
    server: "ngircd",
    seen: [["a request", 'irc.request.command == "PASS"']],
    async speak(scene) {
      const lines = [
        "[Global]",
        "Name = irc.corp.example",
        "Info = test",
        `Listen = ${SERVER}`,
        "Ports = 6667",
        `Password = ${PASSWORD}`,
        "[Options]",
        "DNS = no",
        "Ident = no",
        "PAM = no",
      ];
      const file = await configuration(scene, "ngircd.conf", lines);
      await scene.lab.serve(["ngircd", "-n", "-f", file], 6667);
      const commands = [`PASS ${PASSWORD}`, `NICK ${USER}`, `USER ${USER} 0 * :${USER}`, "QUIT"];
      await type(scene, 6667, commands, /:irc\.corp\.example 001/);
    },
  }),
  plain({
    name: "plain-nats",
    shows: "NATS with a user and a password in CONNECT, to nats-server.",
    client: "socat",
    server: "nats-server",
    seen: [["INFO", 'tcp.payload contains "INFO {"']],
    async speak(scene) {
      const flags = ["-a", SERVER, "--user", USER, "--pass", PASSWORD];
      await scene.lab.serve(["nats-server", ...flags], 4222);
      const connect = `CONNECT {"verbose":true,"user":"${USER}","pass":"${PASSWORD}"}`;
      await type(scene, 4222, [connect, "PING"], /PONG/);
    },
  }),
  plain({
    name: "plain-rsync",
    shows: "An rsync daemon that asks for a password.",
    client: "rsync",
    server: "rsync",
    seen: [["@RSYNCD", 'tcp.payload contains "@RSYNCD: AUTHREQD"']],
    async speak(scene) {
      const { folder } = scene.lab;
      const secrets = await configuration(scene, "secrets", [`${USER}:${PASSWORD}`]);
      await chmod(secrets, 0o600);
      const module = ["[files]", `path = ${folder}`, `auth users = ${USER}`];
      const lines = ["use chroot = no", "uid = root", "gid = root", ...module];
      const file = await configuration(scene, "rsyncd.conf", [
        ...lines,
        `secrets file = ${secrets}`,
      ]);
      const daemon = [
        "rsync",
        "--daemon",
        "--no-detach",
        `--address=${SERVER}`,
        `--config=${file}`,
      ];
      // Started with a socket for its input, as by us, it would take that for its client.
      await scene.lab.serve(["sh", "-c", 'exec "$@" < /dev/null', "sh", ...daemon], 873);
      await say(
        scene,
        ["rsync", `--password-file=${secrets}.only`, `rsync://${USER}@${SERVER}/files/`],
        {
          before: async () => {
            await writeFile(`${secrets}.only`, `${PASSWORD}\n`);
            await chmod(`${secrets}.only`, 0o600);
          },
        },
      );
    },
  }),
  plain({
    name: "plain-imap",
    shows: "IMAP with LOGIN, to Dovecot, which offers STARTTLS.",
    client: "socat",
    server: "dovecot",
    seen: [["LOGIN", 'imap.request.command == "LOGIN"']],
    async speak(scene) {
      await dovecot(scene, "imap", 143);
      const commands = ["a CAPABILITY", `b LOGIN ${USER} ${PASSWORD}`, "c LOGOUT"];
      await type(scene, 143, commands, /b OK .*c OK /s);
    },
  }),
  plain({
    name: "plain-pop3",
    shows: "POP3 with USER and PASS, to Dovecot, which offers STLS.",
    client: "socat",
    server: "dovecot",
    seen: [["a password", 'pop.request.command == "PASS"']],
    async speak(scene) {
      await dovecot(scene, "pop3", 110);
      const commands = ["CAPA", `USER ${USER}`, `PASS ${PASSWORD}`, "STAT", "QUIT"];
      await type(scene, 110, commands, /\+OK Logged in.*\+OK Logging out/s);
    },
  }),
  plain({
    name: "plain-sieve",
    shows: "ManageSieve with AUTHENTICATE, to Dovecot's Pigeonhole.",
    client: "socat",
    server: "dovecot",
    seen: [["AUTHENTICATE", 'tcp.payload contains "AUTHENTICATE"']],
    async speak(scene) {
      await dovecot(scene, "sieve", 4190);
      const secret = Buffer.from(`\0${USER}\0${PASSWORD}`).toString("base64");
      const commands = [`AUTHENTICATE "PLAIN" "${secret}"`, "LOGOUT"];
      await type(scene, 4190, commands, /OK "Logged in/);
    },
  }),
  {
    ...plain({
      name: "plain-jdwp",
      shows: "Java's debugger attached to a program, without a login: there is none.",
      client: "jdb",
      server: "java",
      seen: [["JDWP's handshake", 'tcp.payload contains "JDWP-Handshake"']],
      async speak(scene) {
        const source = join(scene.lab.folder, "Idle.java");
        const body =
          "public static void main(String[] a) throws Exception { Thread.sleep(30000); }";
        await writeFile(source, `class Idle { ${body} }\n`);
        const agent = `-agentlib:jdwp=transport=dt_socket,server=y,suspend=n,address=${SERVER}:5005`;
        await scene.lab.serve(["java", agent, source], 5005);
        const input = "exit\n";
        await say(scene, ["jdb", "-attach", `${SERVER}:5005`], { input });
      },
    }),
    // The debugger asks for every class there is: the first packets say all that there is to say.
    async finish(captured, kept) {
      await run(["editcap", "-F", "pcap", "-r", captured, kept, "1-24"]);
    },
  },
  starttls("imap", 143, "IMAP", "a LOGOUT\r\n"),
  starttls("pop3", 110, "POP3", "QUIT\r\n"),
  starttls("sieve", 4190, "ManageSieve", "LOGOUT\r\n"),
];

/** Of every login. A test looks for them, and for their base64, in all that the program prints. */
export const USER = "margaret";
export const PASSWORD = "corr3ct-h0rse-battery";

export interface Plain {
  readonly name: string;
  readonly shows: string;
  readonly client: Tool;
  readonly server: Tool;
  readonly seen: Case["seen"];
  speak(scene: Scene): Promise<void>;
}

/** A case without TLS: there is nothing that the truth's connections could say. */
export function plain({ name, shows, client, server, seen, speak }: Plain): Case {
  const record = async (scene: Scene): Promise<Connection[]> => {
    await speak(scene);
    return [];
  };
  return { name, shows, client: [client], server: [server], seen, record };
}

function starttls(
  protocol: "imap" | "pop3" | "sieve",
  port: number,
  says: string,
  end: string,
): Case {
  return {
    name: `plain-${protocol}-starttls`,
    shows: `${says} that goes over to TLS 1.2 before anybody logs in, between OpenSSL and Dovecot.`,
    client: ["openssl"],
    server: ["dovecot"],
    seen: [
      ["a ClientHello behind it", 'tcp.payload contains "mail.corp.example" && tcp.len > 150'],
    ],
    async record(scene) {
      const name = "mail.corp.example";
      const certificate = await scene.authorities.corpLeaf(name);
      const server = await dovecot(scene, protocol, port, certificate);
      const local = await scene.lab.nextPort();
      const options = ["-servername", name, "-starttls", protocol, "-tls1_2"];
      const argv = ["openssl", "s_client", "-quiet", "-connect", server, ...options];
      await run(within("client", argv), { input: end, holdInput: true });
      return [
        {
          client: endpoint("10.77.0.2", local),
          server,
          version: "TLS1.2",
          serverName: name,
          resumed: false,
          established: true,
          certificates: sent(certificate),
        },
      ];
    },
  };
}

/** nginx on port 80. */
async function webServer(scene: Scene): Promise<string> {
  const { folder } = scene.lab;
  const paths = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
  const lines = [
    "daemon off; master_process off; worker_processes 1;",
    `pid ${join(folder, "nginx.pid")}; error_log stderr warn; events {}`,
    "http { access_log off; keepalive_timeout 1s; server_tokens off;",
    ...paths.map((name) => `${name}_temp_path ${join(folder, name)};`),
    `server { listen ${SERVER}:80; location / { add_header Set-Cookie "session=${PASSWORD}"; `,
    'default_type text/plain; return 200 "ok\\n"; } } }',
  ];
  const file = await configuration(scene, "nginx.conf", lines);
  await scene.lab.serve(["nginx", "-p", folder, "-e", "stderr", "-c", file], 80);
  return `${SERVER}:80`;
}

/** Dovecot with one user and one protocol. */
async function dovecot(
  scene: Scene,
  protocol: string,
  port: number,
  certificate?: Certificate,
): Promise<string> {
  const { lab, authorities } = scene;
  const { fullChainPem, key } = certificate ?? (await authorities.corpLeaf("mail.corp.example"));
  const mail = join(lab.folder, "mail");
  await mkdir(mail);
  await openPath(scene);
  await chmod(mail, 0o777);
  const users = await configuration(scene, "users", [
    `${USER}:{PLAIN}${PASSWORD}:65534:65534::${mail}`,
  ]);
  await chmod(users, 0o644);
  const login = protocol === "sieve" ? "managesieve" : protocol;
  const file = await configuration(scene, "dovecot.conf", [
    `base_dir = ${join(lab.folder, "run")}`,
    `state_dir = ${join(lab.folder, "state")}`,
    "log_path = /dev/stderr",
    `protocols = ${protocol}`,
    `listen = ${SERVER}`,
    "ssl = yes",
    `ssl_cert = <${fullChainPem}`,
    `ssl_key = <${key}`,
    "disable_plaintext_auth = no",
    "auth_mechanisms = plain login",
    `passdb {\n  driver = passwd-file\n  args = ${users}\n}`,
    `userdb {\n  driver = passwd-file\n  args = ${users}\n}`,
    `mail_location = maildir:${mail}`,
    "first_valid_uid = 1000",
    `service ${login}-login {\n  inet_listener ${protocol} {\n    port = ${port}\n  }\n}`,
  ]);
  await lab.serve(["dovecot", "-F", "-c", file], port);
  return endpoint(SERVER, port);
}

/** Lets servers that give up root reach what lies in the case's folder. */
export async function openPath({ lab }: Scene): Promise<void> {
  for (const folder of [lab.folder, dirname(lab.folder)]) await chmod(folder, 0o711);
}

export async function configuration(
  { lab }: Scene,
  name: string,
  lines: readonly string[],
): Promise<string> {
  const file = join(lab.folder, name);
  await writeFile(file, `${lines.join("\n")}\n`);
  return file;
}

interface Saying {
  readonly input?: string;
  before?(): Promise<void>;
}

/** One client program, to its end. */
export async function say(
  { lab }: Scene,
  argv: readonly string[],
  { input, before }: Saying = {},
): Promise<void> {
  await before?.();
  await lab.nextPort();
  await run(within("client", argv), { input: input ?? "" });
}

/** Commands one after the other, each after an answer to the one before; all answers must fit. */
async function type(
  { lab }: Scene,
  port: number,
  commands: readonly string[],
  answers: RegExp,
): Promise<void> {
  await lab.nextPort();
  const program = lab.start("client", ["socat", "-t", "1", "-", `TCP:${SERVER}:${port}`]);
  for (const command of commands) {
    const before = program.output.length;
    // Some servers speak first, some only when they are asked, and some not to every line.
    for (let waits = 0; waits < WAITS_MAX && program.output.length <= before; waits++) {
      await pause(WAIT_MS);
    }
    program.write(`${command}\r\n`);
  }
  await program.until(() => answers.test(program.output));
  await program.stop("SIGTERM");
}

const WAIT_MS = 20;
const WAITS_MAX = 20;
