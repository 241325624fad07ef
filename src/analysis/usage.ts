import type { ArrayInput } from "../tensors/array-input.js";
import { type NamedArray, namedArray, sizeOf } from "../tensors/named-array.js";
import { arrayOf, without } from "./matrices.js";

/**
 * Slot usage over time: the weight that heads have put on each slot up to and including each step.
 *
 * Of the write heads it says how often a slot was written, of the read heads how often it was read.
 *
 * @param heads the weightings of one head or of several, which are added up; each [step, ..., slot]
 * @returns [step, ..., slot]; the last step holds the totals. A NaN stays in its slot from its step on.
 * @throws if there is none, one has fewer than two axes or no value, or they differ in axes or shape.
 * @example slotUsage([[[1, 0], [0.5, 0.5]]]) // step 0: [1, 0], step 1: [1.5, 0.5]
 */
export function slotUsage(heads: readonly ArrayInput[]): NamedArray {
  const series = addedUp(heads, "slotUsage");
  return namedArray("slot usage", series.axes, series.shape, cumulative(series), series.labels);
}

/**
 * Importance of slots as the total weight with which they were read.
 *
 * Of any attention [query, key] it is the total that each key receives.
 *
 * @param reads the weightings of one read head or of several, which are added up; each [step, ..., slot]
 * @returns [..., slot], 0 to steps × heads; NaN for a slot with a NaN.
 * @throws as `slotUsage`.
 * @example readImportance([[[1, 0], [0.5, 0.5]]]) // data: [1.5, 0.5]
 */
export function readImportance(reads: readonly ArrayInput[]): NamedArray {
  const series = addedUp(reads, "readImportance");
  const total = cumulative(series).slice(-sizeOf(series.shape.slice(1)));
  return without(series, 0, "weight read", Float32Array.from(total));
}

/**
 * Importance of slots as the weight with which they were read after they were written: Σₜ r(t) · Σₛ w(s) over the
 * steps s before t.
 *
 * A slot that is written and never read later has none, and neither has one that is read but was never written. What is
 * read in the step of the write itself does not count: the machines here read before they write.
 *
 * @param writes the weightings of the write heads, which are added up; each [step, ..., slot]
 * @param reads the weightings of the read heads, likewise, of the same axes and shape
 * @returns [..., slot], 0 or more; NaN for a slot with a NaN.
 * @throws as `slotUsage`.
 * @example writeReadImportance([[[1, 0], [0, 1]]], [[[0, 1], [1, 0]]]) // data: [1, 0]
 */
export function writeReadImportance(writes: readonly ArrayInput[], reads: readonly ArrayInput[]): NamedArray {
  const written = addedUp(writes, "writeReadImportance");
  const read = addedUp(reads, "writeReadImportance");
  checkAlike(written, read, "writeReadImportance");
  const usage = cumulative(written);
  const slots = sizeOf(read.shape.slice(1));
  const total = new Float64Array(slots);
  for (let i = slots; i < usage.length; i++) {
    total[i % slots] = (total[i % slots] as number) + (read.data[i] as number) * (usage[i - slots] as number);
  }
  return without(read, 0, "weight read after writing", Float32Array.from(total));
}

/** The weightings of several heads as one. */
function addedUp(heads: readonly ArrayInput[], caller: string): NamedArray {
  if (!Array.isArray(heads)) {
    throw new Error(`${caller} takes a list of weightings, one for each head; for one head write [weights].`);
  }
  const arrays = heads.map((head) => arrayOf(head, "weights", ["step", "slot"], 2, caller));
  const [first, ...others] = arrays;
  if (!first) throw new Error(`${caller} needs the weightings of at least one head, each [step, slot].`);
  const data = Float32Array.from(first.data);
  for (const other of others) {
    checkAlike(first, other, caller);
    other.data.forEach((weight, i) => {
      data[i] = (data[i] as number) + weight;
    });
  }
  return { ...first, data };
}

function checkAlike(first: NamedArray, other: NamedArray, caller: string): void {
  if (`${first.axes}|${first.shape}` === `${other.axes}|${other.shape}`) return;
  throw new Error(
    `${caller} needs weightings of one shape: "${first.name}" is [${first.axes}] of [${first.shape}], ` +
      `"${other.name}" is [${other.axes}] of [${other.shape}].`,
  );
}

/** Running totals along the first axis, in double precision. */
function cumulative({ data, shape }: NamedArray): Float64Array {
  const slots = sizeOf(shape.slice(1));
  const totals = Float64Array.from(data);
  for (let i = slots; i < totals.length; i++) totals[i] = (totals[i] as number) + (totals[i - slots] as number);
  return totals;
}
