/** How each program is started as a server and as a client, for the pairs that probes are tried on. */

import { readFileSync } from "node:fs";
import { connect, createServer as createTlsServer } from "node:tls";
import { freePort, leaves, pause, root, type Stage } from "./peers.ts";

export interface ServerOptions {
  readonly key?: keyof typeof leaves;
  readonly version?: "1.2" | "1.3";
  /** A client certificate is demanded. */
  readonly mutual?: boolean;
  /** OpenSSL's list of groups. */
  readonly groups?: string;
}

type Serve = (stage: Stage, options?: ServerOptions) => Promise<number>;

/** Each listens on loopback, on the port that is returned. */
export const SERVERS: Record<string, Serve> = {
  openssl: async (stage, { key = "P-256", version, mutual, groups } = {}) => {
    const port = await freePort();
    const { chain, key: keyFile } = stage.identity(leaves[key], `openssl-${port}`);
    const argv = ["openssl", "s_server", "-accept", `127.0.0.1:${port}`, "-www", "-quiet"];
    const ca = ["-cert_chain", stage.file("root.pem", root.certificatePem)];
    const own = ["-cert", chain, "-key", keyFile, ...ca];
    const how = [
      ...(version === undefined ? [] : [`-tls1_${version.slice(2)}`]),
      ...(mutual ? ["-Verify", "1", "-CAfile", stage.file("root.pem", root.certificatePem)] : []),
      ...(groups === undefined ? [] : ["-groups", groups]),
    ];
    return stage.serve([...argv, ...own, ...how], port);
  },
  nginx: async (stage, { key = "P-256", version, mutual } = {}) => {
    const port = await freePort();
    const { chain, key: keyFile } = stage.identity(leaves[key], `nginx-${port}`);
    const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
    const trusted = stage.file("root.pem", root.certificatePem);
    const lines = [
      "daemon off; master_process off; worker_processes 1;",
      `pid ${stage.folder}/nginx-${port}.pid; error_log stderr emerg; events {}`,
      "http { access_log off; keepalive_timeout 0;",
      ...temporary.map((name) => `${name}_temp_path ${stage.folder}/${name};`),
      `server { listen 127.0.0.1:${port} ssl http2; ssl_certificate ${chain};`,
      `ssl_certificate_key ${keyFile}; ssl_protocols TLSv${version ?? "1.2 TLSv1.3"};`,
      mutual ? `ssl_client_certificate ${trusted}; ssl_verify_client on;` : "",
      'location / { return 200 "ok"; } } }',
    ];
    const file = stage.file(`nginx-${port}.conf`, lines.join("\n"));
    return stage.serve(["nginx", "-p", stage.folder, "-e", "stderr", "-c", file], port);
  },
  node: async (stage, { key = "P-256", version, mutual, groups } = {}) => {
    const { chain, key: keyFile } = stage.identity(leaves[key], "node");
    const only = version && (`TLSv${version}` as const);
    const server = createTlsServer(
      {
        cert: readFileSync(chain),
        key: readFileSync(keyFile),
        ALPNProtocols: ["h2", "http/1.1"],
        ...(only && { minVersion: only, maxVersion: only }),
        ...(groups && { ecdhCurve: groups }),
        ...(mutual && { requestCert: true, ca: root.certificatePem }),
      },
      (socket) => socket.on("data", () => socket.end("HTTP/1.0 200 OK\r\n\r\nok\n")),
    );
    server.on("tlsClientError", () => {});
    return stage.listen(server);
  },
  go: async (stage, { key = "P-256", version = "1.3", mutual } = {}) => {
    const port = await freePort();
    const { chain, key: keyFile } = stage.identity(leaves[key], `go-${port}`);
    const argv = [stage.go(), "-serve", "1", "-address", `127.0.0.1:${port}`, "-cert", chain];
    const ca = mutual ? ["-ca", stage.file("root.pem", root.certificatePem)] : [];
    return stage.serve([...argv, "-key", keyFile, "-version", version, ...ca], port);
  },
  gnutls: async (stage, { key = "P-256", version, mutual, groups } = {}) => {
    const port = await freePort();
    const { chain, key: keyFile } = stage.identity(leaves[key], `gnutls-${port}`);
    const argv = ["gnutls-serv", "--http", "--quiet", "--port", String(port)];
    const only = version === undefined ? "" : `:-VERS-ALL:+VERS-TLS${version}`;
    const group = groups === undefined ? "" : `:-GROUP-ALL:+GROUP-SECP384R1`;
    const ask = mutual
      ? ["--require-client-cert", "--x509cafile", stage.file("root.pem", root.certificatePem)]
      : ["--disable-client-cert"];
    const own = ["--x509certfile", chain, "--x509keyfile", keyFile];
    return stage.serve([...argv, ...own, ...ask, `--priority=NORMAL${only}${group}`], port);
  },
};

type Call = (stage: Stage, port: number) => Promise<void>;

/** Each asks for `/` and ends. None checks what it is shown: that is not what is tried here. */
export const CLIENTS: Record<string, Call> = {
  curl: (stage, port) => {
    const to = ["--resolve", `probe.test:${port}:127.0.0.1`, `https://probe.test:${port}/`];
    return stage.run(["curl", "-sk", "-m", "5", "-o", "/dev/null", ...to]);
  },
  node: (stage, port) =>
    stage.run([...NODE_PEER, "-address", `127.0.0.1:${port}`, "-name", "probe.test"]),
  "node with ML-KEM": (stage, port) => {
    const groups = ["-groups", "X25519MLKEM768:X25519"];
    return stage.run([...NODE_PEER, "-address", `127.0.0.1:${port}`, "-name", NAME, ...groups]);
  },
  go: (stage, port) => stage.run([stage.go(), "-address", `127.0.0.1:${port}`, "-name", NAME]),
  gnutls: (stage, port) => {
    const to = ["--port", String(port), "--sni-hostname", NAME, "--insecure", "127.0.0.1"];
    return stage.run(["gnutls-cli", "--alpn=h2", ...to]);
  },
  openssl: (stage, port) => {
    const argv = ["openssl", "s_client", "-quiet", "-connect", `127.0.0.1:${port}`];
    return stage.run([...argv, "-servername", NAME, "-alpn", "h2,http/1.1", "-no_ign_eof"]);
  },
  python: (stage, port) => stage.run(["python3", "-c", PYTHON, String(port)]),
};

/** One that needs no program of its own: for what is repeated. */
export async function callInProcess(port: number): Promise<void> {
  const socket = connect({ host: "127.0.0.1", port, servername: NAME, rejectUnauthorized: false });
  await new Promise<void>((resolve) => {
    socket.once("error", () => resolve());
    socket.once("secureConnect", () => socket.end("GET / HTTP/1.0\r\n\r\n", () => resolve()));
  });
  // What the server says behind it is on its way.
  await pause(20);
  socket.destroy();
}

const NAME = "probe.test";
const NODE_PEER = [process.execPath, "captures/record/peer.ts"];
const PYTHON = `
import socket, ssl, sys
context = ssl.create_default_context()
context.check_hostname = False
context.verify_mode = ssl.CERT_NONE
with socket.create_connection(("127.0.0.1", int(sys.argv[1]))) as plain:
    with context.wrap_socket(plain, server_hostname="probe.test") as tls:
        tls.sendall(b"GET / HTTP/1.0\\r\\n\\r\\n")
        tls.recv(1000)
`;
