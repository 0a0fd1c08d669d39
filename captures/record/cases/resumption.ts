/** Two connections each: the second resumes the first, and shows no certificate. */
import { join } from "node:path";
import { type Case, type Connection, nothingSent, sent } from "../case.ts";
import { openssl, own } from "../clients.ts";
import { inClear } from "../ordinary.ts";
import { NODE } from "../programs.ts";
import { CLIENT_HELLO } from "../seen.ts";
import { nginx, opensslServer } from "../servers.ts";

export const resumptionCases: readonly Case[] = [
  {
    name: "resumed-session-id",
    shows: `
TLS 1.2 twice (RFC 5246, section 7.3). Neither side does tickets. The second ServerHello repeats the session
id that the client sent, and no Certificate follows.`,
    client: ["openssl"],
    server: ["openssl"],
    seen: [
      CLIENT_HELLO,
      ["a session id in the ServerHello", "tls.handshake.type == 2 && tls.handshake.session_id"],
      ["the only Certificate", "tls.handshake.type == 11"],
    ],
    async record(scene) {
      const name = "api.corp.example";
      const certificate = await scene.authorities.corpLeaf(name);
      const options = ["-tls1_2", "-no_ticket"];
      const server = await opensslServer(scene, { certificate, options });
      const file = join(scene.lab.folder, "session.pem");
      const fresh = [...options, "-sess_out", file];
      const first = await openssl(scene, { server, name, options: fresh });
      const again = [...options, "-sess_in", file];
      const second = await openssl(scene, { server, name, options: again });
      const full = inClear(first, server, name, certificate);
      return [full, again12(full, second, "session-id")];
    },
  },
  {
    name: "resumed-ticket",
    shows: `
TLS 1.2 twice, with a session ticket (RFC 5077): the server sends it in the first handshake, the client
returns it in the second ClientHello, and the server goes on without a Certificate.`,
    client: ["openssl"],
    server: ["nginx"],
    seen: [
      CLIENT_HELLO,
      ["NewSessionTicket", "tls.handshake.type == 4"],
      [
        "ClientHello with a ticket",
        "tls.handshake.type == 1 && tls.handshake.extension.data && tls.handshake.extension.len > 64",
      ],
      ["the only Certificate", "tls.handshake.type == 11"],
    ],
    async record(scene) {
      const name = "api.corp.example";
      const certificate = await scene.authorities.corpLeaf(name);
      const tickets = ["ssl_protocols TLSv1.2", "ssl_session_tickets on", "ssl_session_cache off"];
      const server = await nginx(scene, { certificate, options: tickets });
      const file = join(scene.lab.folder, "session.pem");
      const first = await openssl(scene, { server, name, options: ["-sess_out", file] });
      const second = await openssl(scene, { server, name, options: ["-sess_in", file] });
      const full = inClear(first, server, name, certificate);
      return [full, again12(full, second, "ticket")];
    },
  },
  {
    name: "resumed-psk",
    shows: `
TLS 1.3 twice (RFC 8446, section 2.2). The second ClientHello offers the ticket of the first connection as
\`pre_shared_key\`, and the ServerHello selects it: visible in clear, unlike the certificate of either.`,
    client: ["node"],
    server: ["nginx"],
    seen: [
      CLIENT_HELLO,
      [
        "ClientHello with pre_shared_key",
        "tls.handshake.type == 1 && tls.handshake.extension.type == 41",
      ],
      [
        "ServerHello with pre_shared_key",
        "tls.handshake.type == 2 && tls.handshake.extension.type == 41",
      ],
    ],
    async record(scene) {
      const name = "api.corp.example";
      const certificate = await scene.authorities.corpLeaf(name);
      const server = await nginx(scene, { certificate, options: ["ssl_protocols TLSv1.3"] });
      // The program binds both connections itself; one narrowed range could not serve two.
      const ports = [await scene.lab.nextPort(), await scene.lab.nextPort()];
      const trust = ["-ca", scene.authorities.corpRoot.pem, "-groups", "X25519:P-256"];
      const options = [...trust, "-resume", ports.join(",")];
      await own(scene, NODE, { server, name, options });
      const [first, second] = ports.map((port) => `10.77.0.2:${port}`);
      const full = {
        ...inClear(first!, server, name, certificate),
        version: "TLS1.3",
        group: "x25519",
        certificates: sent(certificate, false),
      };
      const again = { client: second!, resumed: "psk", certificates: nothingSent } as const;
      return [full, { ...full, ...again }];
    },
  },
];

function again12(full: Connection, client: string, resumed: "session-id" | "ticket"): Connection {
  return { ...full, client, resumed, certificates: nothingSent };
}
