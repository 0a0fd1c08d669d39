/**
 * A relay for datagrams that is as bad as a network may be, always in the same way:
 *
 *     node lossy.ts IP:PORT BEHIND-IP:PORT
 *
 * Of what the server says, the third datagram is lost, the fifth comes twice, the sixth waits for the
 * seventh. What the client says gets through.
 */
import { createSocket, type RemoteInfo } from "node:dgram";

const [front = "", behind = ""] = process.argv.slice(2).map((text) => text.split(":"));
const outside = createSocket("udp4");
const inside = createSocket("udp4");
let client: RemoteInfo | undefined;
let count = 0;
let held: Buffer | undefined;

outside.on("message", (datagram, from) => {
  client = from;
  inside.send(datagram, Number(behind[1]), behind[0]);
});

inside.on("message", (datagram) => {
  count++;
  if (count === 3) return;
  if (count === 6) {
    held = datagram;
    return;
  }
  tell(datagram);
  if (count === 5) tell(datagram);
  if (held !== undefined) tell(held);
  held = undefined;
});

outside.bind(Number(front[1]), front[0]);

function tell(datagram: Buffer): void {
  if (client !== undefined) outside.send(datagram, client.port, client.address);
}
