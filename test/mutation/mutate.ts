/**
 * Small wrong programs made from a right one: each mutant changes one place of one source file, and
 * a test suite worth having notices.
 *
 * The source is parsed, so strings, comments, regular expressions and types are never touched; only
 * what runs is.
 */
import { parseAst } from "vitest/node";

export interface Mutant {
  /** Where the text that changes begins and ends: offsets in the source. */
  readonly start: number;
  readonly end: number;
  readonly text: string;
  /** Where what it is part of begins: it is reached when this is. */
  readonly at: number;
  /** From 1. */
  readonly line: number;
  /** What stood there and what stands there now, as in `< to <=`. */
  readonly change: string;
}

/** Every mutant of a TypeScript source, in the order of their places. Throws if it does not parse. */
export function mutantsOf(source: string): Mutant[] {
  const found: Edit[] = [];
  visit(parseAst(source, { lang: "ts" }) as unknown as Node, source, found);
  found.sort((a, b) => a.start - b.start || a.end - b.end);
  const lines = new Lines(source);
  return found.map((edit) => ({ ...edit, line: lines.at(edit.start) }));
}

/** The source with one mutant in it. */
export function mutate(
  source: string,
  { start, end, text }: Pick<Mutant, "start" | "end" | "text">,
): string {
  return source.slice(0, start) + text + source.slice(end);
}

interface Node {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [key: string]: unknown;
}

type Edit = Omit<Mutant, "line">;

function visit(node: Node, source: string, found: Edit[]): void {
  if (node.type.startsWith("TS") && !(node.type in HOLDS_A_VALUE)) return;
  found.push(...editsOf(node, source));
  for (const value of Object.values(node)) {
    for (const child of Array.isArray(value) ? value : [value]) {
      if (isNode(child)) visit(child, source, found);
    }
  }
}

function editsOf(node: Node, source: string): Edit[] {
  switch (node.type) {
    case "BinaryExpression":
    case "LogicalExpression":
      return operatorEdits(node, source);
    case "UnaryExpression":
      if (node.operator !== "!") return [];
      return [
        {
          start: node.start,
          end: node.start + 1,
          text: "",
          at: node.start,
          change: "! to nothing",
        },
      ];
    case "Literal":
      return literalEdits(node);
    case "IfStatement":
      return guardEdits(node, source);
    default:
      return [];
  }
}

function operatorEdits(node: Node, source: string): Edit[] {
  const operator = String(node.operator);
  const from = (node.left as Node).end;
  // Between the operands stand blanks, comments, brackets and the operator.
  const gap = withoutComments(source.slice(from, (node.right as Node).start));
  const start = from + gap.indexOf(operator);
  return (OPERATORS[operator] ?? []).map((text) => ({
    start,
    end: start + operator.length,
    text,
    at: node.start,
    change: `${operator} to ${text}`,
  }));
}

function literalEdits({ start, end, value, raw }: Node): Edit[] {
  if (typeof value === "boolean") {
    return [{ start, end, text: String(!value), at: start, change: `${value} to ${!value}` }];
  }
  if (typeof value !== "number" || !Number.isInteger(value) || value > NUMBER_MAX) return [];
  return [
    { start, end, text: String(value + 1), at: start, change: `${String(raw)} to ${value + 1}` },
  ];
}

/** `if (this) return;` as if the guard were not there. */
function guardEdits(node: Node, source: string): Edit[] {
  const { test, consequent, alternate } = node as unknown as Record<string, Node | null>;
  if (alternate !== null || !leaves(consequent!)) return [];
  const { start, end } = test!;
  const text = `false && (${source.slice(start, end)})`;
  return [{ start, end, text, at: start, change: "guard to nothing" }];
}

function leaves(statement: Node): boolean {
  if (statement.type !== "BlockStatement") return statement.type in LEAVES;
  return (statement.body as Node[]).some(({ type }) => type in LEAVES);
}

/** The same length, so that offsets hold. */
function withoutComments(text: string): string {
  return text.replace(/\/\/.*|\/\*[\s\S]*?\*\//g, (comment) => " ".repeat(comment.length));
}

function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && "type" in value && "start" in value;
}

class Lines {
  readonly #ends: number[] = [];

  constructor(source: string) {
    for (const { index } of source.matchAll(/\n/g)) this.#ends.push(index);
  }

  at(offset: number): number {
    const line = this.#ends.findIndex((end) => end >= offset);
    return (line < 0 ? this.#ends.length : line) + 1;
  }
}

const OPERATORS: Readonly<Record<string, readonly string[]>> = {
  // At the boundary, and the other way round.
  "<": ["<=", ">="],
  "<=": ["<", ">"],
  ">": [">=", "<="],
  ">=": [">", "<"],
  "===": ["!=="],
  "!==": ["==="],
  "&&": ["||"],
  "||": ["&&"],
};

/** Nodes of the type language with a value inside: `x as T`, `x!`, `x satisfies T`. */
const HOLDS_A_VALUE: Readonly<Record<string, true>> = {
  TSAsExpression: true,
  TSNonNullExpression: true,
  TSSatisfiesExpression: true,
};

const LEAVES: Readonly<Record<string, true>> = {
  ReturnStatement: true,
  ContinueStatement: true,
  BreakStatement: true,
  ThrowStatement: true,
};

/** Above it stand sizes of caches and the like; what one more does there nobody can see. */
const NUMBER_MAX = 1000;
