// Kernels of TensorFlow.js that place numbers by indices, in terms of the graph. Where the indices are computed, every place
// is looked at: for each index what stands at its place is kept, and 0 elsewhere; the sum of that is what was looked for.
// (A product with zeros and ones would be faster, and wrong where there are infinities.)
import { sizeOf } from "../tensors/named-array.js";
import { broadcastTo, type Graph, map, type Node, reshape, uniform } from "./graph.js";
import {
  axisOf,
  first,
  knownNumbers,
  type Note,
  NotRecordable,
  type RecordedKernel,
  type RecordedKernels,
  typeOfFirst,
} from "./recorded-kernel.js";
import { joined, piece, pieces, upTo, withLength } from "./recorded-pieces.js";
import { reduce } from "./sums.js";

const kernels: Record<string, RecordedKernel> = {};
const define = (name: string, note: Note, how: Omit<RecordedKernel, "note"> = {}): void => {
  kernels[name] = { note, ...how };
};

define(
  "GatherV2",
  (graph, inputs, { axis, batchDims = 0 }) => {
    const [node, indices] = inputs as [Node, Node];
    const along = axisOf(axis, node.shape);
    const known = batchDims === 0 ? knownNumbers(indices) : undefined;
    if (!known) return lookedUp(graph, node, indices, along, batchDims);
    const shape = [...node.shape.slice(0, along), ...indices.shape, ...node.shape.slice(along + 1)];
    return reshape(graph, taken(graph, node, along, [...known]), shape);
  },
  { dtype: typeOfFirst },
);
define(
  "UnsortedSegmentSum",
  (graph, inputs, { numSegments }) => {
    const [node, segments] = inputs as [Node, Node];
    const [count, ...rest] = node.shape as [number, ...number[]];
    if (segments.shape.length !== 1)
      throw new NotRecordable("UnsortedSegmentSum is replayed for a list of segments only.");
    const isIn = map(graph, "equal", [
      reshape(graph, segments, [1, count, 1]),
      upTo(graph, numSegments, [numSegments, 1, 1]),
    ]);
    const kept = map(graph, "select", [isIn, reshape(graph, node, [1, count, sizeOf(rest)]), uniform(graph, 0, [])]);
    return reshape(graph, reduce(graph, "sum", kept, [1]), [numSegments, ...rest]);
  },
  { dtype: typeOfFirst },
);
define(
  "OneHot",
  (graph, inputs, { depth, onValue, offValue }) => {
    const isAt = map(graph, "equal", [
      reshape(graph, first(inputs), [...first(inputs).shape, 1]),
      upTo(graph, depth, [depth]),
    ]);
    return map(graph, "select", [isAt, uniform(graph, onValue, []), uniform(graph, offValue, [])]);
  },
  { breaks: true },
);
define("Reverse", (graph, inputs, { dims }) => {
  const { shape } = first(inputs);
  const axes: number[] = dims === null || dims === undefined ? [...shape.keys()] : [dims].flat();
  if (sizeOf(shape) === 0) return first(inputs);
  return axes.reduce((node, axis) => {
    const along = axisOf(axis, shape);
    return joined(graph, pieces(graph, node, along, Array(shape[along]).fill(1)).reverse(), along);
  }, first(inputs));
});

/** Kernels that place by indices, by name. */
export const recordedGathers: RecordedKernels = kernels;

/** What stands at known places along an axis: a view where they are evenly spaced. */
function taken(graph: Graph, node: Node, axis: number, places: readonly number[]): Node {
  const length = node.shape[axis] as number;
  const outside = places.find((place) => place < 0 || place >= length);
  if (outside !== undefined) {
    throw new NotRecordable(`The index ${outside} is none of the axis of length ${length} from which it gathers.`);
  }
  const [start = 0, second = start] = places;
  const step = second - start;
  const even = places.every((place, at) => place === start + at * step);
  if (even && step === 0 && places.length > 0) {
    return broadcastTo(graph, piece(graph, node, axis, start, 1), withLength(node.shape, axis, places.length));
  }
  if (even && step > 0 && places.length * step <= length) return spaced(graph, node, axis, start, step, places.length);
  const runs: { start: number; length: number }[] = [];
  for (const place of places) {
    const last = runs.at(-1);
    if (last && place === last.start + last.length) last.length++;
    else runs.push({ start: place, length: 1 });
  }
  if (runs.length === 0) return piece(graph, node, axis, 0, 0);
  return joined(
    graph,
    runs.map((run) => piece(graph, node, axis, run.start, run.length)),
    axis,
  );
}

/** Every `step`-th position from `start`: one of each group of a window that holds as many groups. */
function spaced(graph: Graph, node: Node, axis: number, start: number, step: number, count: number): Node {
  const from = Math.min(start, (node.shape[axis] as number) - count * step);
  const window = piece(graph, node, axis, from, count * step);
  const groups = [...node.shape.slice(0, axis), count, step, ...node.shape.slice(axis + 1)];
  const chosen = piece(graph, reshape(graph, window, groups), axis + 1, start - from, 1);
  return reshape(graph, chosen, withLength(node.shape, axis, count));
}

/**
 * What stands at computed places along an axis; 0 for an index that is outside (where TensorFlow.js throws, if it computes on
 * the CPU). The first axes may be a batch of both.
 */
function lookedUp(graph: Graph, node: Node, indices: Node, axis: number, batchAxes: number): Node {
  const [batch, outer] = [node.shape.slice(0, batchAxes), node.shape.slice(batchAxes, axis)];
  const [length, inner] = [node.shape[axis] as number, node.shape.slice(axis + 1)];
  const wanted = indices.shape.slice(batchAxes);
  const [b, o, k, i] = [batch, outer, wanted, inner].map(sizeOf) as [number, number, number, number];
  const isAt = map(graph, "equal", [reshape(graph, indices, [b, 1, k, 1, 1]), upTo(graph, length, [length, 1])]);
  const kept = map(graph, "select", [isAt, reshape(graph, node, [b, o, 1, length, i]), uniform(graph, 0, [])]);
  return reshape(graph, reduce(graph, "sum", kept, [3]), [...batch, ...outer, ...wanted, ...inner]);
}
