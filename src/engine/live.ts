import { sizeOf } from "../tensors/named-array.js";
import type { MapNode, Node, ProductNode, StoredNode } from "./graph.js";
import { sourceOf, uniformValue } from "./graph.js";
import { broadcastLayout, isContiguous, type Layout } from "./views.js";

/** What must be computed for the outputs, and what is better computed where it is used. */
export interface Live {
  /** In the order in which they were recorded. */
  readonly nodes: readonly StoredNode[];
  /** How many nodes and outputs use a node. */
  readonly uses: ReadonlyMap<StoredNode, number>;
  /** Cheap nodes, much larger than what they are made from: computed anew in every loop that reads them. */
  readonly inlined: ReadonlySet<StoredNode>;
  /** Sums of a product and something else, by the product: one step computes both. */
  readonly sums: ReadonlyMap<ProductNode, { readonly sum: MapNode; readonly addend: Node }>;
}

/** The nodes that a node is computed from. */
export function argumentsOf(node: StoredNode): readonly Node[] {
  if (node.kind === "map") return node.arguments;
  if (node.kind === "reduce") return [node.argument];
  if (node.kind === "product") return [node.left, node.right];
  return node.kind === "assemble" ? node.pieces.map((piece) => piece.node) : [];
}

const mostInlined = 32; // one through the other: a loop has registers for as many, and recursion a stack

export function findLive(outputs: Iterable<Node>): Live {
  const uses = new Map<StoredNode, number>();
  const users = new Map<StoredNode, { user: StoredNode; layout: Layout }[]>();
  const waiting: StoredNode[] = [];
  const use = (node: Node): void => {
    const { source } = sourceOf(node);
    if (!uses.has(source)) waiting.push(source);
    uses.set(source, (uses.get(source) ?? 0) + 1);
  };
  const kept = new Set<StoredNode>();
  for (const node of outputs) {
    kept.add(sourceOf(node).source);
    use(node);
  }
  for (let node = waiting.pop(); node; node = waiting.pop()) {
    for (const argument of argumentsOf(node)) {
      const { source, layout } = sourceOf(argument);
      listOf(users, source).push({ user: node, layout: within(node, layout) });
      use(argument);
    }
  }
  const nodes = [...uses.keys()].sort((a, b) => a.id - b.id);
  const inlined = new Set<StoredNode>();
  const costs = new Map<StoredNode, number>(); // numbers that an inlined node reads, each time that it is computed
  const depths = new Map<StoredNode, number>(); // how many inlined nodes it is computed through
  const costOf = (node: Node): number => {
    const { source } = sourceOf(node);
    return costs.get(source) ?? sizeOf(source.shape);
  };
  for (const node of nodes) {
    if (node.kind !== "map" || !cheap.has(node.operation) || kept.has(node)) continue;
    const read = node.arguments.reduce((sum, argument) => sum + costOf(argument), 0);
    const seen = users.get(node) ?? [];
    const varying = node.arguments.filter((argument) => uniformValue(argument) === undefined);
    const isScaled = varying.length === 1 && sizeOf((varying[0] as Node).shape) === sizeOf(node.shape);
    if ((read * 4 >= sizeOf(node.shape) && !isScaled) || !seen.every((one) => seesAll(node, one))) continue;
    const depth = 1 + Math.max(...node.arguments.map((argument) => depths.get(sourceOf(argument).source) ?? 0));
    if (depth > mostInlined) continue;
    inlined.add(node);
    depths.set(node, depth);
    costs.set(node, read);
  }
  return { nodes, uses, inlined, sums: sumsOfProducts(nodes, uses, kept, inlined) };
}

/** The list of a key; a new one if it has none yet. */
export function listOf<K, V>(lists: Map<K, V[]>, key: K): V[] {
  const known = lists.get(key);
  if (known) return known;
  const made: V[] = [];
  lists.set(key, made);
  return made;
}

/** The layout that a user's loop sees. */
function within(user: StoredNode, layout: Layout): Layout {
  return user.kind === "map" ? broadcastLayout(layout, user.shape) : layout;
}

/** Whether a user's loop meets the numbers of a node in the order in which the node has them. */
function seesAll(node: StoredNode, { user, layout }: { readonly user: StoredNode; readonly layout: Layout }): boolean {
  return user.kind !== "product" && isContiguous(layout) && sameAxes(layout.shape, node.shape);
}

/** Whether two shapes are the same but for axes of length one. */
export function sameAxes(first: readonly number[], second: readonly number[]): boolean {
  return `${first.filter((length) => length !== 1)}` === `${second.filter((length) => length !== 1)}`;
}

const cheap = new Set(["copy", "negate", "add", "subtract", "multiply", "maximum", "minimum"]);

function sumsOfProducts(
  nodes: readonly StoredNode[],
  uses: ReadonlyMap<StoredNode, number>,
  kept: ReadonlySet<StoredNode>,
  inlined: ReadonlySet<StoredNode>,
): Live["sums"] {
  const sums = new Map<ProductNode, { sum: MapNode; addend: Node }>();
  for (const sum of nodes) {
    if (sum.kind !== "map" || sum.operation !== "add" || inlined.has(sum)) continue;
    const [first, second] = sum.arguments as [Node, Node];
    for (const [candidate, addend] of [
      [second, first],
      [first, second],
    ] as const) {
      if (candidate.kind !== "product" || `${candidate.shape}` !== `${sum.shape}`) continue;
      if (uses.get(candidate) !== 1 || kept.has(candidate) || inlined.has(sourceOf(addend).source)) continue;
      const { source, layout } = sourceOf(addend);
      if (source.kind === "constant" || source === candidate) continue;
      const column = broadcastLayout(layout, sum.shape).strides.at(-1) as number;
      if (column > 1) continue;
      sums.set(candidate, { sum, addend });
      break;
    }
  }
  return sums;
}
