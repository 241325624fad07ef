import type { ArrayInput } from "../tensors/array-input.js";
import { type NamedArray, namedArray } from "../tensors/named-array.js";
import { arrayOf } from "./matrices.js";
import { addedBy, addTo, checkShape, keptBy, memoryOver, multiply, type WriteHead, writesOf } from "./write-heads.js";

/**
 * What each step's write contributes to what a head reads: Σᵢ r_t(i)·C_s(i,j). The contributions add up to what is read.
 *
 * Their shares, `contributionShares`, say from which writes each read took.
 *
 * @param heads all write heads, in the order in which they act
 * @param start the memory before the first step, [slot, word]
 * @param reads the read head's weights, [step, slot]
 * @param readHead its number: heads act in turn, read 0, write 0, read 1, write 1, so that it finds what the write heads of
 * lower numbers wrote in the same step.
 * @returns [step, write, word]; the first write, "start", is what is left of the memory at the start.
 * @throws if heads, memory and reads do not fit together, or the number is not a whole number from 0.
 * @example contributionShares(readContributions([head], start, series(result, "read.0.weights"))) // [step, write]
 */
export function readContributions(
  heads: readonly WriteHead[],
  start: ArrayInput,
  reads: ArrayInput,
  readHead = 0,
): NamedArray {
  const writes = writesOf(heads, "readContributions");
  const { steps, slots, words, names } = writes;
  const weights = arrayOf(reads, "read weights", ["step", "slot"], 2, "readContributions");
  checkShape(weights, [steps, slots], "readContributions");
  checkReadHead(readHead, "readContributions");
  const sources = steps + 1;
  const data = new Float32Array(steps * sources * words);
  const sums = new Float64Array(words);
  for (const { step, written, contributions } of memoryOver(writes, start, "readContributions")) {
    if (written !== Math.min(readHead, heads.length)) continue;
    for (let source = 0; source < sources; source++) {
      sums.fill(0);
      for (let slot = 0; slot < slots; slot++) {
        const weight = weights.data[step * slots + slot] as number;
        const first = (source * slots + slot) * words;
        for (let word = 0; word < words; word++) {
          sums[word] = (sums[word] as number) + weight * (contributions[first + word] as number);
        }
      }
      data.set(sums, (step * sources + source) * words);
    }
  }
  const labels = { ...(writes.labels.step && { step: writes.labels.step }), write: names };
  return namedArray("contribution", ["step", "write", "word"], [steps, sources, words], data, labels);
}

/**
 * The memory that a read head finds at each step, where heads act in turn: read 0, write 0, read 1, write 1. The first finds
 * "memory.before"; those after it, what the write heads of lower numbers made of that in the same step (Graves et al. 2014,
 * section 3.2, eq. 3 and 4). It holds in every run, also where edits changed memory.
 *
 * @param heads all write heads, in the order in which they act
 * @param memory the memory before each step, [step, slot, word]: the site "memory.before"
 * @param readHead the read head's number, from 0. One beyond the last write head finds the memory that the step leaves.
 * @returns [step, slot, word]
 * @throws if heads and memory do not fit together, or the number is not a whole number from 0.
 * @example
 * const found = memoryFound([first, second], series(result, "memory.before"), 1);
 * contributionShares(slotContributions(found, series(result, "read.1.weights"))); // [step, slot]
 */
export function memoryFound(heads: readonly WriteHead[], memory: ArrayInput, readHead: number): NamedArray {
  const writes = writesOf(heads, "memoryFound");
  const { steps, slots, words } = writes;
  const before = arrayOf(memory, "memory", ["step", "slot", "word"], 3, "memoryFound");
  checkShape(before, [steps, slots, words], "memoryFound");
  checkReadHead(readHead, "memoryFound");
  const data = new Float32Array(before.data.length);
  for (let step = 0; step < steps; step++) {
    const first = step * slots * words;
    const found = Float64Array.from(before.data.subarray(first, first + slots * words));
    for (let head = 0; head < Math.min(readHead, heads.length); head++) {
      multiply(found, keptBy(writes, head, step));
      addTo(found, addedBy(writes, head, step));
    }
    data.set(found, first);
  }
  return { ...before, data };
}

/**
 * What each slot contributes to what a head reads: r_t(i)·M(i,j), with the memory that the head found. The contributions
 * add up to what is read (Graves et al. 2014, section 3.1, eq. 2).
 *
 * @param memory the memory that the head finds at each step, [step, slot, word]: for the first read head the site
 * "memory.before", for others `memoryFound`
 * @param reads the read head's weights, [step, slot]
 * @returns [step, slot, word]
 * @throws if the two differ in steps or slots.
 * @example contributionShares(slotContributions(series(result, "memory.before"), series(result, "read.0.weights")))
 */
export function slotContributions(memory: ArrayInput, reads: ArrayInput): NamedArray {
  const array = arrayOf(memory, "memory", ["step", "slot", "word"], 3, "slotContributions");
  const weights = arrayOf(reads, "read weights", ["step", "slot"], 2, "slotContributions");
  checkShape(weights, array.shape.slice(0, 2), "slotContributions");
  const words = array.shape[2] as number;
  const data = array.data.map((value, at) => value * (weights.data[Math.floor(at / words)] as number));
  return { ...array, name: "contribution", data };
}

/**
 * What each contribution to a read adds to an output, through the weights that lead from one to the other: Σ_j C(j)·W(o,j).
 *
 * This is the direct way only. With the controller's own part and the bias, the contributions of all read heads add up to
 * the logits; what was read at earlier steps also works through the controller, of which this knows nothing.
 *
 * @param contributions [step, write, word], or [step, slot, word]
 * @param weights [output, word]: of an NTM's "output.weight" the columns that belong to this read head
 * @returns [step, write, output], or [step, slot, output]
 * @throws if the two differ in words.
 * @example
 * const all = fromTensor(parameters["output.weight"], "weights", ["output", "word"]);
 * const columns = slice(all, "word", units, units + word);
 * outputContributions(readContributions([head], start, reads), columns);
 */
export function outputContributions(contributions: ArrayInput, weights: ArrayInput): NamedArray {
  const array = arrayOf(contributions, "contributions", ["step", "write", "word"], 3, "outputContributions");
  const matrix = arrayOf(weights, "output weights", ["output", "word"], 2, "outputContributions");
  const words = array.shape.at(-1) as number;
  const outputs = matrix.shape[0] as number;
  checkShape(matrix, [outputs, words], "outputContributions");
  const data = new Float32Array((array.data.length / words) * outputs);
  for (let at = 0; at < data.length; at++) {
    const [row, output] = [Math.floor(at / outputs), at % outputs];
    let sum = 0;
    for (let word = 0; word < words; word++) {
      sum += (array.data[row * words + word] as number) * (matrix.data[output * words + word] as number);
    }
    data[at] = sum;
  }
  const axes = [...array.axes.slice(0, -1), "output"];
  const { [array.axes.at(-1) as string]: _, ...labels } = array.labels ?? {};
  return namedArray("contribution", axes, [...array.shape.slice(0, -1), outputs], data, labels);
}

function checkReadHead(readHead: number, caller: string): void {
  if (Number.isInteger(readHead) && readHead >= 0) return;
  throw new Error(`${caller}: read heads are numbered from 0; ${readHead} was given.`);
}
