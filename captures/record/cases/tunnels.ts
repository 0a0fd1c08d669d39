/**
 * Links that encrypt, and stop (B02), each beside its harmless case: a pause shorter than the hold-down.
 *
 * The client reaches the server's address 10.99.0.2 through WireGuard, or its own through IPsec; when the
 * tunnel is gone the same addresses speak in clear over the cable.
 */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Case, Scene } from "../case.ts";
import { within } from "../lab.ts";
import { LONGEST_PAUSE_MS, moveLater } from "../later.ts";
import { type Program, pause, run } from "../process.ts";
import { ESP } from "../programs.ts";
import { SERVER } from "../servers.ts";
import { plain, say } from "./plain-scene.ts";

const CLIENT = "10.77.0.2";
const INNER = { client: "10.99.0.1", server: "10.99.0.2" } as const;

export const tunnelCases: readonly Case[] = [
  {
    ...plain({
      name: "wireguard-killed",
      shows: `
HTTP through WireGuard in user space, three times. Then wireguard-go is killed at both ends, the inner
addresses are put on the cable, and the same request goes in clear. What came after the kill was dated 60
seconds later afterwards; nothing else was changed.`,
      client: "curl",
      server: "nginx",
      seen: [
        ["WireGuard", "wg.type == 4"],
        ["HTTP between the inner addresses", `http.request && ip.dst == ${INNER.server}`],
      ],
      async speak(scene) {
        const tunnel = await wireguard(scene);
        for (let i = 0; i < 3; i++) await ask(scene, INNER.server);
        await pause(LONGEST_PAUSE_MS);
        await tunnel.fall();
        await ask(scene, INNER.server);
      },
    }),
    needs: ["wireguard-go", "wg", "editcap"],
    finish: (captured, kept) => moveLater(captured, kept, 60),
  },
  {
    ...plain({
      name: "wireguard-flap",
      shows: `
As \`wireguard-killed\`, but the tunnel comes back after a few seconds: one request in clear lies in the gap.`,
      client: "curl",
      server: "nginx",
      seen: [
        ["WireGuard", "wg.type == 4"],
        ["HTTP between the inner addresses", `http.request && ip.dst == ${INNER.server}`],
      ],
      async speak(scene) {
        const tunnel = await wireguard(scene);
        for (let i = 0; i < 2; i++) await ask(scene, INNER.server);
        await tunnel.fall();
        await ask(scene, INNER.server);
        const again = await wireguard(scene, tunnel);
        await ask(scene, INNER.server);
        await again.fall();
      },
    }),
    needs: ["wireguard-go", "wg"],
  },
  {
    ...plain({
      name: "ipsec-flushed",
      shows: `
ESP in transport mode between two hosts, made by a raw socket since the recording kernel has none, under a real
XFRM policy, which keeps everything else back. Then the policy is flushed (\`ip xfrm policy flush\`), and HTTP
goes in clear between the same two. What came after the flush was dated 60 seconds later afterwards.`,
      client: "curl",
      server: "nginx",
      seen: [
        ["ESP", "esp.sequence"],
        ["HTTP in clear", "http.request"],
      ],
      async speak(scene) {
        await policed(scene);
        await esp(scene, "c0ffee01", 1, 12);
        await blocked(scene);
        await pause(LONGEST_PAUSE_MS);
        await scene.lab.ip("client", "xfrm", "policy", "flush");
        await ask(scene, SERVER);
      },
    }),
    needs: ["ip", "python3", "editcap"],
    finish: (captured, kept) => moveLater(captured, kept, 60),
  },
  {
    ...plain({
      name: "ipsec-rekeyed",
      shows: `
As \`ipsec-flushed\`, but the policy is back within seconds, as when a daemon restarts, and ESP goes on under a new
SPI: one request in clear lies in the gap.`,
      client: "curl",
      server: "nginx",
      seen: [
        ["ESP of the first SPI", "esp.spi == 0xc0ffee01"],
        ["ESP of the second", "esp.spi == 0xc0ffee02"],
      ],
      async speak(scene) {
        await policed(scene);
        await esp(scene, "c0ffee01", 1, 12);
        await scene.lab.ip("client", "xfrm", "policy", "flush");
        await ask(scene, SERVER);
        await policed(scene, false);
        await esp(scene, "c0ffee02", 1, 12);
      },
    }),
    needs: ["ip", "python3"],
  },
];

interface Tunnel {
  readonly keys: readonly [Key, Key];
  /** wireguard-go ends, and the inner addresses go on the cable. */
  fall(): Promise<void>;
}

interface Key {
  readonly file: string;
  readonly open: string;
}

