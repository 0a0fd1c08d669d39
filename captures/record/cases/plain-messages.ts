/** Brokers, coordinators and news, in clear, each with a login where there is one. */
import { chmod } from "node:fs/promises";
import { join } from "node:path";
import type { Case, Scene } from "../case.ts";
import { endpoint, SERVER } from "../servers.ts";
import {
  configuration,
  converse,
  folderOf,
  openPath,
  PASSWORD,
  plain,
  say,
  USER,
} from "./plain-scene.ts";

export const plainMessagesCases: readonly Case[] = [
  plain({
    name: "plain-amqp",
    shows: "AMQP 0-9-1 with SASL's PLAIN: a message published to RabbitMQ.",
    client: "amqp-publish",
    server: "rabbitmq",
    seen: [["the login", "amqp.method.method == 11"]],
    async speak(scene) {
      await rabbitmq(scene, 5672);
      const where = `amqp://${USER}:${PASSWORD}@${endpoint(SERVER, 5672)}`;
      await say(scene, ["amqp-publish", "-u", where, "-r", "news", "-b", "hello"]);
    },
  }),
  plain({
    name: "plain-amqp1",
    shows: "AMQP 1.0 with SASL's PLAIN, from Qpid Proton to RabbitMQ.",
    client: "proton",
    server: "rabbitmq",
    seen: [["AMQP", 'tcp.payload contains "AMQP"']],
    async speak(scene) {
      await rabbitmq(scene, 5672);
      const script = [
        "import sys",
        "from proton import Message",
        "from proton.utils import BlockingConnection",
        'plain = {"allowed_mechs": "PLAIN", "allow_insecure_mechs": True}',
        "connection = BlockingConnection(sys.argv[1], **plain)",
        'connection.create_sender("/queue/news").send(Message(body="hello"))',
        "connection.close()",
      ];
      const file = await configuration(scene, "send.py", script);
      const where = `amqp://${USER}:${PASSWORD}@${endpoint(SERVER, 5672)}`;
      await say(scene, ["/usr/bin/python3", file, where]);
    },
  }),
  plain({
    name: "plain-stomp",
    shows: "STOMP 1.2 with a login and a passcode, to RabbitMQ.",
    client: "socat",
    server: "rabbitmq",
    seen: [["CONNECT", 'tcp.payload contains "CONNECT"']],
    async speak(scene) {
      await rabbitmq(scene, 61_613);
      const fields = ["accept-version:1.2", "host:/", `login:${USER}`, `passcode:${PASSWORD}`];
      const frames = [
        ["CONNECT", ...fields, "", "\0"].join("\n"),
        ["SEND", "destination:/queue/news", "", "hello\0"].join("\n"),
        ["DISCONNECT", "receipt:1", "", "\0"].join("\n"),
      ];
      const client = ["socat", "-t", "1", "-", `TCP:${SERVER}:61613`];
      await converse(scene, client, { lines: frames, answers: /CONNECTED[\s\S]*RECEIPT/ });
    },
  }),
  plain({
    name: "plain-zookeeper",
    shows: "ZooKeeper with a digest's user and password, and a list of what is there.",
    client: "zookeeper",
    server: "zookeeper",
    seen: [["ZooKeeper", 'tcp.payload contains "digest"']],
    async speak(scene) {
      const data = await folderOf(scene, "zookeeper", "root");
      const file = await configuration(scene, "zoo.cfg", [
        "tickTime=2000",
        `dataDir=${data}`,
        `clientPortAddress=${SERVER}`,
        "clientPort=2181",
        "admin.enableServer=false",
        "audit.enable=false",
      ]);
      const java = ["java", "-cp", "/etc/zookeeper/conf:/usr/share/java/zookeeper.jar"];
      const server = "org.apache.zookeeper.server.ZooKeeperServerMain";
      await scene.lab.serve([...java, server, file], 2181);
      const client = [...java, "org.apache.zookeeper.ZooKeeperMain", "-server", `${SERVER}:2181`];
      const lines = [`addauth digest ${USER}:${PASSWORD}\n`, "ls /\n", "quit\n"];
      const answers = /\[zookeeper\]/;
      await converse(scene, client, { lines: [lines.join("")], answers, prompts: /SyncConnected/ });
    },
  }),
];

/** RabbitMQ with one user; its plugins speak STOMP and AMQP 1.0. Returns when `port` listens. */
async function rabbitmq(scene: Scene, port: number): Promise<void> {
  const folder = await folderOf(scene, "rabbitmq", "rabbitmq");
  await openPath(scene);
  const plugins = await configuration(scene, "plugins", ["[rabbitmq_stomp,rabbitmq_amqp1_0]."]);
  const file = await configuration(scene, "rabbitmq.conf", [
    `listeners.tcp.1 = ${endpoint(SERVER, 5672)}`,
    `stomp.listeners.tcp.1 = ${endpoint(SERVER, 61_613)}`,
    `default_user = ${USER}`,
    `default_pass = ${PASSWORD}`,
    "loopback_users = none",
    "log.console = true",
    "log.file = false",
  ]);
  for (const path of [plugins, file]) await chmod(path, 0o644);
  const environment = {
    HOME: folder,
    RABBITMQ_NODENAME: "record@localhost",
    RABBITMQ_DIST_PORT: "25672",
    RABBITMQ_MNESIA_BASE: join(folder, "mnesia"),
    RABBITMQ_LOG_BASE: folder,
    RABBITMQ_PID_FILE: join(folder, "pid"),
    RABBITMQ_CONFIG_FILE: file,
    RABBITMQ_ENABLED_PLUGINS_FILE: plugins,
    ERL_EPMD_ADDRESS: "127.0.0.1",
  };
  const settings = Object.entries(environment).map(([name, value]) => `${name}=${value}`);
  const as = ["runuser", "-u", "rabbitmq", "--", "env", ...settings];
  // Erlang would start this one itself, and leave it behind.
  await scene.lab.serve(["epmd", "-address", "127.0.0.1"], 4369);
  await scene.lab.serve([...as, join(RABBITMQ, "rabbitmq-server")], port);
}

/** Debian's own script would change its user, and its environment with it. */
const RABBITMQ = "/usr/lib/rabbitmq/bin";
