/**
 * What real peers say, written down: each protocol's shortest typical conversation, with its credentials.
 * One character a byte. Where a server cannot be told alone, or a client, `alone` says so.
 */
import type { StartTls } from "../../../src/inspect/plaintext/detector.ts";
import type { Dialogue } from "./told.ts";

export interface Known extends Dialogue {
  readonly name: string;
  readonly protocol: string;
  readonly client: string;
  readonly server: string;
  readonly exposes: readonly (readonly [what: string, text: string])[];
  readonly startTls?: StartTls;
  /** Sides that are enough by themselves. Default: both. */
  readonly alone?: readonly ("client" | "server")[];
  /** Both sides say the same, or it takes who began to tell one from the other. */
  readonly symmetric?: boolean;
  /** What else it may be while too little was said. */
  readonly mayBe?: readonly string[];
}

const CRLF = "\r\n";

function lines(...said: string[]): string {
  return said.map((line) => line + CRLF).join("");
}

export const DIALOGUES: readonly Known[] = [
  {
    name: "HTTP with a password and a cookie",
    protocol: "http",
    client: lines(
      "GET /index.html HTTP/1.1",
      "Host: example.net",
      "Authorization: Basic YWxpY2U6aHVudGVy",
      "Cookie: session=s3cr3t; theme=dark",
      "",
    ),
    server: lines("HTTP/1.1 200 OK", "Content-Length: 2", "Set-Cookie: session=n3w", "", "hi"),
    exposes: [
      ["http basic authorization", "YWxpY2U6aHVudGVy"],
      ["http cookie", "session=s3cr3t; theme=dark"],
      ["http set-cookie", "session=n3w"],
    ],
  },
  {
    name: "HTTP whose second request, behind a body, has a token",
    protocol: "http",
    client:
      lines("POST /a HTTP/1.1", "Content-Length: 26", "", "Authorization: not a one") +
      lines("GET /b HTTP/1.1", "authorization:Bearer abc.def.ghi", ""),
    server: lines("HTTP/1.1 204 No Content", ""),
    exposes: [["http bearer authorization", "abc.def.ghi"]],
    alone: ["client", "server"],
  },
  {
    name: "HTTP with a chunked request before the next",
    protocol: "http",
    client:
      lines("PUT /a HTTP/1.1", "Transfer-Encoding: chunked", "", "3", "abc", "0", "") +
      lines("GET /b HTTP/1.0", "Proxy-Authorization: Negotiate YIIabc=", ""),
    server: lines("HTTP/1.0 200 OK", ""),
    exposes: [["http negotiate proxy-authorization", "YIIabc="]],
  },
  {
    name: "HTTP CONNECT behind a proxy's request for a password",
    protocol: "http",
    client:
      lines("CONNECT a.example:443 HTTP/1.1", "") +
      lines("CONNECT a.example:443 HTTP/1.1", "Proxy-Authorization: Basic Ym9iOnB3", ""),
    server:
      lines("HTTP/1.1 407 Proxy Authentication Required", "Content-Length: 4", "", "no") +
      lines("HTTP/1.1 200 Connection established", ""),
    exposes: [["http basic proxy-authorization", "Ym9iOnB3"]],
    startTls: "agreed",
  },
  {
    name: "WebSocket",
    protocol: "websocket",
    client: lines(
      "GET /chat HTTP/1.1",
      "Upgrade: websocket",
      "Connection: Upgrade",
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
      "",
    ),
    server: lines(
      "HTTP/1.1 101 Switching Protocols",
      "Upgrade: websocket",
      "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=",
      "",
    ),
    exposes: [],
  },
  {
    name: "the Docker Engine's API",
    protocol: "docker",
    client: lines(
      "POST /v1.43/images/create?fromImage=alpine HTTP/1.1",
      "Host: docker",
      "User-Agent: Docker-Client/24.0.5 (linux)",
      "X-Registry-Auth: eyJ1c2VybmFtZSI6",
      "",
    ),
    server: lines(
      "HTTP/1.1 200 OK",
      "Api-Version: 1.43",
      "Docker-Experimental: false",
      "Ostype: linux",
      "",
    ),
    exposes: [["http x-registry-auth", "eyJ1c2VybmFtZSI6"]],
  },
  {
    name: "SMTP that could have used TLS, and AUTH PLAIN",
    protocol: "smtp",
    server:
      lines("220 mx.example ESMTP Postfix") +
      lines("250-mx.example", "250-STARTTLS", "250 AUTH PLAIN LOGIN", "235 2.7.0 ok"),
    client: lines("EHLO a.example", "AUTH PLAIN AGFsaWNlAGh1bnRlcg=="),
    exposes: [["smtp user and password", "AGFsaWNlAGh1bnRlcg=="]],
    startTls: "offered",
  },
  {
    name: "SMTP with AUTH LOGIN, a line each",
    protocol: "smtp",
    server:
      lines("220 mx.example ESMTP", "250-mx.example", "250 AUTH LOGIN") +
      lines("334 VXNlcm5hbWU6", "334 UGFzc3dvcmQ6", "235 ok"),
    client: lines("EHLO a", "AUTH LOGIN", "YWxpY2U=", "aHVudGVy", "QUIT"),
    exposes: [
      ["smtp user", "YWxpY2U="],
      ["smtp password", "aHVudGVy"],
    ],
  },
  {
    name: "SMTP that goes over to TLS",
    protocol: "smtp",
    server: lines("220 mx ESMTP", "250-mx", "250 STARTTLS", "220 2.0.0 Ready to start TLS"),
    client: lines("EHLO a", "STARTTLS"),
    exposes: [],
    startTls: "agreed",
  },
  {
    name: "SMTP whose server refuses TLS",
    protocol: "smtp",
    server: lines("220 mx ESMTP", "250-mx", "250 STARTTLS", "454 4.7.0 TLS not available"),
    client: lines("EHLO a", "STARTTLS", "QUIT"),
    exposes: [],
    startTls: "refused",
    alone: ["client", "server"],
  },
  {
    name: "SMTP whose offer arrives masked",
    protocol: "smtp",
    server: lines("220 mx ESMTP", "250-mx", "250-XXXXXXXA", "250 SIZE 1000"),
    client: lines("EHLO a", "MAIL FROM:<a@example.net>"),
    exposes: [],
    startTls: "stripped",
  },
  {
    name: "SMTP whose offer is gone when it is asked again",
    protocol: "smtp",
    server: lines("220 mx ESMTP", "250-mx", "250 STARTTLS", "250-mx", "250 SIZE 1000"),
    client: lines("EHLO a", "EHLO a"),
    exposes: [],
    startTls: "stripped",
  },
  {
    name: "LMTP",
    protocol: "smtp",
    server: lines("220 lists LMTP ready", "250-lists", "250 PIPELINING"),
    client: lines("LHLO mx"),
    exposes: [],
  },
  {
    name: "FTP",
    protocol: "ftp",
    server: lines("220 (vsFTPd 3.0.3)", "331 Please specify the password.", "230 ok", "215 UNIX"),
    client: lines("USER alice", "PASS hun ter", "SYST"),
    exposes: [
      ["ftp user", "alice"],
      ["ftp password", "hun ter"],
    ],
  },
  {
    name: "FTP that goes over to TLS",
    protocol: "ftp",
    server: lines("220-hello", " there", "220 FTP", "234 Proceed with negotiation."),
    client: lines("AUTH TLS"),
    exposes: [],
    startTls: "agreed",
    alone: ["server"],
  },
  {
    name: "FTP whose server lists AUTH TLS",
    protocol: "ftp",
    server: lines("220 FTP", "211-Features:", " AUTH TLS", " EPSV", "211 End", "331 pw?"),
    client: lines("FEAT", "USER bob"),
    exposes: [["ftp user", "bob"]],
    startTls: "offered",
  },
  {
    name: "POP3",
    protocol: "pop3",
    server: lines("+OK POP3 server ready <1896.697170952@example>", "+OK", "+OK", "+OK 0 0"),
    client: lines("USER alice", "PASS hunter two", "STAT"),
    exposes: [
      ["pop3 user", "alice"],
      ["pop3 password", "hunter two"],
    ],
  },
  {
    name: "POP3 with APOP",
    protocol: "pop3",
    server: lines("+OK POP3 ready <1896.697170952@example>", "+OK"),
    client: lines("APOP mrose c4c9334bac560ecc979e58001b3e22fb"),
    exposes: [["pop3 password proof", "c4c9334bac560ecc979e58001b3e22fb"]],
  },
  {
    name: "POP3 that goes over to TLS",
    protocol: "pop3",
    server: lines("+OK Dovecot ready.", "+OK", "STLS", "UIDL", ".", "+OK Begin TLS negotiation"),
    client: lines("CAPA", "STLS"),
    exposes: [],
    startTls: "agreed",
  },
  {
    name: "IMAP with a quoted password",
    protocol: "imap",
    server: lines("* OK [CAPABILITY IMAP4rev1 STARTTLS] ready.", "a1 OK Logged in"),
    client: lines('a1 LOGIN alice "hunter \\"2\\""'),
    exposes: [
      ["imap user", "alice"],
      ["imap password", 'hunter \\"2\\"'],
    ],
    startTls: "offered",
  },
  {
    name: "IMAP whose list has no offer any more behind the login",
    protocol: "imap",
    server: lines(
      "* OK [CAPABILITY IMAP4rev1 STARTTLS] hi",
      "* CAPABILITY IMAP4rev1 IDLE",
      "b OK in",
    ),
    client: lines("b LOGIN alice pw"),
    exposes: [
      ["imap user", "alice"],
      ["imap password", "pw"],
    ],
    startTls: "offered",
  },
  {
    name: "IMAP with literals",
    protocol: "imap",
    server: lines("* OK ready", "+ OK", "+ OK", "7 OK done"),
    client: lines("7 LOGIN {5}", "alice {8+}", "hunter 2"),
    exposes: [
      ["imap user", "alice"],
      ["imap password", "hunter 2"],
    ],
  },
  {
    name: "IMAP that authenticates, and goes over to TLS where it is asked",
    protocol: "imap",
    server: lines("* OK ready", "a NO [PRIVACYREQUIRED]", "b OK Begin TLS negotiation now."),
    client: lines("a AUTHENTICATE PLAIN AGFsaWNlAHB3", "b STARTTLS"),
    exposes: [["imap user and password", "AGFsaWNlAHB3"]],
    startTls: "agreed",
  },
  {
    name: "NNTP",
    protocol: "nntp",
    server: lines("200 news.example InterNetNews NNRP server ready", "381 pw?", "281 ok"),
    client: lines("AUTHINFO USER alice", "AUTHINFO PASS hunter"),
    exposes: [
      ["nntp user", "alice"],
      ["nntp password", "hunter"],
    ],
  },
  {
    name: "NNTP that goes over to TLS",
    protocol: "nntp",
    server: lines("200 NNTP ready", "101 list", "STARTTLS", ".", "382 Continue with TLS"),
    client: lines("MODE READER", "STARTTLS"),
    exposes: [],
    startTls: "agreed",
  },
  {
    name: "ManageSieve",
    protocol: "sieve",
    server: lines('"IMPLEMENTATION" "Dovecot"', '"SIEVE" "fileinto"', '"STARTTLS"', 'OK "ready"'),
    client: lines('AUTHENTICATE "PLAIN" "AGFsaWNlAHB3"'),
    exposes: [["sieve user and password", "AGFsaWNlAHB3"]],
    startTls: "offered",
  },
  {
    name: "ManageSieve that goes over to TLS",
    protocol: "sieve",
    server: lines('"IMPLEMENTATION" "x"', '"STARTTLS"', 'OK "ready"', 'OK "Begin TLS"'),
    client: lines("STARTTLS"),
    exposes: [],
    startTls: "agreed",
    alone: ["server"],
  },
  {
    name: "XMPP with a password",
    protocol: "xmpp",
    client:
      "<?xml version='1.0'?><stream:stream to='a.example' xmlns='jabber:client' " +
      "xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>" +
      "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>AGFsaWNlAHB3</auth>",
    server:
      "<?xml version='1.0'?><stream:stream from='a.example' id='x1' xmlns='jabber:client' " +
      "xmlns:stream='http://etherx.jabber.org/streams' version='1.0'><stream:features>" +
      "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/></stream:features>",
    exposes: [["xmpp user and password", "AGFsaWNlAHB3"]],
    startTls: "offered",
  },
  {
    name: "IRC",
    protocol: "irc",
    client: lines("PASS hunter", "NICK alice", "USER alice 0 * :Alice", "OPER root toor"),
    server: lines(":irc.example NOTICE * :*** Looking up", ":irc.example 001 alice :Welcome"),
    exposes: [
      ["irc password", "hunter"],
      ["irc operator password", "toor"],
    ],
  },
  {
    name: "IRC that goes over to TLS",
    protocol: "irc",
    client: lines("CAP LS 302", "STARTTLS"),
    server: lines(
      ":irc.example CAP * LS :multi-prefix tls sasl",
      ":irc.example 670 * :STARTTLS ok",
    ),
    exposes: [],
    startTls: "agreed",
  },
  {
    name: "NATS",
    protocol: "nats",
    server: lines('INFO {"server_id":"NA","version":"2.9.1","max_payload":1048576}', "+OK"),
    client: lines('CONNECT {"verbose":true,"user":"alice","pass":"hunter"}', "PING"),
    exposes: [
      ["nats user", "alice"],
      ["nats password", "hunter"],
    ],
  },
  {
    name: "STOMP",
    protocol: "stomp",
    client: "CONNECT\naccept-version:1.2\nhost:a\nlogin:alice\npasscode:hunter\n\n\0",
    server: "CONNECTED\nversion:1.2\n\n\0",
    exposes: [
      ["stomp user", "alice"],
      ["stomp password", "hunter"],
    ],
  },
  {
    name: "Redis with a user and a password",
    protocol: "redis",
    client: lines("*3", "$4", "AUTH", "$5", "alice", "$6", "hunter", "*1", "$4", "PING"),
    server: lines("+OK", "+PONG"),
    exposes: [
      ["redis user", "alice"],
      ["redis password", "hunter"],
    ],
  },
  {
    name: "Redis with a password within HELLO",
    protocol: "redis",
    client: lines("*5", "$5", "HELLO", "$1", "3", "$4", "auth", "$7", "default", "$6", "hunter"),
    server: lines("%1", "$6", "server", "$5", "redis"),
    exposes: [
      ["redis user", "default"],
      ["redis password", "hunter"],
    ],
    alone: ["client"],
  },
  {
    name: "Redis by hand",
    protocol: "redis",
    client: lines("AUTH hunter", "PING"),
    server: lines("+OK", "+PONG"),
    exposes: [["redis password", "hunter"]],
    alone: [],
  },
  {
    name: "Memcached in text",
    protocol: "memcached",
    client: lines("set key 0 60 5", "hello", "get key"),
    server: lines("STORED", "VALUE key 0 5", "hello", "END"),
    exposes: [],
  },
  {
    name: "Memcached in binary, with SASL",
    protocol: "memcached",
    client: `\x80\x21\0\x05\0\0\0\0\0\0\0\x11\0\0\0\0\0\0\0\0\0\0\0\0PLAIN\0alice\0hunte`,
    server: `\x81\x21\0\0\0\0\0\0\0\0\0\x05\0\0\0\0\0\0\0\0\0\0\0\0Auth.`,
    exposes: [["memcached user and password", "\0alice\0hunte"]],
  },
  {
    name: "ZooKeeper with a digest",
    protocol: "zookeeper",
    client:
      `\0\0\0\x2d\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x75\x30\0\0\0\0\0\0\0\0\0\0\0\x10${"\0".repeat(17)}` +
      `\0\0\0\x22\xff\xff\xff\xfc\0\0\0\x64\0\0\0\0\0\0\0\x06digest\0\0\0\x08alice:pw`,
    server: `\0\0\0\x25\0\0\0\0\0\0\x75\x30\x10\0\0\0\0\0\0\x01\0\0\0\x10${"p".repeat(16)}\0`,
    exposes: [["zookeeper user and password", "alice:pw"]],
  },
  {
    name: "ZooKeeper asked for its state",
    protocol: "zookeeper",
    client: "ruok",
    server: "imok",
    exposes: [],
    alone: [],
  },
  {
    name: "syslog over TCP",
    protocol: "syslog",
    client: "<34>1 2026-11-24T22:14:15.003Z mx.example su - ID47 - failed\n",
    server: "",
    exposes: [],
    alone: ["client"],
  },
  {
    name: "syslog with its length in front",
    protocol: "syslog",
    client: "44 <13>Nov 24 22:14:15 mx su: 'su root' failed",
    server: "",
    exposes: [],
    alone: ["client"],
  },
  {
    name: "SIP",
    protocol: "sip",
    client: lines(
      "REGISTER sip:a.example SIP/2.0",
      "Via: SIP/2.0/TCP 10.0.0.1:5060;branch=z9hG4bK",
      'Authorization: Digest username="alice", response="0123"',
      "Content-Length: 0",
      "",
    ),
    server: lines("SIP/2.0 200 OK", "Via: SIP/2.0/TCP 10.0.0.1:5060", "Content-Length: 0", ""),
    exposes: [["sip digest authorization", 'username="alice", response="0123"']],
    alone: ["client"],
  },
  {
    name: "RTSP",
    protocol: "rtsp",
    client: lines(
      "DESCRIBE rtsp://10.0.0.9/stream RTSP/1.0",
      "CSeq: 2",
      "Authorization: Basic YWRtaW46MTIzNDU=",
      "",
    ),
    server: lines("RTSP/1.0 200 OK", "CSeq: 2", ""),
    exposes: [["rtsp basic authorization", "YWRtaW46MTIzNDU="]],
  },
  {
    name: "an rsync daemon that asks for a password",
    protocol: "rsync",
    server: "@RSYNCD: 31.0 sha512\n@RSYNCD: AUTHREQD u5oSlDfsYU\n@RSYNCD: OK\n",
    client: "@RSYNCD: 31.0 sha512\nbackup\nalice 0zgmG2Kj7w\n",
    exposes: [["rsync password proof", "0zgmG2Kj7w"]],
  },
  {
    name: "SSH",
    protocol: "ssh",
    client: "SSH-2.0-OpenSSH_9.2\r\n\0\0\x05\x14",
    server: "SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n\0\0\x04",
    exposes: [],
  },
  {
    name: "JDWP",
    protocol: "jdwp",
    client: "JDWP-Handshake\0\0\0\x0b\0\0\0\x01\0\x01\x01",
    server: "JDWP-Handshake",
    exposes: [],
  },
  {
    name: "SOCKS 5 with a password",
    protocol: "socks",
    client: "\x05\x02\0\x02\x01\x05alice\x06hunter\x05\x01\0\x01\x0a\0\0\x09\0\x50",
    server: "\x05\x02\x01\0\x05\0\0\x01\0\0\0\0\0\0",
    exposes: [
      ["socks user", "alice"],
      ["socks password", "hunter"],
    ],
    startTls: "agreed",
    alone: ["client"],
  },
  {
    name: "SOCKS 4a",
    protocol: "socks",
    client: "\x04\x01\x01\xbb\0\0\0\x01alice\0a.example\0",
    server: "\0\x5a\0\0\0\0\0\0",
    exposes: [["socks user", "alice"]],
    startTls: "agreed",
    alone: ["client"],
  },
  {
    name: "the PROXY protocol, version 1",
    protocol: "proxy",
    client: lines("PROXY TCP4 192.0.2.1 192.0.2.2 40000 443"),
    server: "",
    exposes: [],
    startTls: "agreed",
    alone: ["client"],
  },
  {
    name: "the PROXY protocol, version 2",
    protocol: "proxy",
    client: "\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\x0a\0\0\x01\x0a\0\0\x02\x9c\x40\x01\xbb",
    server: "",
    exposes: [],
    startTls: "agreed",
    alone: ["client"],
  },
  {
    name: "telnet, typed a character at a time",
    protocol: "telnet",
    server:
      "\xff\xfd\x18\xff\xfd\x20\xff\xfb\x01Debian GNU/Linux 12\r\nhost login: alice\r\nPassword: \r\n$ ",
    client: "\xff\xfb\x18\xff\xfa\x18\0xterm\xff\xf0alice\r\0hunter\r\0ls\r\0",
    exposes: [
      ["telnet user", "alice"],
      ["telnet password", "hunter"],
    ],
  },
];
