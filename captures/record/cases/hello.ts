/** One ClientHello, however it is cut: into segments, into bytes, into records; and asked for twice. */
import { type Case, type Connection, sent } from "../case.ts";
import { openssl, own } from "../clients.ts";
import { inClear } from "../ordinary.ts";
import { NODE } from "../programs.ts";
import { TLS13 } from "../seen.ts";
import { nginx, opensslServer } from "../servers.ts";

export const helloCases: readonly Case[] = [
  {
    name: "hello-retry",
    shows: `
HelloRetryRequest (RFC 8446, section 4.1.4): the client offers a share for x25519, the server does P-384
only and asks again. Two ClientHello messages on one connection, and a ServerHello's place taken twice.`,
    client: ["openssl"],
    server: ["openssl"],
    seen: [
      ...TLS13,
      [
        "HelloRetryRequest, known by its random,",
        "tls.handshake.random == cf:21:ad:74:e5:9a:61:11:be:1d:8c:02:1e:65:b8:91:c2:a2:11:16:7a:bb:8c:5e:07:9e:09:e2:c8:a8:33:9c",
      ],
    ],
    async record(scene) {
      const name = "api.corp.example";
      const certificate = await scene.authorities.corpLeaf(name);
      const only = ["-tls1_3", "-groups", "P-384"];
      const server = await opensslServer(scene, { certificate, options: only });
      const options = ["-groups", "X25519:P-384"];
      const client = await openssl(scene, { server, name, options });
      const full = inClear(client, server, name, certificate);
      return [{ ...hidden(full, certificate), group: "secp384r1" }];
    },
  },
  {
    name: "hello-many-segments",
    shows: `
A ClientHello of more than a kilobyte, since it holds an ML-KEM share, sent in segments of 88 bytes at most:
the server's side announces that it takes no more. The certificate comes in clear, in segments of its own.`,
    client: ["node"],
    server: ["nginx"],
    seen: [
      ["reassembled ClientHello", "tls.handshake.type == 1 && tcp.segment.count > 10"],
      ["the server's Certificate", "tls.handshake.type == 11"],
    ],
    async prepare({ lab }) {
      await lab.sysctl("server", "net.ipv4.route.min_adv_mss=88");
      const route = ["10.77.0.0/16", "dev", "eth0", "src", "10.77.1.10", "advmss", "88"];
      await lab.ip("server", "route", "replace", ...route);
      // Otherwise one large packet is captured, which the device would have cut later.
      await lab.ip("client", "link", "set", "eth0", "gso_max_segs", "1");
    },
    async record(scene) {
      const name = "api.corp.example";
      const certificate = await scene.authorities.corpLeaf(name);
      const server = await nginx(scene, { certificate, options: ["ssl_protocols TLSv1.2"] });
      const trust = ["-ca", scene.authorities.corpRoot.pem];
      const options = [...trust, "-groups", "X25519MLKEM768:X25519:P-256"];
      const client = await own(scene, NODE, { server, name, options });
      return [inClear(client, server, name, certificate)];
    },
  },
  {
    name: "hello-bytewise",
    shows: `
A ClientHello of which every byte travels in a segment of its own, as a client writes it that wants to slip
past whoever looks at the first packet only.`,
    client: ["node"],
    server: ["openssl"],
    seen: [
      ["reassembled ClientHello", "tls.handshake.type == 1 && tcp.segment.count > 100"],
      ["the server's Certificate", "tls.handshake.type == 11"],
    ],
    async record(scene) {
      const name = "api.corp.example";
      const certificate = await scene.authorities.corpLeaf(name);
      const server = await opensslServer(scene, { certificate, options: ["-tls1_2"] });
      const trust = ["-ca", scene.authorities.corpRoot.pem, "-bytewise", "true"];
      const suite = ["-version", "TLSv1.2", "-ciphers", "ECDHE-ECDSA-AES128-GCM-SHA256"];
      const client = await own(scene, NODE, { server, name, options: [...trust, ...suite] });
      const cipher = "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256";
      return [{ ...inClear(client, server, name, certificate), cipher }];
    },
  },
  {
    name: "hello-many-records",
    shows: `
One ClientHello in several TLS records (RFC 5246, section 6.2.1): the client's records hold at most 512 bytes
and its list of offered protocols is long. The server name may stand in any of the records.`,
    client: ["openssl"],
    server: ["nginx"],
    seen: [
      [
        "a ClientHello of over 1,000 bytes",
        "tls.handshake.type == 1 && tls.handshake.length > 1000",
      ],
      [
        "its first record, of 512 bytes,",
        "tls.record.content_type == 22 && tls.record.length == 512",
      ],
      ["the server's Certificate", "tls.handshake.type == 11"],
    ],
    async record(scene) {
      const name = "api.corp.example";
      const certificate = await scene.authorities.corpLeaf(name);
      const server = await nginx(scene, { certificate, options: ["ssl_protocols TLSv1.2"] });
      const offered = Array.from({ length: 60 }, (_, at) => `experimental-${at + 100}`);
      const alpn = ["-alpn", [...offered, "http/1.1"].join(",")];
      const options = ["-max_send_frag", "512", ...alpn];
      const client = await openssl(scene, { server, name, options });
      return [{ ...inClear(client, server, name, certificate), alpn: "http/1.1" }];
    },
  },
];

function hidden(full: Connection, certificate: Parameters<typeof sent>[0]): Connection {
  return { ...full, version: "TLS1.3", certificates: sent(certificate, false) };
}
