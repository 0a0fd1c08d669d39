/**
 * What real peers of the binary protocols say, written down field by field, each beside its credentials. One
 * character a byte.
 */
import type { Known } from "./dialogues.ts";

const PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/** Stamp, machine, user, group and no others. */
const AUTH_SYS = `${"\x01".repeat(4)}${be(4, 4)}node${be(4, 0)}${be(4, 0)}${be(4, 0)}`;

export const BINARY_DIALOGUES: readonly Known[] = [
  {
    name: "PostgreSQL, TLS refused, a password in clear",
    protocol: "postgresql",
    client: sized(4, "\x04\xd2\x16\x2f") + startup("alice") + typed("p", "hunter\0"),
    server: `N${typed("R", be(4, 3))}${typed("R", be(4, 0))}`,
    exposes: [
      ["postgresql user", "alice"],
      ["postgresql password", "hunter"],
    ],
    startTls: "refused",
  },
  {
    name: "PostgreSQL without a question about TLS, a hashed password",
    protocol: "postgresql",
    client: startup("bob") + typed("p", `md5${"0123456789abcdef".repeat(2)}\0`),
    server: typed("R", `${be(4, 5)}salt`) + typed("R", be(4, 0)),
    exposes: [
      ["postgresql user", "bob"],
      ["postgresql md5 password", `md5${"0123456789abcdef".repeat(2)}`],
    ],
  },
  {
    name: "PostgreSQL with SCRAM, which gives no password away",
    protocol: "postgresql",
    client: startup("bob") + typed("p", `SCRAM-SHA-256\0${be(4, 8)}n,,n=,r=`),
    server: typed("R", `${be(4, 10)}SCRAM-SHA-256\0\0`),
    exposes: [["postgresql user", "bob"]],
  },
  {
    name: "PostgreSQL that goes over to TLS",
    protocol: "postgresql",
    client: sized(4, "\x04\xd2\x16\x2f"),
    server: "S",
    exposes: [],
    startTls: "agreed",
    alone: ["client"],
  },
  {
    name: "PostgreSQL, GSSAPI and TLS refused, one after the other",
    protocol: "postgresql",
    client: sized(4, "\x04\xd2\x16\x30") + sized(4, "\x04\xd2\x16\x2f") + startup("bob"),
    server: `NN${typed("E", "SFATAL\0VFATAL\0C28000\0\0")}`,
    exposes: [["postgresql user", "bob"]],
    startTls: "refused",
  },
  {
    name: "MySQL, TLS offered and not asked for",
    protocol: "mysql",
    client: mysqlPacket(
      1,
      mysqlResponse(0x0008_a685, "root", "x".repeat(20), "mysql_native_password"),
    ),
    server: mysqlGreeting(0x81ff_fff7) + mysqlPacket(2, "\0\0\0\x02\0\0\0"),
    exposes: [
      ["mysql user", "root"],
      ["mysql scrambled password", "x".repeat(20)],
    ],
    startTls: "offered",
  },
  {
    name: "MariaDB without TLS, asked over to a password in clear",
    protocol: "mysql",
    client:
      mysqlPacket(1, mysqlResponse(0x0008_a685, "root", "", "mysql_native_password")) +
      mysqlPacket(3, "hunter\0"),
    server: mysqlGreeting(0x81ff_f7f7) + mysqlPacket(2, "\xfemysql_clear_password\0"),
    exposes: [
      ["mysql user", "root"],
      ["mysql password", "hunter"],
    ],
  },
  {
    name: "MySQL that goes over to TLS",
    protocol: "mysql",
    client: mysqlPacket(1, mysqlResponse(0x0008_ae85, "", "", "").slice(0, 32)),
    server: mysqlGreeting(0x81ff_fff7),
    exposes: [],
    startTls: "agreed",
  },
  {
    name: "MySQL that turns a host away",
    protocol: "mysql",
    client: "",
    server: mysqlPacket(
      0,
      "\xff\x6a\x04Host '10.0.0.1' is not allowed to connect to this MySQL server",
    ),
    exposes: [],
    alone: ["server"],
  },
  {
    name: "LDAP with a simple bind",
    protocol: "ldap",
    client: ldapMessage(
      1,
      "\x60",
      `\x02\x01\x03${ber("\x04", "cn=admin")}${ber("\x80", "secret")}`,
    ),
    server: ldapMessage(1, "\x61", "\x0a\x01\0\x04\0\x04\0"),
    exposes: [
      ["ldap user", "cn=admin"],
      ["ldap password", "secret"],
    ],
  },
  {
    name: "LDAP with SASL's PLAIN",
    protocol: "ldap",
    client: ldapMessage(
      1,
      "\x60",
      `\x02\x01\x03\x04\0${ber("\xa3", ber("\x04", "PLAIN") + ber("\x04", "\0bob\0secret"))}`,
    ),
    server: ldapMessage(1, "\x61", "\x0a\x01\x31\x04\0\x04\0"),
    exposes: [["ldap password", "secret"]],
  },
  {
    name: "LDAP that goes over to TLS",
    protocol: "ldap",
    client: ldapMessage(1, "\x77", ber("\x80", "1.3.6.1.4.1.1466.20037")),
    server: ldapMessage(1, "\x78", "\x0a\x01\0\x04\0\x04\0"),
    exposes: [],
    startTls: "agreed",
  },
  {
    name: "LDAP that refuses TLS and goes on in clear",
    protocol: "ldap",
    client:
      ldapMessage(1, "\x77", ber("\x80", "1.3.6.1.4.1.1466.20037")) +
      ldapMessage(2, "\x60", `\x02\x01\x03${ber("\x04", "cn=a")}${ber("\x80", "secret")}`),
    server:
      ldapMessage(1, "\x78", "\x0a\x01\x02\x04\0\x04\0") +
      ldapMessage(2, "\x61", "\x0a\x01\0\x04\0\x04\0"),
    exposes: [
      ["ldap user", "cn=a"],
      ["ldap password", "secret"],
    ],
    startTls: "refused",
  },
  {
    name: "TDS whose login alone would be encrypted",
    mayBe: ["socks"],
    protocol: "tds",
    client: prelogin(0x12, 0) + tdsLogin7("sa", "hunter"),
    server: prelogin(0x04, 0),
    exposes: [
      ["tds user", wide("sa")],
      ["tds password", wide("hunter")],
    ],
    startTls: "offered",
  },
  {
    name: "TDS that must be encrypted",
    mayBe: ["socks"],
    protocol: "tds",
    client: prelogin(0x12, 1),
    server: prelogin(0x04, 3),
    exposes: [],
    startTls: "agreed",
  },
  {
    name: "TDS whose server has no encryption",
    mayBe: ["socks"],
    protocol: "tds",
    client: prelogin(0x12, 1),
    server: prelogin(0x04, 2),
    exposes: [],
    startTls: "refused",
  },
  {
    name: "TDS 5.0, as Sybase logs in",
    protocol: "tds",
    client: `\x02\0\x02\0\0\0\0\0${field("host")}${field("sa")}${field("hunter")}`,
    server: "",
    exposes: [
      ["tds user", "sa"],
      ["tds password", "hunter"],
    ],
    alone: ["client"],
  },
  {
    name: "Oracle's TNS",
    protocol: "tns",
    client: `\0\x4e\0\0\x01\0\0\0\x01\x3b\x01\x2c\x0c\x41\x20\0\xff\xff\x7f\x08\0\0\x01\0\0\x14\0\x3a${"\0".repeat(30)}(DESCRIPTION=(A=B))`,
    server: "\0\x08\0\0\x0b\0\0\0",
    exposes: [],
  },
  {
    name: "MongoDB with PLAIN",
    protocol: "mongodb",
    client: mongoMessage(
      0,
      bson(
        `\x10saslStart\0${le(4, 1)}\x02mechanism\0${le(4, 6)}PLAIN\0\x05payload\0${le(4, 11)}\0\0bob\0secret\x02$db\0${le(4, 10)}$external\0`,
      ),
    ),
    server: mongoMessage(7, bson(`\x01ok\0${"\0".repeat(6)}\xf0\x3f`)),
    exposes: [["mongodb password", "secret"]],
  },
  {
    name: "Cassandra with a password",
    protocol: "cassandra",
    client:
      `\x04\0\0\0\x01${sized32(`\0\x01\0\x0bCQL_VERSION\0\x053.0.0`)}` +
      `\x04\0\0\x01\x0f${sized32(sized32("\0bob\0secret"))}`,
    server: `\x84\0\0\0\x03${sized32(string16("org.apache.cassandra.auth.PasswordAuthenticator"))}`,
    exposes: [
      ["cassandra user", "bob"],
      ["cassandra password", "secret"],
    ],
  },
  {
    name: "Cassandra of version 5, a password in a segment",
    protocol: "cassandra",
    client:
      `\x05\0\0\0\x01${sized32("\0\x01\0\x0bCQL_VERSION\0\x053.0.0")}` +
      `\x18\0\x02CRC\x05\0\0\x01\x0f${sized32(sized32("\0bob\0secret"))}CRC4`,
    server: `\x85\0\0\0\x03${sized32(string16("org.apache.cassandra.auth.PasswordAuthenticator"))}`,
    exposes: [
      ["cassandra user", "bob"],
      ["cassandra password", "secret"],
    ],
  },
  {
    name: "Kafka with PLAIN",
    protocol: "kafka",
    client:
      kafkaRequest(17, 1, 1, string16("PLAIN")) + kafkaRequest(36, 0, 2, sized32("\0bob\0secret")),
    server: sized32(`${be(4, 1)}\0\0\0\0\0\x01${string16("PLAIN")}`),
    exposes: [
      ["kafka user", "bob"],
      ["kafka password", "secret"],
    ],
    alone: ["client"],
  },
  {
    name: "Kafka with PLAIN in a frame of its own",
    protocol: "kafka",
    client: kafkaRequest(17, 0, 1, string16("PLAIN")) + sized32("\0bob\0secret"),
    server: sized32(`${be(4, 1)}\0\0\0\0\0\x01${string16("PLAIN")}`),
    exposes: [
      ["kafka user", "bob"],
      ["kafka password", "secret"],
    ],
    alone: ["client"],
  },
  {
    name: "AMQP 0-9-1 with PLAIN",
    protocol: "amqp",
    client: `AMQP\0\0\x09\x01${amqpMethod(11, `${sized32("")}\x05PLAIN${sized32("\0guest\0secret")}\x05en_US`)}`,
    server: amqpMethod(10, `\0\x09${sized32("")}${sized32("PLAIN")}${sized32("en_US")}`),
    exposes: [["amqp password", "secret"]],
  },
  {
    name: "AMQP 0-9-1 with AMQPLAIN",
    protocol: "amqp",
    client: `AMQP\0\0\x09\x01${amqpMethod(
      11,
      `${sized32("")}\x08AMQPLAIN${sized32(`\x05LOGINS${sized32("guest")}\x08PASSWORDS${sized32("secret")}`)}\x05en_US`,
    )}`,
    server: amqpMethod(10, `\0\x09${sized32("")}${sized32("AMQPLAIN")}${sized32("en_US")}`),
    exposes: [["amqp password", "secret"]],
  },
  {
    name: "AMQP 1.0 with PLAIN",
    symmetric: true,
    protocol: "amqp1",
    client: `AMQP\x03\x01\0\0${sized(4, `\x02\x01\0\0\0\x53\x41\xc0\x16\x02\xa3\x05PLAIN\xa0\x0c\0bob\0secret1`)}`,
    server: "AMQP\x03\x01\0\0",
    exposes: [["amqp1 password", "secret1"]],
  },
  {
    name: "AMQP 1.0 whose server takes no TLS",
    symmetric: true,
    protocol: "amqp1",
    client: "AMQP\x02\x01\0\0",
    server: "AMQP\0\x01\0\0",
    exposes: [],
    startTls: "refused",
  },
  {
    name: "AMQP 1.0 that goes over to TLS",
    symmetric: true,
    protocol: "amqp1",
    client: "AMQP\x02\x01\0\0",
    server: "AMQP\x02\x01\0\0",
    exposes: [],
    startTls: "agreed",
  },
  {
    name: "MQTT 3.1.1 with will and password",
    protocol: "mqtt",
    client: `\x10\x28\0\x04MQTT\x04\xc6\0\x3c${string16("id")}${string16("a/b")}${string16("gone")}${string16("bob")}${string16("secret")}`,
    server: "\x20\x02\0\0\x90\x03\0\x01\0",
    exposes: [
      ["mqtt user", "bob"],
      ["mqtt password", "secret"],
    ],
  },
  {
    name: "MQTT 5 with a property",
    protocol: "mqtt",
    client: `\x10\x1f\0\x04MQTT\x05\xc2\0\x3c\x05\x11\0\0\0\x0a\0\0${string16("bob")}${string16("secret")}`,
    server: "\x20\x03\0\x87\0",
    exposes: [
      ["mqtt user", "bob"],
      ["mqtt password", "secret"],
    ],
    alone: ["client"],
  },
  {
    name: "SNMP 2c",
    protocol: "snmp",
    transport: "udp",
    client: ber(
      "\x30",
      `\x02\x01\x01${ber("\x04", "s3cret")}${ber("\xa0", "\x02\x01\x07\x02\x01\0\x02\x01\0\x30\0")}`,
    ),
    server: ber(
      "\x30",
      `\x02\x01\x01${ber("\x04", "s3cret")}${ber("\xa2", "\x02\x01\x07\x02\x01\0\x02\x01\0\x30\0")}`,
    ),
    exposes: [
      ["snmp community", "s3cret"],
      ["snmp community", "s3cret"],
    ],
  },
  {
    name: "SNMP 3 without privacy",
    protocol: "snmp",
    transport: "udp",
    client: ber(
      "\x30",
      `\x02\x01\x03${ber("\x30", "\x02\x01\x07\x02\x02\x05\xdc\x04\x01\x04\x02\x01\x03")}\x04\x02\x30\0${ber("\x30", "\x04\0\x04\0\xa0\x0b\x02\x01\x07\x02\x01\0\x02\x01\0\x30\0")}`,
    ),
    server: "",
    exposes: [],
    alone: ["client"],
    symmetric: true,
  },
  {
    name: "NFS over TCP",
    protocol: "nfs",
    client: `\x80${rpcCall(100_003, 1, AUTH_SYS).slice(1)}`,
    server: `\x80${sized32(`${be(4, 7)}${be(4, 1)}${"\0".repeat(16)}`).slice(1)}`,
    exposes: [["nfs auth-sys credential", AUTH_SYS]],
    alone: ["client"],
  },
  {
    name: "NFS that goes over to TLS",
    protocol: "nfs",
    client: `\x80${rpcCall(100_003, 7, "").slice(1)}`,
    server: `\x80${sized32(`${be(4, 7)}${be(4, 1)}${be(4, 0)}${be(4, 0)}${be(4, 8)}STARTTLS${be(4, 0)}`).slice(1)}`,
    exposes: [],
    startTls: "agreed",
    alone: ["client"],
  },
  {
    name: "mount over UDP",
    protocol: "nfs",
    transport: "udp",
    client: rpcCall(100_005, 1, AUTH_SYS).slice(4),
    server: `${be(4, 7)}${be(4, 1)}${"\0".repeat(16)}`,
    exposes: [["nfs auth-sys credential", AUTH_SYS]],
    alone: ["client"],
  },
  {
    name: "SMB 1, behind NetBIOS's session",
    protocol: "smb",
    client: `\x81\0\0\x44 ${"CK".repeat(16)}\0 ${"CA".repeat(16)}\0\0\0\0\x23\xffSMB\x72${"\0".repeat(4)}\x08\x01\xc8${"\0".repeat(23)}`,
    server: `\x82\0\0\0\0\0\0\x23\xffSMB\x72${"\0".repeat(4)}\x88\x01\xc8${"\0".repeat(23)}`,
    exposes: [],
  },
  {
    name: "SMB 2 with NTLM",
    protocol: "smb",
    client: smb2(0, ntlmAuthenticate("R".repeat(24))),
    server: smb2(1, ""),
    exposes: [["smb ntlm response", "R".repeat(24)]],
  },
  {
    name: "VNC with a challenge",
    begins: "server",
    protocol: "vnc",
    client: `RFB 003.008\n\x02${"R".repeat(16)}\x01`,
    server: `RFB 003.008\n\x01\x02${"C".repeat(16)}\0\0\0\0`,
    exposes: [["vnc challenge response", "R".repeat(16)]],
    symmetric: true,
  },
  {
    name: "VNC 3.3, where the server chooses",
    begins: "server",
    protocol: "vnc",
    client: `RFB 003.003\n${"R".repeat(16)}\x01`,
    server: `RFB 003.003\n\0\0\0\x02${"C".repeat(16)}\0\0\0\0`,
    exposes: [["vnc challenge response", "R".repeat(16)]],
    symmetric: true,
  },
  {
    name: "VNC with VeNCrypt and a plain password",
    begins: "server",
    protocol: "vnc",
    client: `RFB 003.008\n\x13\0\x02\0\0\x01\0${be(4, 3)}${be(4, 6)}bobsecret`,
    server: "RFB 003.008\n\x01\x13\0\x02\0\x01\0\0\x01\0",
    exposes: [
      ["vnc user", "bob"],
      ["vnc password", "secret"],
    ],
    startTls: "offered",
    symmetric: true,
  },
  {
    name: "VNC with VeNCrypt and TLS",
    begins: "server",
    protocol: "vnc",
    client: "RFB 003.008\n\x13\0\x02\0\0\x01\x04",
    server: "RFB 003.008\n\x01\x13\0\x02\0\x01\0\0\x01\x04\x01",
    exposes: [],
    startTls: "agreed",
    symmetric: true,
  },
  {
    name: "X11 with a cookie",
    protocol: "x11",
    client: `l\0\x0b\0\0\0\x12\0\x10\0\0\0MIT-MAGIC-COOKIE-1\0\0${"K".repeat(16)}`,
    server: `\x01\0\x0b\0\0\0\x0a\0${"\0".repeat(16)}\x05\0${"\0".repeat(14)}X.Org\0\0\0`,
    exposes: [["x11 cookie", "K".repeat(16)]],
  },
  {
    name: "X11, turned away by a server of the other byte order",
    protocol: "x11",
    client: "B\0\0\x0b\0\0\0\0\0\0\0\0",
    server: "\0\x16\0\x0b\0\0\0\x06No protocol specified\n\0\0",
    exposes: [],
    alone: ["client"],
  },
  {
    name: "RDP that was asked for TLS and has none",
    protocol: "rdp",
    client: `\x03\0\0\x29\x24\xe0\0\0\0\0\0Cookie: mstshash=bob\r\n\x01\0\x08\0${le(4, 3)}`,
    server: `\x03\0\0\x13\x0e\xd0\0\0\x12\x34\0\x03\0\x08\0${le(4, 2)}`,
    exposes: [["rdp user", "bob"]],
    startTls: "refused",
  },
  {
    name: "RDP that logs in without any encryption",
    protocol: "rdp",
    client:
      `\x03\0\0\x13\x0e\xe0\0\0\0\0\0\x01\0\x08\0${le(4, 0)}` +
      `\x03\0\0\x0c\x02\xf0\x80\x04\x01\0\x01\0` +
      `\x03\0\0\x36\x02\xf0\x80\x64\0\x01\x03\xeb\x70\x28\x40\0\0\0${le(4, 0)}${le(4, 0x10)}` +
      `${le(2, 0)}${le(2, 6)}${le(2, 4)}${le(2, 0)}${le(2, 0)}\0\0b\0o\0b\0\0\0p\0w\0\0\0`,
    server: `\x03\0\0\x13\x0e\xd0\0\0\x12\x34\0\x02\0\x08\0${le(4, 0)}`,
    exposes: [
      ["rdp user", "b\0o\0b\0"],
      ["rdp password", "p\0w\0"],
    ],
  },
  {
    name: "RDP that goes over to TLS",
    protocol: "rdp",
    client: `\x03\0\0\x13\x0e\xe0\0\0\0\0\0\x01\0\x08\0${le(4, 3)}`,
    server: `\x03\0\0\x13\x0e\xd0\0\0\x12\x34\0\x02\0\x08\0${le(4, 2)}`,
    exposes: [],
    startTls: "agreed",
  },
  {
    name: "DNS",
    protocol: "dns",
    transport: "udp",
    client: `\x12\x34\x01\0\0\x01\0\0\0\0\0\0\x07example\x03org\0\0\x01\0\x01`,
    server: `\x12\x34\x81\x80\0\x01\0\x01\0\0\0\0\x07example\x03org\0\0\x01\0\x01\xc0\x0c\0\x01\0\x01\0\0\0\x3c\0\x04\x0a\0\0\x01`,
    exposes: [],
    symmetric: true,
  },
  {
    name: "DNS over TCP",
    protocol: "dns",
    client: `\0\x1d\x12\x34\x01\0\0\x01\0\0\0\0\0\0\x07example\x03org\0\0\x01\0\x01`,
    server: `\0\x1d\x12\x34\x81\x83\0\x01\0\0\0\0\0\0\x07example\x03org\0\0\x01\0\x01`,
    exposes: [],
    symmetric: true,
  },
  {
    name: "NTP",
    protocol: "ntp",
    transport: "udp",
    client: `\x23${"\0".repeat(39)}\xe1\x02\x03\x04\x05\x06\x07\x08`,
    server: `\x24\x01\0\xe8\0\0\0\x10\0\0\0\x10GPS\0${"\xe1\x02\x03\0\0\0\0\0"}\xe1\x02\x03\x04\x05\x06\x07\x08${"\xe1\x02\x03\x04\0\0\0\0".repeat(2)}`,
    exposes: [],
  },
  {
    name: "TFTP's request",
    protocol: "tftp",
    transport: "udp",
    client: "\0\x01boot.img\0octet\0blksize\x001428\0",
    server: "",
    exposes: [],
    alone: ["client"],
  },
  {
    name: "TFTP's transfer",
    begins: "server",
    protocol: "tftp",
    transport: "udp",
    client: "\0\x04\0\x01",
    server: `\0\x03\0\x01${"x".repeat(512)}`,
    exposes: [],
    alone: [],
    symmetric: true,
  },
  {
    name: "HTTP/2 with a cookie in Huffman's code",
    protocol: "http2",
    client:
      PREFACE +
      frame(4, 0, 0, "\0\x03\0\0\0\x64") +
      frame(1, 5, 1, `\x82\x84\x60\x84\x1d\x85\x42\x7f`),
    server: frame(4, 0, 0, "\0\x03\0\0\0\x64") + frame(4, 1, 0, ""),
    exposes: [["http2 cookie", "\x1d\x85\x42\x7f"]],
  },
  {
    name: "gRPC with a token",
    protocol: "grpc",
    client:
      PREFACE +
      frame(4, 0, 0, "") +
      frame(1, 4, 1, `\x83\x44\x04/a/b\x5f\x10application/grpc\x0f\x08\x06secret`),
    server: frame(4, 0, 0, "\0\x03\0\0\0\x64"),
    exposes: [["grpc authorization", "secret"]],
    alone: ["client"],
    mayBe: ["http2"],
  },
  {
    name: "HTTP/2 with padded headers, behind which nothing is read",
    protocol: "http2",
    client:
      PREFACE + frame(4, 0, 0, "") + frame(1, 0x2d, 1, `\x09PRIOW\x82\x60\x01a\x60\x03bad\0\0\0\0`),
    server: frame(4, 0, 0, "\0\x03\0\0\0\x64"),
    exposes: [["http2 cookie", "a"]],
  },
  {
    name: "etcd where somebody logs in",
    protocol: "etcd",
    client:
      PREFACE +
      frame(4, 0, 0, "") +
      frame(1, 4, 1, `\x83\x44\x1f/etcdserverpb.Auth/Authenticate\x5f\x10application/grpc`) +
      frame(0, 1, 1, `\0${sized32("\x0a\x04root\x12\x06secret")}`),
    server: frame(4, 0, 0, "\0\x03\0\0\0\x64"),
    exposes: [
      ["etcd user", "root"],
      ["etcd password", "secret"],
    ],
    alone: ["client"],
    mayBe: ["http2", "grpc"],
  },
];

