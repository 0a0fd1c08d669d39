/**
 * What nf_tables holds, listed: tables, chains, rules and elements of sets, and the notifications of
 * changes to them. Each comes as one message whose type tells what it is.
 *
 * Only what we compare or show is read. A message that lacks what it must have is left out: the
 * caller finds less than it expected, which is what it looks for.
 */
import { type Answer, type NetlinkSocket, NLM_F_DUMP, NLM_F_REQUEST } from "./netlink.ts";
import {
  attributeMap,
  attributesIn,
  MessageWriter,
  type NetlinkMessage,
  numberBe,
  textOf,
} from "./netlink-message.ts";
import { NFT_FAMILIES, NFTABLES, type SetName, type TableSpec } from "./nft-transaction.ts";

export interface ListedTable {
  readonly family: number;
  readonly table: string;
  readonly flags: number;
  /** What `addTable` was given; undefined where there is no comment that can be read. */
  readonly mark: string | undefined;
}

export interface ListedChain {
  readonly table: string;
  readonly chain: string;
  readonly handle: number;
  /** Absent in a chain that only others go to. */
  readonly hook?: {
    readonly number: number;
    readonly priority: number;
    readonly devices: readonly string[];
  };
}

export interface ListedRule {
  readonly table: string;
  readonly chain: string;
  /** Never used twice in a table: a rule that was replaced has another. */
  readonly handle: number;
  readonly comment: string | undefined;
  /** Of its first counter. */
  readonly packets: number | undefined;
  readonly bytes: number | undefined;
}

/** Something that changed, as told by a notification. */
export interface RuleChange {
  readonly family: number;
  /** Absent in the message that ends a transaction. */
  readonly table?: string;
  /** Of the socket that did it; 0 where the kernel itself did. */
  readonly port: number;
  /** In the message that ends a transaction: who did it. The number is the initial namespace's. */
  readonly process?: { readonly pid: number; readonly name: string };
}

/** A list, or why there is none. */
export type Listing<T> = { readonly listed: readonly T[] } | { readonly failed: string };

export function nftTables(socket: NetlinkSocket): Listing<ListedTable> {
  return list(socket, NFT_MSG_GETTABLE, 0, [], ({ body }) => {
    const all = attributeMap(body, NFGENMSG_BYTES);
    const [table, flags] = [textOf(all.get(1)), numberBe(all.get(2))];
    if (table === undefined || flags === undefined) return undefined;
    return { family: body[0]!, table, flags, mark: commentIn(all.get(6)) };
  });
}

export function nftChains(socket: NetlinkSocket, of: TableSpec): Listing<ListedChain> {
  return list(socket, NFT_MSG_GETCHAIN, NFT_FAMILIES[of.family], [], ({ body }) => {
    const all = attributeMap(body, NFGENMSG_BYTES);
    const [table, chain, handle] = [textOf(all.get(1)), textOf(all.get(3)), numberBe(all.get(2))];
    if (table !== of.table || chain === undefined || handle === undefined) return undefined;
    const hook = hookIn(all.get(4));
    return { table, chain, handle, ...(hook && { hook }) };
  });
}

export function nftRules(socket: NetlinkSocket, of: TableSpec): Listing<ListedRule> {
  const filter = [[NFTA_RULE_TABLE, of.table]] as const;
  return list(socket, NFT_MSG_GETRULE, NFT_FAMILIES[of.family], filter, ({ body }) => {
    const all = attributeMap(body, NFGENMSG_BYTES);
    const [table, chain, handle] = [textOf(all.get(1)), textOf(all.get(2)), numberBe(all.get(3))];
    if (table !== of.table || chain === undefined || handle === undefined) return undefined;
    return { table, chain, handle, comment: commentIn(all.get(7)), ...counterIn(all.get(4)) };
  });
}

export interface ListedElement {
  readonly key: Uint8Array;
  /** What was kept beside it. */
  readonly userData: Uint8Array | undefined;
}

export function nftElements(socket: NetlinkSocket, of: SetName): Listing<ListedElement> {
  const filter = [
    [NFTA_SET_ELEM_LIST_TABLE, of.table],
    [NFTA_SET_ELEM_LIST_SET, of.set],
  ] as const;
  const pages = list(socket, NFT_MSG_GETSETELEM, NFT_FAMILIES[of.family], filter, ({ body }) =>
    elementsIn(attributeMap(body, NFGENMSG_BYTES).get(3)),
  );
  return "failed" in pages ? pages : { listed: pages.listed.flat() };
}

