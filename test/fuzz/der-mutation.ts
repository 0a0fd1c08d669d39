/** Certificates with one thing wrong in them: a tag, a length, a value, an order, a depth. */
import { concat, pattern, uint } from "../wire/bytes.ts";
import { tlv } from "../wire/der.ts";
import type { Random } from "./random.ts";

interface Node {
  readonly tag: number;
  /** Of a constructed element. */
  readonly children?: readonly Node[];
  /** Of a primitive one. */
  readonly contents?: Uint8Array;
  /** What the length field says, where it lies. */
  readonly length?: number;
  /** Stands instead of everything else. */
  readonly raw?: Uint8Array;
}

/** A certificate that differs from `der` in one to three places. */
export function mutateDer(der: Uint8Array, random: Random): Uint8Array {
  if (random.chance(20)) return flipBits(der, random);
  let tree = parsed(der);
  for (let round = random.below(3); round >= 0; round--) {
    const count = countOf(tree);
    tree = changedAt(tree, { left: random.below(count) }, random);
  }
  return encode(tree);
}

export function flipBits(bytes: Uint8Array, random: Random): Uint8Array {
  const out = bytes.slice();
  for (let round = random.below(4); round >= 0; round--)
    out[random.below(out.length)]! ^= 1 << random.below(8);
  return out;
}

/** The tree with the node at `place.left` (counted depth first) changed. */
function changedAt(node: Node, place: { left: number }, random: Random): Node {
  if (place.left-- === 0) return change(node, random);
  if (!node.children) return node;
  const children: Node[] = [];
  for (const child of node.children)
    children.push(place.left < 0 ? child : changedAt(child, place, random));
  return { ...node, children };
}

function change(node: Node, random: Random): Node {
  const { children, contents } = node;
  switch (random.below(children ? 11 : 9)) {
    case 0:
      return { ...node, tag: random.chance(50) ? random.below(256) : random.pick(TAGS) };
    case 1:
      return { ...node, length: random.lie(encodedLength(node), random.pick([7, 8, 16, 24, 32])) };
    case 2:
      return {
        tag: node.tag,
        contents: pattern(random.lie(encodedLength(node), 9), random.word()),
      };
    case 3:
      return { tag: node.tag, contents: new Uint8Array(0) };
    case 4:
      return { ...node, raw: indefinite(node, random) };
    case 5:
      return { tag: 0x30, children: [node, node] };
    case 6:
      return nested(node, random.pick([1, 16, 64, 1000]));
    case 7:
      return { tag: random.pick(STRINGS), contents: Buffer.from(random.pick(HOSTILE)) };
    case 8:
      return contents ? { ...node, contents: flipBits(contents, random) } : node;
    case 9:
      return { ...node, children: children!.filter(() => !random.chance(40)) };
    default:
      return {
        ...node,
        children: children!.flatMap((one) => (random.chance(30) ? [one, one] : one)).reverse(),
      };
  }
}

/** Lengths that only BER allows, and one in more bytes than anybody counts. */
function indefinite(node: Node, random: Random): Uint8Array {
  const body = bodyOf(node);
  const tag = uint(node.tag, 1);
  switch (random.below(4)) {
    case 0:
      return concat(tag, uint(0x80, 1), body, uint(0, 2));
    case 1:
      return concat(tag, uint(0x84, 1), uint(body.length, 4), body);
    case 2:
      return concat(tag, uint(0xff, 1), body);
    default:
      return concat(tag, uint(0x88, 1), uint(random.word(), 8), body);
  }
}

function nested(node: Node, depth: number): Node {
  let out = node;
  for (let level = 0; level < depth; level++) out = { tag: 0x30, children: [out] };
  return out;
}

function countOf(node: Node): number {
  return (node.children ?? []).reduce((sum, child) => sum + countOf(child), 1);
}

function encodedLength(node: Node): number {
  return node.contents?.length ?? (node.children?.length ?? 0) * 12;
}

function bodyOf(node: Node): Uint8Array {
  return node.contents ?? concat(...(node.children ?? []).map(encode));
}

function encode(node: Node): Uint8Array {
  if (node.raw) return node.raw;
  const body = bodyOf(node);
  return tlv(node.tag, body, node.length ?? body.length);
}

const TREES = new WeakMap<Uint8Array, Node>();

function parsed(der: Uint8Array): Node {
  const known = TREES.get(der);
  if (known) return known;
  const tree = parse(der, 0)[0];
  TREES.set(der, tree);
  return tree;
}

/** Only for DER that is known to be sound: the corpus. */
function parse(der: Uint8Array, at: number): [Node, number] {
  const tag = der[at]!;
  let from = at + 2;
  let length = der[at + 1]!;
  if (length > 127) {
    const width = length - 128;
    length = 0;
    for (let index = 0; index < width; index++) length = length * 256 + der[from++]!;
  }
  const end = from + length;
  if (!(tag & 0x20)) return [{ tag, contents: der.subarray(from, end) }, end];
  const children: Node[] = [];
  while (from < end) {
    const [child, next] = parse(der, from);
    children.push(child);
    from = next;
  }
  return [{ tag, children }, end];
}

const TAGS = [
  1, 2, 3, 4, 5, 6, 12, 19, 22, 23, 24, 0x30, 0x31, 0x80, 0x82, 0x86, 0x87, 0xa0, 0xa3, 0x1f,
];
const STRINGS = [12, 19, 20, 22, 23, 24, 28, 30, 0x82, 0x86];
const HOSTILE = [
  "\u0000www.bank.test",
  "a\u202eb\u001b[2J\r\n",
  "*.*.test",
  "..",
  "xn--",
  "99991231235959Z",
  "000000000000Z",
  "20260230000000+0100",
  `${"a".repeat(64)}.${"b".repeat(300)}`,
  "\ud800",
];