/** A number in `count` bytes, the highest first. */
function be(count: number, value: number): string {
  return [...le(count, value)].reverse().join("");
}

/** A number in `count` bytes, the lowest first. */
function le(count: number, value: number): string {
  let text = "";
  for (let at = 0; at < count; at++) text += String.fromCharCode((value >>> (8 * at)) & 0xff);
  return text;
}

/** Behind a length of so many bytes that counts itself. */
function sized(count: number, text: string): string {
  return be(count, count + text.length) + text;
}

function sized32(text: string): string {
  return be(4, text.length) + text;
}

function string16(text: string): string {
  return be(2, text.length) + text;
}

function typed(type: string, text: string): string {
  return type + sized(4, text);
}

function startup(user: string): string {
  return sized(4, `\0\x03\0\0user\0${user}\0database\0shop\0\0`);
}

function mysqlPacket(number: number, payload: string): string {
  return le(3, payload.length) + le(1, number) + payload;
}

function mysqlGreeting(flags: number): string {
  const low = le(2, flags & 0xffff);
  const high = le(2, flags >>> 16);
  const fixed = `\x0a8.0.38\0${le(4, 8)}12345678\0${low}\xff\x02\0${high}\x15${"\0".repeat(10)}`;
  return mysqlPacket(0, `${fixed}123456789012\0mysql_native_password\0`);
}

