import type { ArrayInput } from "../tensors/array-input.js";
import { type NamedArray, slice } from "../tensors/named-array.js";
import { arrayOf, MEMORY, reduceRows, without } from "./matrices.js";
import { normOf } from "./slots.js";

/**
 * How much each memory slot changed between two moments: the Euclidean norm of after − before.
 *
 * @param before [..., slot, word]
 * @param after the same axes and shape
 * @returns [..., slot], with the labels of `after`; NaN for a slot with a NaN in either.
 * @throws if there are fewer than two axes, no value at all, or the two differ in axes or shape.
 * @example slotChange([[0, 0], [1, 1]], [[3, 4], [1, 1]]) // data: [5, 0]
 */
export function slotChange(before: ArrayInput, after: ArrayInput): NamedArray {
  const [first, second] = [before, after].map((one) => arrayOf(one, "memory", MEMORY, 2, "slotChange"));
  return comparePairs("slotChange", first as NamedArray, second as NamedArray, "slot change of", (a, b) =>
    normOf(b.map((value, i) => value - (a[i] as number))),
  );
}

/**
 * How much each memory slot changed at each step: the Euclidean norm of its change since the step before.
 *
 * @param series [step, ..., slot, word], at least two steps
 * @returns [step, ..., slot], one step fewer, each labelled by the step that the change led to.
 * @throws if there are fewer than three axes, no value at all, or a single step.
 * @example slotDrift([[[0, 0]], [[3, 4]], [[3, 4]]]) // step "1": 5, step "2": 0
 */
export function slotDrift(series: ArrayInput): NamedArray {
  const { name, before, after } = stepsOf(series, "slotDrift");
  return { ...slotChange(before, after), name: `slot drift of ${name}` };
}

/**
 * How much a memory changed at each step: the Frobenius norm of the change of all its slots since the step before.
 *
 * @param series [step, ..., slot, word], at least two steps
 * @returns [step, ...], one step fewer, each labelled by the step that the change led to.
 * @throws if there are fewer than three axes, no value at all, or a single step.
 * @example memoryDrift([[[0, 0], [0, 0]], [[3, 0], [0, 4]]]) // step "1": 5
 */
export function memoryDrift(series: ArrayInput): NamedArray {
  const { name, before, after } = stepsOf(series, "memoryDrift");
  return reduceRows(slotChange(before, after), `drift of ${name}`, normOf);
}

/**
 * How like itself each memory slot stayed at each step: the cosine of its vectors before and after.
 *
 * @param series [step, ..., slot, word], at least two steps
 * @returns [step, ..., slot], −1 to 1, one step fewer; NaN where either vector is all zeros, for it has no direction.
 * @throws if there are fewer than three axes, no value at all, or a single step.
 * @example slotCosine([[[1, 0]], [[2, 0]], [[0, 1]]]) // step "1": 1, step "2": 0
 */
export function slotCosine(series: ArrayInput): NamedArray {
  const { before, after } = stepsOf(series, "slotCosine");
  return comparePairs("slotCosine", before, after, "slot cosine of", (a, b) => {
    const product = b.reduce((sum, value, i) => sum + value * (a[i] as number), 0);
    return product / (normOf(a) * normOf(b));
  });
}

/** All steps but the last, and all but the first: each step beside the one it led to. */
function stepsOf(input: ArrayInput, caller: string): { name: string; before: NamedArray; after: NamedArray } {
  const series = arrayOf(input, "memory", MEMORY, 3, caller);
  const axis = series.axes[0] as string;
  const steps = series.shape[0] as number;
  if (steps < 2) {
    throw new Error(`${caller}: "${series.name}" has a single position along "${axis}"; a change needs two.`);
  }
  return { name: series.name, before: slice(series, axis, 0, steps - 1), after: slice(series, axis, 1, steps) };
}

/** One number for each pair of rows that stand at the same place. */
function comparePairs(
  caller: string,
  before: NamedArray,
  after: NamedArray,
  what: string,
  compute: (before: Float64Array, after: Float64Array) => number,
): NamedArray {
  if (`${before.axes}|${before.shape}` !== `${after.axes}|${after.shape}`) {
    throw new Error(
      `${caller} needs two arrays of one shape: "${before.name}" is [${before.axes}] of [${before.shape}], ` +
        `"${after.name}" is [${after.axes}] of [${after.shape}].`,
    );
  }
  const words = after.shape.at(-1) as number;
  const data = new Float32Array(after.data.length / words);
  for (let row = 0; row < data.length; row++) {
    const [from, to] = [row * words, (row + 1) * words];
    data[row] = compute(
      Float64Array.from(before.data.subarray(from, to)),
      Float64Array.from(after.data.subarray(from, to)),
    );
  }
  return without(after, after.axes.length - 1, `${what} ${after.name}`, data);
}
