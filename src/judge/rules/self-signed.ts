/** A16: the leaf's own key verifies its signature, so nobody vouches for it. */
import type { Case, Presented } from "../case.ts";
import { defaultMarks } from "../default-looking.ts";
import { placeName } from "../destination.ts";
import { clip, type Finding, findingOf, type Rule, type Severity } from "../finding.ts";
import type { Decision } from "../policy/policy.ts";
import { INSTALL_CERTIFICATE, tagged } from "./attack.ts";

export const selfSigned: Rule = {
  id: "A16",
  name: "self-signed",
  severity: "warning",
  confidence: "medium-high",
  attack: tagged(INSTALL_CERTIFICATE, ["T1587.003", "T1573.002"]),
  title: "Self-signed or default-looking certificate",
  whatToDo:
    "Have the server use a certificate of an approved CA, or, if this very certificate is meant, allow its `spki` for this destination alone.",
  means:
    "The certificate is signed with its own key: nobody vouches for it, and anyone can make one with " +
    "the same names. Servers of attackers often have one, and so do appliances and test machines. Or " +
    "it looks as a program's defaults left it (`default-looking`, a note where the issuer is trusted; " +
    "`looks` in the evidence says why): nobody chose it for this destination.",
  cannotSee:
    "Whether it is always the same certificate: pin it, and another one is found. What TLS 1.3 hides " +
    "(A18).",
  falsePositives: [
    {
      when:
        "An appliance or a development server that you know: pin its key, for its place. Then this is a " +
        "note, and another certificate in that place is found.",
      exception:
        'issuers:\n  allow:\n    - spki: <spki>\n      for: ["<server name>"]\n' +
        "      expires: <date>\n    - roots: mozilla",
    },
    {
      when: "A network of test machines, whose certificates change.",
      exception:
        "issuers:\n  selfSigned:\n    default: cut\n    for:\n      - {to: [<address>], then: report}",
    },
  ],
  emulation: {
    says: "A server with a certificate of its own making.",
    commands: [
      "openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=localhost -keyout key.pem -out cert.pem",
      "openssl s_server -accept 4433 -cert cert.pem -key key.pem -tls1_2 -www",
      "openssl s_client -connect 127.0.0.1:4433 -servername localhost",
    ],
    capture: "captures/self-signed.pcap",
  },
};

/** `severity` is given where a line of the policy names the leaf: then it is a note. */
export function selfSignedFinding(
  { asks, about, severity }: { asks: Decision; about: Presented; severity?: Severity },
  { destination, evidence, atUs }: Case,
): Finding {
  const { leaf } = about;
  const looks = defaultMarks(leaf, destination, atUs);
  const place = clip(placeName(destination), PLACE_MAX);
  const subject = clip(leaf.subject, DN_MAX) || "(no name)";
  const meaning =
    severity === "note"
      ? "an `allow` line names this very one."
      : "nobody vouches for it, and anyone can make one like it.";
  return findingOf(selfSigned, asks, {
    summary: `${place} shows a self-signed certificate (${subject}): ${meaning}`,
    confidence: evidence.confidence,
    certificates: [leaf.sha256],
    evidence: {
      subject: leaf.subject,
      spkiSha256: leaf.spkiSha256,
      ...(looks.length > 0 && { looks }),
    },
    ...(severity === undefined ? {} : { severity }),
  });
}

/** Of a certificate whose issuer is trusted; `looks` are not empty. */
export function defaultLookingFinding(
  { about: { leaf }, looks }: { about: Presented; looks: readonly string[] },
  { destination, evidence }: Case,
): Finding {
  const place = clip(placeName(destination), PLACE_MAX);
  const finding = findingOf(selfSigned, "pass", {
    summary: `${place} shows a certificate that looks like a default: ${looks.join(", ")}.`,
    confidence: evidence.confidence,
    certificates: [leaf.sha256],
    evidence: { subject: leaf.subject, spkiSha256: leaf.spkiSha256, looks },
    severity: "note",
  });
  return { ...finding, name: "default-looking" };
}

/** Of 200 characters: leaves room for the sentence. */
const DN_MAX = 56;
const PLACE_MAX = 48;
