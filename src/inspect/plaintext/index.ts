/**
 * The plaintext protocols, in the order in which they are asked: of two that fit, the earlier one is
 * believed, so the stronger grammar and the special case of a general one stand first.
 */
import { amqp } from "./amqp.ts";
import { amqp1 } from "./amqp1.ts";
import { cassandra } from "./cassandra.ts";
import type { Detector } from "./detector.ts";
import { dns } from "./dns.ts";
import { docker } from "./docker.ts";
import { etcd } from "./etcd.ts";
import { ftp } from "./ftp.ts";
import { grpc } from "./grpc.ts";
import { http } from "./http.ts";
import { http2 } from "./http2.ts";
import { imap } from "./imap.ts";
import { irc } from "./irc.ts";
import { jdwp } from "./jdwp.ts";
import { kafka } from "./kafka.ts";
import { ldap } from "./ldap.ts";
import { memcached } from "./memcached.ts";
import { mongodb } from "./mongodb.ts";
import { mqtt } from "./mqtt.ts";
import { mysql } from "./mysql.ts";
import { nats } from "./nats.ts";
import { nfs } from "./nfs.ts";
import { nntp } from "./nntp.ts";
import { ntp } from "./ntp.ts";
import { openvpn } from "./openvpn.ts";
import { pop3 } from "./pop3.ts";
import { postgresql } from "./postgresql.ts";
import { proxy } from "./proxy.ts";
import { rdp } from "./rdp.ts";
import { redis } from "./redis.ts";
import { rsync } from "./rsync.ts";
import { rtsp } from "./rtsp.ts";
import { sieve } from "./sieve.ts";
import { sip } from "./sip.ts";
import { smb } from "./smb.ts";
import { smtp } from "./smtp.ts";
import { snmp } from "./snmp.ts";
import { socks } from "./socks.ts";
import { ssh } from "./ssh.ts";
import { stomp } from "./stomp.ts";
import { syslog } from "./syslog.ts";
import { tds } from "./tds.ts";
import { telnet } from "./telnet.ts";
import { tftp } from "./tftp.ts";
import { tns } from "./tns.ts";
import { vnc } from "./vnc.ts";
import { websocket } from "./websocket.ts";
import { x11 } from "./x11.ts";
import { xmpp } from "./xmpp.ts";
import { zookeeper } from "./zookeeper.ts";

export const DETECTORS: readonly Detector[] = [
  // Envelopes, and what begins with its own name.
  proxy,
  socks,
  ssh,
  openvpn,
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
  // Binary. What begins with its own name, or with a number that only it has.
  etcd,
  grpc,
  http2,
  amqp,
  amqp1,
  vnc,
  rdp,
  smb,
  postgresql,
  mysql,
  tds,
  tns,
  mongodb,
  cassandra,
  mqtt,
  x11,
  ldap,
  snmp,
  nfs,
  kafka,
  // Binary, with less to tell by.
  dns,
  tftp,
  ntp,
  // Loose grammars, for what is left.
  memcached,
  syslog,
  telnet,
];
