/** C03: no verified name of the leaf is the one that the client asked for, or the server's address. */
import type { Case } from "../case.ts";
import { placeName } from "../destination.ts";
import { clip, type Finding, findingOf, type Rule } from "../finding.ts";
import { INSTALL_CERTIFICATE, tagged } from "./attack.ts";
import { certificatesOf, type HygieneCase } from "./hygiene-case.ts";

export const wrongName: Rule = {
  id: "C03",
  name: "wrong-name",
  severity: "breach",
  confidence: "high",
  attack: tagged(INSTALL_CERTIFICATE, ["T1557"]),
  title: "Certificate for another name",
  whatToDo:
    "Check that the name resolves to the right server; if the server is right, issue it a certificate with this name.",
};

/** `faults` are not empty. */
export function wrongNameFinding(
  { asks, faults, about, severity }: HygieneCase,
  { destination, evidence }: Case,
): Finding {
  const names = about.leaf.names.slice(0, NAMES_MAX);
  const shown = clip(names.slice(0, 3).join(", "), SHOWN_MAX) || "no name at all";
  return findingOf(wrongName, asks, {
    summary: `${clip(placeName(destination), PLACE_MAX)} shows a certificate for ${shown}: the client may be talking to somebody else.`,
    confidence: evidence.confidence,
    certificates: certificatesOf(faults, about),
    evidence: { expected: destination.serverName ?? destination.ip, names },
    severity,
  });
}

/** A certificate may carry thousands. */
const NAMES_MAX = 20;
const SHOWN_MAX = 60;
const PLACE_MAX = 64;
