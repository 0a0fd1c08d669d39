/**
 * What an nf_tables rule does to a packet, one expression after the other: load something into a
 * register, compare it, end with a verdict. The first comparison that fails ends the rule.
 *
 * Registers are 4 bytes wide and are numbered from `REGISTER`; a longer value takes those behind it.
 * Numbers of packets are compared in the packet's order, those of the kernel in the host's.
 */
import { type MessageWriter, u16be, u32le } from "./netlink-message.ts";

/** Writes one expression into the list of a rule that is being written. */
export type Expression = (writer: MessageWriter) => void;

/** Something that the kernel knows of a packet beside its bytes. */
export function meta(key: MetaKey, register = REGISTER): Expression {
  return expression("meta", (writer) =>
    writer.u32be(NFTA_META_DREG, register).u32be(NFTA_META_KEY, META_KEYS[key]),
  );
}

/** Sets the packet's mark. */
export function setMark(mark: number): Expression {
  return (writer) => {
    expression("immediate", (inner) => {
      inner.u32be(NFTA_IMMEDIATE_DREG, REGISTER).open(NFTA_IMMEDIATE_DATA);
      inner.value(NFTA_DATA_VALUE, u32le(mark)).close();
    })(writer);
    expression("meta", (inner) =>
      inner.u32be(NFTA_META_KEY, META_KEYS.mark).u32be(NFTA_META_SREG, REGISTER),
    )(writer);
  };
}

/** Bytes of the packet, counted from one of its headers. */
export function payload(
  from: Header,
  offset: number,
  bytes: number,
  register = REGISTER,
): Expression {
  return expression("payload", (writer) =>
    writer
      .u32be(NFTA_PAYLOAD_DREG, register)
      .u32be(NFTA_PAYLOAD_BASE, HEADERS[from])
      .u32be(NFTA_PAYLOAD_OFFSET, offset)
      .u32be(NFTA_PAYLOAD_LEN, bytes),
  );
}

/** Goes on only where the register holds (`equal`), or does not hold, these bytes. */
export function compare(bytes: Uint8Array, how: "equal" | "unequal" = "equal"): Expression {
  return expression("cmp", (writer) =>
    writer
      .u32be(NFTA_CMP_SREG, REGISTER)
      .u32be(NFTA_CMP_OP, how === "equal" ? NFT_CMP_EQ : NFT_CMP_NEQ)
      .open(NFTA_CMP_DATA)
      .value(NFTA_DATA_VALUE, bytes)
      .close(),
  );
}

/** Goes on only where the registers, in the packet's order, hold a number below or above this one. */
export function compareNumber(how: "below" | "above", bytes: Uint8Array): Expression {
  return expression("cmp", (writer) =>
    writer
      .u32be(NFTA_CMP_SREG, REGISTER)
      .u32be(NFTA_CMP_OP, how === "below" ? NFT_CMP_LT : NFT_CMP_GT)
      .open(NFTA_CMP_DATA)
      .value(NFTA_DATA_VALUE, bytes)
      .close(),
  );
}

/**
 * How many bytes this packet's connection has carried one way, this packet included, as 8 bytes in the
 * packet's order. Loading a rule with it switches the counting on; a connection that began while it was
 * off has 0.
 */
export function connectionBytes(direction: "original" | "reply"): Expression {
  return (writer) => {
    expression("ct", (inner) =>
      inner
        .u32be(NFTA_CT_DREG, REGISTER)
        .u32be(NFTA_CT_KEY, NFT_CT_BYTES)
        .u8(NFTA_CT_DIRECTION, direction === "original" ? 0 : 1),
    )(writer);
    expression("byteorder", (inner) =>
      inner
        .u32be(NFTA_BYTEORDER_SREG, REGISTER)
        .u32be(NFTA_BYTEORDER_DREG, REGISTER)
        .u32be(NFTA_BYTEORDER_OP, NFT_BYTEORDER_HTON)
        .u32be(NFTA_BYTEORDER_LEN, 8)
        .u32be(NFTA_BYTEORDER_SIZE, 8),
    )(writer);
  };
}

