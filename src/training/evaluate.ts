import * as tf from "@tensorflow/tfjs-core";
import type { Model } from "../model/model.js";
import { recordingsOf } from "../model/recorded-model.js";
import { run } from "../model/run.js";
import type { Task } from "../tasks/task.js";
import { random } from "../tensors/random.js";
import type { Tensors } from "../tensors/tensors.js";
import { toTensor } from "../tensors/transfer.js";
import { crossEntropy, rightAnswers, rightSequences } from "./sequence.js";

/** How well a machine does on sequences that it has not seen. */
export interface Evaluation {
  readonly task: string;
  readonly length: number;
  readonly sequences: number;
  /** Answers that count: output bits, or choices of one of many. */
  readonly answers: number;
  /** Share of them that are right: bits, 1 above one half and 0 at it and below, or the likeliest choice. */
  readonly accuracy: number;
  /** The same at each step that has an answer, in their order: digits of a product, least significant first. */
  readonly accuracyByStep: readonly number[];
  /** Share of the sequences in which every answer is right (of those that must be, if help is given on the way). */
  readonly exactMatch: number;
  /** Bits that are wrong, where outputs are bits. */
  readonly wrongBitsPerSequence?: number;
  /** Cross-entropy of a sequence in bits (log₂), the cost of the NTM paper's figures. */
  readonly crossEntropyBitsPerSequence: number;
}

/** Evaluate a model on `sequences` sequences of `length` items, drawn from the seed, in batches of 50. */
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
  if (model.inputs !== task.inputs || model.outputs !== task.outputs) {
    throw new Error(
      `The task ${task.name} has ${task.inputs} inputs and ${task.outputs} outputs, ` +
        `but the model ${model.name} has ${model.inputs} inputs and ${model.outputs} outputs.`,
    );
  }
  if (!Number.isSafeInteger(sequences) || sequences < 1) {
    throw new Error(`Evaluation needs a whole number of sequences of at least 1; ${sequences} was given.`);
  }
  const source = random(seed);
  let exact = 0;
  const byStep: { right: number; answers: number }[] = [];
  let nats = 0;
  const batchSize = recordingsOf(model) ? 1 : 50; // a recording is of one sequence
  for (let done = 0; done < sequences; done += batchSize) {
    const batch = task.draw(source, length, Math.min(batchSize, sequences - done));
    tf.tidy(() => {
      const logits = toTensor(run(model, parameters, batch.inputs).logits);
      const targets = toTensor(batch.targets);
      const mask = toTensor(batch.mask);
      const each = rightAnswers(model, logits, targets);
      const width = model.activation === "sigmoid" ? model.outputs : 1;
      const counted = tf.sum(mask, 1).dataSync();
      tf.sum(tf.mul(each, mask), 1)
        .dataSync()
        .forEach((hits, step) => {
          const before = byStep[step] ?? { right: 0, answers: 0 };
          byStep[step] = { right: before.right + hits, answers: before.answers + (counted[step] as number) * width };
        });
      exact += tf.sum(rightSequences(model, each, batch)).dataSync()[0] as number;
      nats += tf.sum(crossEntropy(model, logits, targets, mask)).dataSync()[0] as number;
    });
    options.onProgress?.(Math.min(done + batchSize, sequences));
  }
  const asked = byStep.filter((step) => step.answers > 0);
  const [right, answers] = [sum(asked.map((step) => step.right)), sum(asked.map((step) => step.answers))];
  return {
    task: task.name,
    length,
    sequences,
    answers,
    accuracy: right / answers,
    accuracyByStep: asked.map((step) => step.right / step.answers),
    exactMatch: exact / sequences,
    ...(model.activation === "sigmoid" && { wrongBitsPerSequence: (answers - right) / sequences }),
    crossEntropyBitsPerSequence: nats / Math.LN2 / sequences,
  };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
