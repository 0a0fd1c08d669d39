/**
 * A cut in the middle of what real programs do: curl that downloads from nginx, an openssl s_client that
 * talks to an s_server, each over TLS.
 */
import { type ChildProcess, execFileSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { IS_ROOT, PEER } from "../../netns/pair.ts";
import { Scene } from "../../netns/scene.ts";
import { mint } from "../../wire/identity.ts";

describe.runIf(IS_ROOT)("a cut", () => {
  let scene: Scene;
  let folder: string;
  beforeEach(() => {
    scene = new Scene();
    folder = mkdtempSync(join(tmpdir(), "portcullis-fence-"));
    const { certificatePem, keyPem } = mint({ subject: "CN=self-signed" });
    writeFileSync(join(folder, "cert.pem"), certificatePem);
    writeFileSync(join(folder, "key.pem"), keyPem);
  });
  afterEach(() => {
    scene.close();
    rmSync(folder, { recursive: true, force: true });
  });

  test("ends curl's download from nginx, of which not a byte more is acknowledged", async () => {
    mkdirSync(join(folder, "root"));
    execFileSync("truncate", ["-s", "1G", join(folder, "root", "large")]);
    writeFileSync(join(folder, "nginx.conf"), nginxConf(folder));
    const nginx = ["nginx", "-p", folder, "-e", "stderr", "-c", join(folder, "nginx.conf")];
    scene.pair.spawn("peer", nginx, { stdio: "ignore" });
    await scene.listening(8443);
    const fence = scene.fence();

    const download = ["curl", "-sk", "-o", "/dev/null", "-w", "%{size_download}"];
    const curl = await running([...download, "--limit-rate", "20M", URL, "--retry", "0"]);
    expect(fence.cut("a test")).toMatchObject({ status: "done", verified: true });
    const arrived = scene.arrived();
    const [code] = (await once(curl, "exit")) as [number];
    // 56: failure in receiving network data.
    expect(code).toBe(56);
    await setTimeout(WAIT_MS);
    expect(scene.arrived()).toBe(arrived);
    expect(fence.look()).toEqual([]);

    fence.release();
    const again = scene.pair.run("workload", "curl", "-sk", "-r", "0-9", "-w", "%{http_code}", URL);
    expect(again.slice(-3)).toBe("206");
  });

  test("ends a talk of openssl's, and the server hears nothing of its end", async () => {
    const identity = ["-cert", join(folder, "cert.pem"), "-key", join(folder, "key.pem")];
    const serve = ["openssl", "s_server", "-accept", "8443", "-quiet", ...identity];
    const server = scene.pair.spawn("peer", serve, { stdio: ["pipe", "pipe", "ignore"] });
    await scene.listening(8443);
    const fence = scene.fence();
    const connect = ["openssl", "s_client", "-connect", `${PEER.ipv4}:8443`, "-quiet"];
    const client = scene.pair.spawn("workload", connect, { stdio: ["pipe", "ignore", "ignore"] });
    client.stdin!.on("error", () => {});
    let heard = "";
    server.stdout!.on("data", (text: Buffer) => {
      heard += text;
    });
    for (let tries = 0; !heard.includes("before") && tries < 500; tries++) {
      client.stdin!.write("before the cut\n");
      await setTimeout(20);
    }
    expect(heard).toContain("before");
    expect(fence.cut("a test")).toMatchObject({ status: "done", verified: true });
    const arrived = scene.arrived();
    client.stdin!.write("behind it\n");
    await once(client, "exit");
    await setTimeout(WAIT_MS);
    expect(scene.arrived()).toBe(arrived);
    expect(heard).not.toContain("behind");
    expect(server.exitCode).toBeNull();
  });

  /** Starts curl, and waits until it is in the middle of its download. */
  async function running(command: readonly string[]): Promise<ChildProcess> {
    const before = scene.arrived();
    const child = scene.pair.spawn("workload", command);
    while (child.exitCode === null && scene.arrived() < before + 30) await setTimeout(20);
    expect(child.exitCode).toBeNull();
    return child;
  }
});

function nginxConf(folder: string): string {
  return `daemon off; master_process off; pid ${folder}/nginx.pid; error_log stderr;
events {}
http {
  access_log off;
  server {
    listen ${PEER.ipv4}:8443 ssl;
    ssl_certificate ${folder}/cert.pem;
    ssl_certificate_key ${folder}/key.pem;
    root ${folder}/root;
  }
}
`;
}

const URL = `https://${PEER.ipv4}:8443/large`;
const WAIT_MS = 300;
