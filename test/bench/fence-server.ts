/**
 * A TLS 1.2 server that signed its own certificate. `openssl s_server` would wait for ever for the first
 * client that was cut off, since not even a reset of it arrives.
 *
 *     node fence-server.ts KEY CERTIFICATE     -> listening
 */
import { readFileSync } from "node:fs";
import { createServer } from "node:tls";
import { PEER } from "../netns/pair.ts";

const [key = "", cert = ""] = process.argv.slice(2).map((path) => readFileSync(path, "utf8"));
createServer({ key, cert, maxVersion: "TLSv1.2" }, (socket) => socket.on("error", () => {}))
  .on("tlsClientError", () => {})
  .listen(8443, PEER.ipv4, () => process.stdout.write("listening\n"));
