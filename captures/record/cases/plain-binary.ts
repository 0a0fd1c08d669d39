/** Binary protocols in clear, as real servers and clients speak them, each with a login where there is one. */
import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Case, Scene } from "../case.ts";
import type { Certificate } from "../pki.ts";
import { run } from "../process.ts";
import { SERVER } from "../servers.ts";
import { configuration, folderOf, openPath, PASSWORD, plain, say, USER } from "./plain-scene.ts";

export const plainBinaryCases: readonly Case[] = [
  plain({
    name: "plain-postgresql",
    shows: "PostgreSQL whose server has no TLS, and then takes the password as it is.",
    client: "psql",
    server: "postgres",
    seen: [["the password", 'pgsql.type == "Password message"']],
    async speak(scene) {
      await servePostgres(scene);
      const where = `postgresql://${USER}:${PASSWORD}@${SERVER}/postgres?gssencmode=disable`;
      await say(scene, ["psql", where, "-c", "select 1"]);
    },
  }),
  plain({
    name: "plain-mysql",
    shows: "MariaDB, logged in with what is made of the password and the server's salt.",
    client: "mariadb",
    server: "mariadbd",
    seen: [["the login", "mysql.login_request"]],
    async speak(scene) {
      await serveMariadb(scene);
      const login = [`--host=${SERVER}`, `--user=${USER}`, `--password=${PASSWORD}`];
      await say(scene, ["mariadb", "--no-defaults", "--skip-ssl", ...login, "-e", "select 1"]);
    },
  }),
  plain({
    name: "plain-ldap",
    shows: "LDAP with a simple bind and a search, to OpenLDAP.",
    client: "ldapsearch",
    server: "slapd",
    seen: [["the bind", "ldap.simple"]],
    async speak(scene) {
      await serveLdap(scene);
      const bind = ["-x", "-D", `cn=${USER},dc=corp,dc=example`, "-w", PASSWORD];
      const search = ["-b", "", "-s", "base"];
      await say(scene, ["ldapsearch", "-H", `ldap://${SERVER}`, ...bind, ...search]);
    },
  }),
  plain({
    name: "plain-ldap-refused",
    shows: "LDAP whose server refuses StartTLS, and a client that logs in all the same.",
    client: "ldapsearch",
    server: "slapd",
    seen: [
      ["the question about TLS", 'ldap.requestName == "1.3.6.1.4.1.1466.20037"'],
      ["the bind", "ldap.simple"],
    ],
    async speak(scene) {
      await serveLdap(scene);
      const bind = ["-Z", "-x", "-D", `cn=${USER},dc=corp,dc=example`, "-w", PASSWORD];
      const search = ["-b", "", "-s", "base"];
      await say(scene, ["ldapsearch", "-H", `ldap://${SERVER}`, ...bind, ...search]);
    },
  }),
  plain({
    name: "plain-mqtt",
    shows: "MQTT 3.1.1 with a user and a password, to Mosquitto.",
    client: "mosquitto_pub",
    server: "mosquitto",
    seen: [["the password", "mqtt.passwd"]],
    async speak(scene) {
      const users = await configuration(scene, "users", []);
      await run(["mosquitto_passwd", "-b", "-c", users, USER, PASSWORD]);
      await chmod(users, 0o644);
      await openPath(scene);
      const lines = [`listener 1883 ${SERVER}`, `password_file ${users}`];
      const file = await configuration(scene, "mosquitto.conf", lines);
      await scene.lab.serve(["mosquitto", "-c", file], 1883);
      const login = ["-u", USER, "-P", PASSWORD];
      await say(scene, ["mosquitto_pub", "-h", SERVER, ...login, "-t", "news", "-m", "hello"]);
    },
  }),
  plain({
    name: "plain-snmp",
    shows: "SNMP 2c, whose community is a password in every message.",
    client: "snmpget",
    server: "snmpd",
    seen: [["the community", "snmp.community"]],
    async speak(scene) {
      const file = await configuration(scene, "snmpd.conf", [`rocommunity ${PASSWORD}`]);
      const flags = ["-f", "-Lo", "-C", "-c", file, "-p", join(scene.lab.folder, "pid")];
      await scene.lab.serve(["snmpd", ...flags, `udp:${SERVER}:161`], 161, "server", "udp");
      await say(scene, ["snmpget", "-v2c", "-c", PASSWORD, SERVER, "1.3.6.1.2.1.1.3.0"]);
    },
  }),
  plain({
    name: "plain-x11",
    shows: "X11 with a cookie, to Xvfb.",
    client: "xdpyinfo",
    server: "Xvfb",
    seen: [["the cookie", 'tcp.payload contains "MIT-MAGIC-COOKIE-1"']],
    async speak(scene) {
      const file = join(scene.lab.folder, "authority");
      const cookie = Buffer.from(PASSWORD.slice(0, 16)).toString("hex");
      await run(["xauth", "-f", file, "add", `${SERVER}:7`, ".", cookie]);
      const flags = [":7", "-listen", "tcp", "-nolisten", "unix", "-auth", file];
      await scene.lab.serve(["Xvfb", ...flags, "-screen", "0", "64x64x8"], 6007);
      await say(scene, ["env", `XAUTHORITY=${file}`, "xdpyinfo", "-display", `${SERVER}:7`]);
    },
  }),
  plain({
    name: "plain-tftp",
    shows: "TFTP: a file that is asked for, and the transfer from a port of its own.",
    client: "tftp",
    server: "in.tftpd",
    seen: [
      ["the question", "tftp.opcode == 1"],
      ["data", "tftp.opcode == 3"],
    ],
    async speak(scene) {
      const root = await folderOf(scene, "boot", "tftp");
      await writeFile(join(root, "boot.img"), "x".repeat(1_300));
      await chmod(join(root, "boot.img"), 0o644);
      const flags = ["-L", "-s", "-a", `${SERVER}:69`, root];
      await scene.lab.serve(["in.tftpd", ...flags], 69, "server", "udp");
      const to = join(scene.lab.folder, "received");
      const get = ["-m", "binary", SERVER, "-c", "get", "boot.img", to];
      await say(scene, ["tftp", ...get]);
    },
  }),
  plain({
    name: "plain-ntp",
    shows: "NTP between two chronyd, one of which serves its own clock.",
    client: "chronyd",
    server: "chronyd",
    seen: [
      ["the question", "ntp.flags.mode == 3"],
      ["the answer", "ntp.flags.mode == 4"],
    ],
    async speak(scene) {
      const pid = `pidfile ${join(scene.lab.folder, "pid")}`;
      const lines = ["local stratum 8", "allow", "cmdport 0", `bindaddress ${SERVER}`, pid];
      const file = await configuration(scene, "chrony.conf", lines);
      await scene.lab.serve(
        ["chronyd", "-x", "-d", "-u", "root", "-f", file],
        123,
        "server",
        "udp",
      );
      const words = [`server ${SERVER} iburst maxsamples 1`, `${pid}.client`];
      await say(scene, ["chronyd", "-Q", "-t", "5", "-u", "root", ...words]);
    },
  }),
];

