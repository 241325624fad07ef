import { namedArray } from "../tensors/named-array.js";
import type { Random } from "../tensors/random.js";
import type { Batch, Task } from "./task.js";

/** One sequence: items shown in turn, then one of them asked for; the answer is the item that came after it. */
export interface RecallSequence {
  /** [item, vector, bit] of 0 and 1. */
  readonly items: readonly (readonly (readonly number[])[])[];
  /** Index of the item that is asked for; the last has none after it. */
  readonly query: number;
}

/**
 * The associative recall task (Graves et al. 2014, section 4.3): items of a few random bit vectors, each after a
 * delimiter, then one of the items between two query delimiters; the answer is the item that followed it.
 *
 * A sequence of L items of V vectors takes L(V + 1) + 2V + 2 steps; the answer counts in the last V. The input has two
 * more channels than a vector has bits: the item delimiter and the query delimiter. `length` is the number of items.
 */
export function associativeRecallTask(bits = 6, vectors = 3): Task {
  return {
    name: "associative-recall",
    inputs: bits + 2,
    outputs: bits,
    draw(source, length, batch) {
      if (!Number.isSafeInteger(length) || length < 2) {
        throw new Error(`associative-recall: a sequence has at least two items; ${length} was given.`);
      }
      const item = () => Array.from({ length: vectors }, () => drawVector(source, bits));
      const sequence = () => ({ items: Array.from({ length }, item), query: source.integer(0, length - 2) });
      return associativeRecallBatch(Array.from({ length: batch }, sequence));
    },
  };
}

/**
 * The associative recall task on given sequences.
 *
 * @param sequences all of one number of items, vectors and bits
 * @throws if they are empty or ragged, hold anything but 0 and 1, or ask for an item that none follows.
 * @example associativeRecallBatch([{ items: [[[0, 1]], [[1, 1]], [[1, 0]]], query: 1 }]) // answer [1, 0]
 */
export function associativeRecallBatch(sequences: readonly RecallSequence[]): Batch {
  const { items, vectors, bits } = checkSequences(sequences);
  const batch = sequences.length;
  const steps = items * (vectors + 1) + 2 * vectors + 2;
  const width = bits + 2;
  const inputs = new Float32Array(steps * batch * width);
  const targets = new Float32Array(steps * batch * bits);
  const mask = new Float32Array(steps * batch);
  sequences.forEach((sequence, number) => {
    const show = (step: number, vector: readonly number[], channel?: number): void => {
      const start = (step * batch + number) * width;
      inputs.set(vector, start);
      if (channel !== undefined) inputs[start + bits + channel] = 1;
    };
    sequence.items.forEach((item, index) => {
      show(index * (vectors + 1), [], 0);
      item.forEach((vector, i) => {
        show(index * (vectors + 1) + 1 + i, vector);
      });
    });
    const asked = items * (vectors + 1);
    show(asked, [], 1);
    sequence.items[sequence.query]?.forEach((vector, i) => {
      show(asked + 1 + i, vector);
    });
    show(asked + vectors + 1, [], 1);
    sequence.items[sequence.query + 1]?.forEach((vector, i) => {
      const step = asked + vectors + 2 + i;
      targets.set(vector, (step * batch + number) * bits);
      mask[step * batch + number] = 1;
    });
  });
  return {
    inputs: namedArray("inputs", ["step", "batch", "input"], [steps, batch, width], inputs),
    targets: namedArray("targets", ["step", "batch", "output"], [steps, batch, bits], targets),
    mask: namedArray("mask", ["step", "batch"], [steps, batch], mask),
  };
}

function drawVector(source: Random, bits: number): number[] {
  return Array.from({ length: bits }, () => source.integer(0, 1));
}

function checkSequences(sequences: readonly RecallSequence[]): { items: number; vectors: number; bits: number } {
  const first = sequences[0]?.items;
  const [items, vectors, bits] = [first?.length ?? 0, first?.[0]?.length ?? 0, first?.[0]?.[0]?.length ?? 0];
  if (items < 2 || vectors < 1 || bits < 1) {
    throw new Error("associative-recall: at least one sequence of at least two items of vectors of bits is needed.");
  }
  sequences.forEach((sequence, number) => {
    const regular = sequence.items.length === items && sequence.items.every((item) => item.length === vectors);
    if (!regular) {
      throw new Error(`associative-recall: sequence ${number} differs from ${items} items of ${vectors} vectors.`);
    }
    const wrong = sequence.items.flat().find((v) => v.length !== bits || v.some((bit) => bit !== 0 && bit !== 1));
    if (wrong) {
      throw new Error(
        `associative-recall: a vector of sequence ${number} is [${wrong}]; ${bits} bits, 0 or 1, were expected.`,
      );
    }
    if (!Number.isSafeInteger(sequence.query) || sequence.query < 0 || sequence.query > items - 2) {
      throw new Error(
        `associative-recall: sequence ${number} asks for item ${sequence.query}; 0 to ${items - 2} can be asked for.`,
      );
    }
  });
  return { items, vectors, bits };
}
