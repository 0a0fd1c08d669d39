/** What real peers said is read the same when datagrams come again, turned round, or put together. */
import { readdirSync } from "node:fs";
import { expect, test } from "vitest";
import { read } from "../../capture/reading.ts";
import { seen } from "../../flow/reader.ts";
import { concat } from "../../wire/bytes.ts";
import { answer, type Sent } from "./hear.ts";

const files = readdirSync("captures").filter((file) => /^dtls.*\.pcap$/.test(file));

test.each(files)("%s", async (file) => {
  const { packets } = await read(`captures/${file}`);
  const cut = packets.map((packet) => ({ ...packet, originalBytes: packet.original }));
  const { flows } = seen(cut, { link: packets[0]?.link ?? 1 });
  expect(flows.length).toBeGreaterThan(0);
  for (const { events } of flows) {
    const sent = events.flatMap((event): Sent[] =>
      event.kind === "datagram" ? [{ side: event.side, bytes: event.bytes, cut: event.cut }] : [],
    );
    const said = answer(sent);
    const whole = inAnyOrder(said);
    expect(said).toMatchObject({ malformed: [], overlaps: [] });
    expect(whole).toHaveProperty("version");
    for (const [how, other] of variations(sent)) {
      expect(inAnyOrder(answer(other)), how).toEqual(whole);
    }
  }
});

/** But for the order itself, and a ticket that Finished overtook: nothing waits for that. */
function inAnyOrder(said: object) {
  return { ...said, steps: undefined, sessionsGiven: undefined };
}

function* variations(sent: readonly Sent[]): Generator<[how: string, sent: Sent[]]> {
  yield ["each twice", sent.flatMap((one) => [one, one])];
  yield ["put together where one side goes on", together(sent)];
  for (let at = 1; at < sent.length; at++) {
    const [before, here] = [sent[at - 1]!, sent[at]!];
    // Nobody answers what was not said yet: only what one side says can be turned round.
    if (before.side !== here.side) continue;
    const turned = sent.toSpliced(at - 1, 2, here, before);
    yield [`${at - 1} and ${at} turned round`, turned];
  }
}

function together(sent: readonly Sent[]): Sent[] {
  const out: Sent[] = [];
  for (const one of sent) {
    const last = out.at(-1);
    if (last?.side !== one.side) out.push(one);
    else out[out.length - 1] = { ...last, bytes: concat(last.bytes, one.bytes) };
  }
  return out;
}
