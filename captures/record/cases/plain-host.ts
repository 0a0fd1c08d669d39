/** What hosts and people have to say to each other: shells, logs, files, calls and screens, in clear. */
import { createCipheriv } from "node:crypto";
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Case, Scene } from "../case.ts";
import { run } from "../process.ts";
import { endpoint, SERVER } from "../servers.ts";
import { configuration, converse, folderOf, PASSWORD, plain, say, USER } from "./plain-scene.ts";

export const plainHostCases: readonly Case[] = [
  plain({
    name: "plain-telnet",
    shows:
      "Telnet: a name and a password typed at login's prompts, to GNU's telnetd, which knows neither.",
    client: "telnet",
    server: "telnetd",
    seen: [["options", "telnet.cmd"]],
    async speak(scene) {
      const listen = `TCP-LISTEN:23,bind=${SERVER},reuseaddr`;
      await scene.lab.serve(["socat", listen, "EXEC:/usr/sbin/telnetd,nofork"], 23);
      const lines = [`${USER}\n`, `${PASSWORD}\n`];
      await converse(scene, ["telnet", SERVER], { lines, answers: /incorrect/i, prompts: /: $/ });
    },
  }),
  plain({
    name: "ssh",
    shows:
      "SSH: its versions and key exchange are in clear, what follows is not. The login is refused.",
    client: "ssh",
    server: "sshd",
    seen: [["SSH", "ssh.protocol"]],
    async speak(scene) {
      const key = join(scene.lab.folder, "host-key");
      await run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key]);
      await mkdir("/run/sshd", { recursive: true });
      const lines = [`HostKey ${key}`, `ListenAddress ${SERVER}:22`, "PidFile none", "UsePAM no"];
      const file = await configuration(scene, "sshd_config", lines);
      await scene.lab.serve(["/usr/sbin/sshd", "-D", "-e", "-f", file], 22);
      const known = ["-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null"];
      const client = ["ssh", "-F", "none", "-o", "BatchMode=yes", ...known, `${USER}@${SERVER}`];
      await say(scene, [...client, "true"], { allow: [255] });
    },
  }),
  plain({
    name: "plain-syslog",
    shows: "Syslog over UDP and, with each message's length before it, over TCP, to rsyslogd.",
    client: "logger",
    server: "rsyslogd",
    seen: [
      ["a message over UDP", "syslog && udp"],
      ["a message over TCP", 'tcp.payload contains "disk is full"'],
    ],
    async speak(scene) {
      const file = await configuration(scene, "rsyslog.conf", [
        `global(workDirectory="${scene.lab.folder}")`,
        'module(load="imudp")',
        'module(load="imtcp")',
        `input(type="imudp" address="${SERVER}" port="514")`,
        `input(type="imtcp" address="${SERVER}" port="601")`,
        `*.* action(type="omfile" file="${join(scene.lab.folder, "log")}")`,
      ]);
      await scene.lab.serve(["rsyslogd", "-n", "-iNONE", "-f", file], 601);
      const client = ["logger", "-n", SERVER, "-t", "backup", "-p", "daemon.err"];
      await say(scene, [...client, "-d", "-P", "514", "disk is full"]);
      await say(scene, [...client, "-T", "--octet-count", "-P", "601", "disk is full"]);
    },
  }),
  plain({
    name: "plain-sip",
    shows: "A call by SIP over UDP that is answered and ended, between two SIPp.",
    client: "sipp",
    server: "sipp",
    seen: [["INVITE", 'sip.Method == "INVITE"']],
    async speak(scene) {
      const here = ["-i", SERVER, "-p", "5060", "-nostdin", "-m", "1"];
      await scene.lab.serve(["sipp", "-sn", "uas", ...here], 5060, "server", "udp");
      const port = await scene.lab.nextPort();
      const from = ["-i", "10.77.0.2", "-p", String(port), "-nostdin", "-m", "1", "-d", "100"];
      await say(scene, ["sipp", "-sn", "uac", ...from, endpoint(SERVER, 5060)]);
    },
  }),
  plain({
    name: "plain-rtsp",
    shows: "RTSP with Basic authentication, from curl to GStreamer's server.",
    client: "curl",
    server: "gst-rtsp",
    seen: [["a request", "rtsp.request"]],
    async speak(scene) {
      const file = await configuration(scene, "rtsp.py", RTSP_SERVER);
      await scene.lab.serve(["/usr/bin/python3", file, SERVER, "8554"], 8554);
      await say(scene, ["curl", "-sS", "-u", `${USER}:${PASSWORD}`, `rtsp://${SERVER}:8554/test`]);
    },
  }),
  plain({
    name: "plain-smb",
    shows: "SMB 3 without encryption, by NTLM, to Samba.",
    client: "smbclient",
    server: "smbd",
    seen: [["a session set up", "smb2.cmd == 1"]],
    async speak(scene) {
      const folder = await folderOf(scene, "samba", "root");
      const folders = ["private", "state", "cache", "lock", "pid", "files"];
      for (const name of folders) await mkdir(join(folder, name));
      await chmod(join(folder, "files"), 0o777);
      const file = await configuration(scene, "smb.conf", [
        "[global]",
        `interfaces = ${SERVER}/16`,
        "bind interfaces only = yes",
        "disable netbios = yes",
        "smb ports = 445",
        "server role = standalone server",
        "map to guest = Bad User",
        "load printers = no",
        "printcap name = /dev/null",
        `private dir = ${join(folder, "private")}`,
        `state directory = ${join(folder, "state")}`,
        `cache directory = ${join(folder, "cache")}`,
        `lock directory = ${join(folder, "lock")}`,
        `pid directory = ${join(folder, "pid")}`,
        "log level = 0",
        "[files]",
        `path = ${join(folder, "files")}`,
        "guest ok = yes",
      ]);
      // With a socket for its input, as from us, it would take that for its client.
      const daemon = ["sh", "-c", 'exec "$@" < /dev/null', "sh", "smbd", "-F", "-s", file];
      await scene.lab.serve(daemon, 445);
      const login = ["-U", `${USER}%${PASSWORD}`, "-s", file];
      await say(scene, ["smbclient", `//${SERVER}/files`, ...login, "-c", "ls"], { allow: [0, 1] });
    },
  }),
  plain({
    name: "plain-nfs",
    shows: "NFS 4, a folder that is looked for, to NFS-Ganesha.",
    client: "nfs-ls",
    server: "ganesha",
    seen: [["NFS", "nfs"]],
    async speak(scene) {
      const { folder } = scene.lab;
      await mkdir("/var/run/ganesha", { recursive: true });
      const file = await configuration(scene, "ganesha.conf", [
        `NFS_CORE_PARAM { Protocols = 4; Bind_addr = ${SERVER}; Enable_NLM = false; Enable_RQUOTA = false; }`,
        "NFSV4 { Grace_Period = 0; Graceless = true; RecoveryBackend = fs; }",
        `EXPORT { Export_Id = 1; Path = ${folder}; Pseudo = /files; Access_Type = RO; Protocols = 4; FSAL { Name = VFS; } }`,
      ]);
      const own = ["-f", file, "-L", join(folder, "log"), "-p", join(folder, "pid")];
      await scene.lab.serve(["ganesha.nfsd", "-F", ...own], 2049);
      await say(scene, ["nfs-ls", `nfs://${SERVER}/files?version=4`], { allow: "any" });
    },
  }),
  plain({
    name: "plain-vnc",
    shows: "VNC with its own challenge and response, and then a screen in clear, to TigerVNC.",
    client: "xtigervncviewer",
    server: "Xtigervnc",
    seen: [["the response", "vnc.auth_response"]],
    async speak(scene) {
      const file = join(scene.lab.folder, "password");
      await writeFile(file, obscured(PASSWORD));
      const screen = ["-geometry", "64x64", "-depth", "16"];
      const access = ["-SecurityTypes", "VncAuth", "-PasswordFile", file];
      const listen = ["-rfbport", "5909", "-interface", SERVER, "-nolisten", "unix"];
      await scene.lab.serve(["Xtigervnc", ":9", ...listen, ...access, ...screen], 5909);
      await withScreen(scene, ["xtigervncviewer", "-passwd", file, `${SERVER}::5909`], "3");
    },
  }),
  remoteDesktop("none", "RDP with its own encryption turned off"),
  remoteDesktop("tls", "RDP that goes over to TLS 1.2 before anybody logs in"),
];

