import { namedArray } from "../tensors/named-array.js";
import type { Batch, Task } from "./task.js";

/**
 * The copy task (Graves et al. 2014, section 4.1): show a sequence of random bit vectors and a delimiter, then ask for the
 * sequence again. A sequence of L vectors takes 2L + 1 steps; the answer counts in the last L.
 *
 * @param bits width of a vector; the input has one more channel, the delimiter
 */
export function copyTask(bits = 8): Task {
  return {
    name: "copy",
    inputs: bits + 1,
    outputs: bits,
    draw(source, length, batch) {
      if (!Number.isSafeInteger(length) || length < 1) {
        throw new Error(`copy: a sequence has at least one vector; length ${length} was given.`);
      }
      const vectors = () => Array.from({ length }, () => Array.from({ length: bits }, () => source.integer(0, 1)));
      return copyBatch(Array.from({ length: batch }, vectors));
    },
  };
}

/**
 * The copy task on given sequences.
 *
 * @param sequences [batch, item, bit] of 0 and 1, all of one length and width
 * @throws if they are empty, ragged, or hold anything but 0 and 1.
 * @example copyBatch([[[1, 0, 1], [0, 1, 1]]]) // one sequence of two 3-bit vectors
 */
export function copyBatch(sequences: readonly (readonly (readonly number[])[])[]): Batch {
  const batch = sequences.length;
  const length = sequences[0]?.length ?? 0;
  const bits = sequences[0]?.[0]?.length ?? 0;
  checkSequences(sequences, length, bits);
  const steps = 2 * length + 1;
  const inputs = new Float32Array(steps * batch * (bits + 1));
  const targets = new Float32Array(steps * batch * bits);
  const mask = new Float32Array(steps * batch);
  sequences.forEach((sequence, number) => {
    sequence.forEach((vector, item) => {
      const asked = length + 1 + item;
      inputs.set(vector, (item * batch + number) * (bits + 1));
      targets.set(vector, (asked * batch + number) * bits);
      mask[asked * batch + number] = 1;
    });
    inputs[(length * batch + number) * (bits + 1) + bits] = 1; // the delimiter
  });
  return {
    inputs: namedArray("inputs", ["step", "batch", "input"], [steps, batch, bits + 1], inputs),
    targets: namedArray("targets", ["step", "batch", "output"], [steps, batch, bits], targets),
    mask: namedArray("mask", ["step", "batch"], [steps, batch], mask),
  };
}

function checkSequences(sequences: readonly (readonly (readonly number[])[])[], length: number, bits: number): void {
  if (length < 1 || bits < 1) throw new Error("copy: at least one sequence of at least one vector of bits is needed.");
  sequences.forEach((sequence, number) => {
    if (sequence.length !== length) {
      throw new Error(`copy: sequence ${number} has ${sequence.length} vectors, the first has ${length}.`);
    }
    sequence.forEach((vector, item) => {
      if (vector.length !== bits || vector.some((bit) => bit !== 0 && bit !== 1)) {
        throw new Error(
          `copy: vector ${item} of sequence ${number} is [${vector}]; ${bits} bits, 0 or 1, were expected.`,
        );
      }
    });
  });
}
