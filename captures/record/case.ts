/** What one recording is: who talks to whom, what is true of it, and what tshark must see in it. */
import type { Authorities } from "./authorities.ts";
import type { CaptureOptions } from "./capture.ts";
import type { Lab, LabOptions } from "./lab.ts";
import type { Certificate, CertificateFacts, Pki } from "./pki.ts";

export interface Case {
  /** The file's name without its ending. */
  readonly name: string;
  /** For people: what can be learned here. Markdown. */
  readonly shows: string;
  readonly client: readonly Tool[];
  readonly server: readonly Tool[];
  /** Other programs that it takes. */
  readonly needs?: readonly Tool[];
  readonly lab?: LabOptions;
  readonly capture?: CaptureOptions;
  /** Before the capture starts, for what would not belong into it. */
  prepare?(scene: Scene): Promise<void>;
  /** Starts servers, lets clients speak, and returns the truth in the order of the first packets. */
  record(scene: Scene): Promise<Connection[]>;
  /** Makes the file that is kept from the file that was captured. */
  finish?(captured: string, kept: string, scene: Scene): Promise<void>;
  /** A file to keep beside the capture, with what only this run knows in it. */
  readonly beside?: { readonly file: string; text(scene: Scene): string };
  /** What to say, and the display filter whose frames prove it. No frame: the recording failed. */
  readonly seen: readonly (readonly [says: string, filter: string])[];
}

export interface Scene {
  readonly lab: Lab;
  readonly pki: Pki;
  readonly authorities: Authorities;
}

/** One connection as we set it up. Names and forms are those of the `tls` line where both have it. */
export interface Connection {
  readonly client: string;
  readonly server: string;
  /** Absent when no ServerHello was sent. */
  readonly version?: string;
  /** IANA names; given only where the set-up leaves no choice. */
  readonly cipher?: string;
  readonly group?: string;
  readonly serverName?: string;
  readonly alpn?: string;
  readonly resumed: false | "session-id" | "ticket" | "psk";
  readonly established: boolean;
  readonly renegotiations?: number;
  readonly alerts?: readonly { side: "client" | "server"; level: string; name: string }[];
  readonly certificates: SentCertificates;
  readonly clientCertificates?: SentCertificates;
}

export interface SentCertificates {
  /** Whether the bytes are in the capture for everybody to read. */
  readonly inClear: boolean;
  /** SHA-256, leaf first. Also when it went encrypted: then it is what was sent unseen. */
  readonly chain: readonly string[];
  readonly leaf?: CertificateFacts;
}

/** The truth about a chain that a peer was given to send. */
export function sent(certificate: Certificate, inClear = true): SentCertificates {
  const chain = certificate.sent.map(({ sha256 }) => sha256);
  return { inClear, chain, leaf: certificate.facts };
}

export const nothingSent: SentCertificates = { inClear: false, chain: [] };

