import type { ArrayInput } from "../tensors/array-input.js";
import type { NamedArray } from "../tensors/named-array.js";
import { arrayOf } from "./matrices.js";

/** What one write head of a Neural Turing Machine did: its sites "write.N.weights", "write.N.erase", "write.N.add". */
export interface WriteHead {
  /** w [step, slot], 0 to 1 */
  readonly weights: ArrayInput;
  /** e [step, word], 0 to 1 */
  readonly erase: ArrayInput;
  /** a [step, word] */
  readonly add: ArrayInput;
}

/** Write heads that were found to fit together. */
export interface Writes {
  readonly heads: readonly Record<keyof WriteHead, NamedArray>[];
  readonly steps: number;
  readonly slots: number;
  readonly words: number;
  /** The axis "write": the memory at the start, then every step. */
  readonly names: readonly string[];
  /** Those that steps and slots were given. */
  readonly labels: { readonly step?: readonly string[]; readonly slot?: readonly string[] };
}

/** @throws if it is no list of heads, or their steps, slots or words differ in number. */
export function writesOf(heads: readonly WriteHead[], caller: string): Writes {
  if (!Array.isArray(heads) || heads.length === 0) {
    throw new Error(`${caller} takes a list of write heads, in the order in which they act; for one write [head].`);
  }
  const arrays = heads.map(({ weights, erase, add }: WriteHead) => ({
    weights: arrayOf(weights, "weights", ["step", "slot"], 2, caller),
    erase: arrayOf(erase, "erase", ["step", "word"], 2, caller),
    add: arrayOf(add, "add", ["step", "word"], 2, caller),
  }));
  const [first] = arrays as [Record<keyof WriteHead, NamedArray>];
  const [steps, slots] = first.weights.shape as [number, number];
  const words = first.add.shape[1] as number;
  for (const head of arrays) {
    checkShape(head.weights, [steps, slots], caller);
    checkShape(head.erase, [steps, words], caller);
    checkShape(head.add, [steps, words], caller);
  }
  const [step, slot] = first.weights.axes.map((axis) => first.weights.labels?.[axis]);
  const names = ["start", ...(step ?? Array.from({ length: steps }, (_, index) => `${index}`))];
  return { heads: arrays, steps, slots, words, names, labels: { ...(step && { step }), ...(slot && { slot }) } };
}

/** @throws unless the array has this shape. */
export function checkShape({ name, axes, shape }: NamedArray, expected: readonly number[], caller: string): void {
  if (`${shape}` === `${expected}`) return;
  throw new Error(
    `${caller}: "${name}" is [${axes}] of [${shape}], but [${expected}] is needed; give arrays of one sequence of one run.`,
  );
}

/**
 * What one head leaves of every number in memory: 1 − w(i)·e(j), for all slots i and words j. [slot, word]
 *
 * Graves et al. 2014 (arXiv 1410.5401), section 3.2, eq. 3.
 */
export function keptBy({ heads, slots, words }: Writes, head: number, step: number): Float64Array {
  const { weights, erase } = heads[head] as Writes["heads"][number];
  const kept = new Float64Array(slots * words);
  for (let at = 0; at < kept.length; at++) {
    const [slot, word] = [Math.floor(at / words), at % words];
    kept[at] = 1 - (weights.data[step * slots + slot] as number) * (erase.data[step * words + word] as number);
  }
  return kept;
}

/** What one head adds to every number in memory: w(i)·a(j), eq. 4. [slot, word] */
export function addedBy({ heads, slots, words }: Writes, head: number, step: number): Float64Array {
  const { weights, add } = heads[head] as Writes["heads"][number];
  const added = new Float64Array(slots * words);
  for (let at = 0; at < added.length; at++) {
    const [slot, word] = [Math.floor(at / words), at % words];
    added[at] = (weights.data[step * slots + slot] as number) * (add.data[step * words + word] as number);
  }
  return added;
}

/** The memory before the first step, [slot, word]. @throws if it has another shape. */
export function startOf({ slots, words }: Writes, start: ArrayInput, caller: string): Float64Array {
  const before = arrayOf(start, "memory at the start", ["slot", "word"], 2, caller);
  checkShape(before, [slots, words], caller);
  return Float64Array.from(before.data);
}

export interface Moment {
  readonly step: number;
  /** How many write heads have acted in this step. */
  readonly written: number;
  /** [write, slot, word]; changes from moment to moment. */
  readonly contributions: Float64Array;
}

/** The contributions to memory before the first write of each step and after each of its writes. */
export function* memoryOver(writes: Writes, start: ArrayInput, caller: string): Generator<Moment> {
  const { heads, steps, slots, words } = writes;
  const size = slots * words;
  const contributions = new Float64Array((steps + 1) * size);
  contributions.set(startOf(writes, start, caller));
  for (let step = 0; step < steps; step++) {
    yield { step, written: 0, contributions };
    for (let head = 0; head < heads.length; head++) {
      const kept = keptBy(writes, head, step);
      for (let source = 0; source <= step + 1; source++) {
        multiply(contributions.subarray(source * size, (source + 1) * size), kept);
      }
      addTo(contributions.subarray((step + 1) * size, (step + 2) * size), addedBy(writes, head, step));
      yield { step, written: head + 1, contributions };
    }
  }
}

export function multiply(values: Float64Array, factors: Float64Array): void {
  for (let at = 0; at < values.length; at++) values[at] = (values[at] as number) * (factors[at] as number);
}

export function addTo(values: Float64Array, terms: Float64Array): void {
  for (let at = 0; at < values.length; at++) values[at] = (values[at] as number) + (terms[at] as number);
}
