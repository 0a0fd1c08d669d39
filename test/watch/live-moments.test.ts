/** When a connection is judged: with the packet that completes the proof, not before it and not after. */
import { createHash, sign } from "node:crypto";
import { describe, expect, test } from "vitest";
import { defaultPolicy, sealPolicy, withRoots } from "../../src/judge/policy/policy.ts";
import { rootFile } from "../judge/scene.ts";
import { concat, latin1, pattern, uint, vector } from "../wire/bytes.ts";
import { type Conversation, conversation } from "../wire/conversation.ts";
import { mint } from "../wire/identity.ts";
import { EPOCH_US } from "../wire/packet.ts";
import {
  applicationData,
  certificate,
  changeCipherSpec,
  clientHello,
  message,
  record,
  serverHello,
  serverHelloDone,
} from "../wire/tls.ts";
import { Wire } from "./live-lines.ts";

const NAME = "api.corp.example";
const root = mint({ subject: "CN=Root", ca: true });
const leaf = mint({ subject: `CN=${NAME}`, issuer: root, names: [NAME] });
const policy = sealPolicy({ ...defaultPolicy, mode: "enforce" });
const trusting = sealPolicy({ ...withRoots(policy, [rootFile(root)]), mode: "enforce" });
const hello = record(22, clientHello({ serverName: NAME }));
const finished = concat(changeCipherSpec(), record(22, pattern(40)));
const keyExchange = concat(record(22, message(16, vector(1, pattern(32)))), finished);

describe("TLS 1.2", () => {
  test("is judged with the last byte of the server's flight, and once", () => {
    const talk = conversation({ mss: 1 }).client(hello, { mss: 9999 }).server(serversFlight());
    const packets = [...talk.packets()];
    const wire = new Wire(policy);
    expect(wire.firstVerdictAt(packets)).toBe(packets.length - 1);
    const whole = talk.client(keyExchange).server(finished).close().packets();
    for (const packet of whole.slice(packets.length)) wire.push(packet);
    wire.end();
    expect(wire.verdicts).toHaveLength(1);
    expect(wire.verdicts[0]).toMatchObject({ decision: "cut", findings: ["A15"] });
    expect(wire.lines.filter(({ kind }) => kind === "tls")).toMatchObject([{ established: true }]);
  });

  test("is not waited for when the client goes on without ServerHelloDone", () => {
    const flight = serversFlight({ done: false });
    const packets = conversation().client(hello).server(flight).client(keyExchange).packets();
    const wire = new Wire(policy);
    expect(wire.firstVerdictAt(packets)).toBe(packets.length - 1);
  });

  test("a signature that is not the leaf's is cut, though its issuer is approved", () => {
    const good = new Wire(trusting);
    push(good, conversation().client(hello).server(serversFlight()));
    expect(good.verdicts).toMatchObject([{ decision: "pass" }]);
    const copied = new Wire(trusting);
    push(
      copied,
      conversation()
        .client(hello)
        .server(serversFlight({ isForged: true })),
    );
    expect(copied.verdicts).toMatchObject([{ decision: "cut" }]);
    expect(copied.verdicts[0]!.findings).toContain("C05");
  });
});

test("TLS 1.3 is judged unseen with the first sealed record of the server's", () => {
  const versions = { type: 43, body: uint(0x0304, 2) };
  const answer = record(22, serverHello({ cipher: 0x1301, extensions: [versions] }));
  const packets = conversation()
    .client(record(22, clientHello({ serverName: NAME, versions: [0x0304] })))
    .server(answer)
    .server(changeCipherSpec())
    .server(applicationData(900))
    .packets();
  const wire = new Wire(policy);
  expect(wire.firstVerdictAt(packets)).toBe(packets.length - 1);
  expect(wire.verdicts).toMatchObject([{ decision: "refuse", findings: ["A18"] }]);
});

describe("in clear", () => {
  test("HTTP is judged with its first request", () => {
    const packets = conversation()
      .client(latin1("GET / HTTP/1.1\r\nHost: x.test\r\n\r\n"))
      .server(latin1("HTTP/1.1 200 OK\r\n\r\n"))
      .packets();
    // Behind SYN, SYN and acknowledgment.
    expect(new Wire(policy).firstVerdictAt(packets)).toBe(3);
  });

  test("SMTP is waited for, since TLS may follow, until it says a secret", () => {
    const talk = conversation()
      .server(latin1("220 mail.test ESMTP\r\n"))
      .client(latin1("EHLO me.test\r\n"))
      .server(latin1("250-mail.test\r\n250-STARTTLS\r\n250 AUTH PLAIN\r\n"));
    const wire = new Wire(policy);
    expect(wire.firstVerdictAt(talk.packets())).toBe(-1);
    const before = talk.packets().length;
    const said = talk.client(latin1("AUTH PLAIN AGFsaWNlAGh1bnRlcg==\r\n")).packets();
    expect(wire.firstVerdictAt(said.slice(before))).toBe(0);
  });
});

test("a handshake that never ends is judged when it took too long", () => {
  const packets = conversation().client(hello).packets();
  const wire = new Wire(policy);
  expect(wire.firstVerdictAt(packets)).toBe(-1);
  const { atUs } = packets.at(-1)!;
  wire.judging.tick(atUs + 29_000_000);
  expect(wire.verdicts).toEqual([]);
  wire.judging.tick(atUs + 31_000_000);
  expect(wire.verdicts).toMatchObject([{ decision: "refuse", findings: ["A18"] }]);
  wire.end();
  expect(wire.verdicts).toHaveLength(1);
});

