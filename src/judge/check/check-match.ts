/**
 * Never matching: entries that no connection can meet, whatever it shows.
 *
 * Only what the policy and its root files prove is said. An issuer that nobody ever meets is the
 * ledger's to find.
 */
import { mozillaAnchors, pemAnchors } from "../../trust/anchors.ts";
import type { Certificate } from "../../trust/certificate.ts";
import type { AllowLine, DenyLine, IssuersPolicy, Policy } from "../policy/policy.ts";
import type { Path } from "../policy/yaml-source.ts";
import { isPinned } from "./check-cover.ts";
import type { Remark } from "./check-remark.ts";

export function matchRemarks({ issuers }: Policy): Remark[] {
  const { allow = [], deny, unapproved, unknown } = issuers;
  const held = heldRoots(issuers);
  const remarks: Remark[] = [
    ...allow.flatMap((line, i) => lineRemark(line, { issuers, held }, ["issuers", "allow", i])),
    ...deny.flatMap((line, i) => contradiction(line, held, ["issuers", "deny", i])),
  ];
  if (issuers.roots.length === 0 && !allow.some(isPinned)) {
    const says = "no root and no key: every chain is unknown";
    remarks.push({ kind: "never-matches", path: ["issuers", "roots"], says });
  }
  if (issuers.allow === undefined && unapproved !== unknown) {
    const says = "without `allow` every valid chain is approved, so this never decides";
    remarks.push({ kind: "never-matches", path: ["issuers", "unapproved"], says });
  }
  return remarks;
}

function lineRemark(
  line: AllowLine,
  { issuers, held }: { issuers: IssuersPolicy; held: () => readonly Certificate[] },
  path: Path,
): Remark[] {
  const { roots } = line;
  if (roots !== undefined && !issuers.roots.some((known) => nameOf(known) === roots)) {
    const known = issuers.roots.map(nameOf).join(", ") || "none";
    const says = `${roots} is none of \`issuers.roots\` (${known}), so the line approves nothing`;
    return [{ kind: "never-matches", path: [...path, "roots"], says }];
  }
  // With a pin the policy as a whole is told, where its roots are.
  if (issuers.roots.length === 0 && !isPinned(line) && issuers.allow?.some(isPinned)) {
    const says =
      "a line without `spki` or `certificate` needs a path to `roots`, and there are none";
    return [{ kind: "never-matches", path, says }];
  }
  return contradiction(line, held, path);
}

/** All selectors of a line mean one certificate; of a root that we hold we know whether they can. */
function contradiction(
  { certificate: sha256, spki, issuer, issuerKey }: AllowLine | DenyLine,
  held: () => readonly Certificate[],
  path: Path,
): Remark[] {
  if (sha256 === undefined || (spki ?? issuer) === undefined) return [];
  const meant = held().find((root) => root.sha256 === sha256);
  if (meant === undefined) return [];
  const add = (key: string, says: string): Remark[] => [
    { kind: "never-matches", path: [...path, key], says },
  ];
  if (spki !== undefined && meant.spkiSha256 !== spki) {
    return add("spki", `the certificate of this line has the key ${meant.spkiSha256}`);
  }
  if (issuerKey !== undefined && meant.subjectKey !== issuerKey) {
    return add("issuer", `the certificate of this line is ${meant.subject}`);
  }
  return [];
}

/** Read when somebody asks: Mozilla's take 20 ms. */
function heldRoots({ roots }: IssuersPolicy): () => readonly Certificate[] {
  let held: readonly Certificate[] | undefined;
  return () => {
    held ??= [
      ...mozillaAnchors(),
      ...roots.flatMap((one) => (one.kind === "file" ? pemAnchors(one.pem).anchors : [])),
    ].flatMap(({ certificate }) => certificate ?? []);
    return held;
  };
}

function nameOf(roots: IssuersPolicy["roots"][number]): string {
  return roots.kind === "file" ? roots.name : roots.kind;
}