/** What each program is called, and how it tells its version. */
export const TOOLS = {
  openssl: { name: "OpenSSL", ask: ["openssl", "version"] },
  nginx: { name: "nginx", ask: ["nginx", "-v"] },
  curl: { name: "curl", ask: ["curl", "-V"] },
  "gnutls-cli": { name: "gnutls-cli", ask: ["gnutls-cli", "--version"] },
  "gnutls-serv": { name: "gnutls-serv", ask: ["gnutls-serv", "--version"] },
  node: { name: "Node", ask: [process.execPath, "--version"] },
  go: { name: "Go", ask: ["go", "version"] },
  java: { name: "OpenJDK", ask: ["java", "-version"] },
  gtlsclient: { name: "ngtcp2", ask: ["dpkg-query", "-W", "ngtcp2-client"] },
  gtlsserver: { name: "ngtcp2", ask: ["dpkg-query", "-W", "ngtcp2-server"] },
  aioquic: {
    name: "aioquic",
    ask: ["python3", "-c", "import aioquic; print(aioquic.__version__)"],
  },
  tstclnt: { name: "NSS's tstclnt", ask: ["dpkg-query", "-W", "libnss3-tools"] },
  selfserv: { name: "NSS's selfserv", ask: ["dpkg-query", "-W", "libnss3-tools"] },
  grpcio: { name: "grpcio", ask: ["python3", "-c", "import grpc; print(grpc.__version__)"] },
  "wireguard-go": { name: "wireguard-go", ask: ["dpkg-query", "-W", "wireguard-go"] },
  wg: { name: "wg", ask: ["wg", "--version"] },
  ip: { name: "iproute2", ask: ["ip", "-V"] },
  python3: { name: "Python", ask: ["python3", "--version"] },
  "softhsm2-util": { name: "SoftHSM", ask: ["softhsm2-util", "--version"] },
  "libengine-pkcs11": {
    name: "libengine-pkcs11-openssl",
    ask: ["dpkg-query", "-W", "libengine-pkcs11-openssl"],
  },
  "pkcs11-tool": { name: "OpenSC", ask: ["dpkg-query", "-W", "opensc"] },
  dig: { name: "dig", ask: ["dig", "-v"] },
  dnsmasq: { name: "dnsmasq", ask: ["dnsmasq", "--version"] },
  socat: { name: "socat", ask: ["socat", "-V"] },
  "redis-server": { name: "Redis", ask: ["redis-server", "--version"] },
  "redis-cli": { name: "redis-cli", ask: ["redis-cli", "--version"] },
  memcached: { name: "memcached", ask: ["memcached", "--version"] },
  vsftpd: { name: "vsftpd", ask: ["vsftpd", "-v"] },
  ngircd: { name: "ngIRCd", ask: ["ngircd", "--version"] },
  "nats-server": { name: "nats-server", ask: ["nats-server", "--version"] },
  rsync: { name: "rsync", ask: ["rsync", "--version"] },
  dovecot: { name: "Dovecot", ask: ["dovecot", "--version"] },
  danted: { name: "Dante", ask: ["danted", "-v"] },
  tinyproxy: { name: "tinyproxy", ask: ["tinyproxy", "-v"] },
  psql: { name: "psql", ask: ["psql", "--version"] },
  postgres: { name: "PostgreSQL", ask: ["pg_config", "--version"] },
  mariadb: { name: "mariadb", ask: ["mariadb", "--version"] },
  mariadbd: { name: "MariaDB", ask: ["mariadbd", "--version"] },
  ldapsearch: { name: "ldapsearch", ask: ["dpkg-query", "-W", "ldap-utils"] },
  slapd: { name: "OpenLDAP", ask: ["dpkg-query", "-W", "slapd"] },
  mosquitto_pub: { name: "mosquitto_pub", ask: ["dpkg-query", "-W", "mosquitto-clients"] },
  mosquitto: { name: "Mosquitto", ask: ["dpkg-query", "-W", "mosquitto"] },
  snmpget: { name: "Net-SNMP's snmpget", ask: ["dpkg-query", "-W", "snmp"] },
  snmpd: { name: "Net-SNMP", ask: ["dpkg-query", "-W", "snmpd"] },
  xdpyinfo: { name: "xdpyinfo", ask: ["dpkg-query", "-W", "x11-utils"] },
  Xvfb: { name: "Xvfb", ask: ["dpkg-query", "-W", "xvfb"] },
  tftp: { name: "tftp-hpa", ask: ["dpkg-query", "-W", "tftp-hpa"] },
  "in.tftpd": { name: "tftpd-hpa", ask: ["dpkg-query", "-W", "tftpd-hpa"] },
  chronyd: { name: "chronyd", ask: ["chronyd", "--version"] },
  exim4: { name: "Exim", ask: ["exim4", "-bV"] },
  prosody: { name: "Prosody", ask: ["dpkg-query", "-W", "prosody"] },
  nghttp: { name: "nghttp", ask: ["nghttp", "--version"] },
  nghttpd: { name: "nghttpd", ask: ["nghttpd", "--version"] },
  websocketd: { name: "websocketd", ask: ["dpkg-query", "-W", "websocketd"] },
  etcdctl: { name: "etcdctl", ask: ["dpkg-query", "-W", "etcd-client"] },
  etcd: { name: "etcd", ask: ["etcd", "--version"] },
  docker: { name: "docker", ask: ["docker", "--version"] },
  dockerd: { name: "dockerd", ask: ["dockerd", "--version"] },
  "amqp-publish": { name: "amqp-publish", ask: ["dpkg-query", "-W", "amqp-tools"] },
  rabbitmq: { name: "RabbitMQ", ask: ["dpkg-query", "-W", "rabbitmq-server"] },
  proton: { name: "Qpid Proton", ask: ["dpkg-query", "-W", "python3-qpid-proton"] },
  zookeeper: { name: "ZooKeeper", ask: ["dpkg-query", "-W", "zookeeper"] },
  telnet: { name: "GNU telnet", ask: ["dpkg-query", "-W", "inetutils-telnet"] },
  telnetd: { name: "GNU telnetd", ask: ["dpkg-query", "-W", "inetutils-telnetd"] },
  ssh: { name: "OpenSSH", ask: ["ssh", "-V"] },
  sshd: { name: "OpenSSH", ask: ["dpkg-query", "-W", "openssh-server"] },
  logger: { name: "logger of util-linux", ask: ["logger", "--version"] },
  rsyslogd: { name: "rsyslogd", ask: ["rsyslogd", "-v"] },
  sipp: { name: "SIPp", ask: ["dpkg-query", "-W", "sip-tester"] },
  smbclient: { name: "smbclient", ask: ["smbclient", "--version"] },
  smbd: { name: "Samba", ask: ["smbd", "--version"] },
  "nfs-ls": { name: "libnfs's nfs-ls", ask: ["dpkg-query", "-W", "libnfs-utils"] },
  ganesha: { name: "NFS-Ganesha", ask: ["dpkg-query", "-W", "nfs-ganesha"] },
  xtigervncviewer: { name: "TigerVNC viewer", ask: ["dpkg-query", "-W", "tigervnc-viewer"] },
  Xtigervnc: { name: "TigerVNC", ask: ["dpkg-query", "-W", "tigervnc-standalone-server"] },
  xfreerdp: { name: "FreeRDP", ask: ["dpkg-query", "-W", "freerdp2-x11"] },
  xrdp: { name: "xrdp", ask: ["dpkg-query", "-W", "xrdp"] },
  leafnode: { name: "Leafnode", ask: ["dpkg-query", "-W", "leafnode"] },
  "gst-rtsp": {
    name: "GStreamer's RTSP server",
    ask: ["dpkg-query", "-W", "gir1.2-gst-rtsp-server-1.0"],
  },
  jdb: { name: "jdb", ask: ["jdb", "-version"] },
  dumpcap: { name: "dumpcap", ask: ["dumpcap", "--version"] },
  editcap: { name: "editcap", ask: ["editcap", "--version"] },
  tshark: { name: "tshark", ask: ["tshark", "--version"] },
} as const;
export type Tool = keyof typeof TOOLS;