describe("when no packet comes", () => {
  const talk = conversation().client(latin1("\x01\x02\x03 nothing known"));
  const { atUs } = talk.packets().at(-1)!;

  test("ticks close what has been idle for too long", () => {
    const wire = new Wire(policy);
    push(wire, talk);
    for (let tick = 0; tick < 4; tick++) wire.packets.tick(atUs + 3_599_000_000);
    expect(wire.verdicts).toEqual([]);
    expect(wire.judging.underway.connections).toBe(1);
    for (let tick = 0; tick < 4; tick++) wire.packets.tick(atUs + 3_601_000_000);
    expect(wire.verdicts).toMatchObject([{ decision: "pass" }]);
    expect(wire.judging.underway.connections).toBe(0);
  });

  test("a clock that was set makes nothing older, and nothing younger", () => {
    const wire = new Wire(policy);
    push(wire, talk);
    const day = 86_400_000_000;
    wire.packets.shift(day);
    wire.judging.shift(day);
    for (let tick = 0; tick < 4; tick++) wire.packets.tick(atUs + day + 3_599_000_000);
    wire.judging.tick(atUs + day + 29_000_000);
    expect(wire.verdicts).toEqual([]);
    wire.judging.tick(atUs + day + 31_000_000);
    expect(wire.verdicts).toMatchObject([{ decision: "pass" }]);
    for (let tick = 0; tick < 4; tick++) wire.packets.tick(atUs + day + 3_601_000_000);
    expect(wire.judging.underway.connections).toBe(0);
  });
});

test("bytes that turn out to differ make a pass a report, and are told", () => {
  const talk = conversation().client(hello).server(serversFlight());
  const wire = new Wire(trusting);
  push(wire, talk);
  expect(wire.verdicts).toMatchObject([{ decision: "pass" }]);
  const before = talk.packets().length;
  for (const packet of talk.segment("server", 0, pattern(600)).packets().slice(before)) {
    wire.push(packet);
  }
  expect(wire.verdicts).toMatchObject([{ decision: "pass" }, { decision: "report" }]);
  expect(wire.rules.filter((rule) => rule === "C08")).toHaveLength(1);
  wire.end();
  expect(wire.verdicts).toHaveLength(2);
});

describe("lost packets", () => {
  test("concern a connection that was not judged, and it is never clean", () => {
    const wire = new Wire(trusting);
    const talk = conversation().client(latin1("\x01\x02\x03 nothing known"));
    push(wire, talk);
    wire.judging.packetsLost(3, "a test", EPOCH_US);
    wire.end();
    expect(wire.verdicts).toMatchObject([{ decision: "report", coverage: ["loss"] }]);
  });

  test("do not concern one whose proof is whole", () => {
    const wire = new Wire(trusting);
    const talk = conversation().client(hello);
    push(wire, talk);
    wire.judging.packetsLost(3, "a test", EPOCH_US);
    const before = talk.packets().length;
    for (const packet of talk.server(serversFlight()).packets().slice(before)) wire.push(packet);
    expect(wire.verdicts).toMatchObject([{ decision: "pass", coverage: [] }]);
  });

  test("concern one that is joined in its middle after it", () => {
    const wire = new Wire(trusting);
    wire.judging.packetsLost(3, "a test", EPOCH_US);
    push(wire, conversation({ handshake: false }).client(latin1("GET / HTTP/1.1\r\n\r\n")));
    wire.end();
    expect(wire.verdicts).toMatchObject([{ decision: "report", coverage: ["midstream", "loss"] }]);
  });
});

test("where only first bytes are captured, what is in clear is not covered to its end", () => {
  const wire = new Wire(trusting, { isFirstBytesOnly: () => true });
  push(wire, conversation().client(latin1("GET / HTTP/1.1\r\nHost: x.test\r\n\r\n")));
  expect(wire.verdicts).toMatchObject([{ coverage: ["first-64k"] }]);
});

test("another policy judges what is open, and takes nothing back", () => {
  const wire = new Wire(trusting);
  push(wire, conversation().client(hello).server(serversFlight()));
  expect(wire.verdicts).toMatchObject([{ decision: "pass" }]);
  wire.judging.adopt(policy, wire.judged[0]!.atUs);
  expect(wire.verdicts).toMatchObject([{ decision: "pass" }, { decision: "cut" }]);
  wire.judging.adopt(trusting, wire.judged[0]!.atUs);
  wire.end();
  expect(wire.verdicts).toHaveLength(2);
});

function serversFlight({ isForged = false, done = true } = {}): Uint8Array {
  const random = createHash("sha256").update("server").digest();
  const parameters = concat(Uint8Array.of(3, 0, 29), vector(1, pattern(32, 5)));
  const signed = concat(pattern(32, 1), random, isForged ? pattern(36) : parameters);
  const signature = sign("sha256", signed, leaf.key);
  const exchange = message(12, concat(parameters, uint(0x0403, 2), vector(2, signature)));
  const flight = [serverHello({ random, cipher: 0xc02b }), certificate([leaf.der]), exchange];
  return record(22, concat(...flight, ...(done ? [serverHelloDone()] : [])));
}

function push(wire: Wire, talk: Conversation): void {
  for (const packet of talk.packets()) wire.push(packet);
}
