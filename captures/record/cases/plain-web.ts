/** What travels in HTTP/2, or begins as HTTP and becomes something else, as real servers have it in clear. */
import { join } from "node:path";
import type { Case } from "../case.ts";
import { within } from "../lab.ts";
import { run } from "../process.ts";
import { endpoint, SERVER } from "../servers.ts";
import { configuration, folderOf, PASSWORD, plain, say, USER } from "./plain-scene.ts";

export const plainWebCases: readonly Case[] = [
  plain({
    name: "plain-http2",
    shows: `HTTP/2 with prior knowledge, with Basic authentication and a cookie, both compressed by HPACK, between
nghttp2's client and server.`,
    client: "nghttp",
    server: "nghttpd",
    seen: [["the preface", 'tcp.payload contains "PRI * HTTP/2.0"']],
    async speak(scene) {
      await configuration(scene, "index.html", ["hello"]);
      const flags = ["--no-tls", "-a", SERVER, "-d", scene.lab.folder];
      await scene.lab.serve(["nghttpd", ...flags, "8080"], 8080);
      const secret = Buffer.from(`${USER}:${PASSWORD}`).toString("base64");
      const fields = ["-H", `authorization: Basic ${secret}`, "-H", `cookie: session=${PASSWORD}`];
      await say(scene, ["nghttp", "-n", ...fields, `http://${endpoint(SERVER, 8080)}/index.html`]);
    },
  }),
  plain({
    name: "plain-websocket",
    shows: "A WebSocket without TLS, from Node to websocketd, whose every line is echoed by cat.",
    client: "node",
    server: "websocketd",
    seen: [["the upgrade", "http.upgrade"]],
    async speak(scene) {
      await scene.lab.serve(["websocketd", `--address=${SERVER}`, "--port=8080", "cat"], 8080);
      const script = [
        "const socket = new WebSocket(process.argv[1]);",
        'socket.onopen = () => socket.send("hello\\n");',
        "socket.onmessage = () => socket.close();",
      ];
      await say(scene, [
        process.execPath,
        "-e",
        script.join(""),
        `ws://${endpoint(SERVER, 8080)}/`,
      ]);
    },
  }),
  plain({
    name: "plain-etcd",
    shows: "etcd's API, which is gRPC in HTTP/2, with a user and a password.",
    client: "etcdctl",
    server: "etcd",
    seen: [["the login", 'tcp.payload contains "margaret"']],
    async speak(scene) {
      const data = await folderOf(scene, "etcd", "root");
      const [here, peer] = [`http://${endpoint(SERVER, 2379)}`, "http://127.0.0.1:2380"];
      const listen = ["--listen-client-urls", here, "--advertise-client-urls", here];
      const peers = ["--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer];
      const cluster = ["--initial-cluster", `default=${peer}`];
      const own = ["--log-level", "error"];
      await scene.lab.serve(
        ["etcd", "--data-dir", data, ...listen, ...peers, ...cluster, ...own],
        2379,
      );
      const client = ["etcdctl", "--endpoints", here];
      for (const command of [
        ["user", "add", `root:${PASSWORD}`],
        ["user", "grant-role", "root", "root"],
        ["user", "add", `${USER}:${PASSWORD}`],
        ["user", "grant-role", USER, "root"],
        ["auth", "enable"],
      ]) {
        await run(within("server", [...client, ...command]));
      }
      await say(scene, [...client, "--user", `${USER}:${PASSWORD}`, "put", "key", "value"], {
        connections: 4,
      });
    },
  }),
  plain({
    name: "plain-docker",
    shows:
      "Docker's API without TLS: whoever reaches it has root there. A pull sends a registry's password.",
    client: "docker",
    server: "dockerd",
    seen: [["Docker's API", 'http.request.uri contains "/images/create"']],
    async speak(scene) {
      const { folder } = scene.lab;
      const place = (name: string): string => join(folder, name);
      const state = [
        "--data-root",
        place("data"),
        "--exec-root",
        place("exec"),
        "-p",
        place("pid"),
      ];
      const network = ["--bridge=none", "--iptables=false", "--ip-forward=false"];
      const listen = ["-H", `tcp://${endpoint(SERVER, 2375)}`, "--tls=false"];
      // In a namespace that `ip netns` entered no control groups are mounted; here they are.
      const mounts = ["nsenter", `--mount=/proc/${process.pid}/ns/mnt`, "--"];
      const daemon = [
        ...mounts,
        "dockerd",
        ...listen,
        ...state,
        ...network,
        "--storage-driver=vfs",
      ];
      const engine = await scene.lab.serve([...daemon, "-H", `unix://${place("socket")}`], 2375);
      // It listens before it answers.
      const question = within("server", ["docker", "-H", `unix://${place("socket")}`, "info"]);
      await engine.until(async () => (await run(question, { allow: "any" })).code === 0);
      const auth = Buffer.from(`${USER}:${PASSWORD}`).toString("base64");
      const known = { auths: { "registry.corp.example": { auth } } };
      await configuration(scene, "config.json", [JSON.stringify(known)]);
      const client = ["docker", "--config", folder, "-H", `tcp://${endpoint(SERVER, 2375)}`];
      // There is no such registry.
      await say(scene, [...client, "pull", "registry.corp.example/tool:1"], {
        allow: [1],
        connections: 8,
      });
    },
  }),
];