/** Goes on only for what conntrack does not follow: packets that it finds invalid, or was told to leave. */
export function unfollowed(writer: MessageWriter): void {
  expression("ct", (inner) => inner.u32be(NFTA_CT_DREG, REGISTER).u32be(NFTA_CT_KEY, NFT_CT_STATE))(
    writer,
  );
  expression("bitwise", (inner) =>
    inner
      .u32be(NFTA_BITWISE_SREG, REGISTER)
      .u32be(NFTA_BITWISE_DREG, REGISTER)
      .u32be(NFTA_BITWISE_LEN, 4)
      .open(NFTA_BITWISE_MASK)
      .value(NFTA_DATA_VALUE, u32le(NF_CT_STATE_INVALID | NF_CT_STATE_UNTRACKED))
      .close()
      .open(NFTA_BITWISE_XOR)
      .value(NFTA_DATA_VALUE, u32le(0))
      .close(),
  )(writer);
  compare(u32le(0), "unequal")(writer);
}

/** Goes on for so many packets a second, and as many at once. */
export function limitTo(packetsPerSecond: number): Expression {
  return expression("limit", (writer) =>
    writer
      .u64be(NFTA_LIMIT_RATE, BigInt(packetsPerSecond))
      .u64be(NFTA_LIMIT_UNIT, 1n)
      .u32be(NFTA_LIMIT_BURST, packetsPerSecond)
      .u32be(NFTA_LIMIT_TYPE, 0)
      .u32be(NFTA_LIMIT_FLAGS, 0),
  );
}

/** Sends a copy of the packet to whoever listens to this nflog group, whole and at once. */
export function log(group: number): Expression {
  // With a snap length, also of 0, no more of the packet is copied than that.
  return expression("log", (writer) =>
    writer.value(NFTA_LOG_GROUP, u16be(group)).value(NFTA_LOG_QTHRESHOLD, u16be(1)),
  );
}

/** Goes on only where what the registers hold is in this set of the same table. */
export function isIn(set: string): Expression {
  return expression("lookup", (writer) =>
    writer.text(NFTA_LOOKUP_SET, set).u32be(NFTA_LOOKUP_SREG, REGISTER),
  );
}

/**
 * The cgroup v2, `level` below the root, of the socket that the packet comes from or is for. There
 * is none in a netdev hook, and no packet of AF_PACKET has one.
 */
export function socketCgroup(level: number): Expression {
  return expression("socket", (writer) =>
    writer
      .u32be(NFTA_SOCKET_KEY, NFT_SOCKET_CGROUPV2)
      .u32be(NFTA_SOCKET_DREG, REGISTER)
      .u32be(NFTA_SOCKET_LEVEL, level),
  );
}

/** Counts packets and bytes. */
export function counter(writer: MessageWriter): void {
  expression("counter", () => {})(writer);
}

export function drop(writer: MessageWriter): void {
  verdict(NF_DROP)(writer);
}

/** Ends this base chain's work; those of other tables still see the packet. */
export function accept(writer: MessageWriter): void {
  verdict(NF_ACCEPT)(writer);
}

/** Goes to a chain of the same table; what its rules let through, the base chain's policy gets. */
export function goTo(chain: string): Expression {
  return verdict(NFT_GOTO, chain);
}

function verdict(code: number, chain?: string): Expression {
  return expression("immediate", (writer) => {
    writer.u32be(NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT).open(NFTA_IMMEDIATE_DATA);
    writer.open(NFTA_DATA_VERDICT).u32be(NFTA_VERDICT_CODE, code);
    if (chain !== undefined) writer.text(NFTA_VERDICT_CHAIN, chain);
    writer.close().close();
  });
}

