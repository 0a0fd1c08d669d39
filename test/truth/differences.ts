/**
 * Every place where we and truth.ndjson differ, by reason. The test fails on a difference that is
 * not here, and on one that is here and no longer differs.
 */
import type { FieldName } from "./fields.ts";

export interface Reason {
  /** Whose fault it is. `definition`: neither's, INTERFACE or an RFC defines it otherwise. */
  readonly fault: "ours" | "tshark" | "definition";
  readonly says: string;
  readonly differs: readonly Difference[];
}

export interface Difference {
  /** Below the folder of the shared captures. */
  readonly file: string;
  /** Of the stream's first packet; for a line that truth lacks, of the packet at the line's time. */
  readonly frame: number;
  /** `line`: a whole stream that only one of the two knows. */
  readonly field: FieldName | "line";
  /** Absent: says nothing. */
  readonly ours?: string;
  readonly truth?: string;
}

export const REASONS: readonly Reason[] = [
  {
    fault: "definition",
    says: "the capture holds its own secrets, so EncryptedExtensions is read (RFC 8446 §4.3.1); truth has only what stands in clear",
    differs: [
      {
        file: "wireshark__wireshark/test/captures/challenge01_ooo_stream.pcapng.gz",
        frame: 4,
        field: "alpn",
        ours: "http/1.1",
      },
      {
        file: "wireshark__wireshark/test/captures/quic-with-secrets.pcapng",
        frame: 4,
        field: "alpn",
        ours: "h2",
      },
    ],
  },
  {
    fault: "definition",
    says: "an SSLv2-format hello: RFC 5246 appendix E.2 gives its version and suites, JA4 names `s2`; tshark fingerprints none",
    differs: [
      {
        file: "OISF__suricata-verify/tests/bypass-depth-disabled/input.pcap",
        frame: 4,
        field: "ja3",
        ours: "d2f2c3739d6c104c1349ead2bc482d7e",
      },
      {
        file: "OISF__suricata-verify/tests/bypass-depth-disabled/input.pcap",
        frame: 4,
        field: "ja4",
        ours: "t12i020000_1275cc1ca538_000000000000",
      },
      {
        file: "OISF__suricata-verify/tests/ssl_version_negated/input.pcap",
        frame: 7,
        field: "ja3",
        ours: "716b10339fb8cc7be0f1e2e7187c73e8",
      },
      {
        file: "OISF__suricata-verify/tests/ssl_version_negated/input.pcap",
        frame: 7,
        field: "ja4",
        ours: "t10i200000_6c5778701a4a_000000000000",
      },
      {
        file: "OISF__suricata-verify/tests/tls/tls-altname-zero/input.pcap",
        frame: 4,
        field: "ja3",
        ours: "fad7c5107d5c716b50a1c2d282730898",
      },
      {
        file: "OISF__suricata-verify/tests/tls/tls-altname-zero/input.pcap",
        frame: 4,
        field: "ja4",
        ours: "t10i230000_6a57a6f57151_000000000000",
      },
      {
        file: "OISF__suricata-verify/tests/tls/tls-glupteba-mb/input.pcap",
        frame: 4,
        field: "ja3",
        ours: "fad7c5107d5c716b50a1c2d282730898",
      },
      {
        file: "OISF__suricata-verify/tests/tls/tls-glupteba-mb/input.pcap",
        frame: 4,
        field: "ja4",
        ours: "t10i230000_6a57a6f57151_000000000000",
      },
      {
        file: "arkime__arkime/tests/pcap/https2-301-get.pcap",
        frame: 4,
        field: "ja3",
        ours: "fad7c5107d5c716b50a1c2d282730898",
      },
      {
        file: "arkime__arkime/tests/pcap/https2-301-get.pcap",
        frame: 4,
        field: "ja4",
        ours: "t10i230000_6a57a6f57151_000000000000",
      },
      {
        file: "wireshark__wireshark/test/captures/rsasnakeoil2.pcap",
        frame: 4,
        field: "ja3",
        ours: "081ce213243f802c8cc8fcfe683309de",
      },
      {
        file: "wireshark__wireshark/test/captures/rsasnakeoil2.pcap",
        frame: 4,
        field: "ja4",
        ours: "ts3i200000_6c5778701a4a_000000000000",
      },
      {
        file: "zeek__zeek/testing/btest/Traces/tls/ssl-v2.pcap",
        frame: 4,
        field: "ja3",
        ours: "ebd319fa8e3e1956278f639d75f61787",
      },
      {
        file: "zeek__zeek/testing/btest/Traces/tls/ssl-v2.pcap",
        frame: 4,
        field: "ja4",
        ours: "ts2i000000_000000000000_000000000000",
      },
      {
        file: "zeek__zeek/testing/btest/Traces/tls/ssl.v3.pcap",
        frame: 4,
        field: "ja3",
        ours: "716b10339fb8cc7be0f1e2e7187c73e8",
      },
      {
        file: "zeek__zeek/testing/btest/Traces/tls/ssl.v3.pcap",
        frame: 4,
        field: "ja4",
        ours: "t10i200000_6c5778701a4a_000000000000",
      },
    ],
  },
  {
    fault: "tshark",
    says: "its certificate field ends where its BER dissector gave up; RFC 5246 §7.4.2 gives it 9 bytes",
    differs: [
      {
        file: "OISF__suricata-verify/tests/bug-1450-04/tls_DER-incomplete-header.pcap",
        frame: 4,
        field: "certificates",
        ours: "a8b66060986b36dd65e1ea9f3849e4adf8f95af8e02ac555f2bdb1354636e097",
        truth: "26bd8df98cae30a6abbdd9c3be1d65b29936b68fc1c6bf629efe88edec04632c",
      },
      {
        file: "OISF__suricata-verify/tests/bug-1450-05/tls_DER-incomplete-content.pcap",
        frame: 4,
        field: "certificates",
        ours: "93fa70c05df3e978e4611e02cda53fdd1eadc041df21732b6493846d47d99932",
        truth: "fd7332d6b24c66ca7869765c3eee207199cb9a966f0ff777be60aee0188bc724",
      },
    ],
  },
  {
    fault: "tshark",
    says: "it begins a stream at each SYN-ACK with another sequence number; the client's numbers go on, so it is one connection (RFC 9293 §3.10.7.3)",
    differs: [
      {
        file: "OISF__suricata-verify/tests/tcp-fastopen-10-syn-data-ignore/input.pcap",
        frame: 1,
        field: "version",
        ours: "TLS1.3",
      },
      {
        file: "OISF__suricata-verify/tests/tcp-fastopen-10-syn-data-ignore/input.pcap",
        frame: 1,
        field: "cipher",
        ours: "TLS_AES_128_GCM_SHA256",
      },
      {
        file: "OISF__suricata-verify/tests/tcp-fastopen-10-syn-data-ignore/input.pcap",
        frame: 1,
        field: "group",
        ours: "x25519",
      },
      {
        file: "OISF__suricata-verify/tests/tcp-fastopen-10-syn-data-ignore/input.pcap",
        frame: 1,
        field: "ja3s",
        ours: "f4febc55ea12b31ae17cfb7e614afda8",
      },
      {
        file: "OISF__suricata-verify/tests/tcp-fastopen-10-syn-data-ignore/input.pcap",
        frame: 18,
        field: "line",
        truth: "192.168.0.45:51615 > 17.253.144.10:443",
      },
      {
        file: "OISF__suricata-verify/tests/tcp-fastopen-10-syn-data-ignore/input.pcap",
        frame: 23,
        field: "line",
        truth: "192.168.0.45:51615 > 17.253.144.10:443",
      },
      {
        file: "ntop__nDPI/tests/cfgs/default/pcap/KakaoTalk_chat.pcap",
        frame: 44,
        field: "version",
        ours: "TLS1.0",
      },
      {
        file: "ntop__nDPI/tests/cfgs/default/pcap/KakaoTalk_chat.pcap",
        frame: 44,
        field: "cipher",
        ours: "TLS_ECDHE_ECDSA_WITH_RC4_128_SHA",
      },
      {
        file: "ntop__nDPI/tests/cfgs/default/pcap/KakaoTalk_chat.pcap",
        frame: 44,
        field: "ja3s",
        ours: "6c13ac74a6f75099ef2480748e5d94d2",
      },
      {
        file: "ntop__nDPI/tests/cfgs/default/pcap/KakaoTalk_chat.pcap",
        frame: 44,
        field: "certificates",
        ours: "8ba14b43b1001eac8940ffcf82e520fc6e804180b31b7ef4938e80f9a567a1bf 21eb37ab4cf6ef8965ec1766409ca76b8b2e03f2d1a388df734208e86deee679",
      },
      {
        file: "ntop__nDPI/tests/cfgs/default/pcap/KakaoTalk_chat.pcap",
        frame: 72,
        field: "line",
        truth: "10.24.82.188:35503 > 173.252.97.2:443",
      },
    ],
  },
  {
    fault: "tshark",
    says: "it reads session id and compression, which came with draft 22: this draft's ServerHello has neither",
    differs: [
      {
        file: "OISF__suricata-verify/tests/tls/tls13-draft14/tls13_draft14.pcap",
        frame: 4,
        field: "cipher",
        ours: "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
        truth: "0xacad",
      },
      {
        file: "OISF__suricata-verify/tests/tls/tls13-draft14/tls13_draft14.pcap",
        frame: 4,
        field: "group",
        ours: "secp256r1",
      },
      {
        file: "OISF__suricata-verify/tests/tls/tls13-draft14/tls13_draft14.pcap",
        frame: 4,
        field: "ja3s",
        ours: "12ac0af01c6b637c7a470e5b7cd837b8",
        truth: "24839eca4f44616f70548d4a2c0f09fc",
      },
    ],
  },
  {
    fault: "tshark",
    says: "TLS inside OpenVPN over TCP, which it knows on port 1194 only",
    differs: [
      {
        file: "CESNET__ipfixprobe/tests/functional/inputs/ovpn.pcap",
        frame: 8,
        field: "line",
        ours: "192.168.43.91:54113 > 90.178.247.107:10103",
      },
      {
        file: "arkime__arkime/tests/pcap/openvpn_synthetic.pcap",
        frame: 14,
        field: "line",
        ours: "203.0.113.7:51002 > 198.51.100.22:8443",
      },
      {
        file: "arkime__arkime/tests/pcap/openvpn_synthetic.pcap",
        frame: 21,
        field: "line",
        ours: "[2001:db8:1::7]:51003 > [2001:db8:2::22]:6666",
      },
      {
        file: "ntop__nDPI/tests/cfgs/default/pcap/openvpn.pcap",
        frame: 226,
        field: "line",
        ours: "192.168.1.77:60140 > 46.101.231.218:443",
      },
      {
        file: "ntop__nDPI/tests/cfgs/default/pcap/openvpn_obfuscated.pcapng",
        frame: 126,
        field: "line",
        ours: "192.168.12.156:48072 > 107.161.86.131:443",
      },
    ],
  },
  {
    fault: "tshark",
    says: "a ServerHello inside WebSocket packets, of which it shows no TLS",
    differs: [
      {
        file: "zeek__zeek/testing/btest/Traces/websocket/wstunnel-https.pcap",
        frame: 1,
        field: "line",
        ours: "127.0.0.1:39992 > 127.0.0.1:8888",
      },
    ],
  },
  {
    fault: "tshark",
    says: "a sealed Finished whose explicit nonce is zero (RFC 5288 §3), read as a ServerHello of 0 bytes",
    differs: [
      {
        file: "cisco__mercury/test/afl_data/corner-cases.pcap",
        frame: 3,
        field: "line",
        truth: "192.168.10.12:51098 > 160.68.205.252:443",
      },
      {
        file: "cisco__mercury/test/afl_data/encrypted_handshake_cert_false_positive.pcap",
        frame: 1,
        field: "line",
        truth: "192.168.10.12:51098 > 160.68.205.252:443",
      },
    ],
  },
  {
    fault: "tshark",
    says: "a whole ServerHello in a record that the capture cuts off; it waits for the record",
    differs: [
      {
        file: "cisco__mercury/test/afl_data/corner-cases.pcap",
        frame: 1,
        field: "line",
        ours: "10.82.252.206:53832 > 173.36.7.6:443",
      },
      {
        file: "cisco__mercury/test/afl_data/corner-cases.pcap",
        frame: 1,
        field: "line",
        ours: "10.82.252.206:53875 > 173.37.239.62:443",
      },
      {
        file: "cisco__mercury/test/afl_data/multi_handshake_cert.pcap",
        frame: 1,
        field: "line",
        ours: "10.82.252.206:53832 > 173.36.7.6:443",
      },
      {
        file: "cisco__mercury/test/data/new-stats-telemetry-test.pcap",
        frame: 9,
        field: "line",
        ours: "10.82.252.206:53832 > 10.0.0.1:443",
      },
      {
        file: "ntop__nDPI/tests/cfgs/default/pcap/KakaoTalk_chat.pcap",
        frame: 345,
        field: "version",
        ours: "TLS1.0",
      },
      {
        file: "ntop__nDPI/tests/cfgs/default/pcap/KakaoTalk_chat.pcap",
        frame: 345,
        field: "cipher",
        ours: "TLS_RSA_WITH_RC4_128_MD5",
      },
      {
        file: "ntop__nDPI/tests/cfgs/default/pcap/KakaoTalk_chat.pcap",
        frame: 345,
        field: "ja3s",
        ours: "53611273a714cb4789c8222932efd5a7",
      },
    ],
  },
  {
    fault: "definition",
    says: "the same name; truth adds tshark's remark",
    differs: [
      {
        file: "cisco__mercury/unit_tests/pcaps/tlsv1_3.pcap",
        frame: 4,
        field: "group",
        ours: "X25519Kyber768Draft00",
        truth: "X25519Kyber768Draft00 (OBSOLETE)",
      },
    ],
  },
  {
    fault: "definition",
    says: "IPv4 in IPv6 (RFC 2473), which truth says of the file and not of the stream; tunnels are not read yet",
    differs: [
      {
        file: "ntop__nDPI/tests/cfgs/default/pcap/4in6tunnel.pcap",
        frame: 3,
        field: "line",
        truth: "192.168.0.1:64455 > 10.10.10.1:443",
      },
    ],
  },
  {
    fault: "tshark",
    says: "TLS on the port of a protocol that it tries first",
    differs: [
      {
        file: "ntop__nDPI/tests/cfgs/default/pcap/KakaoTalk_talk.pcap",
        frame: 36,
        field: "line",
        ours: "10.24.82.188:32968 > 110.76.143.50:8080",
      },
      {
        file: "ntop__nDPI/tests/cfgs/default/pcap/anydesk.pcapng",
        frame: 12,
        field: "line",
        ours: "192.168.149.129:43535 > 51.83.238.219:80",
      },
      {
        file: "ntop__nDPI/tests/cfgs/default/pcap/tls_port_80.pcapng",
        frame: 12,
        field: "line",
        ours: "57.91.202.194:50541 > 132.49.141.56:80",
      },
    ],
  },
  {
    fault: "definition",
    says: "the extensions do not fit their length (RFC 8446 §4.2), so there is a `malformed` line and no hello",
    differs: [
      {
        file: "seladb__PcapPlusPlus/Tests/Packet++Test/PacketExamples/ssl-malformed1.pcap",
        frame: 1,
        field: "line",
        truth: "192.168.67.198:40327 > 12.145.177.202:443",
      },
    ],
  },
  {
    fault: "tshark",
    says: "it misses STARTTLS in IRC, as truth's README says",
    differs: [
      {
        file: "zeek__zeek/testing/btest/Traces/tls/irc-starttls.pcap",
        frame: 8,
        field: "line",
        ours: "203.143.168.47:55123 > 185.18.76.170:6667",
      },
    ],
  },
];
