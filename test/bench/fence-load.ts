/**
 * New connections by the thousand: SYNs of ever other ports from the workload's address, each of which
 * is a connection to conntrack, to the tap and to the flow table.
 *
 *     node fence-load.ts PER_SECOND     -> `sent N` each second
 */
import { ipBytes } from "../../src/kernel/ip-bytes.ts";
import { AF_INET, SOCK_RAW, sendto, socket } from "../../src/kernel/libc.ts";
import { PEER, WORKLOAD } from "../netns/pair.ts";

const perSecond = Number(process.argv[2] ?? 20_000);
const fd = socket(AF_INET, SOCK_RAW, 255);
const [from, to] = [ipBytes(WORKLOAD.ipv4)!, ipBytes(PEER.ipv4)!];
const address = Uint8Array.of(AF_INET, 0, 0, 0, ...to, 0, 0, 0, 0, 0, 0, 0, 0);
const packet = new Uint8Array(40);
packet.set([0x45, 0, 0, 40, 0, 0, 0x40, 0, 64, 6, 0, 0, ...from, ...to]);
const view = new DataView(packet.buffer);
view.setUint8(32, 5 << 4);
view.setUint8(33, 2);
view.setUint16(34, 64240);

const asleep = new Int32Array(new SharedArrayBuffer(4));
const began = performance.now();
for (let sent = 0, count = 0, told = began; ; ) {
  const due = ((performance.now() - began) / 1000) * perSecond;
  for (; sent < due; sent++) {
    // Ports 20000 to 59999, to ports 10000 to 10999: forty million pairs before one comes again.
    view.setUint16(20, 20_000 + (sent % 40_000));
    view.setUint16(22, 10_000 + (Math.floor(sent / 40_000) % 1000));
    view.setUint32(24, sent);
    view.setUint16(36, checksum(packet));
    if (sendto(fd, packet, 0, address) === packet.length) count++;
  }
  if (performance.now() - told > 1000) {
    process.stdout.write(`sent ${count}\n`);
    told = performance.now();
    count = 0;
    // Lets what was written go out.
    await new Promise((resolve) => setImmediate(resolve));
  }
  Atomics.wait(asleep, 0, 0, 1);
}

/** Of TCP, over the pseudo-header and the 20 bytes of header (RFC 9293 §3.1). */
function checksum(bytes: Uint8Array): number {
  view.setUint16(36, 0);
  let sum = 6 + 20;
  for (let at = 12; at < bytes.length; at += 2) sum += view.getUint16(at);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}