function expression(name: string, data: (writer: MessageWriter) => void): Expression {
  return (writer) => {
    writer.open(NFTA_LIST_ELEM).text(NFTA_EXPR_NAME, name).open(NFTA_EXPR_DATA);
    data(writer);
    writer.close().close();
  };
}

/** The first register: `NFT_REG32_00`, called by the name that older kernels know as well. */
export const REGISTER = 1;
/** The register `words` of 4 bytes behind the first. */
export function registerAt(words: number): number {
  return words === 0 ? REGISTER : NFT_REG32_00 + words;
}

export type MetaKey = keyof typeof META_KEYS;
export type Header = keyof typeof HEADERS;

/** From <linux/netfilter/nf_tables.h>, as are all numbers below. */
const META_KEYS = {
  length: 0,
  protocol: 1,
  mark: 3,
  inInterface: 4,
  outInterface: 5,
  family: 15,
  transport: 16,
} as const;
const HEADERS = { link: 0, network: 1, transport: 2 } as const;
const NF_DROP = 0;
const NF_ACCEPT = 1;
const NFT_GOTO = -4 >>> 0;
const NFT_REG_VERDICT = 0;
const NFT_REG32_00 = 8;
const NFTA_LIST_ELEM = 1;
const NFTA_EXPR_NAME = 1;
const NFTA_EXPR_DATA = 2;
const NFTA_DATA_VALUE = 1;
const NFTA_DATA_VERDICT = 2;
const NFTA_VERDICT_CODE = 1;
const NFTA_VERDICT_CHAIN = 2;
const NFTA_IMMEDIATE_DREG = 1;
const NFTA_IMMEDIATE_DATA = 2;
const NFTA_META_DREG = 1;
const NFTA_META_KEY = 2;
const NFTA_META_SREG = 3;
const NFTA_PAYLOAD_DREG = 1;
const NFTA_PAYLOAD_BASE = 2;
const NFTA_PAYLOAD_OFFSET = 3;
const NFTA_PAYLOAD_LEN = 4;
const NFTA_CMP_SREG = 1;
const NFTA_CMP_OP = 2;
const NFTA_CMP_DATA = 3;
const NFT_CMP_EQ = 0;
const NFT_CMP_NEQ = 1;
const NFT_CMP_LT = 2;
const NFT_CMP_GT = 4;
const NFTA_CT_DREG = 1;
const NFTA_CT_KEY = 2;
const NFTA_CT_DIRECTION = 3;
const NFT_CT_STATE = 0;
const NFT_CT_BYTES = 15;
const NF_CT_STATE_INVALID = 1;
const NF_CT_STATE_UNTRACKED = 1 << 6;
const NFTA_BYTEORDER_SREG = 1;
const NFTA_BYTEORDER_DREG = 2;
const NFTA_BYTEORDER_OP = 3;
const NFTA_BYTEORDER_LEN = 4;
const NFTA_BYTEORDER_SIZE = 5;
const NFT_BYTEORDER_HTON = 1;
const NFTA_BITWISE_SREG = 1;
const NFTA_BITWISE_DREG = 2;
const NFTA_BITWISE_LEN = 3;
const NFTA_BITWISE_MASK = 4;
const NFTA_BITWISE_XOR = 5;
const NFTA_LIMIT_RATE = 1;
const NFTA_LIMIT_UNIT = 2;
const NFTA_LIMIT_BURST = 3;
const NFTA_LIMIT_TYPE = 4;
const NFTA_LIMIT_FLAGS = 5;
const NFTA_LOG_GROUP = 1;
const NFTA_LOG_QTHRESHOLD = 4;
const NFTA_LOOKUP_SET = 1;
const NFTA_LOOKUP_SREG = 2;
const NFTA_SOCKET_KEY = 1;
const NFTA_SOCKET_DREG = 2;
const NFTA_SOCKET_LEVEL = 3;
const NFT_SOCKET_CGROUPV2 = 3;
