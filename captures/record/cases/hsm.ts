/**
 * Hardware that holds keys, and is lost: a session with an HSM that falls silent while TLS goes on (B16), and
 * an identity whose key leaves its HSM (B17). Each has its harmless case in the same capture.
 */
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Case, type Connection, type Scene, sent } from "../case.ts";
import { curl, openssl } from "../clients.ts";
import { within } from "../lab.ts";
import { LONGEST_PAUSE_MS, moveLater } from "../later.ts";
import { CURL_HTTP1, inClear } from "../ordinary.ts";
import type { Certificate } from "../pki.ts";
import { type Program, pause, run } from "../process.ts";
import { CERTIFICATE_IN_CLEAR, CLIENT_HELLO } from "../seen.ts";
import { endpoint, nginx, SERVER } from "../servers.ts";

const NAME = "api.corp.example";
const [LOSING, FAILING_OVER] = ["10.77.0.2", "10.77.0.3"] as const;
const [SECOND, WEB] = ["10.77.1.20", "10.77.1.30"] as const;

export const hsmCases: readonly Case[] = [
  {
    name: "hsm-silent",
    shows: `
Two workloads, 10.77.0.2 and .3, each with a long TLS session to an HSM at 10.77.1.10:1792 (socat, which answers
each keepalive) and ordinary TLS beside it. Then the HSM is killed. The second workload fails over to the HSM at
10.77.1.20:1792, which it still uses at the end; the first has none any more, and opens TLS connections as
before. What came after the longest pause, behind the failover, was dated 310 seconds later afterwards; nothing
else was changed.`,
    client: ["socat", "curl"],
    server: ["socat", "nginx"],
    needs: ["editcap"],
    seen: [
      ["ClientHellos to an HSM", "tls.handshake.type == 1 && tcp.dstport == 1792"],
      [
        "the end of the first workload's session",
        `tcp.flags.fin == 1 && tcp.srcport == 1792 && ip.dst == ${LOSING}`,
      ],
      ["ordinary ClientHellos", `tls.handshake.type == 1 && ip.dst == ${WEB}`],
    ],
    async record(scene) {
      const certificate = await scene.authorities.corpLeaf("hsm.corp.example");
      const web = await webServer(scene);

      const losing = await session(scene, certificate, LOSING, SERVER);
      const failing = await session(scene, certificate, FAILING_OVER, SERVER);
      const before = [await web(LOSING), await web(FAILING_OVER)];
      for (const { keepAlive } of [losing, failing]) await keepAlive();
      for (const { kill } of [losing, failing]) await kill();
      const over = await session(scene, certificate, FAILING_OVER, SECOND);

      await pause(LONGEST_PAUSE_MS);
      await over.keepAlive();
      const after = [await web(FAILING_OVER), await web(LOSING)];
      await over.kill();
      const sessions = [losing.connection, failing.connection];
      return [...sessions, ...before, over.connection, ...after];
    },
    finish: (captured, kept) => moveLater(captured, kept, 310),
  },
  {
    name: "hsm-identity",
    shows: `
Two TLS servers whose keys are in a SoftHSM token, which OpenSSL's engine for PKCS #11 signs with; their
certificates are issued by \`CN=HSM Root\`. (The keys were made as files, put into the token, and the files
removed.) The one at 10.77.1.20:8443 is given a new key in the token and a new certificate of the same CA. Then the
token is moved away: the server at 10.77.1.10:443 no longer starts, and is started with a key in a file and a
certificate of another issuer.`,
    client: ["openssl"],
    server: ["openssl"],
    needs: ["softhsm2-util", "libengine-pkcs11"],
    seen: [CLIENT_HELLO, ...CERTIFICATE_IN_CLEAR.slice(1)],
    async record(scene) {
      const token = await newToken(scene);
      const root = await scene.pki.issue({ ca: true, key: "RSA-2048", subject: "/CN=HSM Root" });
      const mine = await token.hold("mine", root);
      const ask = async (port: number, address: string, of: Certificate): Promise<Connection> => {
        const server = endpoint(address, port);
        const client = await openssl(scene, { server, name: NAME, options: ["-tls1_2"] });
        return inClear(client, server, NAME, of);
      };
      const held = await serve(scene, mine, SERVER, 443);
      const seen = [await ask(443, SERVER, mine.certificate)];
      for (const label of ["old", "new"]) {
        const rotated = await token.hold(label, root);
        const server = await serve(scene, rotated, SECOND, 8443);
        seen.push(await ask(8443, SECOND, rotated.certificate));
        await server.stop("SIGTERM");
      }

      await held.stop("SIGTERM");
      await token.move();
      await refused(mine);
      const certificate = await scene.authorities.strangerLeaf(NAME);
      const inFile = { certificate, key: ["-key", certificate.key], environment: [] };
      await serve(scene, inFile, SERVER, 443);
      return [...seen, await ask(443, SERVER, certificate)];
    },
  },
];

