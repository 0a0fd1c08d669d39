/**
 * The JSON Schema (2020-12) of every line, written by hand: what `portcullis schema` prints.
 *
 * It is strict: a key that is not here does not leave the program (test/report/schema.test.ts, and
 * every line of every golden). It changes together with lines.ts and build.ts; optional keys end in
 * `?` here, and the order of keys is the order in which they are printed.
 */
import { ENCRYPTIONS, PROTOCOLS } from "../inspect/plaintext/protocol.ts";
import { CONFIDENCES, COVERAGES, DECISIONS, SCHEMA_VERSION, SEVERITIES, STEPS } from "./lines.ts";

export interface Schema {
  readonly [keyword: string]: unknown;
}

/** An object with exactly these keys; those whose name ends in `?` may be absent. */
function object(says: string, keys: Readonly<Record<string, Schema>>): Schema {
  const names = Object.keys(keys);
  return {
    ...(says !== "" && { description: says }),
    type: "object",
    properties: Object.fromEntries(
      names.map((name) => [name.replace(/\?$/, ""), keys[name] as Schema]),
    ),
    required: names.filter((name) => !name.endsWith("?")),
    additionalProperties: false,
  };
}

function line(kind: string, says: string, keys: Readonly<Record<string, Schema>>): Schema {
  return object(says, { kind: { const: kind }, atUs, ...keys });
}

function list(items: Schema, says = ""): Schema {
  return { ...(says !== "" && { description: says }), type: "array", items };
}

function oneOf(...values: readonly (string | false)[]): Schema {
  return { enum: values };
}

function described(schema: Schema, description: string): Schema {
  return { ...schema, description };
}

const string: Schema = { type: "string" };
const boolean: Schema = { type: "boolean" };
const count: Schema = { type: "integer", minimum: 0 };
const part: Schema = { type: "number", minimum: 0, maximum: 1 };
const sha256: Schema = { type: "string", pattern: "^[0-9a-f]{64}$" };
const md5: Schema = { type: "string", pattern: "^[0-9a-f]{32}$" };
const sha256IfReadable: Schema = {
  description: "empty where the certificate cannot be read",
  type: "string",
  pattern: "^([0-9a-f]{64})?$",
};
const time: Schema = {
  description: "RFC 3339, UTC; empty where the certificate cannot be read",
  type: "string",
  pattern: "^(\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\dZ)?$",
};
const atUs: Schema = { description: "microseconds since 1970, of the packet", type: "integer" };
const flowNumber: Schema = {
  description: "decimal, by each connection's first packet",
  type: "string",
  pattern: "^[1-9][0-9]*$",
};
const endpoint: Schema = {
  description: "address:port, IPv6 in brackets",
  type: "string",
  pattern: "^([0-9.]+|\\[[0-9a-f:.]+\\]):[0-9]{1,5}$",
};
const side = oneOf("client", "server");
const ofFlow = { flow: flowNumber, "workload?": string };
const ofFlowIfAny = { "flow?": flowNumber, "workload?": string };
const ends = {
  ...ofFlow,
  client: endpoint,
  server: endpoint,
  direction: oneOf("egress", "ingress", "internal", "unknown"),
};
const endsIfAny = { ...ofFlowIfAny, "client?": endpoint, "server?": endpoint };

const certificates = object("", {
  seen: oneOf("wire", "decrypted", "probe", "remembered", "no"),
  "why?": described(
    oneOf(
      "encrypted",
      "resumed",
      "ech",
      "quic",
      "cut-short",
      "loss",
      "none-sent",
      "raw-public-key",
    ),
    "only with `no`",
  ),
  chain: list(sha256, "of each certificate, in wire order"),
  spki: list(sha256IfReadable, "of each certificate's key, beside `chain`"),
});

const expected = object("the expectation of the policy that covers this connection", {
  line: count,
  by: string,
  "visibleAt?": string,
  "hardware?": string,
  "hardwareState?": oneOf("confirmed", "lost", "unknown"),
});

const evidenceValue: Schema = {
  type: ["string", "number", "boolean", "array"],
  items: { type: ["string", "number"] },
};

