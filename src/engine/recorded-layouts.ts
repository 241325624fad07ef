// Kernels of TensorFlow.js that only see or place numbers otherwise, in terms of the graph.
import { slice_util, type TensorInfo } from "@tensorflow/tfjs-core";
import { sizeOf } from "../tensors/named-array.js";
import { broadcastTo, reshape, transpose, uniform } from "./graph.js";
import { first, type Note, type RecordedKernel, type RecordedKernels } from "./recorded-kernel.js";
import { joined, pieces, withLength } from "./recorded-pieces.js";
import { slice } from "./slices.js";

const kernels: Record<string, RecordedKernel> = {};
const define = (name: string, note: Note): void => {
  kernels[name] = { note };
};

define("Identity", (_graph, inputs) => first(inputs));
define("Reshape", (graph, inputs, { shape }) => reshape(graph, first(inputs), inferred(first(inputs).shape, shape)));
define("ExpandDims", (graph, inputs, { dim }) => {
  const shape = [...first(inputs).shape];
  shape.splice(dim < 0 ? shape.length + 1 + dim : dim, 0, 1);
  return reshape(graph, first(inputs), shape);
});
define("Transpose", (graph, inputs, { perm }) => transpose(graph, first(inputs), perm));
define("Slice", (graph, inputs, { begin, size }) => {
  const { shape } = first(inputs);
  const [begins, lengths] = [[begin].flat(), [size ?? -1].flat()]; // numbers where only the first axis counts
  const starts = shape.map((_, axis) => begins[axis] ?? 0);
  const sizes = shape.map((length, axis) => ((lengths[axis] ?? -1) < 0 ? length - starts[axis] : lengths[axis]));
  slice_util.assertParamsValid({ shape: [...shape] } as TensorInfo, starts, sizes);
  return slice(graph, first(inputs), starts, sizes);
});
define("SplitV", (graph, inputs, { numOrSizeSplits, axis }) => {
  const length = first(inputs).shape[axis] as number;
  const given: number[] = Array.isArray(numOrSizeSplits)
    ? numOrSizeSplits
    : Array(numOrSizeSplits).fill(length / numOrSizeSplits);
  const known = given.reduce((sum, size) => sum + Math.max(size, 0), 0);
  return pieces(
    graph,
    first(inputs),
    axis,
    given.map((size) => (size < 0 ? length - known : size)),
  );
});
define("Unpack", (graph, inputs, { axis }) => {
  const { shape } = first(inputs);
  const along = axis < 0 ? axis + shape.length : axis;
  const parts = pieces(graph, first(inputs), along, Array(shape[along]).fill(1));
  return parts.map((part) =>
    reshape(
      graph,
      part,
      shape.filter((_, index) => index !== along),
    ),
  );
});
define("Pack", (graph, inputs, { axis }) => {
  const shape = [...first(inputs).shape.slice(0, axis), 1, ...first(inputs).shape.slice(axis)];
  return joined(
    graph,
    inputs.map((node) => reshape(graph, node, shape)),
    axis,
  );
});
define("Concat", (graph, inputs, { axis }) =>
  joined(graph, inputs, axis < 0 ? axis + first(inputs).shape.length : axis),
);
define("PadV2", (graph, inputs, { paddings, constantValue }) =>
  (paddings as [number, number][]).reduce((node, [before, after], axis) => {
    const border = (length: number) => uniform(graph, constantValue, withLength(node.shape, axis, length));
    return before + after === 0 ? node : joined(graph, [border(before), node, border(after)], axis);
  }, first(inputs)),
);
define("Tile", (graph, inputs, { reps }) => {
  const { shape } = first(inputs);
  const apart = reshape(
    graph,
    first(inputs),
    shape.flatMap((length) => [1, length]),
  );
  const repeated = broadcastTo(
    graph,
    apart,
    shape.flatMap((length, axis) => [reps[axis], length]),
  );
  return reshape(
    graph,
    repeated,
    shape.map((length, axis) => length * reps[axis]),
  );
});

/** Kernels that rearrange, by name. */
export const recordedLayouts: RecordedKernels = kernels;

/** The shape with a length of −1 made what is left. */
function inferred(from: readonly number[], shape: readonly number[]): number[] {
  const known = shape.reduce((product, length) => (length < 0 ? product : product * length), 1);
  if (known === 0 && shape.includes(-1)) throw new Error(`The length of −1 in the shape [${shape}] cannot be told.`);
  return shape.map((length) => (length < 0 ? sizeOf(from) / known : length));
}
