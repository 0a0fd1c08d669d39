/** Servers, each started so that one fact about its handshake is fixed. All listen when returned. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Scene } from "./case.ts";
import type { Role } from "./lab.ts";
import type { Certificate } from "./pki.ts";

export interface Service {
  readonly certificate: Certificate;
  readonly address?: string;
  readonly port?: number;
  /** Where it runs, if not in the server's namespace. */
  readonly role?: Role;
  /** The program's own words for versions, suites and the rest. */
  readonly options?: readonly string[];
}

/** OpenSSL's s_server, which answers any request with a status page. */
export async function opensslServer({ lab }: Scene, service: Service): Promise<string> {
  const { certificate, address = SERVER, port = 443, options = [], role } = service;
  const chain = certificate.sent.length > 1 ? ["-cert_chain", certificate.chainPem] : [];
  const identity = ["-cert", certificate.pem, "-key", certificate.key, ...chain];
  const accept = ["-accept", endpoint(address, port), "-www", "-quiet"];
  await lab.serve(["openssl", "s_server", ...accept, ...identity, ...options], port, role);
  return endpoint(address, port);
}

/** OpenSSL's s_server over datagrams, which prints what it hears. `options` hold the version. */
export async function opensslDtlsServer({ lab }: Scene, service: Service): Promise<string> {
  const { certificate, address = SERVER, port = 443, options = [], role } = service;
  const chain = certificate.sent.length > 1 ? ["-cert_chain", certificate.chainPem] : [];
  const identity = ["-cert", certificate.pem, "-key", certificate.key, ...chain];
  const accept = ["-accept", endpoint(address, port), "-quiet"];
  const argv = ["openssl", "s_server", ...accept, ...identity, ...options];
  await lab.serve(argv, port, role, "udp");
  return endpoint(address, port);
}

/** nginx with one server block; `options` are directives. */
export async function nginx({ lab }: Scene, service: Service): Promise<string> {
  const { certificate, address = SERVER, port = 443, options = [] } = service;
  const folder = lab.folder;
  const at = (name: string): string => join(folder, name);
  const paths = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
  const http2 = options.includes("http2") ? " http2" : "";
  const directives = options.filter((option) => option !== "http2");
  const lines = [
    "daemon off; master_process off; worker_processes 1;",
    `pid ${at(`nginx-${address}.pid`)}; error_log stderr warn; events {}`,
    "http { access_log off; keepalive_timeout 1s; server_tokens off;",
    ...paths.map((name) => `${name}_temp_path ${at(name)};`),
    `server { listen ${endpoint(address, port)} ssl${http2};`,
    `ssl_certificate ${certificate.fullChainPem}; ssl_certificate_key ${certificate.key};`,
    ...directives.map((directive) => `${directive};`),
    'location / { default_type text/plain; return 200 "ok\\n"; } } }',
  ];
  const file = at(`nginx-${address}.conf`);
  await writeFile(file, `${lines.join("\n")}\n`);
  await lab.serve(["nginx", "-p", folder, "-e", "stderr", "-c", file], port);
  return endpoint(address, port);
}

/** GnuTLS's server. It listens on every address. `options` hold a `--priority`. */
export async function gnutlsServer({ lab }: Scene, service: Service): Promise<string> {
  const { certificate, address = SERVER, port = 443, options = [] } = service;
  const identity = ["--x509certfile", certificate.fullChainPem, "--x509keyfile", certificate.key];
  const argv = ["gnutls-serv", "--http", "--port", String(port), ...identity, ...options];
  await lab.serve(argv, port);
  return endpoint(address, port);
}

/** Node, Go and Java: programs of ours that take flags of the form `-name value`. */
export async function ownServer(
  { lab }: Scene,
  program: readonly string[],
  service: Service,
): Promise<string> {
  const { certificate, address = SERVER, port = 443, options = [] } = service;
  const identity = ["-cert", certificate.fullChainPem, "-key", certificate.key];
  const where = ["-address", endpoint(address, port)];
  await lab.serve([...program, "-serve", "true", ...where, ...identity, ...options], port);
  return endpoint(address, port);
}

export function endpoint(address: string, port: number): string {
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}

export const SERVER = "10.77.1.10";
