/** Every version that a peer still speaks, and every kind of key. */
import { join } from "node:path";
import { type Case, type Connection, type Scene, sent } from "../case.ts";
import { curl, gnutls, openssl, own } from "../clients.ts";
import { GNUTLS_12, inClear } from "../ordinary.ts";
import type { Certificate, KeyName } from "../pki.ts";
import { run } from "../process.ts";
import { goPeer, JAVA } from "../programs.ts";
import { CERTIFICATE_IN_CLEAR, CLIENT_HELLO, TLS13 } from "../seen.ts";
import { gnutlsServer, opensslServer, ownServer } from "../servers.ts";

export const versionCases: readonly Case[] = [
  {
    name: "ssl3",
    shows: `
SSL 3.0 (RFC 6101), which OpenSSL, GnuTLS and Go no longer contain; Java still does once its list of
disabled algorithms is emptied. Static RSA. The ClientHello has extensions all the same, the server name among
them.`,
    client: ["java"],
    server: ["java"],
    seen: helloOf("SSL 3.0", "0x0300"),
    async record(scene) {
      const certificate = await scene.authorities.corpLeaf("db.corp.example", { key: "RSA-2048" });
      const options = ["-versions", "SSLv3", "-ciphers", "SSL_RSA_WITH_3DES_EDE_CBC_SHA"];
      const store = ["-store", await keyStore(scene, certificate)];
      const server = await ownServer(scene, JAVA, { certificate, options: [...options, ...store] });
      const client = await own(scene, JAVA, { server, name: "db.corp.example", options });
      const cipher = "TLS_RSA_WITH_3DES_EDE_CBC_SHA";
      const serverName = "db.corp.example";
      return [{ ...old(client, server, "SSL3", certificate), serverName, cipher }];
    },
  },
  {
    name: "ssl2-hello",
    shows: `
A ClientHello in the form of SSL 2.0 (RFC 5246, appendix E.2) that offers TLS 1.0, and a server that goes
on with TLS 1.0. The hello has no place for extensions. The certificate (RSA) comes from the corp CA.`,
    client: ["java"],
    server: ["openssl"],
    seen: [
      ["ClientHello in SSL 2.0's form", "tls.record.version == 0x0002 && tls.handshake.type == 1"],
      ["ServerHello of TLS 1.0", "tls.handshake.type == 2 && tls.handshake.version == 0x0301"],
      ["the server's Certificate", "tls.handshake.type == 11"],
    ],
    async record(scene) {
      const certificate = await scene.authorities.corpLeaf("db.corp.example", { key: "RSA-2048" });
      const legacy = ["-tls1", "-cipher", "DEFAULT@SECLEVEL=0"];
      const server = await opensslServer(scene, { certificate, options: legacy });
      const options = ["-versions", "SSLv2Hello,TLSv1", "-ciphers", "TLS_RSA_WITH_AES_128_CBC_SHA"];
      const client = await own(scene, JAVA, { server, name: "db.corp.example", options });
      const cipher = "TLS_RSA_WITH_AES_128_CBC_SHA";
      return [{ ...old(client, server, "TLS1.0", certificate), cipher }];
    },
  },
  {
    name: "tls10",
    shows: "TLS 1.0 (RFC 2246) with static RSA, at OpenSSL's security level 0.",
    client: ["openssl"],
    server: ["openssl"],
    seen: helloOf("TLS 1.0", "0x0301"),
    async record(scene) {
      const name = "db.corp.example";
      const certificate = await scene.authorities.corpLeaf(name, { key: "RSA-2048" });
      const legacy = ["-cipher", "AES128-SHA@SECLEVEL=0"];
      const server = await opensslServer(scene, { certificate, options: legacy });
      const client = await openssl(scene, { server, name, options: ["-tls1", ...legacy] });
      const cipher = "TLS_RSA_WITH_AES_128_CBC_SHA";
      return [{ ...old(client, server, "TLS1.0", certificate), serverName: name, cipher }];
    },
  },
  {
    name: "tls11",
    shows: "TLS 1.1 (RFC 4346) with an ephemeral key on secp256r1.",
    client: ["gnutls-cli"],
    server: ["openssl"],
    seen: helloOf("TLS 1.1", "0x0302"),
    async record(scene) {
      const name = "db.corp.example";
      const certificate = await scene.authorities.corpLeaf(name, { key: "RSA-2048" });
      const legacy = ["-tls1_1", "-cipher", "ECDHE-RSA-AES256-SHA@SECLEVEL=0", "-groups", "P-256"];
      const server = await opensslServer(scene, { certificate, options: legacy });
      const priority = ["--priority", "NORMAL:-VERS-ALL:+VERS-TLS1.1:%VERIFY_ALLOW_BROKEN"];
      const client = await gnutls(scene, { server, name, options: ["--insecure", ...priority] });
      const chosen = { cipher: "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA", group: "secp256r1" };
      return [{ ...old(client, server, "TLS1.1", certificate), serverName: name, ...chosen }];
    },
  },
  {
    name: "tls12",
    shows: "TLS 1.2 (RFC 5246) between GnuTLS's own client and server, with ChaCha20-Poly1305.",
    client: ["gnutls-cli"],
    server: ["gnutls-serv"],
    seen: CERTIFICATE_IN_CLEAR,
    async record(scene) {
      const name = "files.corp.example";
      const certificate = await scene.authorities.corpLeaf(name, { key: "RSA-2048" });
      const suite = `${GNUTLS_12}:-CIPHER-ALL:+CHACHA20-POLY1305:-KX-ALL:+ECDHE-RSA`;
      const options = ["--priority", suite];
      const server = await gnutlsServer(scene, { certificate, options });
      const trust = ["--x509cafile", scene.authorities.corpRoot.pem];
      const client = await gnutls(scene, { server, name, options: [...options, ...trust] });
      const cipher = "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256";
      return [{ ...inClear(client, server, name, certificate), cipher }];
    },
  },
  {
    name: "tls13",
    shows: `
TLS 1.3 (RFC 8446). The chain is the approved one, but it went encrypted: from this capture alone nobody
can say so, and the connection must not be called clean.`,
    client: ["curl"],
    server: ["go"],
    seen: TLS13,
    async record(scene) {
      const name = "api.corp.example";
      const certificate = await scene.authorities.corpLeaf(name);
      const server = await ownServer(scene, await goPeer(scene), { certificate });
      const suite = ["--tls13-ciphers", "TLS_AES_128_GCM_SHA256", "--no-alpn"];
      const options = ["--cacert", scene.authorities.corpRoot.pem, ...suite];
      const client = await curl(scene, { server, name, options });
      const chosen = { version: "TLS1.3", cipher: "TLS_AES_128_GCM_SHA256", group: "x25519" };
      const certificates = sent(certificate, false);
      return [{ ...inClear(client, server, name, certificate), ...chosen, certificates }];
    },
  },
  keyCase("ed25519", "Ed25519", "an Ed25519 leaf (RFC 8410)"),
  keyCase(
    "rsa-pss",
    "RSA-PSS",
    "a leaf whose key is of type RSASSA-PSS (RFC 4055), not plain RSA,",
  ),
];

