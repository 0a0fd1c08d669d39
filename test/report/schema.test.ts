/** The published schema against what the builders make, by a validator that is not ours. */
import { Ajv2020 } from "ajv/dist/2020.js";
import { describe, expect, test } from "vitest";
import type { Line } from "../../src/report/lines.ts";
import { LINES_SCHEMA } from "../../src/report/schema.ts";
import { connectionLines, HASH, otherLines } from "./sample.ts";

const validate = new Ajv2020({ strict: true, allowUnionTypes: true }).compile(LINES_SCHEMA);

const ENDS = {
  flow: "1",
  client: "10.0.0.1:1",
  server: "[::1]:443",
  direction: "unknown",
} as const;

/** Kinds that nothing makes yet, as INTERFACE has them. */
const TO_COME: readonly Line[] = [
  {
    kind: "plaintext",
    atUs: 1,
    ...ENDS,
    protocol: "redis",
    exposes: [{ what: "redis password", side: "client", offset: 22, bytes: 6 }],
    startTls: "none",
    expected: { line: 3, by: "tls", hardwareState: "unknown" },
  },
  { kind: "opaque", atUs: 1, ...ENDS, why: "unknown-protocol", entropy: 7.9, printable: 0.4 },
  {
    kind: "host",
    atUs: 1,
    source: "inotify",
    subject: "/etc/ssl/certs",
    change: "added",
    after: "x",
  },
  { kind: "outcome", atUs: 1, rung: "fence", status: "done", verified: true, detail: "cut off" },
];

const LINES = [
  ...connectionLines(1, "a"),
  ...connectionLines(2, "b"),
  ...otherLines("c"),
  ...TO_COME,
];

/** As whoever reads the output gets it. */
function printed(line: object): Record<string, unknown> {
  return JSON.parse(JSON.stringify(line)) as Record<string, unknown>;
}

describe.each(LINES.map((line) => [line.kind, line] as const))("a %s line", (_, line) => {
  test("is what the schema says", () => {
    validate(printed(line));
    expect(validate.errors ?? []).toEqual([]);
  });

  test("may not have another key", () => {
    expect(validate({ ...printed(line), surprise: 1 })).toBe(false);
  });

  test("has its keys in the order that the schema lists", () => {
    const kinds = LINES_SCHEMA.$defs as Record<string, { properties: object }>;
    const listed = Object.keys(kinds[line.kind]!.properties);
    const found = Object.keys(printed(line));
    // The lines to come are written by hand above, where only the sets of keys matter.
    const expected = listed.filter((key) => found.includes(key));
    if (TO_COME.includes(line)) expect(found.toSorted()).toEqual(expected.toSorted());
    else expect(found).toEqual(expected);
  });
});

test("every kind of line is described, and no other", () => {
  const kinds = Object.keys(LINES_SCHEMA.$defs as object);
  expect(kinds.toSorted()).toEqual([...new Set(LINES.map(({ kind }) => kind))].toSorted());
});

test.each([
  ["a time with a fraction", { atUs: 1.5 }],
  ["a flow that is a number", { flow: 1 }],
  ["a flow with a leading zero", { flow: "01" }],
  ["an unknown decision", { decision: "allow" }],
  ["a hash in capitals", { policySha256: HASH.toUpperCase() }],
  ["an unknown step", { reason: [{ step: "whim", says: "x" }] }],
  ["an endpoint without a port", { client: "10.0.0.1" }],
  ["a null", { would: null }],
])("refuses %s", (_, change) => {
  const verdict = LINES.find(({ kind }) => kind === "verdict")!;
  expect(validate(printed(verdict))).toBe(true);
  expect(validate({ ...printed(verdict), ...change })).toBe(false);
});
