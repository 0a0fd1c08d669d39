/** Protocols in clear, as real servers and clients speak them, each with a login where there is one. */
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Case, Scene } from "../case.ts";
import { run } from "../process.ts";
import { SERVER } from "../servers.ts";
import { configuration, openPath, PASSWORD, plain, say, type, USER } from "./plain-scene.ts";

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
    name: "plain-proxy",
    shows: "The PROXY protocol's line before HTTP with Basic authentication, to nginx.",
    client: "curl",
    server: "nginx",
    seen: [["the line", 'tcp.payload contains "PROXY TCP4"']],
    async speak(scene) {
      const server = await webServer(scene, "proxy_protocol");
      const login = ["--haproxy-protocol", "-u", `${USER}:${PASSWORD}`];
      await say(scene, ["curl", "-sS", ...login, `http://${server}/`]);
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
];

/** nginx on port 80. `option` is one of its `listen` directive. */
export async function webServer(scene: Scene, option = ""): Promise<string> {
  const { folder } = scene.lab;
  const paths = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
  const lines = [
    "daemon off; master_process off; worker_processes 1;",
    `pid ${join(folder, "nginx.pid")}; error_log stderr warn; events {}`,
    "http { access_log off; keepalive_timeout 1s; server_tokens off;",
    ...paths.map((name) => `${name}_temp_path ${join(folder, name)};`),
    `server { listen ${SERVER}:80 ${option}; location / { add_header Set-Cookie "session=${PASSWORD}"; `,
    'default_type text/plain; return 200 "ok\\n"; } } }',
  ];
  const file = await configuration(scene, "nginx.conf", lines);
  await scene.lab.serve(["nginx", "-p", folder, "-e", "stderr", "-c", file], 80);
  return `${SERVER}:80`;
}