function keyCase(name: string, key: KeyName, what: string): Case {
  return {
    name,
    shows: `TLS 1.2 with ${what} in clear, under the approved issuing CA.`,
    client: ["openssl"],
    server: ["openssl"],
    seen: CERTIFICATE_IN_CLEAR,
    async record(scene) {
      const host = `${name}.corp.example`;
      const certificate = await scene.authorities.corpLeaf(host, { key });
      const server = await opensslServer(scene, { certificate, options: ["-tls1_2"] });
      const trust = ["-CAfile", scene.authorities.corpRoot.pem, "-verify_return_error"];
      const client = await openssl(scene, { server, name: host, options: trust });
      return [inClear(client, server, host, certificate)];
    },
  };
}

function old(
  client: string,
  server: string,
  version: string,
  certificate: Certificate,
): Connection {
  const done = { resumed: false, established: true } as const;
  return { client, server, version, ...done, certificates: sent(certificate) };
}

/** The record and the message both have the version, and only the message's is binding. */
function helloOf(name: string, version: string): Case["seen"] {
  return [
    CLIENT_HELLO,
    [`ServerHello of ${name}`, `tls.handshake.type == 2 && tls.handshake.version == ${version}`],
    ["the server's Certificate", "tls.handshake.type == 11"],
  ];
}

/** PKCS#12, as Java wants its keys. The password guards a file that lives for seconds. */
async function keyStore({ lab }: Scene, certificate: Certificate): Promise<string> {
  const file = join(lab.folder, "identity.p12");
  const input = ["-inkey", certificate.key, "-in", certificate.fullChainPem, "-name", "peer"];
  await run(["openssl", "pkcs12", "-export", ...input, "-out", file, "-passout", "pass:changeit"]);
  return file;
}
