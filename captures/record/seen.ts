/** Display filters that several recordings share: what tshark must see. */

export const CLIENT_HELLO = ["ClientHello", "tls.handshake.type == 1"] as const;

export const CERTIFICATE_IN_CLEAR = [
  CLIENT_HELLO,
  ["ServerHello of TLS 1.2", "tls.handshake.type == 2 && tls.handshake.version == 0x0303"],
  ["the server's Certificate", "tls.handshake.type == 11"],
] as const;

export const TLS13 = [
  CLIENT_HELLO,
  [
    "ServerHello that selects TLS 1.3",
    "tls.handshake.type == 2 && tls.handshake.extensions.supported_version == 0x0304",
  ],
] as const;
