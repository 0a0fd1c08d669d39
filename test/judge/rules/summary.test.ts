/** The sentence of every finding, with short names and with names that are too long for it. */
import { describe, expect, test } from "vitest";
import type { Case, Presented } from "../../../src/judge/case.ts";
import type { Finding } from "../../../src/judge/finding.ts";
import { defaultPolicy } from "../../../src/judge/policy/policy.ts";
import { deniedIssuerFinding } from "../../../src/judge/rules/denied-issuer.ts";
import { evasionFinding } from "../../../src/judge/rules/evasion.ts";
import { notValidAtTimeFinding } from "../../../src/judge/rules/not-valid-at-time.ts";
import { possessionFailedFinding } from "../../../src/judge/rules/possession.ts";
import { selfSignedFinding } from "../../../src/judge/rules/self-signed.ts";
import { uninspectableFinding } from "../../../src/judge/rules/uninspectable.ts";
import { unknownIssuerFinding } from "../../../src/judge/rules/unknown-issuer.ts";
import { weakOrMalformedFinding } from "../../../src/judge/rules/weak-or-malformed.ts";
import { wrongNameFinding } from "../../../src/judge/rules/wrong-name.ts";
import { type Certificate, parseCertificate } from "../../../src/trust/certificate.ts";
import type { FindingName } from "../../../src/trust/finding.ts";
import { altNames, dns, ecKey, mint, name, seq } from "../../trust/mint.ts";

const key = ecKey();
const names = (count: number) => Array.from({ length: count }, (_, i) => dns(`n${i}.example`));
const made = (subject: Uint8Array, issuer: Uint8Array, alt = names(5)) =>
  parseCertificate(mint({ key, subject, issuer, extensions: [altNames(...alt)] }));
const leaf = made(name("api"), name("CA"));
const upper = made(name("CA"), name("Root"));
const nameless = made(seq(), seq());
const long = made(name("l".repeat(200)), name("i".repeat(200)));

const about = (one: Certificate, side: Presented["side"] = "server") =>
  ({ side, leaf: one, certificates: [one, upper] }) as unknown as Presented;
const at = (serverName: string): Case =>
  ({
    policy: defaultPolicy,
    atUs: Date.UTC(2026, 5, 1) * 1000,
    destination: { serverName, name: serverName, ip: "192.0.2.7", port: 443 },
    evidence: { class: "presented", confidence: "medium" },
  }) as unknown as Case;
const here = at("a.example");
const far = at("p".repeat(150));
const fault = (word: FindingName, certificate: Certificate, detail = "why") => ({
  name: word,
  certificate,
  detail,
});
/** So many of a letter as are shown of a text that was cut to `max` characters. */
const cut = (letter: string, max: number) => `${letter.repeat(max - 1)}…`;
const cn = (letter: string, max: number) => `CN=${letter.repeat(max - 4)}…`;

const unknown = (one: Certificate, where: Case, side: Presented["side"] = "server") =>
  unknownIssuerFinding("unknown", { asks: "pass", detail: "d", about: about(one, side) }, where);
const denied = (title: string, where: Case, because?: string) =>
  deniedIssuerFinding(
    {
      asks: "refuse",
      line: { spki: "a", ...thenRefuse(), ...(because !== undefined && { because }) },
      denied: upper,
      name: title,
      about: about(leaf),
    },
    where,
  );
const dated = (word: FindingName, one: Certificate, where: Case) =>
  notValidAtTimeFinding(
    { asks: "report", faults: [fault(word, one)], about: about(leaf), severity: "warning" },
    where,
  );
const misnamed = (one: Certificate, where: Case) =>
  wrongNameFinding(
    { asks: "report", faults: [fault("wrong-name", one)], about: about(one), severity: "warning" },
    where,
  );
