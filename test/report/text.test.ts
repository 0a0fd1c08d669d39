import { describe, expect, test } from "vitest";
import { columnsOf } from "../../src/report/layout.ts";
import type { FindingLine, Line, TlsLine, VerdictLine } from "../../src/report/lines.ts";
import { openText } from "../../src/report/text.ts";
import { connectionLines, otherLines, summary } from "./sample.ts";

function printed(lines: readonly Line[], columns = 100, observations = false): string {
  const pieces: string[] = [];
  const sink = openText({
    write: (bytes, from, to) => void pieces.push(Buffer.from(bytes.subarray(from, to)).toString()),
    observations,
    columns,
    colour: false,
  });
  for (const line of lines) sink.push(line);
  sink.end();
  return pieces.join("");
}

/** The rows of the table, without what stands under them. */
function rows(out: string): string[] {
  return out.split("\n").filter((line) => /^(note|warning|breach|critical)/.test(line));
}

describe("the table", () => {
  test("has the worst first, then the earliest", () => {
    const out = printed([
      ...connectionLines(3, "third", "breach"),
      ...connectionLines(2, "second", "warning"),
      ...connectionLines(4, "fourth", "critical"),
      ...connectionLines(1, "first", "breach"),
    ]);
    const order = ["critical.*fourth", "breach.*first", "breach.*third", "warning.*second"];
    expect(rows(out)).toEqual(order.map((row) => expect.stringMatching(row)));
  });

  test("says what, who, issuer, why, what decided and what to do", () => {
    const out = printed(connectionLines(1, "name.example"));
    expect(rows(out)[0]).toMatch(/breach +A16 self-signed +10\.0\.0\.5 → name\.example +CN=name/);
    expect(out).toMatch(/where +\[2001:db8::1\]:443, flow 1, 2026-09-21 .* UTC$/m);
    expect(out).toMatch(/then +would have been cut$/m);
    expect(out).toMatch(/why +name\.example is signed by its own key/);
    expect(out).toMatch(/step +path \(line 7\): name\.example is self-signed/);
    expect(out).toMatch(/do +\w+/);
  });

  test("says of a finding only the steps that its rule speaks in", () => {
    const [tls, certificate, finding, verdict] = connectionLines(1, "a") as [
      Line,
      Line,
      Line,
      VerdictLine,
    ];
    const reason = [
      { step: "possession", says: "not checked" },
      { step: "path", says: "self-signed" },
      { step: "hygiene", says: "expired" },
      { step: "mode", says: "audit" },
    ] as const;
    const out = printed([tls, certificate, finding, { ...verdict, reason }]);
    expect(out).toMatch(/step +path: self-signed; mode: audit$/m);
  });

  test("names no issuer where there was no TLS", () => {
    const finding = connectionLines(1, "a")[2] as FindingLine;
    const out = printed([{ ...finding, rule: "C08", name: "evasion", certificates: [] }]);
    expect(out).not.toContain("not seen");
  });

  test("has one row for the same finding about the same server, with a count", () => {
    const lines = Array.from({ length: 40 }, (_, id) => connectionLines(2 * id + 1, "same")).flat();
    const out = printed(lines);
    expect(rows(out)).toHaveLength(1);
    expect(out).toContain("flow 1, ");
    expect(out).toContain("the first of 40");
  });

  test("has one row for all notes of a rule", () => {
    const lines = Array.from({ length: 40 }, (_, id) => connectionLines(id + 1, `n${id}`, "note"));
    expect(rows(printed(lines.flat()))).toHaveLength(1);
  });

  test("stops after a hundred rows and says how many are missing", () => {
    const lines = Array.from({ length: 700 }, (_, id) => connectionLines(id + 1, `n${id}`)).flat();
    const out = printed(lines);
    expect(rows(out)).toHaveLength(100);
    expect(out).toContain("… and 400 more rows and 200 findings");
  });

  test.each([40, 72, 80, 100, 300])("fits a terminal of %i columns, within reason", (columns) => {
    const long = "a-very-long-label.".repeat(10);
    const out = printed([...connectionLines(1, long), ...otherLines(long)], columns, true);
    const widest = Math.max(...out.split("\n").map(columnsOf));
    expect(widest).toBeLessThanOrEqual(Math.max(72, Math.min(columns, 100)));
  });
});

describe("without findings", () => {
  const tls = connectionLines(1, "name.example")[0] as TlsLine;
  const verdict = connectionLines(1, "name.example")[3] as VerdictLine;
  const passed = { ...verdict, decision: "pass", wouldCut: false } as const;

  test("says what was seen", () => {
    const out = printed([tls, passed, summary()]);
    expect(out).toMatch(/^read +10 packets, 1 connection, 1\.0 kB in 1 capture, 2026/);
    expect(out).toMatch(/^handshakes +1 TLS: 1 TLS1\.2$/m);
    expect(out).toMatch(/^certificates +the server's was seen in 1 of 1 handshake/m);
    expect(out).toMatch(/^verdicts +1 pass, 0 report$/m);
    expect(out).toMatch(/^findings +none in what was seen$/m);
    expect(out).not.toContain("not seen");
  });

  test("says what was not seen, and that this is not clean", () => {
    const unseen: TlsLine = {
      ...tls,
      certificates: { seen: "no", why: "encrypted", chain: [], spki: [] },
    };
    const out = printed([unseen, passed, summary()]);
    expect(out).toMatch(
      /^not seen +the server's certificate of 1 handshake \(1 encrypted\): not seen is not clean$/m,
    );
  });

  test("says that there was no TLS at all", () => {
    expect(printed([summary()])).toMatch(/^handshakes +none: no TLS was recognised$/m);
  });

  test("says what was lost and what was malformed", () => {
    const out = printed(otherLines("why"));
    expect(out).toMatch(
      /^incomplete +packets that were not looked at: 3 why; malformed: 1 pcapng-block; 1 fault/m,
    );
  });
});

test("with observations each connection has a row, in the order of time", () => {
  const out = printed(
    [...connectionLines(2, "b"), ...connectionLines(1, "a"), summary()],
    100,
    true,
  );
  const lines = out.split("\n");
  expect(lines[0]).toMatch(/^FLOW +TIME +WHO +VERSION +VERDICT +LINE +ISSUER/);
  expect(lines[1]).toMatch(/^1 .*→ a +TLS1\.2 +would cut +7 +CN=a/);
  expect(lines[2]).toMatch(/^2 .*→ b +TLS1\.2 +would cut +7 +CN=b/);
});
