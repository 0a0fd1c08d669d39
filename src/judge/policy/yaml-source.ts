/**
 * A YAML file as plain values, with the place of every one of them.
 *
 * Only what a policy needs: maps with text as keys, lists, and the scalars of YAML's core schema.
 * Everything is bounded: bytes, depth, aliases (each counts for all it stands for) and the number of
 * problems that are told.
 */
import {
  type Alias,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseDocument,
} from "yaml";

export type Path = readonly (string | number)[];

export interface Place {
  /** Both from 1. */
  readonly line: number;
  readonly column: number;
}

export interface SourceProblem extends Place {
  readonly message: string;
}

export class YamlSource {
  /** `undefined` for an empty file, and where there are problems. */
  readonly value: unknown;
  readonly problems: SourceProblem[] = [];
  readonly #lines = new LineCounter();
  /** By `pathKey`: where a value begins, and where the key that leads to it does. */
  readonly #values = new Map<string, number>();
  readonly #keys = new Map<string, number>();
  readonly #text: string;
  readonly #document: Document;
  #nodes = 0;
  #aliases = 0;

  constructor(text: string) {
    this.#text = text;
    const document = parseDocument(text, {
      lineCounter: this.#lines,
      // Both cost the square of the file's length: `pretty` for a file full of errors.
      prettyErrors: false,
      uniqueKeys: false,
    });
    this.#document = document as Document;
    for (const { message, pos } of [...document.errors, ...document.warnings].slice(
      0,
      PROBLEMS_MAX,
    )) {
      this.problems.push({ ...this.#place(pos[0]), message: firstLine(message) });
    }
    if (this.problems.length > 0) return;
    this.value = this.#read(document.contents, [], []);
  }

  /** Where the value stands that a path leads to, or the nearest one around it that exists. */
  placeOf(path: Path): Place {
    return this.#nearest(this.#values, path);
  }

  /** Where the key stands that a path ends in; of a list's entry, the entry. */
  placeOfKey(path: Path): Place {
    return this.#place(this.#keys.get(pathKey(path)) ?? this.#values.get(pathKey(path)) ?? 0);
  }

  /** `via` are the aliases that are being followed: one inside itself would never end. */
  #read(node: Node | null, path: Path, via: readonly Node[]): unknown {
    const at = node?.range?.[0] ?? 0;
    if (!this.#values.has(pathKey(path))) this.#values.set(pathKey(path), at);
    if (node === null) return null;
    if (++this.#nodes > NODES_MAX)
      return this.#refuse(at, `more than ${NODES_MAX} values, aliases included`);
    if (path.length > DEPTH_MAX) return this.#refuse(at, `nested more than ${DEPTH_MAX} deep`);
    if (isAlias(node)) return this.#follow(node, path, via);
    if (isScalar(node)) return node.value;
    if (isSeq(node)) {
      return node.items.map((item, i) => this.#read(item as Node | null, [...path, i], via));
    }
    return isMap(node)
      ? this.#readMap(node.items as Pair<Node | null, Node | null>[], path, via)
      : null;
  }

  #readMap(
    items: readonly Pair<Node | null, Node | null>[],
    path: Path,
    via: readonly Node[],
  ): unknown {
    const entries = new Map<string, unknown>();
    for (const { key, value } of items) {
      const at = key?.range?.[0] ?? 0;
      if (!isScalar(key) || typeof key.value !== "string") {
        this.#refuse(at, "a key that is not text, expected a name");
        continue;
      }
      if (entries.has(key.value))
        this.#refuse(at, `key ${JSON.stringify(key.value)} for the second time`);
      const inner = [...path, key.value];
      this.#keys.set(pathKey(inner), at);
      entries.set(key.value, this.#read(value, inner, via));
    }
    // Unlike assignment, this makes an ordinary property of `__proto__`.
    return Object.fromEntries(entries);
  }

  #follow(alias: Alias, path: Path, via: readonly Node[]): unknown {
    const at = alias.range?.[0] ?? 0;
    // Finding what an alias means walks the document.
    if (++this.#aliases > ALIASES_MAX) return this.#refuse(at, `more than ${ALIASES_MAX} aliases`);
    const target = alias.resolve(this.#document);
    if (target === undefined) return this.#refuse(at, "an alias that names nothing before it");
    if (via.includes(target)) return this.#refuse(at, "an alias inside what it stands for");
    return this.#read(target, path, [...via, target]);
  }

  #refuse(at: number, message: string): undefined {
    if (this.problems.length < PROBLEMS_MAX) this.problems.push({ ...this.#place(at), message });
    return undefined;
  }

  #nearest(places: ReadonlyMap<string, number>, path: Path): Place {
    for (let length = path.length; length >= 0; length--) {
      const at = places.get(pathKey(path.slice(0, length)));
      if (at !== undefined) return this.#place(at);
    }
    return { line: 1, column: 1 };
  }

  #place(offset: number): Place {
    const { line, col } = this.#lines.linePos(Math.min(offset, this.#text.length));
    return { line: Math.max(1, line), column: Math.max(1, col) };
  }
}

/** No two paths share one: text is quoted, numbers are not. */
function pathKey(path: Path): string {
  return JSON.stringify(path);
}

function firstLine(message: string): string {
  return message.split("\n", 1)[0]!.replace(/:$/, "");
}

/** A policy for a thousand issuers has about 10,000 values. */
const NODES_MAX = 200_000;
/** The deepest key of a policy is 7 deep. */
const DEPTH_MAX = 16;
const ALIASES_MAX = 100;
/** Nobody mends more at once. */
export const PROBLEMS_MAX = 50;