/** What a notification tells of; undefined where it tells of nothing that nf_tables does. */
export function ruleChange({ type, port, body }: NetlinkMessage): RuleChange | undefined {
  if (type >> 8 !== NFTABLES || body.length < NFGENMSG_BYTES) return undefined;
  const all = attributeMap(body, NFGENMSG_BYTES);
  const family = body[0]!;
  if ((type & 0xff) !== NFT_MSG_NEWGEN) {
    const table = textOf(all.get(1));
    return table === undefined ? undefined : { family, table, port };
  }
  const [pid, name] = [numberBe(all.get(2)), textOf(all.get(3))];
  return { family, port, ...(pid !== undefined && { process: { pid, name: name ?? "" } }) };
}

function list<T>(
  socket: NetlinkSocket,
  message: number,
  family: number,
  filter: readonly (readonly [type: number, text: string])[],
  read: (message: NetlinkMessage) => T | undefined,
): Listing<T> {
  let answer: Answer = { error: 0, messages: [] };
  for (let tries = 0; tries < TRIES_MAX; tries++) {
    const sequence = socket.nextSequence();
    const writer = new MessageWriter(REQUEST_BYTES_MAX);
    const flags = NLM_F_REQUEST | NLM_F_DUMP;
    writer.begin((NFTABLES << 8) | message, flags, sequence, Uint8Array.of(family, 0, 0, 0));
    for (const [type, text] of filter) writer.text(type, text);
    answer = socket.request(writer.end().bytes, sequence, sequence);
    if (answer.error === 0) break;
  }
  if (answer.error !== 0) return { failed: answer.says ?? "unknown" };
  const listed = answer.messages.flatMap((one) => {
    const value = one.body.length < NFGENMSG_BYTES ? undefined : read(one);
    return value === undefined ? [] : [value];
  });
  return { listed };
}

function hookIn(value: Uint8Array | undefined): ListedChain["hook"] {
  if (value === undefined) return undefined;
  const all = attributeMap(value);
  const [number, priority] = [numberBe(all.get(1)), numberBe(all.get(2))];
  if (number === undefined || priority === undefined) return undefined;
  const one = textOf(all.get(3));
  const many = [...attributesIn(all.get(4) ?? NOTHING)].flatMap(([, name]) => textOf(name) ?? []);
  return { number, priority: priority | 0, devices: one === undefined ? many : [one] };
}

function counterIn(expressions: Uint8Array | undefined): Pick<ListedRule, "packets" | "bytes"> {
  for (const [, element] of attributesIn(expressions ?? NOTHING)) {
    const expression = attributeMap(element);
    if (textOf(expression.get(1)) !== "counter") continue;
    const data = attributeMap(expression.get(2) ?? NOTHING);
    return { packets: numberBe(data.get(2)), bytes: numberBe(data.get(1)) };
  }
  return { packets: undefined, bytes: undefined };
}

function elementsIn(value: Uint8Array | undefined): ListedElement[] {
  return [...attributesIn(value ?? NOTHING)].flatMap(([, element]) => {
    const all = attributeMap(element);
    const key = attributeMap(all.get(1) ?? NOTHING).get(1);
    return key === undefined ? [] : [{ key, userData: all.get(6) }];
  });
}

/** The comment in user data as libnftables writes it: type, length, text. */
function commentIn(userData: Uint8Array | undefined): string | undefined {
  for (let at = 0; userData !== undefined && at + 2 <= userData.length; ) {
    const [type, length] = [userData[at]!, userData[at + 1]!];
    if (at + 2 + length > userData.length) return undefined;
    if (type === 0) return textOf(userData.subarray(at + 2, at + 2 + length));
    at += 2 + length;
  }
  return undefined;
}

const NOTHING = new Uint8Array(0);
const NFGENMSG_BYTES = 4;
const REQUEST_BYTES_MAX = 1024;
/** A list that changed while it was made is made again. */
const TRIES_MAX = 5;
const NFT_MSG_GETTABLE = 1;
const NFT_MSG_GETCHAIN = 4;
const NFT_MSG_GETRULE = 7;
const NFT_MSG_GETSETELEM = 13;
const NFT_MSG_NEWGEN = 15;
const NFTA_RULE_TABLE = 1;
const NFTA_SET_ELEM_LIST_TABLE = 1;
const NFTA_SET_ELEM_LIST_SET = 2;
