// Kernels of TensorFlow.js that sum: reductions, matrix products, softmax, in terms of the graph.

import { backend_util, type DataType, type Tensor, util } from "@tensorflow/tfjs-core";
import { sizeOf } from "../tensors/named-array.js";
import { type Graph, map, type Node, reshape, transpose, uniform } from "./graph.js";
import {
  axisOf,
  first,
  type Note,
  NotRecordable,
  type RecordedKernel,
  type RecordedKernels,
} from "./recorded-kernel.js";
import { joined, piece, pieces, upTo, withLength } from "./recorded-pieces.js";
import { product, reduce } from "./sums.js";

const kernels: Record<string, RecordedKernel> = {};
const define = (name: string, note: Note, dtype?: RecordedKernel["dtype"]): void => {
  kernels[name] = dtype ? { note, dtype } : { note };
};

/** @param hasEmptyValue whether no number at all gives the same in every backend, as a sum is 0 */
const reduction = (
  note: (graph: Graph, node: Node, axes: readonly number[]) => Node,
  { hasEmptyValue = false } = {},
): Note => {
  return (graph, [node], { axis, reductionIndices, keepDims }) => {
    const { shape } = node as Node;
    const all = util.parseAxisParam(axis ?? reductionIndices ?? null, [...shape]);
    if (new Set(all).size < all.length) throw new NotRecordable(`The axes ${all} are reduced, one of them twice.`);
    if (!hasEmptyValue && all.some((one) => shape[one] === 0)) {
      throw new NotRecordable(
        `An empty axis of the shape [${shape}] is reduced, of which backends make different numbers.`,
      );
    }
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
  reduction((graph, node, axes) => reduce(graph, "sum", node, axes), { hasEmptyValue: true }),
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
  reduction((graph, node, axes) => axes.reduce((left, axis) => multiplyAlong(graph, left, axis), node), {
    hasEmptyValue: true,
  }),
);
for (const [name, operation, empty] of [
  ["Cumsum", "add", 0],
  ["Cumprod", "multiply", 1],
] as const) {
  define(
    name,
    (graph, inputs, { axis, exclusive, reverse }) => {
      const along = axisOf(axis, first(inputs).shape);
      const node = exclusive ? moved(graph, first(inputs), along, reverse, empty) : first(inputs);
      return accumulated(graph, operation, node, along, reverse);
    },
    ([type]) => (type === "bool" ? "int32" : (type as DataType)),
  );
}
define("BatchMatMul", (graph, inputs, { transposeA, transposeB }) => {
  const [a, b] = inputs as [Node, Node];
  const [left, right] = [transposeA ? turned(graph, a) : a, transposeB ? turned(graph, b) : b];
  if (left.shape.at(-1) !== right.shape.at(-2)) {
    throw new Error(`Matrices of shapes [${left.shape}] and [${right.shape}] cannot be multiplied.`);
  }
  return product(graph, left, right);
});
define("Softmax", (graph, inputs, { dim }) => {
  const node = first(inputs);
  const axes = [axisOf(dim, node.shape)];
  const powers = map(graph, "exp", [map(graph, "subtract", [node, reduce(graph, "max", node, axes)])]);
  return map(graph, "divide", [powers, reduce(graph, "sum", powers, axes)]);
});

/** Operands with all axes of the equation in one order; the axes that are summed over come last. */
define("Einsum", (graph, inputs, { equation }) => {
  const { allDims, summedDims, idDims } = backend_util.decodeEinsumEquation(equation, inputs.length);
  backend_util.checkEinsumDimSizes(
    allDims.length,
    idDims,
    inputs.map(({ shape }) => ({ shape: [...shape] }) as Tensor),
  );
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

/**
 * Where the largest number along an axis stands; the first, if several are equal. NaN is passed over, unless it stands
 * first: then it is the largest, as TensorFlow.js has it.
 */
function firstLargest(graph: Graph, node: Node, axis: number): Node {
  const length = node.shape[axis] as number;
  const [zero, least] = [uniform(graph, 0, []), uniform(graph, Number.NEGATIVE_INFINITY, [])];
  const isNumber = (one: Node) => map(graph, "equal", [one, one]);
  const numbers = map(graph, "select", [isNumber(node), node, least]);
  const places = map(graph, "negate", [
    upTo(graph, length, withLength(Array(node.shape.length).fill(1), axis, length)),
  ]);
  const isLargest = map(graph, "equal", [numbers, reduce(graph, "max", numbers, [axis])]);
  const candidates = map(graph, "select", [isLargest, places, uniform(graph, -length, [])]);
  const found = map(graph, "negate", [reduce(graph, "max", candidates, [axis])]);
  return map(graph, "select", [isNumber(piece(graph, node, axis, 0, 1)), found, zero]);
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
  if (length === 0) return node;
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