/** @param layer of encryption, as xrdp names it */
function remoteDesktop(layer: "none" | "tls", says: string): Case {
  const clear = layer === "none";
  return plain({
    name: clear ? "plain-rdp" : "plain-rdp-starttls",
    shows: `${says}, from FreeRDP to xrdp.`,
    client: "xfreerdp",
    server: "xrdp",
    seen: clear
      ? [["a connection request", "rdp.neg_type || tpkt"]]
      : [["a ClientHello behind it", "tls.handshake.type == 1 || tcp.len > 200"]],
    async speak(scene) {
      const certificate = await scene.authorities.corpLeaf("desk.corp.example");
      const file = await configuration(scene, "xrdp.ini", [
        "[Globals]",
        "ini_version=1",
        "fork=false",
        `port=tcp://${SERVER}:3389`,
        `security_layer=${clear ? "rdp" : "tls"}`,
        `crypt_level=${clear ? "none" : "high"}`,
        `certificate=${certificate.fullChainPem}`,
        `key_file=${certificate.key}`,
        "ssl_protocols=TLSv1.2",
        "max_bpp=16",
        "[Logging]",
        `LogFile=${join(scene.lab.folder, "xrdp.log")}`,
        "LogLevel=ERROR",
        "EnableSyslog=false",
        "[Xorg]",
        "name=Xorg",
        "lib=libxup.so",
        "username=ask",
        "password=ask",
        "ip=127.0.0.1",
        "port=-1",
      ]);
      await scene.lab.serve(["xrdp", "-n", "-c", file], 3389);
      const who = [`/u:${USER}`, `/p:${PASSWORD}`, `/sec:${clear ? "rdp" : "tls"}`];
      const how = ["/cert:ignore", "/size:200x200", "/bpp:16"];
      await withScreen(scene, ["xfreerdp", `/v:${SERVER}`, ...who, ...how], "3");
    },
  });
}

