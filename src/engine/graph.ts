// The graph of what a recorded function computes. Nodes of equal meaning are one node, views are composed and arithmetic that
// changes nothing, such as x·1, is left out while the graph is built, so that it needs no passes afterwards.
import { sizeOf } from "../tensors/named-array.js";
import type { AssembleNode, Node, StoredNode } from "./nodes.js";
import { evaluate, type MapOperation, simplify } from "./operations.js";
import { broadcastLayout, broadcastShape, type Layout, reshapeLayout, transposeLayout, wholeLayout } from "./views.js";

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
export function empty(graph: Graph, shape: readonly number[]): Node {
  return intern(graph, `empty ${shape}`, { kind: "constant", values: new Float32Array(0), shape });
}

export const isEmpty = (shape: readonly number[]): boolean => shape.includes(0);

/** The node of that meaning: the one that is known by the key, or a new one. */
export function intern(graph: Graph, key: string, node: Unnumbered<Node>): Node {
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

/** A stored node seen with another layout. */
export function view(graph: Graph, source: StoredNode, layout: Layout): Node {
  if (isEmpty(layout.shape)) return empty(graph, layout.shape);
  const whole = wholeLayout(source.shape);
  if (`${layout.shape}|${layout.strides}` === `${whole.shape}|${whole.strides}`) return source;
  const { shape, strides, offset } = layout;
  return intern(graph, `view ${source.id} ${shape}|${strides}|${offset}`, { kind: "view", of: source, layout, shape });
}

export function reshape(graph: Graph, node: Node, shape: readonly number[]): Node {
  if (sizeOf(node.shape) !== sizeOf(shape) || !shape.every(Number.isInteger)) {
    throw new Error(`An array of shape [${node.shape}] cannot be seen in the shape [${shape}].`);
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

/** Put pieces where they belong; what they leave free between `start` and `shape` is an error of the caller. */
export function assemble(graph: Graph, shape: readonly number[], pieces: AssembleNode["pieces"]): Node {
  if (isEmpty(shape)) return empty(graph, shape);
  const filled = pieces.filter(({ node }) => !isEmpty(node.shape));
  const [only] = filled;
  if (filled.length === 1 && only) return reshape(graph, only.node, shape);
  const key = `assemble ${shape}|${filled.map(({ node, start }) => `${node.id} ${start}`).join("|")}`;
  return intern(graph, key, { kind: "assemble", pieces: filled, shape });
}
