import { describe, expect, test } from "vitest";
import { nearest } from "../../src/cli/nearest.ts";
import { countOf, given, Misuse, type Option, parseCall } from "../../src/cli/options.ts";

const OPTIONS: readonly Option[] = [
  { name: "policy", value: "F", says: "" },
  { name: "local", value: "CIDR", many: true, says: "" },
  { name: "fail-on", value: "S", oneOf: ["breach", "warning", "never"], says: "" },
  { name: "hash", says: "" },
  { name: "jobs", value: "N", says: "" },
  { name: "keylog", value: "F", says: "read TLS keys", toCome: true },
];

describe("a call", () => {
  test.each([
    [["--policy", "p.yaml", "x"]],
    [["--policy=p.yaml", "x"]],
    [["x", "--policy", "p.yaml"]],
  ])("%j has a policy and an operand", (args) => {
    const call = parseCall(args, OPTIONS);
    expect(given(call, "policy")).toBe("p.yaml");
    expect(call.operands).toEqual(["x"]);
  });

  test("keeps all values of an option that may be repeated", () => {
    const call = parseCall(["--local", "a", "--local=b"], OPTIONS);
    expect(call.values.get("local")).toEqual(["a", "b"]);
  });

  test("takes - as an operand, and everything behind --", () => {
    expect(parseCall(["-", "--hash", "--", "--policy"], OPTIONS).operands).toEqual([
      "-",
      "--policy",
    ]);
  });

  test("may give an empty value with = alone", () => {
    expect(given(parseCall(["--policy="], OPTIONS), "policy")).toBe("");
  });

  test.each([
    [["--polcy", "x"], "unknown option --polcy, did you mean --policy?"],
    [["--zzzzzz"], "unknown option --zzzzzz"],
    [["-x"], "unknown option -x"],
    [["--policy"], "--policy expects a value: --policy F"],
    [["--policy", "a", "--policy", "b"], "--policy is given twice, expected once"],
    [["--hash=yes"], '--hash takes no value, found "yes"'],
    [
      ["--fail-on", "breech"],
      "--fail-on breech: expected breach, warning, never, did you mean breach?",
    ],
    [["--keylog", "x"], "--keylog is not in this version yet: it will read TLS keys"],
  ])("%j is refused: %s", (args, message) => {
    expect(() => parseCall(args, OPTIONS)).toThrow(new Misuse(message));
  });

  test.each([
    ["7", 7],
    ["2k", 2000],
    ["500M", 500_000_000],
    ["1G", 1_000_000_000],
  ])("counts %s", (text, count) => {
    expect(countOf(parseCall(["--jobs", text], OPTIONS), "jobs", 1)).toBe(count);
  });

  test.each(["0", "-1", "1.5", "x", "", "1e3", "9999999999999999", "9999999T", "1 k"])(
    "does not count %j",
    (text) => {
      const call = parseCall([`--jobs=${text}`], OPTIONS);
      expect(() => countOf(call, "jobs", 1)).toThrow(Misuse);
    },
  );
});

test.each([
  ["repaly", "replay"],
  ["rep", "replay"],
  ["dmeo", "demo"],
  ["sch", "schema"],
  ["xyzzy", undefined],
  ["r".repeat(10_000), undefined],
])("nearest to %s is %s", (name, near) => {
  expect(nearest(name, ["replay", "demo", "schema"])).toBe(near);
});
