/**
 * Mutants that no test can notice, and why. An entry that no longer fits a line of its file is an
 * error, so that nothing hides here that has changed.
 */
import type { Equivalent } from "./subject.ts";

const SPARES = "only spares work that would give the same";

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
    ["if (known !== undefined) return known;", "guard to nothing", SPARES],
    [
      'if (isPlain && coverage.length === 0) return "";',
      "guard to nothing",
      "the key of a plain handshake is longer, and still its own",
    ],
    [
      "...(this.#revocationLists.length > 0 && { revocationLists: this.#revocationLists }),",
      "> to >=",
      "no lists and a list of none are the same to the trust engine",
    ],
    [
      'if (binding === "bound") return "bound ";',
      "guard to nothing",
      "what is bound and what nobody knows of are judged alike",
    ],
    ...["guard to nothing", "false to true"].map((change): Entry => {
      const code = 'if (resumed === false && early !== true) return "";';
      return [code, change, "the key of a session that begins is longer, and still its own"];
    }),
    [
      'if (resumed === false && early !== true) return "";',
      "!== to ===",
      "early data and none change places, and stay two",
    ],
    [
      // biome-ignore lint/suspicious/noTemplateCurlyInString: it is a line of the source.
      'return `${resumptionOf(input)}${resumed}${early === true ? " early" : ""} `;',
      "=== to !==",
      "early data and none change places, and stay two",
    ],
  ]),
  ...inFile("src/judge/policy/canonical-json.ts", [
    [".sort(([a], [b]) => (a < b ? -1 : 1))", "< to <=", "no object has a member twice"],
    ...[1, 2].map((nth): NthEntry => {
      return [".sort(([a], [b]) => (a < b ? -1 : 1))", "1 to 2", "only the sign counts", nth];
    }),
  ]),
  ...inFile("src/judge/binding.ts", [
    ['if (bindings.empty) return "unknown";', "guard to nothing", SPARES],
    [
      'if (name === undefined) return "unknown";',
      "guard to nothing",
      "no answer is about what is no name",
    ],
    [
      "const before = spans.some(({ fromUs }) => fromUs <= atUs);",
      "<= to <",
      "a span that begins at this moment holds, and the line before has answered",
    ],
  ]),
  ...inFile("src/judge/direction.ts", [
    ['if (this.#networks.length === 0) return "unknown";', "guard to nothing", SPARES],
    ["if (known !== undefined) return known;", "guard to nothing", SPARES],
    ...[">= to >", ">= to <"].map((change): Entry => {
      const code = "if (this.#known.size >= KNOWN_MAX) this.#known.clear();";
      return [code, change, "decides what is remembered, and not what is answered"];
    }),
  ]),
  ...inFile("src/judge/check/check-cover.ts", [
    [
      'if (inner.kind !== "name") return false;',
      "guard to nothing",
      "no pattern of a name covers the text of a network",
    ],
  ]),
  ...inFile("src/judge/check/check-expiry.ts", [
    [
      "if (certificate === undefined) return [];",
      "guard to nothing",
      "only for the type: roots of a file have certificates",
    ],
  ]),
  ...inFile("src/judge/check/check-match.ts", [
    [
      "if (sha256 === undefined || (spki ?? issuer) === undefined) return [];",
      "guard to nothing",
      SPARES,
    ],
    ["if (sha256 === undefined || (spki ?? issuer) === undefined) return [];", "|| to &&", SPARES],
  ]),
  ...inFile("src/judge/explain/explain-otherwise.ts", [
    [
      "if (differs.length === 0) return undefined;",
      "guard to nothing",
      "what does not differ has the same outcome, and is left out for that",
    ],
    [
      "if (roots !== undefined && there === undefined) return undefined;",
      "guard to nothing",
      "roots that are not there approve nothing, and what does not differ is left out",
    ],
    [
      "if (roots === question.suppose.roots) return undefined;",
      "guard to nothing",
      "what does not differ has the same outcome, and is left out for that",
    ],
    [
      'if (!("tolerate" in line)) return { says: [], destination };',
      "guard to nothing",
      "only for the type: a `deny` line has no places",
    ],
  ]),
  ...inFile("src/judge/explain/explain-suppose.ts", [
    ["if (isRoot) return root;", "guard to nothing", "the root is on the path all the same"],
    ["trusted: true,", "true to false", "the steps ask for paths, and not what a path is worth"],
    ["valid: true,", "true to false", "the steps ask for paths, and not what a path is worth"],
    ...[1, 2, 3].map((nth): NthEntry => {
      const code = "spent: { signatures: 0, nodes: 0, comparisons: 0, exhausted: false },";
      return [code, "0 to 1", "nobody asks what supposing has cost", nth];
    }),
    [
      "spent: { signatures: 0, nodes: 0, comparisons: 0, exhausted: false },",
      "false to true",
      "nobody asks what supposing has cost",
    ],
  ]),
  ...inFile("src/judge/explain/explain.ts", [
    ["id: 1,", "1 to 2", "no step looks at the number of a flow"],
    ["{ ip: CLIENT_IP, port: 0 },", "0 to 1", "no step looks at the client's port"],
    ["established: true,", "true to false", "no step looks at it where a chain was given"],
    ["resumed: false,", "false to true", "no step looks at it where a chain was given"],
  ]),
  ...inFile("src/judge/default-looking.ts", [
    [
      'return subjectHas(CN, "localhost", "localhost.localdomain")(leaf, { ip, port: 0 });',
      "0 to 1",
      "a subject has no port",
    ],
  ]),
  ...inFile("src/judge/key-reuse.ts", [
    [
      "if (atUs < known.atUs) known.atUs = atUs;",
      "< to <=",
      "of two equal times either is the earliest",
    ],
    [
      "} else if (this.#held >= this.#heldMax || (uses?.size ?? 0) >= CERTIFICATES_MAX) {",
      "0 to 1",
      "both are below the limit",
    ],
    [
      "const shared = [...this.#keys].filter(([, uses]) => uses.size > 1);",
      "> to >=",
      "one certificate is one group, which is not told",
    ],
    ...["< to <=", "1 to 2"].flatMap((change) =>
      [
        "return shared.sort(([a], [b]) => (a < b ? -1 : 1)).flatMap(([spki, uses]) => told(spki, uses));",
        "const sorted = [...uses.values()].sort((a, b) => (a.leaf.sha256 < b.leaf.sha256 ? -1 : 1));",
      ].flatMap((code) =>
        (change === "1 to 2" ? [1, 2] : [1]).map((nth): NthEntry => {
          return [code, change, "no two are equal, and only the sign counts", nth];
        }),
      ),
    ),
  ]),
  ...inFile("src/judge/policy/policy.ts", [
    ...[
      "return strictness(a) < strictness(b) ? b : a;",
      "return strictness(a) < strictness(b) ? a : b;",
    ].map((code): Entry => [code, "< to <=", "of equals either is the answer"]),
  ]),
  ...inFile("src/judge/policy/policy-file.ts", [
    [
      'if (text.trim() === "") throw failure(file, NOTHING);',
      "guard to nothing",
      "a text without anything has no value, which is told in the same words",
    ],
  ]),
  ...inFile("src/judge/steps/deny.ts", [
    ["if (deny.length === 0) return [];", "guard to nothing", SPARES],
  ]),
  ...inFile("src/judge/steps/hygiene.ts", [
    ["if (faults.length === 0) return [];", "guard to nothing", SPARES],
  ]),
  ...inFile("src/judge/steps/view.ts", [
    ...["guard to nothing", "|| to &&"].map((change): Entry => {
      const code =
        'if (best.asks === "pass" || !about.validation.paths.some(endsAtAllowLine)) return best;';
      return [code, change, "only spares judging what asks for no less"];
    }),
  ]),
  ...inFile("src/judge/steps/approval.ts", [
    [
      "if (line.issuer === undefined && line.spki === undefined && line.certificate === undefined) {",
      "guard to nothing",
      "a line that names roots alone means every path to them, and none that ends at a line",
    ],
    ["? 4", "4 to 5", "anything above a key's keeps the order"],
    ["? 2", "2 to 3", "a path that a key approves ends there, where no name alone approves it"],
    [
      "const more = (line.ports === undefined ? 0 : 2) + (line.workloads === undefined ? 0 : 1);",
      "2 to 3",
      "ports stay before workloads",
    ],
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
  ...inFile("src/judge/policy/yaml-source.ts", [
    ["if (node === null) return null;", "guard to nothing", "what is no node at all is null below"],
    [
      'return message.split("\\n", 1)[0]!.replace(/:$/, "");',
      "1 to 2",
      "only the first part is looked at",
    ],
  ]),
];

type Entry = readonly [code: string, change: string, why: string];
type NthEntry = readonly [...entry: Entry, nth: number];

function inFile(path: string, entries: readonly (Entry | NthEntry)[]): Equivalent[] {
  return entries.map(([code, change, why, nth = 1]) => ({ path, code, change, why, nth }));
}
