// The graph of what a recorded function computes. Nodes of equal meaning are one node, views are composed and arithmetic with
// 0 and 1 is left out while the graph is built, so that it needs no passes afterwards.
import { sizeOf } from "../tensors/named-array.js";
import type { AssembleNode, Node, StoredNode } from "./nodes.js";
import { evaluate, type MapOperation, simplify } from "./operations.js";
import {
  broadcastLayout,
  broadcastShape,
  type Layout,
  reshapeLayout,
  sliceLayout,
  transposeLayout,
  wholeLayout,
} from "./views.js";

export type {
  AssembleNode,
  ConstantNode,
  InputNode,
  MapNode,
  Node,
  ProductNode,
  ReduceNode,
  StoredNode,
} from "./nodes.js";

/** Nodes by what they mean. */
export interface Graph {
  readonly nodes: Map<string, Node>;
  count: number;
}

export function newGraph(): Graph {
  return { nodes: new Map(), count: 0 };
}

type Unnumbered<N extends Node> = N extends Node ? Omit<N, "id"> : never;

/** An array without numbers: whatever it is computed from, there is nothing to compute. */
function empty(graph: Graph, shape: readonly number[]): Node {
  return intern(graph, `empty ${shape}`, { kind: "constant", values: new Float32Array(0), shape });
}

const isEmpty = (shape: readonly number[]): boolean => shape.includes(0);

function intern(graph: Graph, key: string, node: Unnumbered<Node>): Node {
  const known = graph.nodes.get(key);
  if (known) return known;
  const made = { ...node, id: graph.count++ } as Node;
  graph.nodes.set(key, made);
  return made;
}

export function input(graph: Graph, name: string, shape: readonly number[]): Node {
  return intern(graph, `input ${name}`, { kind: "input", name, shape });
}

/** A constant array; one that holds a single number everywhere is known as such. */
export function constant(graph: Graph, values: Float32Array, shape: readonly number[]): Node {
  if (isEmpty(shape)) return empty(graph, shape);
  const first = values[0];
  if (first !== undefined && values.every((value) => Object.is(value, first))) return uniform(graph, first, shape);
  return intern(graph, `constant ${graph.count}`, { kind: "constant", values: values.slice(), shape });
}

/** One number everywhere. */
export function uniform(graph: Graph, value: number, shape: readonly number[]): Node {
  const number = Math.fround(value);
  const name = Object.is(number, -0) ? "-0" : number;
  const one = intern(graph, `uniform ${name}`, { kind: "constant", values: number, shape: [] });
  return broadcastTo(graph, one, shape);
}

/** The number that a node holds everywhere; undefined if it is not known, or they differ. */
export function uniformValue(node: Node): number | undefined {
  const { source } = sourceOf(node);
  return source.kind === "constant" && typeof source.values === "number" ? source.values : undefined;
}

/** What a node's numbers are stored in, and how they stand there. */
export function sourceOf(node: Node): { source: StoredNode; layout: Layout } {
  return node.kind === "view"
    ? { source: node.of, layout: node.layout }
    : { source: node, layout: wholeLayout(node.shape) };
}

function view(graph: Graph, source: StoredNode, layout: Layout): Node {
  if (isEmpty(layout.shape)) return empty(graph, layout.shape);
  const whole = wholeLayout(source.shape);
  if (`${layout.shape}|${layout.strides}` === `${whole.shape}|${whole.strides}`) return source;
  const { shape, strides, offset } = layout;
  return intern(graph, `view ${source.id} ${shape}|${strides}|${offset}`, { kind: "view", of: source, layout, shape });
}

export function reshape(graph: Graph, node: Node, shape: readonly number[]): Node {
  if (sizeOf(node.shape) !== sizeOf(shape)) {
    throw new Error(`An array of shape [${node.shape}] cannot be seen in the shape [${shape}]: it has another size.`);
  }
  if (`${node.shape}` === `${shape}`) return node;
  if (isEmpty(shape)) return empty(graph, shape);
  const { source, layout } = sourceOf(node);
  const found = reshapeLayout(layout, shape);
  if (found) return view(graph, source, found);
  return reshape(graph, copy(graph, node), shape);
}

export function broadcastTo(graph: Graph, node: Node, shape: readonly number[]): Node {
  const { source, layout } = sourceOf(node);
  return view(graph, source, broadcastLayout(layout, shape));
}

export function transpose(graph: Graph, node: Node, order: readonly number[]): Node {
  const { source, layout } = sourceOf(node);
  return view(graph, source, transposeLayout(layout, order));
}

export function slice(graph: Graph, node: Node, start: readonly number[], size: readonly number[]): Node {
  const columns = size.length - 1;
  if (node.kind === "product" && size.every((length, axis) => axis === columns || length === node.shape[axis])) {
    // Columns of a product that are not looked at need not be computed.
    const right = slice(graph, node.right, start, [...node.right.shape.slice(0, -1), size[columns] as number]);
    return size[columns] === node.shape[columns] ? node : product(graph, node.left, right);
  }
  const { source, layout } = sourceOf(node);
  return view(graph, source, sliceLayout(layout, start, size));
}

/** The node's numbers in storage of their own, row by row. */
export function copy(graph: Graph, node: Node): Node {
  return intern(graph, `copy ${node.id}`, { kind: "map", operation: "copy", arguments: [node], shape: node.shape });
}

