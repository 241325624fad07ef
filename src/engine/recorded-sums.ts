// Kernels of TensorFlow.js that sum: reductions, matrix products, softmax, in terms of the graph.

import { backend_util, type DataType } from "@tensorflow/tfjs-core";
import { sizeOf } from "../tensors/named-array.js";
import { constant, type Graph, map, type Node, product, reduce, reshape, transpose, uniform } from "./graph.js";
import { first, type Note, NotRecordable, type RecordedKernel, type RecordedKernels } from "./recorded-kernel.js";
import { joined, piece, pieces, withLength } from "./recorded-pieces.js";

const kernels: Record<string, RecordedKernel> = {};
const define = (name: string, note: Note, dtype?: RecordedKernel["dtype"]): void => {
  kernels[name] = dtype ? { note, dtype } : { note };
};

const reduction = (note: (graph: Graph, node: Node, axes: readonly number[]) => Node): Note => {
  return (graph, [node], { axis, reductionIndices, keepDims }) => {
    const { shape } = node as Node;
    const given = axis ?? reductionIndices;
    const all = (given === undefined || given === null ? [...shape.keys()] : [given].flat()).map((one: number) =>
      one < 0 ? one + shape.length : one,
    );
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
  "float32",
);
define(
  "Any",
  reduction((graph, node, axes) => reduce(graph, "max", node, axes)),
);
define(
  "All",
  reduction((graph, node, axes) => map(graph, "not", [reduce(graph, "max", map(graph, "not", [node]), axes)])),
);
define(
  "Prod",
  reduction((graph, node, axes) => axes.reduce((left, axis) => multiplyAlong(graph, left, axis), node)),
);
for (const [name, operation, empty] of [
  ["Cumsum", "add", 0],
  ["Cumprod", "multiply", 1],
] as const) {
  define(
    name,
    (graph, inputs, { axis, exclusive, reverse }) => {
      const along = axis < 0 ? axis + first(inputs).shape.length : axis;
      const node = exclusive ? moved(graph, first(inputs), along, reverse, empty) : first(inputs);
      return accumulated(graph, operation, node, along, reverse);
    },
    ([type]) => (type === "bool" ? "int32" : (type as DataType)),
  );
}
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

/** Operands with all axes of the equation in one order; the axes that are summed over come last. */
define("Einsum", (graph, inputs, { equation }) => {
  const { allDims, summedDims, idDims } = backend_util.decodeEinsumEquation(equation, inputs.length);
  const { steps } = backend_util.getEinsumComputePath([...summedDims], idDims); // which it changes
  // TensorFlow.js leaves out an operand that shares no axis with what is summed, where another does.
  if (new Set(steps.flat()).size < inputs.length) {
    throw new NotRecordable(`The equation ${equation} of Einsum is not among those that can be replayed.`);
  }
  const aligned = inputs.map((node, index) => {
    const { permutationIndices, expandDims } = backend_util.getEinsumPermutation(
      allDims.length,
      idDims[index] as number[],
    );
    const shape = permutationIndices.map((axis) => node.shape[axis] as number);
    for (const axis of expandDims) shape.splice(axis, 0, 1);
    return reshape(graph, transpose(graph, node, permutationIndices), shape);
  });
  const terms = aligned.reduce((left, right) => map(graph, "multiply", [left, right]));
  const sum = reduce(graph, "sum", terms, summedDims);
  return reshape(graph, sum, sum.shape.slice(0, allDims.length - summedDims.length));
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

/** All numbers up to each along an axis, added or multiplied: in steps that reach twice as far each time. */
function accumulated(graph: Graph, operation: "add" | "multiply", node: Node, axis: number, reverse: boolean): Node {
  const length = node.shape[axis] as number;
  let sums = node;
  for (let reach = 1; reach < length; reach *= 2) {
    const [early, late] = [0, reach].map((start) => piece(graph, sums, axis, start, length - reach)) as [Node, Node];
    const both = map(graph, operation, [early, late]);
    const rest = piece(graph, sums, axis, reverse ? length - reach : 0, reach);
    sums = joined(graph, reverse ? [both, rest] : [rest, both], axis);
  }
  return sums;
}

/** What stands before each number along an axis (behind it, if reverse); `empty` where nothing does. */
function moved(graph: Graph, node: Node, axis: number, reverse: boolean, empty: number): Node {
  const length = node.shape[axis] as number;
  const edge = uniform(graph, empty, withLength(node.shape, axis, 1));
  const others = piece(graph, node, axis, reverse ? 1 : 0, length - 1);
  return joined(graph, reverse ? [others, edge] : [edge, others], axis);
}

/** The product of all numbers along an axis, which stays with length one. */
function multiplyAlong(graph: Graph, node: Node, axis: number): Node {
  const parts = pieces(graph, node, axis, Array(node.shape[axis]).fill(1));
  const one = uniform(graph, 1, withLength(node.shape, axis, 1));
  return parts.reduce((left, right) => map(graph, "multiply", [left, right]), one);
}

function turned(graph: Graph, node: Node): Node {
  const rank = node.shape.length;
  return transpose(graph, node, [...Array(rank - 2).keys(), rank - 1, rank - 2]);
}
