import type { NamedArray } from "../tensors/named-array.js";
import type { Random } from "../tensors/random.js";

/** Sequences of one length, with what a machine should answer. */
export interface Batch {
  /** [step, batch, input] */
  readonly inputs: NamedArray;
  /** [step, batch, output] */
  readonly targets: NamedArray;
  /** [step, batch]: 1 where the answer counts, 0 where it does not. */
  readonly mask: NamedArray;
  /** [step, batch]: 1 where an answer must be right for the sequence to be right, if fewer than those that count. */
  readonly scored?: NamedArray;
}

/** A source of training and test sequences. */
export interface Task {
  readonly name: string;
  /** Width of one step's input and of its answer. */
  readonly inputs: number;
  readonly outputs: number;
  /** Draw `batch` sequences of `length` items; equal random states give equal batches. */
  draw(source: Random, length: number, batch: number): Batch;
}
