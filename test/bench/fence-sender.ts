/**
 * A workload that never stops sending: datagrams to the peer, one after the other, and the moment at
 * which the kernel drops the first of them.
 *
 *     node fence-sender.ts PAUSE_MS     0: without a pause
 *
 * Lines on standard output: `open`, when datagrams pass; `dropped REALTIME_US MONOTONIC_NS`, when the
 * first one does not. Both clocks are read when the kernel has answered.
 */
import { writeSync } from "node:fs";
import { ipBytes } from "../../src/kernel/ip-bytes.ts";
import { AF_INET, SOCK_DGRAM, sendto, socket } from "../../src/kernel/libc.ts";
import { PEER } from "../netns/pair.ts";

const pauseMs = Number(process.argv[2] ?? 0);
const fd = socket(AF_INET, SOCK_DGRAM, 0);
const address = Uint8Array.of(AF_INET, 0, 0, 9, ...ipBytes(PEER.ipv4)!, 0, 0, 0, 0, 0, 0, 0, 0);
const datagram = new Uint8Array(64);
const asleep = new Int32Array(new SharedArrayBuffer(4));

for (;;) {
  while (sendto(fd, datagram, 0, address) !== datagram.length) Atomics.wait(asleep, 0, 0, 1);
  say("open");
  while (sendto(fd, datagram, 0, address) === datagram.length) {
    if (pauseMs > 0) Atomics.wait(asleep, 0, 0, pauseMs);
  }
  const monotonicNs = process.hrtime.bigint();
  const realtimeUs = Math.round((performance.timeOrigin + performance.now()) * 1000);
  say(`dropped ${realtimeUs} ${monotonicNs}`);
}

/** Written before the next datagram is sent: a stream would wait for a loop that never comes. */
function say(text: string): void {
  writeSync(1, `${text}\n`);
}
