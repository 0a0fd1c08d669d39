/** OCSP responses for tests, byte by byte: every field can be wrong on purpose. */
import { hash, sign } from "node:crypto";
import { parseCertificate } from "../../src/trust/certificate.ts";
import { type KeyPair, octets, oid, seq, text, tlv } from "./mint.ts";

export interface MintOcsp {
  /** DER of the certificate it is about, and of whoever issued that. */
  readonly about: Uint8Array;
  readonly issuer: Uint8Array;
  /** Who answers: by default the issuer, and by name. */
  readonly responder?: Uint8Array;
  readonly byKey?: boolean;
  readonly signer: KeyPair;
  readonly status?: "good" | "revoked" | "unknown";
  readonly hash?: "sha1" | "sha256";
  readonly serial?: Uint8Array;
  readonly from?: string;
  /** `null`: none. */
  readonly to?: string | null;
  readonly certificates?: readonly Uint8Array[];
  readonly singleExtensions?: readonly Uint8Array[];
  readonly extensions?: readonly Uint8Array[];
  readonly version?: number;
  /** Of OCSPResponse: 0 is successful. */
  readonly state?: number;
  readonly type?: string;
}

export function mintOcsp(spec: MintOcsp): Uint8Array {
  const issuer = parseCertificate(spec.issuer);
  const responder = parseCertificate(spec.responder ?? spec.issuer);
  const { to = "20260620000000Z", from = "20260601000000Z" } = spec;
  const hashName = spec.hash ?? "sha1";
  const digest = (bytes: Uint8Array) => octets(Uint8Array.from(hash(hashName, bytes, "buffer")));
  const single = seq(
    seq(
      seq(oid(hashName === "sha1" ? "1.3.14.3.2.26" : "2.16.840.1.101.3.4.2.1"), tlv(5)),
      digest(parseCertificate(spec.about).issuerDer),
      digest(issuer.keyBits),
      tlv(2, spec.serial ?? parseCertificate(spec.about).serialDer),
    ),
    STATUS[spec.status ?? "good"],
    text(from, 0x18),
    ...(to === null ? [] : [tlv(0xa0, text(to, 0x18))]),
    ...(spec.singleExtensions === undefined ? [] : [tlv(0xa1, seq(...spec.singleExtensions))]),
  );
  const sha1 = Uint8Array.from(hash("sha1", responder.keyBits, "buffer"));
  const tbs = seq(
    ...(spec.version === undefined ? [] : [tlv(0xa0, tlv(2, Uint8Array.of(spec.version)))]),
    spec.byKey ? tlv(0xa2, octets(sha1)) : tlv(0xa1, Uint8Array.from(responder.subjectDer)),
    text("20260601000500Z", 0x18),
    seq(single),
    ...(spec.extensions === undefined ? [] : [tlv(0xa1, seq(...spec.extensions))]),
  );
  const signature = sign("sha256", tbs, spec.signer.privateKey);
  const basic = seq(
    tbs,
    seq(oid("1.2.840.10045.4.3.2")),
    tlv(3, Uint8Array.of(0), signature),
    ...(spec.certificates === undefined ? [] : [tlv(0xa0, seq(...spec.certificates))]),
  );
  return seq(
    tlv(0x0a, Uint8Array.of(spec.state ?? 0)),
    tlv(0xa0, seq(oid(spec.type ?? "1.3.6.1.5.5.7.48.1.1"), octets(basic))),
  );
}

const STATUS = {
  good: tlv(0x80),
  revoked: tlv(0xa1, text("20260501000000Z", 0x18)),
  unknown: tlv(0x82),
};
