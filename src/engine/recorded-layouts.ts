// Kernels of TensorFlow.js that only see or place numbers otherwise, in terms of the graph.
import { backend_util, slice_util, type Tensor, util } from "@tensorflow/tfjs-core";
import { sizeOf } from "../tensors/named-array.js";
import { broadcastTo, reshape, transpose, uniform } from "./graph.js";
import {
  axisOf,
  first,
  type Note,
  NotRecordable,
  type RecordedKernel,
  type RecordedKernels,
  refuseMixed,
} from "./recorded-kernel.js";
import { joined, pieces, withLength } from "./recorded-pieces.js";
import { slice } from "./slices.js";

const kernels: Record<string, RecordedKernel> = {};
const define = (name: string, note: Note): void => {
  kernels[name] = { note };
};

define("Identity", (_graph, inputs) => first(inputs));
define("Reshape", (graph, inputs, { shape }) => {
  const size = sizeOf(first(inputs).shape);
  return reshape(graph, first(inputs), util.inferFromImplicitShape([...shape], size));
});
define("ExpandDims", (graph, inputs, { dim }) => {
  const shape = [...first(inputs).shape];
  shape.splice(dim < 0 ? shape.length + 1 + dim : dim, 0, 1);
  return reshape(graph, first(inputs), shape);
});
define("Transpose", (graph, inputs, { perm }) => transpose(graph, first(inputs), perm));
define("Slice", (graph, inputs, { begin, size }) => {
  const info = { shape: [...first(inputs).shape] } as Tensor;
  const [starts, sizes] = slice_util.parseSliceParams(info, begin, size ?? -1) as [number[], number[]];
  slice_util.assertParamsValid(info, starts, sizes);
  if ([...starts, ...sizes].some((one) => !(Number.isInteger(one) && one >= 0))) {
    throw new NotRecordable(
      `A slice from ${starts} of the size ${sizes} is met; whole numbers from 0 can be replayed.`,
    );
  }
  return slice(graph, first(inputs), starts, sizes);
});
define("SplitV", (graph, inputs, { numOrSizeSplits, axis }) => {
  const { shape } = first(inputs);
  const along = axisOf(axis, shape);
  const lengths = backend_util.prepareSplitSize({ shape: [...shape] } as Tensor, numOrSizeSplits, along);
  return pieces(graph, first(inputs), along, lengths);
});
define("Unpack", (graph, inputs, { axis }) => {
  const { shape } = first(inputs);
  const along = axisOf(axis, shape);
  const parts = pieces(graph, first(inputs), along, Array(shape[along]).fill(1));
  return parts.map((part) =>
    reshape(
      graph,
      part,
      shape.filter((_, index) => index !== along),
    ),
  );
});
define("Pack", (graph, inputs, { axis }, types) => {
  refuseMixed("Pack", types);
  const { shape } = first(inputs);
  const along = axisOf(axis, [...shape, 1]);
  const longer = [...shape.slice(0, along), 1, ...shape.slice(along)];
  return joined(
    graph,
    inputs.map((node) => reshape(graph, node, longer)),
    along,
  );
});
define("Concat", (graph, inputs, { axis }, types) => {
  refuseMixed("Concat", types);
  return joined(graph, inputs, axisOf(axis, first(inputs).shape));
});
define("PadV2", (graph, inputs, { paddings, constantValue }) => {
  if ((paddings as number[][]).flat().some((length) => length < 0)) {
    throw new NotRecordable(`A border of ${paddings} is met; lengths from 0 can be replayed.`);
  }
  return (paddings as [number, number][]).reduce((node, [before, after], axis) => {
    const border = (length: number) => uniform(graph, constantValue, withLength(node.shape, axis, length));
    return before + after === 0 ? node : joined(graph, [border(before), node, border(after)], axis);
  }, first(inputs));
});
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
