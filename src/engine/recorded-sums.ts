// Kernels of TensorFlow.js that sum: reductions, matrix products, softmax, in terms of the graph.

import type { DataType } from "@tensorflow/tfjs-core";
import { sizeOf } from "../tensors/named-array.js";
import { constant, type Graph, map, type Node, product, reduce, reshape, slice, transpose, uniform } from "./graph.js";
import { first, type Note, type RecordedKernel, type RecordedKernels } from "./recorded-kernel.js";

const kernels: Record<string, RecordedKernel> = {};
const define = (name: string, note: Note, dtype?: DataType): void => {
  kernels[name] = dtype ? { note, dtype } : { note };
};

const reduction = (note: (graph: Graph, node: Node, axes: readonly number[]) => Node): Note => {
  return (graph, [node], { axis, reductionIndices, keepDims }) => {
    const { shape } = node as Node;
    const axes = [axis ?? reductionIndices ?? []].flat().map((one: number) => (one < 0 ? one + shape.length : one));
    const all = axes.length === 0 ? [...shape.keys()] : axes;
    const reduced = note(graph, node as Node, all);
    return keepDims
      ? reduced
      : reshape(
          graph,
          reduced,
          shape.filter((_, index) => !all.includes(index)),
        );
  };
};
define(
  "Sum",
  reduction((graph, node, axes) => reduce(graph, "sum", node, axes)),
);
define(
  "Max",
  reduction((graph, node, axes) => reduce(graph, "max", node, axes)),
);
define(
  "Min",
  reduction((graph, node, axes) => {
    return map(graph, "negate", [reduce(graph, "max", map(graph, "negate", [node]), axes)]);
  }),
);
define(
  "ArgMax",
  reduction((graph, node, [axis]) => firstLargest(graph, node, axis as number)),
  "int32",
);
define(
  "ArgMin",
  reduction((graph, node, [axis]) => firstLargest(graph, map(graph, "negate", [node]), axis as number)),
  "int32",
);
define(
  "Mean",
  reduction((graph, node, axes) => {
    const sum = reduce(graph, "sum", node, axes);
    return map(graph, "multiply", [sum, uniform(graph, sizeOf(sum.shape) / sizeOf(node.shape), [])]);
  }),
);
define(
  "Prod",
  reduction((graph, node, axes) => axes.reduce((left, axis) => multiplyAlong(graph, left, axis), node)),
);
define("BatchMatMul", (graph, inputs, { transposeA, transposeB }) => {
  const [left, right] = inputs as [Node, Node];
  return product(graph, transposeA ? turned(graph, left) : left, transposeB ? turned(graph, right) : right);
});
define("Softmax", (graph, inputs, { dim }) => {
  const node = first(inputs);
  const axes = [dim < 0 ? dim + node.shape.length : dim];
  const powers = map(graph, "exp", [map(graph, "subtract", [node, reduce(graph, "max", node, axes)])]);
  return map(graph, "divide", [powers, reduce(graph, "sum", powers, axes)]);
});

/** Kernels that sum, by name. */
export const recordedSums: RecordedKernels = kernels;

/** Where the largest number along an axis stands; the first, if several are equal. */
function firstLargest(graph: Graph, node: Node, axis: number): Node {
  const length = node.shape[axis] as number;
  const places = constant(
    graph,
    Float32Array.from({ length }, (_, at) => -at),
    node.shape.map((_, index) => (index === axis ? length : 1)),
  );
  const isLargest = map(graph, "equal", [node, reduce(graph, "max", node, [axis])]);
  const candidates = map(graph, "select", [isLargest, places, uniform(graph, -length, [])]);
  return map(graph, "negate", [reduce(graph, "max", candidates, [axis])]);
}

/** The product of all numbers along an axis, which stays with length one. */
function multiplyAlong(graph: Graph, node: Node, axis: number): Node {
  const size = node.shape.map((length, index) => (index === axis ? 1 : length));
  const parts = Array.from({ length: node.shape[axis] as number }, (_, at) => {
    const start = size.map((_, index) => (index === axis ? at : 0));
    return slice(graph, node, start, size);
  });
  return parts.reduce((left, right) => map(graph, "multiply", [left, right]), uniform(graph, 1, size));
}

function turned(graph: Graph, node: Node): Node {
  const rank = node.shape.length;
  return transpose(graph, node, [...Array(rank - 2).keys(), rank - 1, rank - 2]);
}
