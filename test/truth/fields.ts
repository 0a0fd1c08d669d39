/**
 * The fields that truth and we both state, brought to one spelling. `undefined` is "says nothing".
 */
import type { TlsLine } from "../../src/report/lines.ts";
import type { TruthStream } from "./truth.ts";

export interface Field {
  readonly name: FieldName;
  readonly truth: (stream: TruthStream) => string | undefined;
  readonly ours: (line: TlsLine) => string | undefined;
}

export type FieldName = (typeof FIELD_NAMES)[number];

const FIELD_NAMES = [
  "client",
  "server",
  "version",
  "cipher",
  "group",
  "serverName",
  "alpn",
  "alpnOffered",
  "ja3",
  "ja3s",
  "ja4",
  "certificates",
  "clientCertificates",
] as const;

/** In the order in which the table shows them. */
export const FIELDS: readonly Field[] = [
  { name: "client", truth: (s) => s.client, ours: (l) => l.client },
  { name: "server", truth: (s) => s.server, ours: (l) => l.server },
  { name: "version", truth: (s) => versionName(s.version), ours: (l) => l.version },
  { name: "cipher", truth: (s) => s.cipher_name ?? s.cipher ?? undefined, ours: (l) => l.cipher },
  // Truth has key_share's alone; before TLS 1.3 we give that of ServerKeyExchange.
  { name: "group", truth: (s) => s.group_name ?? undefined, ours: keyShareGroup },
  { name: "serverName", truth: (s) => s.sni ?? undefined, ours: (l) => l.serverName },
  { name: "alpn", truth: (s) => s.alpn ?? undefined, ours: (l) => l.alpn },
  { name: "alpnOffered", truth: (s) => list(s.alpn_offered), ours: (l) => list(l.alpnOffered) },
  { name: "ja3", truth: (s) => s.ja3 ?? undefined, ours: (l) => l.ja3 },
  { name: "ja3s", truth: (s) => s.ja3s ?? undefined, ours: (l) => l.ja3s },
  { name: "ja4", truth: (s) => s.ja4 ?? undefined, ours: (l) => l.ja4 },
  {
    name: "certificates",
    truth: (s) => (s.certificate_in_clear ? list(sha256s(s.server_chain)) : undefined),
    ours: (l) => (l.certificates.seen === "wire" ? list(l.certificates.chain) : undefined),
  },
  {
    name: "clientCertificates",
    truth: (s) => list(sha256s(s.client_chain)),
    ours: (l) => list(l.clientCertificates?.chain),
  },
];

function keyShareGroup({ version, group }: TlsLine): string | undefined {
  const before = version === undefined || BEFORE_TLS13.has(version);
  return before ? undefined : group;
}

/** What truth gives as the two bytes on the wire, as INTERFACE spells it. */
function versionName(code: string | null | undefined): string | undefined {
  if (!code) return undefined;
  return VERSION_NAMES[code] ?? code;
}

function sha256s(chain: TruthStream["server_chain"]): string[] | undefined {
  return chain?.chain.map((certificate) => certificate.sha256);
}

/** An empty list says as little as none. */
function list(values: readonly string[] | undefined): string | undefined {
  return values?.length ? values.join(" ") : undefined;
}

const BEFORE_TLS13 = new Set([
  ...["SSL2", "SSL3", "TLS1.0", "TLS1.1", "TLS1.2"],
  ...["0x0100", "DTLS1.0", "DTLS1.2"],
]);

/** INTERFACE: every other version stays hexadecimal. */
const VERSION_NAMES: Record<string, string> = {
  "0x0002": "SSL2",
  "0x0300": "SSL3",
  "0x0301": "TLS1.0",
  "0x0302": "TLS1.1",
  "0x0303": "TLS1.2",
  "0x0304": "TLS1.3",
  "0x7f1c": "TLS1.3-draft28",
  "0xfeff": "DTLS1.0",
  "0xfefd": "DTLS1.2",
  "0xfefc": "DTLS1.3",
};