/** A client that draws, on a screen that nobody sees, until its seconds are over. */
async function withScreen(scene: Scene, argv: readonly string[], seconds: string): Promise<void> {
  const screen = ["Xvfb", ":8", "-screen", "0", "320x240x24", "-nolisten", "tcp"];
  const shown = scene.lab.start("client", screen);
  await shown.until(
    async () => (await run(["test", "-e", "/tmp/.X11-unix/X8"], { allow: "any" })).code === 0,
  );
  const client = ["env", "DISPLAY=:8", "timeout", seconds, ...argv];
  await say(scene, client, { allow: "any" });
}

/** VNC keeps a password so that nobody reads it at a glance, and no better: DES under a key all know. */
function obscured(password: string): Buffer {
  const cipher = createCipheriv("des-ede3", Buffer.concat([VNC_KEY, VNC_KEY, VNC_KEY]), null);
  return cipher.update(Buffer.from(password.padEnd(8, "\0").slice(0, 8), "latin1"));
}

/** Its bits are turned round, as VNC's are. */
const VNC_KEY = Buffer.from("e84ad660c4721ae0", "hex");
const RTSP_SERVER: readonly string[] = [
  "import sys, gi",
  'gi.require_version("Gst", "1.0")',
  'gi.require_version("GstRtspServer", "1.0")',
  "from gi.repository import GLib, Gst, GstRtspServer",
  "Gst.init(None)",
  "server = GstRtspServer.RTSPServer()",
  "server.set_address(sys.argv[1])",
  "server.set_service(sys.argv[2])",
  "factory = GstRtspServer.RTSPMediaFactory()",
  'factory.set_launch("( videotestsrc ! rtpvrawpay name=pay0 )")',
  'server.get_mount_points().add_factory("/test", factory)',
  "server.attach(None)",
  "GLib.MainLoop().run()",
];
