/**
 * Certificates that look as their maker's defaults left them (DETECTIONS, A16): nobody chose their
 * names, so nobody meant them for this destination.
 *
 * One telling mark is enough. The weaker ones are found on honest private certificates as well, and
 * only two of them together say something.
 */
import type { Certificate } from "../trust/certificate.ts";
import type { Destination } from "./destination.ts";

/** What is telling comes first; empty for an ordinary certificate. In words, ours and no wire text. */
export function defaultMarks(leaf: Certificate, destination: Destination, atUs: number): string[] {
  const telling = TELLING.filter(({ test }) => test(leaf, destination)).map(({ says }) => says);
  const weak = WEAK.filter(({ test }) => test(leaf, atUs)).map(({ says }) => says);
  return telling.length > 0 || weak.length > 1 ? [...telling, ...weak] : [];
}

/** When what they say changes: the end of a certificate's first day. */
export function turnOfMarks({ validFromUs }: Certificate): number {
  return validFromUs + DAY_US - 1;
}

interface Telling {
  readonly says: string;
  readonly test: (leaf: Certificate, destination: Destination) => boolean;
}

interface Weak {
  readonly says: string;
  readonly test: (leaf: Certificate, atUs: number) => boolean;
}

/** Attributes of the subject: equal to one of these, in any case. */
function subjectHas(type: string, ...values: readonly string[]): Telling["test"] {
  return ({ subjectName }) =>
    subjectName
      .flat()
      .some(({ oid, text }) => oid === type && values.includes(text?.toLowerCase() ?? ""));
}

function isLocalhost(leaf: Certificate, { name, ip }: Destination): boolean {
  // Where there is a name, the address says nothing: judgements are shared by name (decide.ts).
  const isHere = name === undefined ? ip.startsWith("127.") || ip === "::1" : name === "localhost";
  if (isHere) return false;
  return subjectHas(CN, "localhost", "localhost.localdomain")(leaf, { ip, port: 0 });
}

/** As `openssl req -days 365` and its copies make it, and on its first day. */
function isFreshAndRound({ validFromUs, validToUs }: Certificate, atUs: number): boolean {
  const days = (validToUs - validFromUs) / DAY_US;
  return (days === 365 || days === 3650) && atUs >= validFromUs && atUs < validFromUs + DAY_US;
}

const CN = "2.5.4.3";
const O = "2.5.4.10";
const DAY_US = 86_400_000_000;

/** Names are lower-case here. Each is what the program it names writes when nobody says otherwise. */
const TELLING: readonly Telling[] = [
  { says: "the names of OpenSSL's example", test: subjectHas(O, "internet widgits pty ltd") },
  { says: "the organisation of OpenSSL on Red Hat", test: subjectHas(O, "default company ltd") },
  { says: "the organisation of mod_ssl's example", test: subjectHas(O, "someorganization") },
  { says: "the organisation of Apache's example", test: subjectHas(O, "snake oil, ltd") },
  {
    says: "the default certificate of ingress-nginx",
    test: subjectHas(CN, "kubernetes ingress controller fake certificate"),
  },
  { says: "the default certificate of Traefik", test: subjectHas(CN, "traefik default cert") },
  { says: "the organisation of Go's example", test: subjectHas(O, "acme co") },
  {
    says: "mkcert's development certificate",
    test: subjectHas(O, "mkcert development certificate"),
  },
  { says: "the name example.com", test: subjectHas(CN, "example.com") },
  { says: "the name localhost, which this is not", test: isLocalhost },
  {
    says: "the serial number of Cobalt Strike's default certificate",
    test: ({ serial }) => serial === "08bb00ee",
  },
];

const WEAK: readonly Weak[] = [
  { says: "a CA's certificate as a server's", test: ({ ca }) => ca },
  { says: `version 1`, test: ({ version }) => version === 1 },
  { says: "no subjectAltName", test: ({ subjectAltNames }) => subjectAltNames.length === 0 },
  { says: "made today, for exactly one or ten years", test: isFreshAndRound },
];
