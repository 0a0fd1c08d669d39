/** Mailboxes, as Dovecot serves them: in clear, and gone over to TLS before anybody logs in. */
import { chmod, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { type Case, type Scene, sent } from "../case.ts";
import { within } from "../lab.ts";
import type { Certificate } from "../pki.ts";
import { run } from "../process.ts";
import { endpoint, SERVER } from "../servers.ts";
import { configuration, openPath, PASSWORD, plain, type, USER } from "./plain-scene.ts";

export const plainMailboxCases: readonly Case[] = [
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
  starttls("imap", 143, "IMAP", "a LOGOUT\r\n"),
  starttls("pop3", 110, "POP3", "QUIT\r\n"),
  starttls("sieve", 4190, "ManageSieve", "LOGOUT\r\n"),
];

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