/** Answers whatever it hears with the same, to one client: whoever is killed then holds no other. */
async function hsm({ lab }: Scene, { pem, key }: Certificate, address: string): Promise<Program> {
  const listen = `OPENSSL-LISTEN:1792,bind=${address},reuseaddr,verify=0,cert=${pem},key=${key}`;
  const server = lab.start("server", ["socat", listen, "PIPE"]);
  const question = within("server", ["ss", "-Hltn", `src ${address}:1792`]);
  await server.until(async () => (await run(question)).output.trim() !== "");
  return server;
}

interface Session {
  readonly connection: Connection;
  keepAlive(): Promise<void>;
  /** The HSM's end of it. */
  kill(): Promise<void>;
}

/** A workload's connection to its HSM, which lasts. */
async function session(
  scene: Scene,
  certificate: Certificate,
  from: string,
  to: string,
): Promise<Session> {
  const { lab } = scene;
  const server = await hsm(scene, certificate, to);
  const port = await lab.nextPort();
  const connect = `OPENSSL:${to}:1792,bind=${from},verify=0,nosni`;
  const client = lab.start("client", ["socat", "-t", "0.2", "-", connect]);
  let asked = 0;
  const keepAlive = async (): Promise<void> => {
    asked += 1;
    const line = `keepalive ${asked}\n`;
    client.write(line);
    await client.until(() => client.output.includes(line));
  };
  for (let i = 0; i < 3; i++) await keepAlive();
  const connection: Connection = {
    client: endpoint(from, port),
    server: endpoint(to, 1792),
    version: "TLS1.3",
    resumed: false,
    established: true,
    certificates: sent({ ...certificate, sent: certificate.sent.slice(0, 1) }, false),
  };
  const kill = async (): Promise<void> => {
    await server.stop("SIGKILL");
    await client.stop("SIGTERM");
  };
  return { connection, keepAlive, kill };
}

/** What workloads do all day. */
async function webServer(scene: Scene): Promise<(address: string) => Promise<Connection>> {
  const certificate = await scene.authorities.corpLeaf(NAME);
  const options = ["ssl_protocols TLSv1.2"];
  const server = await nginx(scene, { certificate, address: WEB, options });
  return async (address) => {
    const trust = ["--cacert", scene.authorities.corpRoot.pem, ...CURL_HTTP1];
    const client = await curl(scene, { server, name: NAME, address, options: trust });
    return { ...inClear(client, server, NAME, certificate), alpn: "http/1.1" };
  };
}

/** A certificate, and where its key is: the words for it, and the environment that they need. */
interface Identity {
  readonly certificate: Certificate;
  readonly key: readonly string[];
  readonly environment: readonly string[];
}

interface Token {
  /** A new key in the token, and its certificate. */
  hold(label: string, issuer: Certificate): Promise<Identity>;
  move(): Promise<void>;
}

async function newToken({ lab, pki }: Scene): Promise<Token> {
  const folder = join(lab.folder, "tokens");
  await mkdir(folder);
  const file = join(lab.folder, "softhsm2.conf");
  await writeFile(file, `directories.tokendir = ${folder}\nobjectstore.backend = file\n`);
  const environment = [`SOFTHSM2_CONF=${file}`, `PKCS11_MODULE_PATH=${MODULE}`];
  const softhsm = (...words: string[]) => run(["env", ...environment, "softhsm2-util", ...words]);
  const label = ["--label", "hsm", "--pin", PIN, "--so-pin", PIN];
  await softhsm("--init-token", "--free", ...label);
  let held = 0;
  return {
    async hold(name, issuer) {
      const subject = `/O=Example Corp/CN=${NAME}`;
      const request = { subject, names: [`DNS:${NAME}`], issuer, days: [-10, 390] } as const;
      const certificate = await pki.issue(request);
      held += 1;
      const id = ["--label", name, "--id", `0${held}`];
      await softhsm("--import", certificate.key, "--token", "hsm", "--pin", PIN, ...id);
      await rm(certificate.key);
      const uri = `pkcs11:token=hsm;object=${name};type=private;pin-value=${PIN}`;
      const key = ["-engine", "pkcs11", "-keyform", "engine", "-key", uri];
      return { certificate, key, environment };
    },
    move: () => rename(folder, `${folder}-moved`),
  };
}

async function serve(
  { lab }: Scene,
  identity: Identity,
  address: string,
  port: number,
): Promise<Program> {
  return lab.serve(serverOf(identity, address, port), port);
}

/** Without its token the server must not start. */
async function refused(identity: Identity): Promise<void> {
  const { code } = await run(within("server", serverOf(identity, SERVER, 443)), { allow: "any" });
  if (code !== 1) throw new Error(`a server without its token ended with ${code}, expected 1`);
}

function serverOf({ certificate, key, environment }: Identity, address: string, port: number) {
  const chain = certificate.sent.length > 1 ? ["-cert_chain", certificate.chainPem] : [];
  const accept = ["-accept", endpoint(address, port), "-tls1_2", "-www", "-quiet"];
  const own = ["-cert", certificate.pem, ...key, ...chain];
  return ["env", ...environment, "openssl", "s_server", ...accept, ...own];
}

/** Where Debian puts it. */
const MODULE = "/usr/lib/softhsm/libsofthsm2.so";
/** Of a token that lasts as long as the recording. */
const PIN = "1234";
