/** The comparison itself: a truth test that cannot see a difference would be worth nothing. */
import { describe, expect, test } from "vitest";
import type { TlsLine } from "../../src/report/lines.ts";
import { compare, emptyTallies } from "./compare.ts";
import type { TruthCapture, TruthStream } from "./truth.ts";

describe("compare", () => {
  test("finds nothing where both say the same", () => {
    expect(differences([stream], [line])).toEqual([]);
  });

  test("names the field, and what each side says", () => {
    const found = differences([stream], [{ ...line, cipher: "TLS_AES_256_GCM_SHA384" }]);
    const truth = "TLS_AES_128_GCM_SHA256";
    expect(found).toEqual([
      { file: "a.pcap", frame: 4, field: "cipher", ours: "TLS_AES_256_GCM_SHA384", truth },
    ]);
  });

  test("finds a stream that we have no line for", () => {
    const found = differences([stream], []);
    expect(found).toEqual([
      { file: "a.pcap", frame: 4, field: "line", truth: "10.0.0.1:40000 > 10.0.0.2:443" },
    ]);
  });

  test("finds a line that truth has no stream for", () => {
    const found = differences([], [line]);
    expect(found).toEqual([
      { file: "a.pcap", frame: 7, field: "line", ours: "10.0.0.1:40000 > 10.0.0.2:443" },
    ]);
  });

  test("sets a line against its stream even if client and server changed places", () => {
    const found = differences([stream], [{ ...line, client: line.server, server: line.client }]);
    expect(found.map(({ field }) => field)).toEqual(["client", "server"]);
  });

  test("tells two connections of the same ports apart by their time", () => {
    const later = { ...stream, first_frame: 9, ch_time: 2000, sni: "b.example" };
    const lines = [{ ...line, atUs: 2000e6, serverName: "b.example" }, line];
    expect(differences([stream, later], lines)).toEqual([]);
  });

  test("leaves out what is not in scope, and our line for it", () => {
    expect(differences([{ ...stream, starttls: "smtp" }], [line])).toEqual([]);
  });

  test("counts what each says, both say, and is equal", () => {
    const tallies = emptyTallies();
    compare(capture([stream]), [{ ...line, serverName: "x" }], tallies, () => 7);
    expect(tallies.line).toEqual({ truth: 1, ours: 1, both: 1, equal: 1 });
    expect(tallies.serverName).toEqual({ truth: 1, ours: 1, both: 1, equal: 0 });
    expect(tallies.alpn).toEqual({ truth: 0, ours: 0, both: 0, equal: 0 });
  });
});

function differences(streams: TruthStream[], lines: TlsLine[]) {
  return compare(capture(streams), lines, emptyTallies(), () => 7);
}

function capture(tls_streams: TruthStream[]): TruthCapture {
  return { file: "a.pcap", format: "pcap", linktypes: ["EN10MB"], packets: 20, tls_streams };
}

const stream: TruthStream = {
  transport: "tcp",
  client: "10.0.0.1:40000",
  server: "10.0.0.2:443",
  first_frame: 4,
  client_hellos: 1,
  server_hellos: 1,
  ch_time: 1000,
  version: "0x0304",
  cipher: "0x1301",
  cipher_name: "TLS_AES_128_GCM_SHA256",
  sni: "a.example",
  tunnel: [],
  certificate_in_clear: false,
};

const line: TlsLine = {
  kind: "tls",
  atUs: 1000e6,
  flow: "1",
  client: stream.client,
  server: stream.server,
  direction: "unknown",
  transport: "tcp",
  version: "TLS1.3",
  cipher: "TLS_AES_128_GCM_SHA256",
  serverName: "a.example",
  alpnOffered: [],
  steps: [],
  established: true,
  resumed: false,
  alerts: [],
  certificates: { seen: "no", why: "encrypted", chain: [], spki: [] },
  possession: "unverified",
  evidence: { class: "unverifiable", confidence: "none" },
};