const KINDS: Readonly<Record<string, Schema>> = {
  tls: line("tls", "a connection that showed a hello or a server handshake", {
    ...ends,
    transport: oneOf("tcp", "dtls", "quic"),
    "starttls?": described(string, "the protocol that TLS began in, as smtp"),
    "version?": described(string, "of the ServerHello, as TLS1.3; absent without one"),
    "cipher?": described(string, "IANA name, else 0x1234"),
    "group?": described(string, "IANA name, else 0x1234"),
    "serverName?": string,
    "alpn?": described(string, "what was selected, where that is in clear"),
    alpnOffered: list(string),
    "ja3?": md5,
    "ja3s?": md5,
    "ja4?": string,
    steps: list(string, "messages and records in the order they were seen"),
    established: described(boolean, "both Finished were seen, or their encrypted places"),
    resumed: oneOf(false, "session-id", "ticket", "psk"),
    "ech?": oneOf("grease", "offered", "accepted", "rejected"),
    "renegotiations?": count,
    "renegotiated?": described(
      { const: true },
      "inside the protection of the connection's first handshake, and opened by keys",
    ),
    alerts: list(object("", { side, level: string, name: string })),
    certificates,
    "clientCertificates?": certificates,
    possession: oneOf("verified", "failed", "unverified"),
    "why?": described(string, "why possession of the key is unverified"),
    evidence: object("", {
      class: string,
      confidence: oneOf(...CONFIDENCES),
      "first?": described(string, "flow of the connection whose session was resumed"),
    }),
    "bound?": described(
      boolean,
      "an answer of `resolvers` gave the server's address for serverName",
    ),
    "expected?": expected,
    "flight?": described(list(count), "bytes of each sealed record of the server's flight"),
    "scts?": described(
      list(object("", { log: sha256, at: time, from: oneOf("tls", "ocsp") })),
      "signed certificate timestamps of the hello and of stapled OCSP responses, not verified",
    ),
  }),
  certificate: line("certificate", "once for each certificate, at its first sight", {
    ...ofFlowIfAny,
    sha256,
    spkiSha256: sha256IfReadable,
    subject: described(string, "RFC 4514"),
    issuer: described(string, "RFC 4514"),
    serial: { type: "string", pattern: "^-?[0-9a-f]*$" },
    validFrom: time,
    validTo: time,
    key: object("", {
      type: string,
      "bits?": count,
      "curve?": string,
      "refused?": described(string, "why no signature can be checked with it"),
    }),
    signature: string,
    names: list(string),
    ca: boolean,
    selfSigned: described(boolean, "its own key verifies its signature"),
    "scts?": described(
      list(object("", { log: sha256, at: time })),
      "signed certificate timestamps in it, not verified",
    ),
  }),
  plaintext: line("plaintext", "a protocol in clear", {
    ...ends,
    protocol: oneOf(...PROTOCOLS),
    exposes: list(object("", { what: string, side, offset: count, bytes: count })),
    startTls: oneOf("none", "offered", "refused", "stripped", "upgraded"),
    "expected?": expected,
  }),
  opaque: line("opaque", "a connection that could not be read", {
    ...ends,
    why: oneOf("unknown-protocol", "joined-midstream", "gap", "encrypted-unknown"),
    "encryption?": described(
      oneOf("tls", "ipsec", "wireguard", "macsec", ...ENCRYPTIONS),
      "what encrypts, where only that much is known",
    ),
    "entropy?": { description: "bits a byte", type: "number", minimum: 0, maximum: 8 },
    "printable?": described(part, "part of the bytes that are printable ASCII"),
    "expected?": expected,
  }),
  host: line("host", "something about the machine changed", {
    ...ofFlowIfAny,
    source: string,
    subject: string,
    change: string,
    "before?": string,
    "after?": string,
    "actor?": string,
  }),
  finding: line("finding", "something to look at", {
    ...ofFlowIfAny,
    rule: { type: "string", pattern: "^[A-Z][0-9]{2}$" },
    name: string,
    severity: oneOf(...SEVERITIES),
    confidence: oneOf(...CONFIDENCES),
    summary: string,
    attack: list(object("ATT&CK techniques", { strategy: string, is: string, version: string })),
    "client?": endpoint,
    "server?": endpoint,
    "certificates?": list(sha256),
    evidence: {
      description: "what supports it; locates a secret and never contains it",
      type: "object",
      additionalProperties: evidenceValue,
    },
  }),
  verdict: line("verdict", "what was decided about a connection or a workload", {
    ...endsIfAny,
    decision: oneOf(...DECISIONS),
    wouldCut: described(boolean, "a cut was lowered by a window, a guard or audit"),
    "would?": described(oneOf(...DECISIONS), "the decision before it was lowered"),
    reason: list(
      object("", {
        step: oneOf(...STEPS),
        "line?": described(count, "of the policy file"),
        says: string,
      }),
    ),
    findings: list(string, "ids of the rules"),
    coverage: list(oneOf(...COVERAGES), "what was missing; empty when whole"),
    policySha256: sha256,
  }),
  outcome: line("outcome", "what a rung of the response did", {
    ...ofFlowIfAny,
    rung: string,
    status: oneOf("done", "unneeded", "failed"),
    verified: boolean,
    "tookMs?": { type: "number", minimum: 0 },
    detail: string,
    "release?": string,
  }),
  malformed: line("malformed", "bytes that cannot be right", {
    ...ofFlowIfAny,
    "file?": string,
    "side?": side,
    at: described(string, "which reader says so"),
    reason: described(string, "what was found and what was expected"),
    offset: count,
  }),
  fault: line("fault", "a mistake of Portcullis itself", {
    ...ofFlowIfAny,
    where: string,
    stack: string,
  }),
  loss: line("loss", "something that was not looked at", {
    ...ofFlowIfAny,
    packetsDropped: count,
    where: string,
    why: string,
  }),
  summary: line("summary", "the last line of a replay", {
    packets: count,
    bytes: count,
    flows: count,
    handshakes: count,
    certificates: count,
    findings: object(
      "how many of each severity",
      Object.fromEntries(SEVERITIES.map((severity) => [severity, count])),
    ),
    inputs: list(
      object("in the order they were read", {
        bytes: count,
        "firstAtUs?": described(atUs, "absent when the input holds no packet"),
        "lastAtUs?": atUs,
        "sha256?": sha256,
      }),
    ),
    schema: described({ const: SCHEMA_VERSION }, "the version of this schema"),
  }),
};

export const LINES_SCHEMA: Schema = {
  $schema: "https://json-schema.org/draft/2020-12/schema",
  $id: "urn:portcullis:lines:1",
  title: "A line of Portcullis",
  description:
    "One JSON object a line. `kind` says which; absent keys are not printed, and no key is null.",
  oneOf: Object.keys(KINDS).map((kind) => ({ $ref: `#/$defs/${kind}` })),
  $defs: KINDS,
};
