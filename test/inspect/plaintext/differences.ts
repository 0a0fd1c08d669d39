/** Where tshark's word for a stream is not ours, and which of the two is right. */

/** tshark's names of protocols, and ours. */
export const NAMES: Readonly<Record<string, string>> = {
  http: "http",
  http2: "http2",
  websocket: "websocket",
  smtp: "smtp",
  imap: "imap",
  pop: "pop3",
  ftp: "ftp",
  telnet: "telnet",
  ldap: "ldap",
  pgsql: "postgresql",
  mysql: "mysql",
  tds: "tds",
  tns: "tns",
  mongo: "mongodb",
  resp: "redis",
  memcache: "memcached",
  cql: "cassandra",
  kafka: "kafka",
  amqp: "amqp",
  mqtt: "mqtt",
  sip: "sip",
  rtsp: "rtsp",
  nfs: "nfs",
  smb: "smb",
  smb2: "smb",
  grpc: "grpc",
  zookeeper: "zookeeper",
  vnc: "vnc",
  x11: "x11",
  rdp: "rdp",
  irc: "irc",
  xmpp: "xmpp",
  rsync: "rsync",
  nntp: "nntp",
  socks: "socks",
  proxy: "proxy",
  ssh: "ssh",
  syslog: "syslog",
  cldap: "ldap",
  dns: "dns",
  // Messages of the same form, on other ports.
  mdns: "dns",
  llmnr: "dns",
  snmp: "snmp",
  ntp: "ntp",
  tftp: "tftp",
};

/** What tshark calls what carries TLS, and what INTERFACE calls it. */
export const UPGRADES: Readonly<Record<string, string>> = {
  "http-connect-or-upgrade": "connect",
};

/** Told by us where tshark has another word, or none. */
export const NOT_OURS: readonly string[] = ["docker", "etcd", "grpc", "openvpn"];

interface Difference {
  readonly file: string;
  readonly why: string;
  says(missed: readonly string[], invented: readonly string[]): boolean;
}

const missing =
  (...names: string[]) =>
  (missed: readonly string[], invented: readonly string[]) =>
    invented.length === 0 && missed.every((name) => names.includes(name));
const inventing =
  (...names: string[]) =>
  (missed: readonly string[], invented: readonly string[]) =>
    missed.length === 0 && invented.every((name) => names.includes(name));

