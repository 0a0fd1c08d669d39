/**
 * The policy file's schema as others read it: JSON Schema 2020-12, so that editors complete and explain
 * what is typed. Made from the one that the program checks by, so that the two cannot part.
 */
import * as z from "zod";
import { defaultPolicy, type Setting } from "./policy.ts";
import { policySchema } from "./policy-schema.ts";

export interface JsonSchema {
  readonly [key: string]: unknown;
}

/**
 * Everything that a right file says passes. A wrong one may pass as well where only the program can
 * tell: dates that do not exist, host bits, names that are none, root files that are missing.
 */
export function policyJsonSchema(): JsonSchema {
  const schema = z.toJSONSchema(policySchema, { target: "draft-2020-12", io: "input" });
  for (const [path, { says, ...more }] of Object.entries(MEANINGS)) {
    Object.assign(schemaAt(schema, path), { description: says, ...more });
  }
  const { $schema, ...rest } = schema;
  return { $schema, title: "Portcullis policy", description: WHAT_IT_IS, ...rest };
}

/** Every place of `MEANINGS`: a test holds them against the schema. */
export function explainedPaths(): string[] {
  return Object.keys(MEANINGS);
}

/** `issuers.allow[].for`: keys of maps, and `[]` for what a list holds. */
function schemaAt(schema: JsonSchema, path: string): JsonSchema {
  return path.split(".").reduce((outer, part) => {
    const key = part.replace("[]", "");
    const inner = (outer.properties as Record<string, JsonSchema>)[key]!;
    return part.endsWith("[]") ? (inner.items as JsonSchema) : inner;
  }, schema);
}

function settingOf(says: string, { default: answer }: Setting<string>): Meaning {
  const exceptions =
    "Or {default: cut, for: [{to: [...], then: report}]}: the first match decides.";
  return { says: `${says} ${exceptions}`, default: answer };
}

interface Meaning {
  readonly says: string;
  readonly default?: unknown;
}

const LATER = "Checked and kept; this version does not apply it yet.";
const { issuers, mode } = defaultPolicy;

