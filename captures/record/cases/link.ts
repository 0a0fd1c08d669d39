/** The same kind of connection on other links, other networks and in other file formats. */
import { readFile, writeFile } from "node:fs/promises";
import { release } from "node:os";
import { join } from "node:path";
import { type Case, sent } from "../case.ts";
import { curl, openssl } from "../clients.ts";
import { PREFIX } from "../lab.ts";
import { CURL_HTTP1, inClear, plainTls12 } from "../ordinary.ts";
import { run } from "../process.ts";
import { NODE } from "../programs.ts";
import { CERTIFICATE_IN_CLEAR, TLS13 } from "../seen.ts";
import { opensslServer, ownServer } from "../servers.ts";
import { DOT1AD, DOT1Q, tag } from "../tag.ts";

const ordinary: Pick<Case, "client" | "server" | "record" | "seen"> = {
  client: ["curl"],
  server: ["nginx"],
  seen: CERTIFICATE_IN_CLEAR,
  record: async (scene) => [await plainTls12(scene)],
};

export const linkCases: readonly Case[] = [
  {
    name: "ipv6",
    shows:
      "TLS 1.2 over IPv6, from `[fd77::2]` to `[fd77::10]`, with the neighbour discovery before it.",
    client: ["curl"],
    server: ["node"],
    lab: { ipv6: true },
    seen: [...CERTIFICATE_IN_CLEAR, ["IPv6", "ipv6 && tls.handshake"]],
    async record(scene) {
      const name = "api.corp.example";
      const certificate = await scene.authorities.corpLeaf(name);
      const options = ["-version", "TLSv1.2", "-alpn", "http/1.1"];
      const server = await ownServer(scene, NODE, { certificate, address: "fd77::10", options });
      const trust = ["--cacert", scene.authorities.corpRoot.pem, ...CURL_HTTP1];
      const client = await curl(scene, { server, name, options: trust });
      return [{ ...inClear(client, server, name, certificate), alpn: "http/1.1" }];
    },
  },
  {
    ...ordinary,
    name: "vlan",
    shows: `
The frames of a recorded TLS 1.2 connection, each with an 802.1Q tag (VLAN 77) put in afterwards by
\`captures/record/tag.ts\`: the recording kernel had no VLAN devices. Nothing but the four bytes differs from
what was on the wire.`,
    seen: [...CERTIFICATE_IN_CLEAR, ["the tag of VLAN 77", "vlan.id == 77"]],
    finish: (captured, kept) => tag(captured, kept, [{ type: DOT1Q, id: 77 }]),
  },
  {
    ...ordinary,
    name: "qinq",
    shows: `
As \`vlan\`, with two tags, 802.1ad (VLAN 700) outside and 802.1Q (VLAN 77) inside, put in afterwards by
\`captures/record/tag.ts\` because the recording kernel had no VLAN devices.`,
    seen: [...CERTIFICATE_IN_CLEAR, ["both tags", "vlan.id == 77 && ieee8021ad.id == 700"]],
    finish: (captured, kept) =>
      tag(captured, kept, [
        { type: DOT1AD, id: 700 },
        { type: DOT1Q, id: 77 },
      ]),
  },
  {
    ...ordinary,
    name: "cooked-v1",
    shows: "TLS 1.2 captured with `tcpdump -i any -y LINUX_SLL`: Linux cooked headers, version 1.",
    capture: { interfaces: ["any"], options: ["-y", "LINUX_SLL"] },
    seen: [...CERTIFICATE_IN_CLEAR, ["a cooked header", "sll && !(sll.ifindex)"]],
  },
  {
    ...ordinary,
    name: "cooked-v2",
    shows: "TLS 1.2 captured with `tcpdump -i any -y LINUX_SLL2`: Linux cooked headers, version 2.",
    capture: { interfaces: ["any"], options: ["-y", "LINUX_SLL2"] },
    seen: [...CERTIFICATE_IN_CLEAR, ["a cooked header with the interface", "sll.ifindex"]],
  },
  {
    name: "raw-ip",
    shows: `
TLS 1.2 through a TUN device (socat carries its packets in UDP): packets begin with their IP header, link type
RAW. What is captured is the inside of the tunnel, \`10.78.0.2\` to \`10.78.0.1\`.`,
    client: ["curl"],
    server: ["openssl"],
    needs: ["socat"],
    capture: { interfaces: ["tun0"] },
    seen: [
      ...CERTIFICATE_IN_CLEAR,
      ["IP with no link header", 'raw && frame.protocols contains "raw:ip"'],
    ],
    async prepare({ lab }) {
      for (const [role, inner, outer, peer] of TUNNEL) {
        const device = `TUN:${inner}/24,tun-name=tun0,iff-no-pi,up`;
        const tunnel = lab.start(role, ["socat", device, `UDP:${peer}:7000,bind=${outer}:7000`]);
        const question = ["ip", "-n", `${PREFIX}${role}`, "-br", "addr", "show", "tun0"];
        await tunnel.until(async () =>
          (await run(question, { allow: "any" })).output.includes(inner),
        );
      }
    },
    async record(scene) {
      const name = "api.corp.example";
      const certificate = await scene.authorities.corpLeaf(name);
      const address = "10.78.0.1";
      const server = await opensslServer(scene, { certificate, address, options: ["-tls1_2"] });
      const options = ["--cacert", scene.authorities.corpRoot.pem, ...CURL_HTTP1];
      const client = await curl(scene, { server, name, options, address: "10.78.0.2" });
      return [inClear(client, server, name, certificate)];
    },
  },
  {
    ...ordinary,
    name: "fragments",
    shows: `
IPv4 fragments: the server sends packets of 1,500 bytes that may be fragmented, and a router cuts them for a
cable that carries 600. The server's Certificate lies in several fragments; only the first of each packet has
a TCP header.`,
    lab: { routerMtu: 600 },
    seen: [...CERTIFICATE_IN_CLEAR, ["fragments", "ip.flags.mf == 1 || ip.frag_offset > 0"]],
    prepare: ({ lab }) => lab.sysctl("server", "net.ipv4.ip_no_pmtu_disc=1"),
  },
  {
    ...ordinary,
    name: "nanoseconds",
    shows:
      "TLS 1.2 in a pcap file whose magic number says nanoseconds (`--time-stamp-precision nano`).",
    capture: { options: ["--time-stamp-precision", "nano"] },
  },
  {
    ...ordinary,
    name: "snaplen",
    shows: `
TLS 1.2 of which at most 200 bytes a packet were kept (\`tcpdump -s 200\`): the ClientHello begins, the
Certificate begins, and neither can be read whole. The truth gives what was sent.`,
    capture: { options: ["-s", "200"] },
    seen: [["cut packets", "frame.cap_len < frame.len"]],
    async record(scene) {
      const whole = await plainTls12(scene);
      return [{ ...whole, certificates: { ...whole.certificates, inClear: false } }];
    },
  },
  {
    name: "two-interfaces",
    shows: `
A pcapng file as dumpcap writes it, with two interfaces and nanoseconds: first a connection over \`eth0\`, then
one over \`lo\` to a server beside the client. Where dumpcap names the processor and the kernel of the recording
machine, the characters were replaced by as many \`x\`.`,
    client: ["curl", "openssl"],
    server: ["nginx", "openssl"],
    needs: ["dumpcap"],
    capture: { tool: "dumpcap", interfaces: ["eth0", "lo"], ending: "pcapng" },
    seen: [
      ...CERTIFICATE_IN_CLEAR,
      ["the first interface", "frame.interface_id == 0 && tls"],
      ["the second interface", "frame.interface_id == 1 && tls"],
    ],
    finish: nameless,
    async record(scene) {
      const remote = await plainTls12(scene);
      const name = "sidecar.corp.example";
      const certificate = await scene.authorities.corpLeaf(name, { key: "P-384" });
      const local = { role: "client", address: "127.0.0.1", port: 8443 } as const;
      const server = await opensslServer(scene, { ...local, certificate, options: ["-tls1_2"] });
      const client = await openssl(scene, { server, name, address: "127.0.0.1" });
      return [remote, inClear(client, server, name, certificate)];
    },
  },
  {
    name: "secrets",
    shows: `
TLS 1.3 in a pcapng file that carries the session's secrets in a Decryption Secrets Block (put in by
\`editcap --inject-secrets\`): with them, and only with them, the chain can be read. They are the secrets of this
one connection; no private key is in any of these files.`,
    client: ["openssl"],
    server: ["openssl"],
    needs: ["editcap"],
    capture: { ending: "pcapng" },
    seen: [...TLS13, ["the decrypted Certificate", "tls.handshake.type == 11"]],
    async record(scene) {
      const name = "vault.corp.example";
      const certificate = await scene.authorities.corpLeaf(name, { key: "Ed25519" });
      const server = await opensslServer(scene, { certificate, options: ["-tls1_3"] });
      const options = ["-keylogfile", join(scene.lab.folder, "keylog.txt")];
      const client = await openssl(scene, { server, name, options });
      const certificates = sent(certificate, false);
      return [{ ...inClear(client, server, name, certificate), version: "TLS1.3", certificates }];
    },
    async finish(captured, kept, { lab }) {
      const secrets = `tls,${join(lab.folder, "keylog.txt")}`;
      await run(["editcap", "-F", "pcapng", "--inject-secrets", secrets, captured, kept]);
    },
  },
];

/** Role, address inside the tunnel, address outside, and the other end outside. */
const TUNNEL = [
  ["client", "10.78.0.2", "10.77.0.2", "10.77.1.10"],
  ["server", "10.78.0.1", "10.77.1.10", "10.77.0.2"],
] as const;

/** Takes this machine's processor and kernel out of what dumpcap wrote, without moving a byte. */
async function nameless(captured: string, kept: string): Promise<void> {
  let text = await readFile(captured, "latin1");
  const { 1: processor } = /([\w .()@-]+? \(with SSE4\.2\))/.exec(text) ?? [];
  for (const name of [processor, release()]) {
    if (name) text = text.replaceAll(name, "x".repeat(name.length));
  }
  await writeFile(kept, text, "latin1");
}
