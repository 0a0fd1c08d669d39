/** Records the fuzzer's handshakes anew: `node test/fuzz/record.ts`. Old seeds then mean other mutants. */
import { concat, pattern, uint, vector } from "../wire/bytes.ts";
import * as der from "../wire/der.ts";
import { certificateExtension, mint } from "../wire/identity.ts";
import { type Flight, recordHandshake } from "../wire/recorded.ts";
import * as tls from "../wire/tls.ts";
import { type Handshake, writeHandshakes } from "./handshake-file.ts";

const root = mint({ subject: "CN=Fuzz Root,O=Example,C=NL", ca: true, keyType: "rsa-2048" });
const issuing = mint({ subject: "CN=Fuzz CA 1,O=Example", ca: true, issuer: root });
const leaf = mint({
  subject: "CN=www.fuzz.test,O=Example,OU=Web",
  issuer: issuing,
  names: ["www.fuzz.test", "*.fuzz.test", "192.0.2.7", "2001:db8::7"],
  extensions: [
    certificateExtension("2.5.29.37", der.sequence(der.oid("1.3.6.1.5.5.7.3.1"))),
    certificateExtension("2.5.29.14", der.octetString(pattern(20))),
    certificateExtension("2.5.29.35", der.sequence(der.tlv(0x80, pattern(20)))),
    certificateExtension("2.5.29.32", der.sequence(der.sequence(der.oid("2.23.140.1.2.1")))),
    certificateExtension(
      "2.5.29.31",
      der.sequence(der.sequence(der.explicit(0, der.explicit(0, der.tlv(0x86, pattern(30)))))),
    ),
  ],
});
const rsa = mint({
  subject: "CN=rsa.fuzz.test",
  issuer: root,
  keyType: "rsa-2048",
  names: ["rsa.fuzz.test"],
});
const edwards = mint({ subject: "CN=ed.fuzz.test", keyType: "ed25519", names: ["ed.fuzz.test"] });
const constrained = mint({
  subject: "CN=Constrained CA",
  ca: true,
  issuer: root,
  extensions: [
    certificateExtension(
      "2.5.29.30",
      der.sequence(
        der.explicit(0, der.sequence(der.tlv(0x82, pattern(8)))),
        der.explicit(1, der.sequence(der.tlv(0x87, pattern(8)))),
      ),
      true,
    ),
  ],
});
const client = mint({ subject: "CN=client,O=Example", issuer: root });

const chain = [leaf, issuing];
const ticketKeys = Buffer.alloc(48, 7);
const common = { chain, serverName: "www.fuzz.test", alpn: ["h2", "http/1.1"], ticketKeys };
const twelve = await recordHandshake(common);
const thirteen = await recordHandshake({ ...common, version: "TLSv1.3" });
const made: [string, readonly Flight[]][] = [
  ["tls12-ecdsa", twelve.flights],
  ["tls12-resumed", (await recordHandshake({ ...common, session: twelve.session! })).flights],
  ["tls12-mutual", (await recordHandshake({ ...common, clientChain: [client] })).flights],
  [
    "tls12-static-rsa",
    (await recordHandshake({ chain: [rsa, root], ciphers: "AES128-SHA" })).flights,
  ],
  ["tls12-ed25519", (await recordHandshake({ chain: [edwards] })).flights],
  ["tls13", thirteen.flights],
  [
    "tls13-resumed",
    (await recordHandshake({ ...common, version: "TLSv1.3", session: thirteen.session! })).flights,
  ],
  ["tls10", (await recordHandshake({ chain: [rsa], version: "TLSv1" })).flights],
  ["tls11", (await recordHandshake({ chain: [rsa, root], version: "TLSv1.1" })).flights],
  [
    "tls12-long-chain",
    built(tls.clientHello({ serverName: "a.test" }), [leaf, issuing, constrained, rsa, root]),
  ],
  ["sslv2-hello", flights(tls.sslv2ClientHello(), tls.serverFlight([rsa.der], { cipher: 0x2f }))],
  ["hello-retry", helloRetry()],
  ["refused", flights(hello({ serverName: "no.test" }), tls.alert(2, 112))],
];
const handshakes: Handshake[] = made.map(([name, list]) => ({ name, flights: list }));
writeHandshakes(handshakes);

function hello(shape: tls.ClientHelloShape): Uint8Array {
  return tls.record(tls.RECORD.handshake, tls.clientHello(shape));
}

function flights(...turns: readonly Uint8Array[]): Flight[] {
  return turns.map((bytes, turn) => ({ party: turn % 2 === 0 ? "client" : "server", bytes }));
}

function built(message: Uint8Array, certificates: readonly { der: Uint8Array }[]): Flight[] {
  const answer = tls.serverFlight(
    certificates.map((one) => one.der),
    { alpn: "h2" },
  );
  const finished = tls.record(tls.RECORD.handshake, pattern(40));
  const end = concat(tls.changeCipherSpec(), finished, tls.applicationData(900, 300));
  return flights(tls.record(tls.RECORD.handshake, message), answer, end, end);
}

function helloRetry(): Flight[] {
  const shares = (group: number) => [
    { type: 51, body: vector(2, uint(group, 2), vector(2, pattern(32))) },
  ];
  const shape = { serverName: "retry.test", versions: [0x0304, 0x0303] };
  const retry = tls.serverHello({
    random: tls.RETRY_RANDOM,
    cipher: 0x1301,
    selected: 0x0304,
    extensions: [{ type: 51, body: uint(23, 2) }],
  });
  const answer = tls.serverHello({ cipher: 0x1301, selected: 0x0304, extensions: shares(23) });
  return flights(
    hello({ ...shape, extensions: shares(29) }),
    concat(tls.record(22, retry), tls.changeCipherSpec()),
    concat(tls.changeCipherSpec(), hello({ ...shape, extensions: shares(23) })),
    concat(tls.record(22, answer), tls.applicationData(2000, 600)),
    tls.applicationData(500, 100),
  );
}