const MEANINGS: Readonly<Record<string, Meaning>> = {
  version: { says: "Of the format." },
  mode: { says: "audit reports what it would do; enforce does it.", default: mode },
  issuers: { says: "Which certificate issuers count." },
  "issuers.roots": {
    says: "What makes a chain valid: `mozilla`, `system`, and PEM or DER files or folders beside this file.",
    default: ["mozilla"],
  },
  "issuers.crls": {
    says: "Certificate revocation lists: PEM or DER files or folders beside this file. Nothing is fetched.",
  },
  "issuers.allow": {
    says: "What makes a valid chain approved. Without this key, every valid chain is.",
  },
  "issuers.allow[].issuer": {
    says: "Subject of a CA on the path, as RFC 4514 writes it. Without a key it needs a path to roots.",
  },
  "issuers.allow[].spki": {
    says: "SHA-256 of a public key (SubjectPublicKeyInfo): stands without a root.",
  },
  "issuers.allow[].certificate": {
    says: "SHA-256 of a certificate: stands without a root.",
  },
  "issuers.allow[].roots": {
    says: "The path must end in one of these: `mozilla`, or a file as `issuers.roots` names it.",
  },
  "issuers.allow[].for": {
    says: "Names (`*.` is one label), addresses and CIDRs, any of which will do. Absent: everywhere.",
  },
  "issuers.allow[].ports": { says: "Of the server. Absent: all." },
  "issuers.allow[].workloads": { says: "Who may connect. Absent: all." },
  "issuers.allow[].expires": {
    says: "The last day or minute, in UTC. Afterwards reported for 30 days, then `unapproved`.",
  },
  "issuers.allow[].approved": { says: "Who answers for this line, since when, and why." },
  "issuers.allow[].tolerate": { says: "Faults that this line's certificates may have." },
  "issuers.deny": { says: "Wins over everything else, wherever it matches on a chain." },
  "issuers.deny[].issuer": { says: "Subject of the denied CA, as RFC 4514 writes it." },
  "issuers.deny[].spki": { says: "SHA-256 of a public key (SubjectPublicKeyInfo)." },
  "issuers.deny[].certificate": { says: "SHA-256 of a certificate." },
  "issuers.deny[].then": { says: "What a match is worth.", default: "cut" },
  "issuers.deny[].because": { says: "For whoever reads the finding." },
  "issuers.unknown": settingOf("No path to a root or an approved key.", issuers.unknown),
  "issuers.unapproved": {
    ...settingOf("A valid chain that no `allow` line approves.", issuers.unapproved),
    default: undefined,
  },
  "issuers.selfSigned": settingOf("The leaf's own key signed it.", issuers.selfSigned),
  "issuers.hygiene": settingOf(
    "Expired, not yet valid, for another name, weak or malformed.",
    issuers.hygiene,
  ),
  "issuers.unseen": { says: "What it is worth that a certificate was not seen." },
  "issuers.unseen.encrypted": settingOf("TLS 1.3 or QUIC.", issuers.unseen.encrypted),
  "issuers.unseen.resumed": settingOf("A session was resumed.", issuers.unseen.resumed),
  "issuers.unseen.ech": settingOf("The client hello is encrypted.", issuers.unseen.ech),
  "issuers.unseen.otherwise": settingOf("Everything else.", issuers.unseen.otherwise),
  transports: { says: `What a transport that cannot be judged is worth. ${LATER}` },
  resolvers: { says: "Whose answers may bind a name to an address. Absent: nobody's." },
  expect: { says: "What must be encrypted, and by what. The first line that covers counts." },
  "expect[].to": { says: "Whom it means. What is given must all match: `cidr`, `name`, `ports`." },
  "expect[].to.name": {
    says: "The name that the client asks for; in clear, the name that `resolvers` gave the address for.",
  },
  "expect[].encryption": { says: "What must encrypt, and how strongly." },
  "expect[].encryption.ciphers": {
    says: "IANA names, or aes-gcm, chacha20, aes-cbc. Any will do.",
  },
  "expect[].encryption.groups": { says: "IANA names, as X25519MLKEM768. Any will do." },
  "expect[].encryption.keyTypes": {
    says: "Of the server's certificate: rsa, rsa-3072 (bits at least), ec, secp256r1, ed25519. Any will do.",
  },
  "expect[].encryption.visibleAt": {
    says: "From where on ciphertext must be visible. Nothing is decided unless `--vantage` is given.",
  },
  "expect[].otherwise": {
    says: "What it is worth that this is not met. Absent: cut for plaintext, report for weakness.",
  },
  "expect[].hardware": {
    says: "What should do the encryption. `hsm` without `identity`: `to` is where the HSM answers.",
  },
  "expect[].hardware.identity": {
    says: "Whose key the hardware holds, and the CA or key that its certificate must lead to.",
  },
  mesh: { says: "Legs that a service mesh encrypts later: these server ports are no egress." },
  rules: { says: `Exceptions, by the id of a rule. ${LATER}` },
  host: { says: `Of the machine that a workload runs on. ${LATER}` },
  windows: { says: "Signed maintenance windows: a cut that was expected is a report meanwhile." },
  "windows[].name": { says: "As reasons and warnings call it." },
  "windows[].scope": {
    says: "What changes: the SHA-256 of a key that is expected on a path, or `wire.encryption`.",
  },
  "windows[].from": { says: "Its first day, minute or second, in UTC." },
  "windows[].to": { says: "Its last one." },
  "windows[].signedBy": { says: "SHA-256 of the signer's key, one of `windowSigners`." },
  "windows[].publicKey": { says: "That key: SubjectPublicKeyInfo of Ed25519, in Base64." },
  "windows[].signature": {
    says: "Ed25519, in Base64, over the RFC 8785 form of this window without `signature`.",
  },
  windowSigners: { says: "SHA-256 of the keys that may sign windows. Absent: none." },
  environments: { says: `Which workloads are for trying things out. ${LATER}` },
  probe: {
    says: "Which addresses are never asked for their certificates, and how many probes leave in an hour (`replay --probe`).",
  },
  respond: { says: `How a decision is carried out. ${LATER}` },
};

const WHAT_IT_IS =
  "What a person decided about the certificate issuers that workloads may meet. " +
  "`portcullis policy check FILE` says more than this schema can.";
