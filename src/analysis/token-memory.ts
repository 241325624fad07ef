import type { ArrayInput } from "../tensors/array-input.js";
import type { NamedArray } from "../tensors/named-array.js";
import { arrayOf } from "./matrices.js";
import { checkShape } from "./write-heads.js";

/** What a run of a Token Turing Machine that writes by summarising recorded of its memory. */
export interface TokenMemory {
  /** The site "write.weights", [step, slot, source]: over the memory tokens first, then over what the step brought. */
  readonly weights: ArrayInput;
  /** The sites "memory.before" and "memory", [step, slot, feature] */
  readonly before: ArrayInput;
  readonly after: ArrayInput;
}

/** A recorded memory that was found to fit together. */
export interface Tokens {
  readonly weights: NamedArray;
  readonly before: NamedArray;
  readonly after: NamedArray;
  readonly steps: number;
  readonly slots: number;
  readonly features: number;
  /** Labels of steps and slots, if there are any, and of the axis "write": the start, then every step. */
  readonly labels: { readonly step?: readonly string[]; readonly slot?: readonly string[]; readonly write: string[] };
}

/** @throws if an array has other axes, or they do not fit together. */
export function tokensOf({ weights, before, after }: TokenMemory, caller: string): Tokens {
  const array = tokenArray(weights, ["step", "slot", "source"], caller);
  const [from, to] = [before, after].map((one) => tokenArray(one, ["step", "slot", "feature"], caller));
  const [first, second] = [from, to] as [NamedArray, NamedArray];
  const [steps, slots, features] = second.shape as [number, number, number];
  checkShape(first, [steps, slots, features], caller);
  checkShape(array, [steps, slots, Math.max(array.shape[2] as number, slots + 1)], caller);
  const { step, slot } = { ...second.labels, ...array.labels };
  const write = ["start", ...(step ?? Array.from({ length: steps }, (_, index) => `${index}`))];
  const labels = { ...(step && { step }), ...(slot && { slot }), write };
  return { weights: array, before: first, after: second, steps, slots, features, labels };
}

/** @throws unless the array has these axes; one without names is given them. */
export function tokenArray(input: ArrayInput, axes: readonly string[], caller: string): NamedArray {
  const array = arrayOf(input, axes.at(-1) as string, axes, axes.length, caller);
  if (`${array.axes}` === `${axes}`) return array;
  throw new Error(
    `${caller} takes [${axes}], of a memory that is written by summarising; "${array.name}" is [${array.axes}].`,
  );
}

/** The contributions to memory before and after each step, both [slot, write, feature]. */
export function* tokensOver(tokens: Tokens): Generator<{ step: number; before: Float64Array; after: Float64Array }> {
  const { weights, before: from, after: to, steps, slots, features } = tokens;
  const writes = steps + 1;
  let before: Float64Array = new Float64Array(slots * writes * features);
  for (let at = 0; at < slots * features; at++) {
    before[Math.floor(at / features) * writes * features + (at % features)] = from.data[at] as number;
  }
  for (let step = 0; step < steps; step++) {
    const after = mixed(tokens, weights, to, step, before);
    yield { step, before, after };
    before = after;
  }
}

/**
 * The contributions to weighted means of memory tokens and others: those to memory, weighted, and as the step's own what is
 * missing to the result.
 *
 * @param weights [step, row, source]
 * @param result [step, row, feature]
 * @param memory the contributions to memory, [slot, write, feature]
 * @returns [row, write, feature]
 */
export function mixed(
  { steps, slots, features }: Tokens,
  weights: NamedArray,
  result: NamedArray,
  step: number,
  memory: Float64Array,
): Float64Array {
  const [, rows, sources] = weights.shape as [number, number, number];
  const size = (steps + 1) * features;
  const values = new Float64Array(rows * size);
  for (let row = 0; row < rows; row++) {
    const own = row * size + (step + 1) * features;
    for (let at = 0; at < features; at++) values[own + at] = result.data[(step * rows + row) * features + at] as number;
    for (let slot = 0; slot < slots; slot++) {
      const weight = weights.data[(step * rows + row) * sources + slot] as number;
      for (let at = 0; at < (step + 1) * features; at++) {
        const part = weight * (memory[slot * size + at] as number);
        const here = own + (at % features);
        values[row * size + at] = (values[row * size + at] as number) + part;
        values[here] = (values[here] as number) - part;
      }
    }
  }
  return values;
}
