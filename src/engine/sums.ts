// Sums in the graph: along axes, and of the products in a matrix product.
import { sizeOf } from "../tensors/named-array.js";
import {
  broadcastTo,
  copy,
  empty,
  type Graph,
  intern,
  isEmpty,
  map,
  type Node,
  reshape,
  sourceOf,
  transpose,
  uniform,
  view,
} from "./graph.js";
import { broadcastShape, sliceLayout } from "./views.js";

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
  const summed = sizeOf(node.shape) / sizeOf(shape);
  if (summed === 1) return operation === "max" ? node : plusZero(graph, node);
  if (operation === "sum" && summed > mostAtOnce) return sumInStages(graph, node, axes);
  return intern(graph, `${operation} ${node.id} ${shape}`, { kind: "reduce", operation, argument: node, shape });
}

/**
 * Numbers that are added one after the other, along an axis or in a matrix product. What a float32 sum rounds away grows
 * with their count: of a million times 0.1 it would be 0.2 %.
 */
export const mostAtOnce = 512;

/** Axis by axis, and a long axis block by block: sums of sums, of few numbers each. */
function sumInStages(graph: Graph, node: Node, axes: readonly number[]): Node {
  const long = axes.filter((axis) => (node.shape[axis] as number) > 1);
  const axis = Math.max(...long);
  if (long.length > 1) return reduce(graph, "sum", reduce(graph, "sum", node, [axis]), axes);
  const length = node.shape[axis] as number;
  const block = Math.ceil(Math.sqrt(length));
  const whole = length - (length % block);
  const { source, layout } = sourceOf(node);
  const part = (from: number, to: number): Node => {
    const start = node.shape.map((_, at) => (at === axis ? from : 0));
    const size = node.shape.map((one, at) => (at === axis ? to - from : one));
    return view(graph, source, sliceLayout(layout, start, size));
  };
  const around = (inner: readonly number[]) => [...node.shape.slice(0, axis), ...inner, ...node.shape.slice(axis + 1)];
  const blocks = reshape(graph, part(0, whole), around([whole / block, block]));
  const sums = reshape(graph, reduce(graph, "sum", blocks, [axis + 1]), around([whole / block]));
  const sum = reduce(graph, "sum", sums, [axis]);
  return whole === length ? sum : map(graph, "add", [sum, reduce(graph, "sum", part(whole, length), [axis])]);
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