/** Both ends of a tunnel, and a web server at the inner address of one. */
async function wireguard(scene: Scene, before?: Tunnel): Promise<Tunnel> {
  const { lab } = scene;
  const keys =
    before?.keys ?? ([await newKey(scene, "client"), await newKey(scene, "server")] as const);
  if (before !== undefined) await onTheCable(scene, "del");
  const ends: Program[] = [];
  for (const [i, role] of (["client", "server"] as const).entries()) {
    const device = `wg${role}`;
    const program = lab.start(role, [
      "env",
      "WG_PROCESS_FOREGROUND=1",
      "wireguard-go",
      "-f",
      device,
    ]);
    ends.push(program);
    await program.until(async () =>
      (await run(within(role, ["ip", "-br", "link"]))).output.includes(device),
    );
    const peer = i === 0 ? "server" : "client";
    const outer = i === 0 ? SERVER : CLIENT;
    const reach = ["allowed-ips", `${INNER[peer]}/32`, "endpoint", `${outer}:51820`];
    const mine = ["private-key", keys[i]!.file, "listen-port", "51820"];
    await run(within(role, ["wg", "set", device, ...mine, "peer", keys[1 - i]!.open, ...reach]));
    await lab.ip(role, "addr", "add", `${INNER[role]}/32`, "dev", device);
    await lab.ip(role, "link", "set", device, "mtu", "1420", "up");
    await lab.ip(role, "route", "add", `${INNER[peer]}/32`, "dev", device);
  }
  if (before === undefined) await webServer(scene);
  return {
    keys,
    async fall() {
      for (const end of ends) await end.stop("SIGKILL");
      await onTheCable(scene, "add");
    },
  };
}

async function onTheCable({ lab }: Scene, how: "add" | "del"): Promise<void> {
  for (const role of ["client", "server"] as const) {
    const peer = role === "client" ? "server" : "client";
    await lab.ip(role, "addr", how, `${INNER[role]}/24`, "dev", "eth0");
    if (how === "add") await lab.ip(role, "route", "replace", `${INNER[peer]}/32`, "dev", "eth0");
    else await lab.ip(role, "route", "flush", `${INNER[peer]}/32`);
  }
}

async function newKey({ lab }: Scene, name: string): Promise<Key> {
  const file = join(lab.folder, `${name}.key`);
  const secret = (await run(["wg", "genkey"])).output;
  await writeFile(file, secret, { mode: 0o600 });
  return { file, open: (await run(["wg", "pubkey"], { input: secret })).output.trim() };
}

async function ask(scene: Scene, address: string): Promise<void> {
  await say(scene, ["curl", "-sS", "-m", "5", "-o", "/dev/null", `http://${address}/report`]);
}

/** Whatever goes to the server must be ESP, of which there is none: nothing else gets through. */
async function policed({ lab }: Scene, fresh = true): Promise<void> {
  const template = ["tmpl", "src", CLIENT, "dst", SERVER, "proto", "esp", "mode", "transport"];
  const selector = ["src", `${CLIENT}/32`, "dst", `${SERVER}/32`, "proto", "tcp"];
  if (fresh) await webServer({ lab } as Scene);
  await lab.ip("client", "xfrm", "policy", "add", ...selector, "dir", "out", ...template);
}

async function blocked({ lab }: Scene): Promise<void> {
  await lab.nextPort();
  const argv = ["curl", "-sS", "-m", "1", `http://${SERVER}/`];
  const { code } = await run(within("client", argv), { allow: "any" });
  if (code === 0) throw new Error("the XFRM policy let a request through");
}

/** From the client to the server, and answers under an SPI of their own. */
async function esp(_scene: Scene, spi: string, first: number, count: number): Promise<void> {
  const numbers = ["-first", `${first}`, "-count", `${count}`];
  const there = run(within("client", [...ESP, "-to", SERVER, "-spi", spi, ...numbers]));
  const back = run(
    within("server", [...ESP, "-to", CLIENT, "-spi", `a${spi.slice(1)}`, ...numbers]),
  );
  await Promise.all([there, back]);
}

async function webServer({ lab }: Scene): Promise<void> {
  const { folder } = lab;
  const paths = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
  const lines = [
    "daemon off; master_process off; worker_processes 1;",
    `pid ${join(folder, "nginx.pid")}; error_log stderr warn; events {}`,
    "http { access_log off; keepalive_timeout 1s; server_tokens off;",
    ...paths.map((name) => `${name}_temp_path ${join(folder, name)};`),
    'server { listen 80; location / { default_type text/plain; return 200 "the quarterly figures\\n"; } } }',
  ];
  const file = join(folder, "nginx.conf");
  await writeFile(file, `${lines.join("\n")}\n`);
  await lab.serve(["nginx", "-p", folder, "-e", "stderr", "-c", file], 80);
}