const weak = (words: FindingName[], severity: Finding["severity"], where: Case = here) =>
  weakOrMalformedFinding(
    { asks: "pass", faults: words.map((word) => fault(word, leaf)), about: about(leaf), severity },
    where,
  );
const selfSigned = (one: Certificate, where: Case, severity?: Finding["severity"]) =>
  selfSignedFinding({ asks: "pass", about: about(one), ...(severity && { severity }) }, where);
const impostor = (one: Certificate, where: Case) =>
  possessionFailedFinding({ asks: "cut", about: about(one) }, where);

const WEAK = [
  "signature-mismatch",
  "key-identifier-mismatch",
  "bad-subject-alt-name",
  "bad-extension",
] as const;

test("a self-signed certificate is a warning, and a note only where that is given", () => {
  expect(selfSigned(leaf, here).severity).toBe("warning");
  expect(selfSigned(leaf, here, "note").severity).toBe("note");
});

describe("a finding says", () => {
  test.each<[string, Finding, string]>([
    [
      "who issued a server's certificate",
      unknown(leaf, here),
      "The certificate of a.example was issued by CN=CA, an unknown issuer: whoever it is can read this connection.",
    ],
    [
      "who issued a client's",
      unknown(leaf, here, "client"),
      "The client's certificate for a.example was issued by CN=CA, an unknown issuer: whoever it is can read this connection.",
    ],
    [
      "that nobody is named as issuer",
      unknown(nameless, here),
      "The certificate of a.example was issued by (no name), an unknown issuer: whoever it is can read this connection.",
    ],
    [
      "so much of long names",
      unknown(long, far),
      `The certificate of ${cut("p", 56)} was issued by ${cn("i", 60)}, an unknown issuer: whoever it is can read this connection.`,
    ],
    [
      "what signed itself",
      selfSigned(leaf, here),
      "a.example shows a self-signed certificate (CN=api): nobody vouches for it, and anyone can make one like it.",
    ],
    [
      "that a line names what signed itself",
      selfSigned(nameless, here, "note"),
      "a.example shows a self-signed certificate ((no name)): an `allow` line names this very one.",
    ],
    [
      "so much of what signed itself",
      selfSigned(long, far),
      `${cut("p", 48)} shows a self-signed certificate (${cn("l", 56)}): nobody vouches for it, and anyone can make one like it.`,
    ],
    [
      "whom a policy denies",
      denied("CN=CA", here),
      "The server's chain at a.example has CN=CA in it, which the policy denies.",
    ],
    [
      "that it denies who has no name",
      denied("", here),
      "The server's chain at a.example has (no name) in it, which the policy denies.",
    ],
    [
      "so much of a denied name",
      denied("d".repeat(99), far),
      `The server's chain at ${cut("p", 64)} has ${cut("d", 64)} in it, which the policy denies.`,
    ],
    [
      "what expired",
      dated("expired", leaf, here),
      "The server's certificate at a.example was expired when captured: CN=api, valid to 2027-01-01T00:00:00Z.",
    ],
    [
      "whose issuer expired",
      dated("expired", upper, here),
      "The server's issuer's certificate at a.example was expired when captured: CN=CA, valid to 2027-01-01T00:00:00Z.",
    ],
    [
      "what is not valid yet",
      dated("not-yet-valid", leaf, here),
      "The server's certificate at a.example was not valid yet when captured: CN=api, valid from 2026-01-01T00:00:00Z.",
    ],
    [
      "so much of what expired",
      dated("expired", long, far),
      `The server's issuer's certificate at ${cut("p", 56)} was expired when captured: ${cn("l", 48)}, valid to 2027-01-01T00:00:00Z.`,
    ],
    [
      "the first three names of a certificate",
      misnamed(leaf, here),
      "a.example shows a certificate for n0.example, n1.example, n2.example: the client may be talking to somebody else.",
    ],
    [
      "that it has no name",
      misnamed(made(name("x"), name("CA"), []), here),
      "a.example shows a certificate for no name at all: the client may be talking to somebody else.",
    ],
    [
      "so much of its names",
      misnamed(made(name("x"), name("CA"), [dns("w".repeat(99))]), far),
      `${cut("p", 64)} shows a certificate for ${cut("w", 60)}: the client may be talking to somebody else.`,
    ],
    [
      "what is weak, each once",
      weak(["weak-key", "weak-key", "bad-serial"], "warning"),
      "The server's chain at a.example has weak-key, bad-serial: it may be forged or misread.",
    ],
    [
      "what is style",
      weak(["long-validity"], "note"),
      "The server's chain at a.example has long-validity: a question of style.",
    ],
    [
      "what was revoked",
      weak(["revoked"], "note"),
      "The server's chain at a.example has revoked: its issuer took it back.",
    ],
    [
      "what nobody knows from a staple",
      weak(["unusable-staple"], "note"),
      "The server's chain at a.example has unusable-staple: whether it was revoked is not known from it.",
    ],
    [
      "so much of what is weak",
      weak([...WEAK], "warning", far),
      `The server's chain at ${cut("p", 64)} has ${WEAK.join(", ").slice(0, 69)}…: it may be forged or misread.`,
    ],
    [
      "whose certificate is shown by somebody else",
      impostor(leaf, here),
      "a.example shows the certificate of CN=api, and its signature was not made with that key: an impostor.",
    ],
    [
      "so when it has no name",
      impostor(nameless, here),
      "a.example shows the certificate of (no name), and its signature was not made with that key: an impostor.",
    ],
    [
      "so much of both names",
      impostor(long, far),
      `${cut("p", 56)} shows the certificate of ${cn("l", 48)}, and its signature was not made with that key: an impostor.`,
    ],
    [
      "why nobody can tell",
      uninspectableFinding({ asks: "report", why: "ech", because: "it is hidden" }, far),
      `TLS to ${cut("p", 90)} could not be judged: it is hidden.`,
    ],
    [
      "what was sent twice",
      evasionFinding({ side: "client", offset: 5 }),
      "The client side sent different bytes for the same place once, first at offset 5: what we read may not be what the peer read.",
    ],
    [
      "what was sent thrice",
      evasionFinding({ side: "server", offset: 5, bytes: 7, count: 3 }),
      "The server side sent different bytes for the same place 3 times, first at offset 5 (7 bytes): what we read may not be what the peer read.",
    ],
  ])("%s", (_, { summary }, expected) => {
    // What is too long all the same is cut at two lines of a terminal.
    expect(summary).toBe(expected.length > 200 ? `${expected.slice(0, 199)}…` : expected);
  });

  test("why a policy denies, where it says so", () => {
    expect(denied("CN=CA", here, "INC-4411").evidence).toHaveProperty("because", "INC-4411");
    expect(denied("CN=CA", here).evidence).not.toHaveProperty("because");
  });

  test("the severity that the case has, else the rule's", () => {
    const given = { asks: "pass", detail: "d", about: about(leaf), severity: "note" } as const;
    expect(unknownIssuerFinding("unknown", given, here).severity).toBe("note");
    expect(unknown(leaf, here).severity).not.toBe("note");
  });

  test("up to twenty names and eight faults of a certificate", () => {
    const many = made(name("x"), name("CA"), names(25));
    expect(misnamed(many, here).evidence.names).toEqual(many.names.slice(0, 20));
    const faults = weak(Array<FindingName>(12).fill("weak-key"), "warning").evidence;
    expect(faults).toMatchObject({ faults: ["weak-key"], details: Array(8).fill("weak-key: why") });
  });

  test("how many bytes differ, where it is known", () => {
    expect(evasionFinding({ side: "client", offset: 5 }).evidence).toEqual({
      side: "client",
      offset: 5,
      count: 1,
    });
  });
});

function thenRefuse() {
  const then = "refuse" as const;
  return { then };
}