/** An operation on each element of its arguments, which broadcast. */
export function map(graph: Graph, operation: MapOperation, args: readonly Node[]): Node {
  const shape = broadcastShape(args.map((node) => node.shape));
  if (isEmpty(shape)) return empty(graph, shape);
  const values = args.map(uniformValue);
  if (values.every((value) => value !== undefined)) return uniform(graph, evaluate(operation, values), shape);
  const simpler = simplify(operation, values);
  if (typeof simpler === "number") return broadcastTo(graph, args[simpler] as Node, shape);
  if (simpler) {
    const left = simpler.arguments.map((index) => args[index] as Node);
    return broadcastTo(graph, map(graph, simpler.operation, left), shape); // what was left out may have been wider
  }
  const above = operation === "power" ? powerAbove(graph, args as [Node, Node]) : undefined;
  if (above) return map(graph, "powerBelow", [...args, above]);
  const key = keyOf(operation, args);
  return intern(graph, key, { kind: "map", operation, arguments: args, shape });
}

const keyOf = (operation: MapOperation, args: readonly Node[]): string => `${operation} ${args.map(({ id }) => id)}`;

/** Of xʸ⁻¹, as the gradient of xʸ has it: xʸ, if it was computed. To divide by x takes a tenth of the time. */
function powerAbove(graph: Graph, [x, exponent]: readonly [Node, Node]): Node | undefined {
  if (exponent.kind !== "map" || exponent.operation !== "subtract") return undefined;
  const [y, one] = exponent.arguments as [Node, Node];
  return uniformValue(one) === 1 ? graph.nodes.get(keyOf("power", [x, y])) : undefined;
}

/**
 * The sum or the largest along axes. Of nothing the sum is 0 and the largest −∞.
 *
 * @param axes that are reduced; they stay with length one
 */
export function reduce(graph: Graph, operation: "sum" | "max", node: Node, axes: readonly number[]): Node {
  const shape = node.shape.map((length, axis) => (axes.includes(axis) ? 1 : length));
  if (isEmpty(shape)) return empty(graph, shape);
  if (isEmpty(node.shape)) return uniform(graph, operation === "sum" ? 0 : Number.NEGATIVE_INFINITY, shape);
  const { source, layout } = sourceOf(node);
  const isRepeated = (axis: number) => axes.includes(axis) && layout.strides[axis] === 0;
  const once = layout.shape.map((length, axis) => (isRepeated(axis) ? 1 : length));
  const times = sizeOf(node.shape) / sizeOf(once);
  if (times > 1) {
    // The same number many times: it is looked at once.
    const reduced = reduce(graph, operation, view(graph, source, { ...layout, shape: once }), axes);
    return operation === "max" ? reduced : map(graph, "multiply", [reduced, uniform(graph, times, [])]);
  }
  if (sizeOf(shape) === sizeOf(node.shape)) return operation === "max" ? node : plusZero(graph, node);
  return intern(graph, `${operation} ${node.id} ${shape}`, { kind: "reduce", operation, argument: node, shape });
}

/** A sum of one number: 0 where that is −0, as every sum begins with 0. */
function plusZero(graph: Graph, node: Node): Node {
  const isSum = node.kind === "product" || (node.kind === "reduce" && node.operation === "sum");
  if (isSum) return node;
  return map(graph, "add", [node, uniform(graph, 0, [])]);
}

/** @param left [...batch, M, K] and right [...batch, K, N], of which one may lack or repeat batch axes */
export function product(graph: Graph, left: Node, right: Node): Node {
  const batch = broadcastShape([left.shape.slice(0, -2), right.shape.slice(0, -2)]);
  const [rows, inner] = left.shape.slice(-2) as [number, number];
  const columns = right.shape.at(-1) as number;
  const a = broadcastTo(graph, left, [...batch, rows, inner]);
  const b = broadcastTo(graph, right, [...batch, inner, columns]);
  const shape = [...batch, rows, columns];
  if (isEmpty(shape)) return empty(graph, shape);
  if (inner === 0) return uniform(graph, 0, shape); // sums of nothing
  if (inner === 1) return plusZero(graph, map(graph, "multiply", [a, b]));
  if (columns === 1) {
    const across = [...batch.keys(), batch.length + 1, batch.length];
    const turned = transpose(graph, b, across); // [..., 1, K]
    // Rows of numbers that follow one another are summed as they stand; columns are added to one another.
    if (rows > 1 && sourceOf(a).layout.strides.at(-1) !== 1) {
      return transpose(graph, product(graph, turned, transpose(graph, a, across)), across);
    }
    return reduce(graph, "sum", map(graph, "multiply", [a, turned]), [a.shape.length - 1]);
  }
  // A row times a matrix that stands in columns, each sequence with its own: columns are summed as they stand.
  const { strides } = sourceOf(b).layout;
  if (rows === 1 && batch.length > 0 && strides.at(-1) !== 1 && strides.at(-2) === 1) {
    const across = [...batch.keys(), batch.length + 1, batch.length];
    return transpose(graph, product(graph, transpose(graph, b, across), transpose(graph, a, across)), across);
  }
  const row = strides.at(-1) === 1 ? b : broadcastTo(graph, copy(graph, right), b.shape);
  return intern(graph, `product ${a.id} ${row.id}`, { kind: "product", left: a, right: row, shape });
}

/** Put pieces where they belong; what they leave free between `start` and `shape` is an error of the caller. */
export function assemble(graph: Graph, shape: readonly number[], pieces: AssembleNode["pieces"]): Node {
  if (isEmpty(shape)) return empty(graph, shape);
  const filled = pieces.filter(({ node }) => !isEmpty(node.shape));
  const [only] = filled;
  if (filled.length === 1 && only) return reshape(graph, only.node, shape);
  const key = `assemble ${shape}|${filled.map(({ node, start }) => `${node.id} ${start}`).join("|")}`;
  return intern(graph, key, { kind: "assemble", pieces: filled, shape });
}
