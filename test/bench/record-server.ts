/**
 * The server that recordings talk to: nginx, and so OpenSSL, with as many names as there are chains.
 * It serves one file of random bytes at `/piece` and a short answer everywhere else.
 */
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { Chain } from "./record-certificates.ts";
import type { Network } from "./record-network.ts";

/** Starts nginx at the server's end; its files go into `folder`. Resolves when it accepts. */
export async function startServer(network: Network, folder: string, chains: readonly Chain[]) {
  mkdirSync(folder, { recursive: true });
  writeFileSync(`${folder}/piece`, randomBytes(PIECE_BYTES));
  writeFileSync(`${folder}/nginx.conf`, configuration(folder, chains));
  const command = [
    "nginx",
    "-p",
    folder,
    "-c",
    `${folder}/nginx.conf`,
    "-e",
    `${folder}/error.log`,
  ];
  const nginx = network.spawn("server", command, { stdio: ["ignore", "ignore", "inherit"] });
  const exited = once(nginx, "exit");

  const listens = async () => {
    const probe = network.spawn("server", ["ss", "-Hltn", "sport = :443"], {
      stdio: ["ignore", "pipe", "ignore"],
    });
    let said = "";
    for await (const text of probe.stdout ?? []) said += text;
    return said.includes(":443");
  };
  for (let waited = 0; !(await listens()); waited += STEP_MS) {
    if (waited > START_MS_MAX || nginx.exitCode !== null) {
      nginx.kill("SIGKILL");
      throw new Error(`nginx does not listen; see ${folder}/error.log`);
    }
    await sleep(STEP_MS);
  }
  return {
    async close() {
      nginx.kill("SIGTERM");
      await exited;
    },
  };
}

function configuration(folder: string, chains: readonly Chain[]): string {
  const server = ({ serverName, chain, key }: Chain) => `
    server {
      listen 443 ssl backlog=4096;
      server_name ${serverName};
      ssl_certificate ${chain};
      ssl_certificate_key ${key};
      location / { return 200 "ok\\n"; }
      location = /piece { root ${folder}; }
    }`;
  // `backlog` may be said once for an address; the other servers share it.
  const [first, ...others] = chains.map(server);
  return `
  daemon off;
  user root;
  worker_processes 1;
  worker_rlimit_nofile 16384;
  pid ${folder}/nginx.pid;
  events { worker_connections 8192; }
  http {
    access_log off;
    ssl_protocols TLSv1.2 TLSv1.3;
    ssl_session_cache off;
    server_names_hash_max_size 16384;
    server_names_hash_bucket_size 128;
    keepalive_timeout 900s;
    keepalive_requests 100000;
    ${[first, ...others.map((text) => text.replace(" backlog=4096", ""))].join("\n")}
  }`;
}

/** What one request for `/piece` brings. */
export const PIECE_BYTES = 120_000;
const STEP_MS = 50;
const START_MS_MAX = 20_000;
