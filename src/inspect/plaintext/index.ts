/**
 * The plaintext protocols, in the order in which they are asked: of two that fit, the earlier one is
 * believed, so the stronger grammar and the special case of a general one stand first.
 */
import type { Detector } from "./detector.ts";
import { docker } from "./docker.ts";
import { ftp } from "./ftp.ts";
import { http } from "./http.ts";
import { imap } from "./imap.ts";
import { irc } from "./irc.ts";
import { jdwp } from "./jdwp.ts";
import { memcached } from "./memcached.ts";
import { nats } from "./nats.ts";
import { nntp } from "./nntp.ts";
import { pop3 } from "./pop3.ts";
import { proxy } from "./proxy.ts";
import { redis } from "./redis.ts";
import { rsync } from "./rsync.ts";
import { rtsp } from "./rtsp.ts";
import { sieve } from "./sieve.ts";
import { sip } from "./sip.ts";
import { smtp } from "./smtp.ts";
import { socks } from "./socks.ts";
import { ssh } from "./ssh.ts";
import { stomp } from "./stomp.ts";
import { syslog } from "./syslog.ts";
import { telnet } from "./telnet.ts";
import { websocket } from "./websocket.ts";
import { xmpp } from "./xmpp.ts";
import { zookeeper } from "./zookeeper.ts";

export const DETECTORS: readonly Detector[] = [
  // Envelopes, and what begins with its own name.
  proxy,
  socks,
  ssh,
  jdwp,
  rsync,
  // Text: special cases of HTTP before it.
  docker,
  websocket,
  http,
  rtsp,
  sip,
  smtp,
  ftp,
  nntp,
  pop3,
  imap,
  sieve,
  xmpp,
  irc,
  nats,
  stomp,
  redis,
  zookeeper,
  // Binary.
  // Loose grammars, for what is left.
  memcached,
  syslog,
  telnet,
];