export const DIFFERENCES: readonly Difference[] = [
  {
    file: "app-layer-protocol-exact/input.pcap",
    why: "the client has prior knowledge of HTTP/2, with DNS in it; tshark goes by the port first",
    says: missing("http", "dns"),
  },
  {
    file: "http2_userinfo_in_authority_1.pcap",
    why: "HTTP/2 with prior knowledge",
    says: missing("http"),
  },
  {
    file: "http2-nghttp2.pcap",
    why: "HTTP/2 with prior knowledge",
    says: missing("http"),
  },
  {
    file: "drop-protocol-change/input.pcap",
    why: "the upgrade's answer is cut off, and HTTP/2 behind it",
    says: missing("http2"),
  },
  {
    file: "http2-errorcode/input.pcap",
    why: "HTTP/1 is upgraded, and what follows is gRPC's",
    says: missing("http2"),
  },
  {
    file: "transform-base64-7296/input.pcap",
    why: "its upgrade is misspelt, so a client that goes on in HTTP/2 begins anew",
    says: inventing("http2"),
  },
  {
    file: "smtp-quit/input.pcap",
    why: "one QUIT: that is FTP's and POP3's as well",
    says: missing("smtp"),
  },
  {
    file: "socks4-https.pcap",
    why: "SOCKS 4 on a port that tshark does not know",
    says: inventing("socks"),
  },
  {
    file: "socks5-http-302-frag.pcap",
    why: "SOCKS 5 whose second fragments tshark did not put together",
    says: inventing("socks"),
  },
  {
    file: "socks.pcap",
    why: "SOCKS 5 in fragments",
    says: inventing("socks"),
  },
  {
    file: "corner-cases.pcap",
    why: "one packet of an HTTP answer each",
    says: inventing("http"),
  },
  {
    file: "top-https.mcap",
    why: "HTTP in a capture that tshark ends early",
    says: inventing("http"),
  },
  {
    file: "KakaoTalk_talk.pcap",
    why: "not XMPP: only its port is",
    says: missing("xmpp"),
  },
  {
    file: "wa_voice.pcap",
    why: "WhatsApp's own protocol on XMPP's port",
    says: missing("xmpp"),
  },
  {
    file: "whatsapp_voice_and_message.pcap",
    why: "WhatsApp's own protocol on XMPP's port",
    says: missing("xmpp"),
  },
  {
    file: "cassandra.pcap",
    why: "an answer of CQL alone",
    says: inventing("cassandra"),
  },
  {
    file: "coap_mqtt.pcap",
    why: "MQTT on another port",
    says: inventing("mqtt"),
  },
  {
    file: "custom_categories.pcapng",
    why: "SSH on another port",
    says: inventing("ssh"),
  },
  {
    file: "pcap/ssh.pcap",
    why: "SSH on another port",
    says: inventing("ssh"),
  },
  {
    file: "file-analysis.irc/thefile",
    why: "SSH on another port",
    says: inventing("ssh"),
  },
  {
    file: "ssl-and-ssh-using-sslh.pcap",
    why: "SSH on TLS's port",
    says: inventing("ssh"),
  },
  {
    file: "fuzz-2006-06-26-2594.pcap",
    why: "single packets whose ends or first bytes were fuzzed",
    // And of NetBIOS' names, some that were none any more.
    says: (missed, invented) =>
      missed.every((name) => ["ftp", "http", "sip", "dns", "smb"].includes(name)) &&
      invented.every((name) => name === "dns"),
  },
  {
    file: "kafka.pcapng",
    why: "one connection joined within a message",
    says: missing("kafka"),
  },
  {
    file: "mssql_tds.pcap",
    why: "a packet that tshark knows by its port",
    says: missing("tds"),
  },
  {
    file: "ntlm_synthetic.pcap",
    why: "connections that begin in the middle of a session",
    says: missing("smb", "tds", "ldap"),
  },
  {
    file: "pgsql.pcap",
    why: "connections that begin in the middle of a session",
    says: missing("postgresql"),
  },
  {
    file: "pgsql2.pcapng",
    why: "PostgreSQL on another port, and TLS in it",
    says: inventing("postgresql"),
  },
  {
    file: "psql-aws-ssl-require-15432.pcap",
    why: "PostgreSQL on another port, and TLS in it",
    says: inventing("postgresql"),
  },
  {
    file: "bad-backend-message-1.pcap",
    why: "a server's message that is made wrong on purpose",
    says: missing("postgresql"),
  },
  {
    file: "rsh-syslog-false-positive.pcap",
    why: "syslog on the port of rsh",
    says: inventing("syslog"),
  },
  {
    file: "pcap/syslog.pcap",
    why: "syslog on another port",
    says: inventing("syslog"),
  },
  {
    file: "tcp-syslog-nontransparent.pcap",
    why: "syslog over TCP",
    says: inventing("syslog"),
  },
  {
    file: "pcap/vnc.pcap",
    why: "its first bytes were lost",
    says: missing("vnc"),
  },
  {
    file: "FuzzTarget-4829420752470016",
    why: "fuzzed headers",
    says: missing("http"),
  },
  {
    file: "FuzzTarget-5487001111429120",
    why: "fuzzed headers",
    says: missing("smtp"),
  },
  {
    file: "telnetCommandAfterData.pcap",
    why: "one packet of escaped bytes and no option",
    says: missing("telnet"),
  },
  {
    file: "telnet-long-line-no-eol.pcapng.gz",
    why: "letters A, on telnet's port",
    says: missing("telnet"),
  },
  {
    file: "telnet-unclosed-suboption.pcapng.gz",
    why: "a suboption that never ends, on telnet's port",
    says: missing("telnet"),
  },
  {
    file: "nfs-write-verf-cookie.pcapng",
    why: "NFS from port 993, which tshark takes for IMAP in TLS",
    says: inventing("nfs"),
  },
  {
    file: "resp_3_malicious.pcap",
    why: "bytes that break the protocol on purpose",
    says: missing("redis"),
  },
  {
    file: "smb300-aes-128-ccm.pcap.gz",
    why: "joined in an encrypted session",
    says: missing("smb"),
  },
  {
    file: "smb311-aes-128-ccm.pcap.gz",
    why: "joined in an encrypted session",
    says: missing("smb"),
  },
  {
    file: "smb311-chained-patternv1-lznt1.pcapng.gz",
    why: "joined in a compressed session",
    says: missing("smb"),
  },
  {
    file: "smb311-lz77-lz77huff-lznt1.pcap.gz",
    why: "joined in a compressed session",
    says: missing("smb"),
  },
  {
    file: "globus-url-copy-bad-encoding.pcap",
    why: "GridFTP, which is FTP",
    says: inventing("ftp"),
  },
  {
    file: "globus-url-copy.pcap",
    why: "GridFTP, which is FTP",
    says: inventing("ftp"),
  },
  {
    file: "mixed-vlan-mpls.pcap",
    why: "HTTP/0.9: no version, no header",
    says: missing("http", "telnet"),
  },
  {
    file: "modbus-and-non-modbus-p502.pcap",
    why: "a scanner that tries RPC and RDP",
    says: inventing("nfs", "rdp"),
  },
  {
    file: "mount_base.pcap",
    why: "an RPC that tshark calls portmap or mount",
    says: inventing("nfs"),
  },
  {
    file: "nfs_fsinfo_bad_status.pcap",
    why: "an RPC that tshark calls portmap or mount",
    says: inventing("nfs"),
  },
  {
    file: "nfs_getattr_bad_ftype.pcap",
    why: "an RPC that tshark calls portmap or mount",
    says: inventing("nfs"),
  },
  {
    file: "nfs_setattr_bad_set_it.pcap",
    why: "an RPC that tshark calls portmap or mount",
    says: inventing("nfs"),
  },
  {
    file: "nfs3-01/input.pcap",
    why: "an RPC over UDP that tshark calls portmap, mount or lock manager",
    says: inventing("nfs"),
  },
  {
    file: "nfs3-procedure/input.pcap",
    why: "an RPC over UDP that tshark calls portmap, mount or lock manager",
    says: inventing("nfs"),
  },
  {
    file: "SNMPv3.pcap",
    why: "encrypted from the second message on, so not in clear",
    says: missing("snmp"),
  },
  {
    file: "crash-81dba690a3f67ee41a41390a625db732fa1413a1",
    why: "a fuzzer's crash input",
    says: missing("dns"),
  },
  {
    file: "snmp-heapoverflow-2.pcap",
    why: "zeros in ASCII that stand on SNMP's port",
    says: missing("snmp"),
  },
  {
    file: "tftp-heapoverflow.pcap",
    why: "zeros in ASCII that stand on TFTP's port",
    says: missing("tftp"),
  },
  {
    file: "fake-syslog-with-padding.pcap",
    why: "bytes of another protocol, on syslog's port",
    says: missing("syslog"),
  },
  {
    file: "syslog-missing-pri.pcap",
    why: "no priority, so a line of text on syslog's port",
    says: missing("syslog"),
  },
  {
    file: "sip-junk-before-request.pcap",
    why: "other bytes before the request",
    says: missing("sip"),
  },
  {
    file: "http-connect-tls/input.pcap",
    why: "fourteen bytes behind a CONNECT that are no handshake",
    says: missing(),
  },
];
