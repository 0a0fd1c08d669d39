/**
 * Mutants that no test can notice, and why. An entry that no longer fits a line of its file is an
 * error, so that nothing hides here that has changed.
 */
import type { Equivalent } from "./subject.ts";

export const EQUIVALENTS: readonly Equivalent[] = [
  ...inFile("src/trust/oid-text.ts", [
    ["if (known !== undefined) return known;", "guard to nothing", "only spares decoding again"],
    ...["!== to ===", "&& to ||", "< to <=", "< to >="].map((change): Entry => {
      const code =
        "if (dotted !== undefined && OIDS_SEEN.size < OIDS_SEEN_MAX) OIDS_SEEN.set(key, dotted);";
      return [code, change, "decides what is remembered, and not what is answered"];
    }),
    ["const top = first > 2n ? 2n : first;", "> to >=", "of 2 both sides are 2"],
  ]),
  ...inFile("src/trust/path.ts", [
    [
      "for (const certificate of new Set(chain.slice(0, CHAIN_MAX))) {",
      "0 to 1",
      "the first one is the leaf, which begins every way and comes on none again",
    ],
    [
      "return own !== undefined && Buffer.compare(own, wanted) === 0 ? 0 : 1;",
      "1 to 2",
      "ranks are only compared with each other",
    ],
  ]),
  ...inFile("src/trust/time.ts", [
    [
      "const clock = hour <= 23 && minute <= 59 && second <= 59;",
      "23 to 24",
      "hour 24 is another day, which the next line sees",
    ],
  ]),
  ...inFile("src/trust/der.ts", [
    ["if (element.broken) return element;", "guard to nothing", "what is broken is empty as well"],
    ["if (element.broken) return 0;", "guard to nothing", "what is broken is empty as well"],
  ]),
  ...inFile("src/trust/host-name.ts", [
    [
      'return dot > 0 && offered.slice(2).includes(".") && wanted.slice(dot + 1) === offered.slice(2);',
      "> to >=",
      "what is wanted is a name, and none begins with a dot",
    ],
  ]),
  ...inFile("src/trust/lint.ts", [
    [
      "if (serialDer.length > 0 && serialDer[0]! >= 0x80) {",
      "> to >=",
      "of no octets the first is undefined, which is not above anything",
    ],
  ]),
  ...inFile("src/trust/name.ts", [
    ["if (ASCII.test(text)) return text;", "guard to nothing", "only spares decoding"],
    [": width === 2", "2 to 3", "both ways of making it agree on the first 65,536 characters"],
  ]),
  ...inFile("src/judge/destination.ts", [
    ...["< to <=", "0 to 1"].flatMap((change): Entry[] => [
      [
        "const address = slash < 0 ? text : text.slice(0, slash);",
        change,
        "no address begins with a slash, or is shorter than two characters",
      ],
      [
        "const prefix = slash < 0 ? String(most) : text.slice(slash + 1);",
        change,
        "no address begins with a slash, or is shorter than two characters",
      ],
    ]),
  ]),
  ...inFile("src/judge/decide.ts", [
    ["#idLast = 0;", "0 to 1", "numbers only differ from each other"],
  ]),
  ...inFile("src/judge/steps/approval.ts", [
    [
      'target.kind === "cidr" ? target.bits : target.text.startsWith("*.") ? 130 : 260,',
      "130 to 131",
      "anything between 128 bits of an address and 260 keeps the order",
    ],
    [
      'target.kind === "cidr" ? target.bits : target.text.startsWith("*.") ? 130 : 260,',
      "260 to 261",
      "anything above a wildcard's keeps the order",
    ],
    [
      "return pins * 10_000 + place * 10 + more;",
      "10 to 11",
      "anything between what is added and a tenth of a pin's weight keeps the order",
    ],
  ]),
  ...inFile("src/judge/yaml-source.ts", [
    [
      'return message.split("\\n", 1)[0]!.replace(/:$/, "");',
      "1 to 2",
      "only the first part is looked at",
    ],
  ]),
];

type Entry = readonly [code: string, change: string, why: string];

function inFile(path: string, entries: readonly Entry[]): Equivalent[] {
  return entries.map(([code, change, why]) => ({ path, code, change, why }));
}