/** PostgreSQL with one user, and TLS if there is a certificate. */
export async function servePostgres(scene: Scene, certificate?: Certificate): Promise<void> {
  const data = await folderOf(scene, "data", "postgres");
  const secret = await configuration(scene, "secret", [PASSWORD]);
  await chmod(secret, 0o644);
  const bin = (await run(["pg_config", "--bindir"])).output.trim();
  const init = ["-D", data, "-U", USER, "-A", "password", `--pwfile=${secret}`, "-N"];
  await run(as("postgres", [join(bin, "initdb"), ...init]));
  await writeFile(join(data, "pg_hba.conf"), "host all all 0.0.0.0/0 password\n");
  const flags = ["-D", data, "-h", SERVER, "-k", data, "-F"];
  if (certificate) {
    const [chain, key] = [join(data, "server.pem"), join(data, "server.key")];
    await run(["install", "-o", "postgres", "-m", "600", certificate.fullChainPem, chain]);
    await run(["install", "-o", "postgres", "-m", "600", certificate.key, key]);
    flags.push("-c", "ssl=on", "-c", `ssl_cert_file=${chain}`, "-c", `ssl_key_file=${key}`);
  }
  await scene.lab.serve(as("postgres", [join(bin, "postgres"), ...flags]), 5432);
}

/** MariaDB with one user, and TLS if there is a certificate. */
export async function serveMariadb(scene: Scene, certificate?: Certificate): Promise<void> {
  const data = await folderOf(scene, "data", "mysql");
  const own = ["--no-defaults", "--user=mysql", `--datadir=${data}`];
  await run(["mariadb-install-db", ...own, "--skip-test-db"]);
  const grant = `create user '${USER}'@'%' identified by '${PASSWORD}';`;
  const init = await configuration(scene, "init.sql", [grant]);
  await chmod(init, 0o644);
  const flags = [`--bind-address=${SERVER}`, `--socket=${data}/socket`, `--init-file=${init}`];
  if (certificate) {
    await chmod(certificate.key, 0o644);
    flags.push(`--ssl-cert=${certificate.fullChainPem}`, `--ssl-key=${certificate.key}`);
  }
  await scene.lab.serve(["mariadbd", ...own, ...flags], 3306);
}

/** OpenLDAP with one user and nothing in it, and TLS if there is a certificate. */
export async function serveLdap(scene: Scene, certificate?: Certificate): Promise<void> {
  const folder = await folderOf(scene, "ldap", "root");
  const secured = certificate
    ? [`TLSCertificateFile ${certificate.fullChainPem}`, `TLSCertificateKeyFile ${certificate.key}`]
    : [];
  const lines = [
    ...secured,
    `pidfile ${join(folder, "pid")}`,
    "include /etc/ldap/schema/core.schema",
    "modulepath /usr/lib/ldap",
    "moduleload back_mdb",
    "database mdb",
    `directory ${folder}`,
    'suffix "dc=corp,dc=example"',
    `rootdn "cn=${USER},dc=corp,dc=example"`,
    `rootpw ${PASSWORD}`,
  ];
  const file = await configuration(scene, "slapd.conf", lines);
  await scene.lab.serve(["slapd", "-d", "0", "-f", file, "-h", `ldap://${SERVER}`], 389);
}

/** Some servers refuse to run as root. */
function as(user: string, argv: readonly string[]): string[] {
  return ["runuser", "-u", user, "--", ...argv];
}
