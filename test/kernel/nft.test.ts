/** nf_tables over netlink, against what nft(8) shows of the same rules. */
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { NETLINK_NETFILTER, NetlinkSocket } from "../../src/kernel/netlink.ts";
import {
  accept,
  compare,
  counter,
  drop,
  goTo,
  isIn,
  meta,
  payload,
  registerAt,
  setMark,
} from "../../src/kernel/nft-expression.ts";
import {
  nftChains,
  nftElements,
  nftRules,
  nftTables,
  ruleChange,
} from "../../src/kernel/nft-listing.ts";
import { NftTransaction } from "../../src/kernel/nft-transaction.ts";
import { IS_ROOT, Pair } from "../netns/pair.ts";

describe.runIf(IS_ROOT)("rules that were sent over netlink", () => {
  let pair: Pair;
  let socket: NetlinkSocket;
  beforeAll(() => {
    pair = new Pair();
    socket = pair.inside("workload", () => NetlinkSocket.open(NETLINK_NETFILTER));
  });
  afterAll(() => {
    socket?.close();
    pair?.close();
  });

  test("are those that nft(8) shows", () => {
    const answer = example(new NftTransaction(socket, 8192)).commit();
    expect(answer).toMatchObject({ error: 0 });
    expect(pair.run("workload", "nft", "list", "ruleset")).toBe(SHOWN);
  });

  test("are listed with their marks, hooks, comments and counters", () => {
    expect(nftTables(socket)).toEqual({
      listed: [
        { family: 1, table: "example", flags: 0, mark: "a mark" },
        { family: 5, table: "example", flags: 0, mark: "" },
      ],
    });
    const chains = nftChains(socket, INET);
    expect("listed" in chains && chains.listed.map(({ chain, hook }) => [chain, hook])).toEqual([
      ["shut", undefined],
      ["out", { number: 3, priority: -2147483648, devices: [] }],
    ]);
    const devices = nftChains(socket, NETDEV);
    expect("listed" in devices && devices.listed.map(({ hook }) => hook?.devices)).toEqual([
      ["eth0"],
    ]);
    const rules = nftRules(socket, INET);
    expect("listed" in rules && rules.listed.map(({ comment }) => comment)).toEqual([
      "all of it",
      "first",
      undefined,
      undefined,
    ]);
    expect("listed" in rules && rules.listed[0]).toMatchObject({ packets: 0, bytes: 0 });
    expect(nftElements(socket, { ...INET, set: "places" })).toEqual({
      listed: [{ key: KEY, userData: Uint8Array.of(1, 2, 3) }],
    });
  });

  test("are all refused when one of them is, in the kernel's words", () => {
    const wrong = new NftTransaction(socket, 4096)
      .addChain({ ...INET, chain: "never" })
      .addRule({ ...INET, chain: "never", expressions: [goTo("nowhere")] })
      .addRule({ ...INET, chain: "never", expressions: [drop] });
    expect(wrong.commit()).toMatchObject({ error: -2, says: expect.stringMatching(/^ENOENT/) });
    const chains = nftChains(socket, INET);
    expect("listed" in chains && chains.listed.map(({ chain }) => chain)).not.toContain("never");
  });

  test("may be sent again, as they were prepared", () => {
    const prepared = new NftTransaction(socket, 4096).addRule({
      ...INET,
      chain: "shut",
      expressions: [counter],
    });
    const before = handles();
    expect([prepared.commit().error, prepared.commit().error]).toEqual([0, 0]);
    expect(handles().length).toBe(before.length + 2);
  });

  test("and changes to them are told, with who made them", async () => {
    const groups = [NFNLGRP_NFTABLES];
    const heard = pair.inside("workload", () => NetlinkSocket.open(NETLINK_NETFILTER, { groups }));
    new NftTransaction(socket, 1024).addChain({ ...INET, chain: "ours" }).commit();
    const ours = heard.notifications().messages.flatMap((one) => ruleChange(one) ?? []);
    expect(ours[0]).toMatchObject({ family: 1, table: "example", port: socket.port });
    pair.run("workload", "nft", "add", "chain", "inet", "example", "theirs");
    const theirs = heard.notifications().messages.flatMap((one) => ruleChange(one) ?? []);
    expect(theirs[0]?.port).not.toBe(socket.port);
    expect(theirs.at(-1)?.process?.name).toBe("nft");
    heard.close();
  });

  function handles(): number[] {
    const rules = nftRules(socket, INET);
    return "listed" in rules ? rules.listed.map(({ handle }) => handle) : [];
  }
});

test("any bytes in a notification are a change or none", () => {
  const message = fc.record({
    type: fc.integer({ min: 0x0a00, max: 0x0aff }),
    flags: fc.nat(0xffff),
    sequence: fc.nat(),
    port: fc.nat(),
    body: fc.uint8Array({ maxLength: 80 }),
  });
  fc.assert(
    fc.property(message, (one) => {
      const change = ruleChange(one);
      if (change !== undefined) expect(change.family).toBe(one.body[0]);
    }),
  );
});

function example(transaction: NftTransaction): NftTransaction {
  return transaction
    .addTable(INET, 0, "a mark")
    .addTable(NETDEV, 0, "")
    .addSet({
      ...INET,
      set: "places",
      keyType: (7 << 12) | (12 << 6) | 13,
      keyBytes: 12,
      elementsMax: 7,
    })
    .addElements({ ...INET, set: "places" }, [KEY], Uint8Array.of(1, 2, 3))
    .addChain({ ...INET, chain: "shut" })
    .addRule({ ...INET, chain: "shut", expressions: [counter, drop], comment: "all of it" })
    .addChain({ ...INET, chain: "out", hook: { at: "output", priority: -(2 ** 31) } })
    .addRule({
      ...INET,
      chain: "out",
      expressions: [
        meta("family"),
        compare(Uint8Array.of(2)),
        payload("network", 16, 4),
        meta("transport", registerAt(1)),
        payload("transport", 2, 2, registerAt(2)),
        isIn("places"),
        setMark(5),
        goTo("shut"),
      ],
    })
    .addRule({ ...INET, chain: "out", expressions: [accept], comment: "first", first: true })
    .addChain({
      ...NETDEV,
      chain: "wire",
      hook: { at: "egress", priority: -7, devices: ["eth0"] },
    })
    .addRule({
      ...NETDEV,
      chain: "wire",
      expressions: [meta("mark"), compare(Uint8Array.of(5, 0, 0, 0), "unequal"), drop],
    })
    .addRule({ ...INET, chain: "out", expressions: [counter] });
}

const INET = { family: "inet", table: "example" } as const;
const NETDEV = { family: "netdev", table: "example" } as const;
const KEY = Uint8Array.of(192, 0, 2, 1, 6, 0, 0, 0, 1, 187, 0, 0);
const NFNLGRP_NFTABLES = 7;
const SHOWN = `table inet example {
	comment "a mark"
	set places {
		type ipv4_addr . inet_proto . inet_service
		size 7
		elements = { 192.0.2.1 . tcp . 443 }
	}

	chain shut {
		counter packets 0 bytes 0 drop comment "all of it"
	}

	chain out {
		type filter hook output priority -2147483648; policy accept;
		accept comment "first"
		ip daddr . meta l4proto . th dport @places meta mark set 0x00000005 goto shut
		counter packets 0 bytes 0
	}
}
table netdev example {
	comment ""
	chain wire {
		type filter hook egress device "eth0" priority filter - 7; policy accept;
		meta mark != 0x00000005 drop
	}
}
`;
