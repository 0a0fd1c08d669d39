/** What most recordings have in common, so that each of them says only where it differs. */
import { type Connection, type Scene, sent } from "./case.ts";
import { curl } from "./clients.ts";
import type { Certificate } from "./pki.ts";
import { nginx } from "./servers.ts";

/** A TLS 1.2 handshake that went well: everything about its certificate can be read. */
export function inClear(
  client: string,
  server: string,
  serverName: string,
  certificate: Certificate,
): Connection {
  const certificates = sent(certificate);
  const done = { resumed: false, established: true } as const;
  return { client, server, version: "TLS1.2", serverName, ...done, certificates };
}

/** The most ordinary connection, for captures whose point lies elsewhere. */
export async function plainTls12(scene: Scene, name = "api.corp.example"): Promise<Connection> {
  const certificate = await scene.authorities.corpLeaf(name);
  const server = await nginx(scene, { certificate, options: ["ssl_protocols TLSv1.2"] });
  const options = ["--cacert", scene.authorities.corpRoot.pem, ...CURL_HTTP1];
  const client = await curl(scene, { server, name, options });
  return { ...inClear(client, server, name, certificate), alpn: "http/1.1" };
}

export const CURL_HTTP1 = ["--http1.1"];
export const GNUTLS_12 = "NORMAL:-VERS-ALL:+VERS-TLS1.2";
