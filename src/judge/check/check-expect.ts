/**
 * Expectations that no connection can meet or reach: names that IANA does not have, and lines that a line
 * above covers whole.
 */
import { cipherSuiteNames } from "../../inspect/tls/cipher-suites.ts";
import { groupNames } from "../../inspect/tls/names.ts";
import type { Expectation } from "../expectation.ts";
import { nearestName } from "../nearest-name.ts";
import type { Policy } from "../policy/policy.ts";
import { CIPHER_WORDS } from "../suite.ts";
import { coversTarget } from "./check-cover.ts";
import type { Remark } from "./check-remark.ts";

export function expectRemarks({ expect = [] }: Policy): Remark[] {
  return expect.flatMap((line, i) => [
    ...unknownNames(line, i),
    ...shadowed(line, i, expect.slice(0, i)),
  ]);
}

function unknownNames(
  { ciphers = [], groups = [], keyTypes = [] }: Expectation,
  i: number,
): Remark[] {
  const suites = () => [...CIPHER_WORDS, ...cipherSuiteNames()];
  return [
    ...unknown(ciphers, suites, { path: ["expect", i, "encryption", "ciphers"], what: "suite" }),
    ...unknown(groups, groupNames, { path: ["expect", i, "encryption", "groups"], what: "group" }),
    ...unknown(
      keyTypes.filter((one) => !/^rsa-\d+$/i.test(one)),
      () => [...KEY_TYPES, ...groupNames()],
      { path: ["expect", i, "encryption", "keyTypes"], what: "kind of key" },
    ),
  ];
}

function unknown(
  written: readonly string[],
  names: () => readonly string[],
  { path, what }: { readonly path: Remark["path"]; readonly what: string },
): Remark[] {
  return written.flatMap((name): Remark[] => {
    const known = names();
    if (known.some((one) => one.toLowerCase() === name.toLowerCase())) return [];
    const near = nearestName(name, known);
    const hint = near === undefined ? "" : `, did you mean ${near}?`;
    return [{ kind: "never-matches", path, says: `${name} is the name of no ${what}${hint}` }];
  });
}

/** The first line that covers a connection counts. */
function shadowed(line: Expectation, i: number, above: readonly Expectation[]): Remark[] {
  const wider = above.find(({ to }) => {
    const { cidr, name, ports } = line.to;
    if (to.ports !== undefined && ports?.every((port) => to.ports!.includes(port)) !== true)
      return false;
    if (to.cidr !== undefined && (cidr === undefined || !coversTarget(to.cidr, cidr))) return false;
    return to.name === undefined || (name !== undefined && coversTarget(to.name, name));
  });
  if (wider === undefined) return [];
  const says = `line ${wider.line} covers all that this line covers, and stands first`;
  return [{ kind: "shadowed", path: ["expect", i], says }];
}

const KEY_TYPES = ["rsa", "rsassa-pss", "ec", "dsa", "ed25519", "ed448"];
