import * as tf from "@tensorflow/tfjs-core";
import type { Model } from "../model/model.js";
import { activate } from "../model/run.js";
import type { Task } from "../tasks/task.js";
import { random } from "../tensors/random.js";
import type { Tensors } from "../tensors/tensors.js";
import { toTensor } from "../tensors/transfer.js";
import { crossEntropy, sequenceLogits } from "./sequence.js";

/** How well a machine does on sequences that it has not seen. */
export interface Evaluation {
  readonly task: string;
  readonly length: number;
  readonly sequences: number;
  /** Output bits on the wrong side of one half, of those that count. */
  readonly wrongBitsPerSequence: number;
  /** Cross-entropy of a sequence in bits (log₂), the cost of the NTM paper's figures. */
  readonly crossEntropyBitsPerSequence: number;
}

const batchSize = 50;

/** Evaluate a model of independent output bits on `sequences` sequences of `length` items, drawn from the seed. */
export function evaluate(
  model: Model,
  parameters: Tensors,
  task: Task,
  options: {
    readonly length: number;
    readonly sequences: number;
    readonly seed: number;
    /** Called with the number of sequences done. */
    readonly onProgress?: (done: number) => void;
  },
): Evaluation {
  const { length, sequences, seed } = options;
  if (model.inputs !== task.inputs || model.outputs !== task.outputs || model.activation !== "sigmoid") {
    throw new Error(
      `The task ${task.name} has ${task.inputs} inputs and ${task.outputs} output bits, ` +
        `but the model ${model.name} has ${model.inputs} inputs and ${model.outputs} outputs (${model.activation}).`,
    );
  }
  if (!Number.isSafeInteger(sequences) || sequences < 1) {
    throw new Error(`Evaluation needs a whole number of sequences of at least 1; ${sequences} was given.`);
  }
  const source = random(seed);
  let wrong = 0;
  let nats = 0;
  for (let done = 0; done < sequences; done += batchSize) {
    const batch = task.draw(source, length, Math.min(batchSize, sequences - done));
    tf.tidy(() => {
      const logits = sequenceLogits(model, parameters, batch.inputs);
      const targets = toTensor(batch.targets);
      const mask = toTensor(batch.mask);
      const guessed = tf.round(activate(model, logits));
      const misses = tf.sum(tf.abs(tf.sub(guessed, targets)), -1);
      wrong += tf.sum(tf.mul(misses, mask)).dataSync()[0] as number;
      nats += tf.sum(crossEntropy(model, logits, targets, mask)).dataSync()[0] as number;
    });
    options.onProgress?.(Math.min(done + batchSize, sequences));
  }
  return {
    task: task.name,
    length,
    sequences,
    wrongBitsPerSequence: wrong / sequences,
    crossEntropyBitsPerSequence: nats / Math.LN2 / sequences,
  };
}