function mysqlResponse(flags: number, user: string, response: string, plugin: string): string {
  const counted = String.fromCharCode(response.length) + response;
  return `${le(4, flags)}${le(4, 2 ** 24)}\x21${"\0".repeat(23)}${user}\0${counted}${plugin}\0`;
}

function ber(tag: string, value: string): string {
  return tag + String.fromCharCode(value.length) + value;
}

function ldapMessage(id: number, tag: string, value: string): string {
  return ber("\x30", `\x02\x01${le(1, id)}${ber(tag, value)}`);
}

function tdsPacket(type: number, data: string): string {
  return `${le(1, type)}\x01${be(2, 8 + data.length)}\0\0\x01\0${data}`;
}

function prelogin(type: number, encryption: number): string {
  const options = `\0${be(2, 11)}${be(2, 6)}\x01${be(2, 17)}${be(2, 1)}\xff`;
  return tdsPacket(type, `${options}\x10\0\0\0\0\0${le(1, encryption)}`);
}

function wide(text: string): string {
  return [...text].map((one) => `${one}\0`).join("");
}

function tdsLogin7(user: string, password: string): string {
  const names = wide(user) + wide(password);
  const fixed = `${le(4, 94 + names.length)}\x04\0\0\x74${"\0".repeat(28)}`;
  const places = `${le(2, 94)}${le(2, 0)}${le(2, 94)}${le(2, user.length)}`;
  const secret = `${le(2, 94 + 2 * user.length)}${le(2, password.length)}`;
  return tdsPacket(0x10, fixed + places + secret + "\0".repeat(46) + names);
}

