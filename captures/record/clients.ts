/**
 * Clients. Each makes one connection, asks for `/`, and returns its own endpoint.
 *
 * The name that goes into the ClientHello is always given apart from the address: nothing here
 * resolves names.
 */
import type { Scene } from "./case.ts";
import { within } from "./lab.ts";
import { run } from "./process.ts";
import { endpoint } from "./servers.ts";

export interface Call {
  /** `ip:port`, as the servers return it. */
  readonly server: string;
  readonly name: string;
  readonly address?: string;
  readonly options?: readonly string[];
  /** `NAME=value`: of the program's environment. */
  readonly environment?: readonly string[];
  /** The connection is meant to fail. */
  readonly fails?: boolean;
}

export async function curl(scene: Scene, call: Call): Promise<string> {
  const { ip, port } = split(call.server);
  const resolve = ["--resolve", `${call.name}:${port}:${ip}`, "--interface", source(call)];
  const argv = ["curl", "-sS", "-o", "/dev/null", ...resolve, ...(call.options ?? [])];
  return finish(scene, call, [...argv, `https://${call.name}:${port}/`]);
}

export async function openssl(scene: Scene, call: Call): Promise<string> {
  const { options = [], server, name } = call;
  const argv = ["openssl", "s_client", "-quiet", "-connect", server, "-servername", name];
  return finish(scene, call, [...argv, ...options], REQUEST);
}

/** Over datagrams nobody sees the end of an answer: it finishes its handshake and says that it ends. */
export async function opensslDtls({ lab }: Scene, call: Call): Promise<string> {
  const { options = [], server, name } = call;
  const port = await lab.nextPort();
  const argv = ["openssl", "s_client", "-connect", server, "-servername", name];
  const program = lab.start("client", [...argv, ...options]);
  await program.until(() => program.output.includes("Verify return code"));
  program.write("Q\n");
  await program.ended;
  return endpoint(source(call), port);
}

export async function gnutls(scene: Scene, call: Call): Promise<string> {
  const { ip, port } = split(call.server);
  const name = ["--sni-hostname", call.name, "--verify-hostname", call.name];
  const argv = ["gnutls-cli", "--port", String(port), ...name, ...(call.options ?? []), ip];
  return finish(scene, call, argv, REQUEST);
}

/** Node, Go and Java: programs of ours that take flags of the form `-name value`. */
export async function own(scene: Scene, program: readonly string[], call: Call): Promise<string> {
  const { options = [], server, name } = call;
  return finish(scene, call, [...program, "-address", server, "-name", name, ...options]);
}

async function finish(scene: Scene, call: Call, argv: string[], input = ""): Promise<string> {
  const port = await scene.lab.nextPort();
  const { environment = [] } = call;
  const { code, output } = await run(within("client", ["env", ...environment, ...argv]), {
    input,
    holdInput: true,
    allow: call.fails ? "any" : [0],
  });
  if (call.fails && code === 0) throw new Error(`${argv.join(" ")}\nshould have failed\n${output}`);
  return endpoint(source(call), port);
}

function source({ address, server }: Call): string {
  return address ?? (server.startsWith("[") ? "fd77::2" : "10.77.0.2");
}

function split(server: string): { ip: string; port: number } {
  const colon = server.lastIndexOf(":");
  const ip = server.slice(0, colon).replace(/[[\]]/g, "");
  return { ip, port: Number(server.slice(colon + 1)) };
}

const REQUEST = "GET / HTTP/1.0\r\n\r\n";