/** 30 bytes of a name, and how many of them are used. */
function field(text: string): string {
  return text.padEnd(30, "\0") + le(1, text.length);
}

function bson(elements: string): string {
  return `${le(4, elements.length + 5)}${elements}\0`;
}

function mongoMessage(answers: number, document: string): string {
  const body = `${le(4, 7)}${le(4, answers)}${le(4, 2013)}${le(4, 0)}\0${document}`;
  return le(4, 4 + body.length) + body;
}

function kafkaRequest(key: number, version: number, correlation: number, body: string): string {
  return sized32(
    `${be(2, key)}${be(2, version)}${be(4, correlation)}${string16("producer-1")}${body}`,
  );
}

function amqpMethod(method: number, body: string): string {
  return `\x01\0\0${sized32(`\0\x0a${be(2, method)}${body}`)}\xce`;
}

/** With a length before it, as a mark but for its highest bit. */
function rpcCall(program: number, flavor: number, credential: string): string {
  const words = [7, 0, 2, program, 3, 0, flavor, credential.length].map((word) => be(4, word));
  return sized32(`${words.join("")}${credential}${be(4, 0)}${be(4, 0)}`);
}

function smb2(flags: number, body: string): string {
  const header = `\xfeSMB\x40\0${"\0".repeat(10)}${le(4, flags)}${"\0".repeat(44)}`;
  return `\0${be(3, header.length + body.length)}${header}${body}`;
}

function ntlmAuthenticate(response: string): string {
  const at = 64;
  const place = `${le(2, response.length)}${le(2, response.length)}${le(4, at)}`;
  return `NTLMSSP\0${le(4, 3)}${"\0".repeat(8)}${place}${"\0".repeat(at - 28)}${response}`;
}

function frame(type: number, flags: number, stream: number, payload: string): string {
  return be(3, payload.length) + le(1, type) + le(1, flags) + be(4, stream) + payload;
}
