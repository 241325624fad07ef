import * as tf from "@tensorflow/tfjs-core";
import { type Hook, type Model, passOn } from "../model/model.js";
import { activate } from "../model/run.js";
import type { Batch } from "../tasks/task.js";
import { type NamedArray, select } from "../tensors/named-array.js";
import type { Tensors } from "../tensors/tensors.js";
import { toTensor } from "../tensors/transfer.js";

/**
 * A model's logits over a whole sequence, differentiable by the parameters.
 *
 * @param inputs [step, batch, input]
 * @param hookAt the hook of each step; by default it changes nothing
 * @returns [step, batch, output]
 */
export function sequenceLogits(
  model: Model,
  parameters: Tensors,
  inputs: NamedArray,
  hookAt: (step: number) => Hook = () => passOn,
): tf.Tensor {
  const [steps, batch] = inputs.shape as [number, number];
  let state = model.start(parameters, batch);
  const logits: tf.Tensor[] = [];
  for (let step = 0; step < steps; step++) {
    const result = tf.tidy(() => {
      const { state: next, logits: output } = model.step(
        parameters,
        state,
        toTensor(select(inputs, { step })),
        hookAt(step),
      );
      return { state: next as Record<string, tf.Tensor>, logits: output };
    });
    state = result.state;
    logits.push(result.logits);
  }
  return tf.stack(logits);
}

/**
 * Cross-entropy of every answer that counts, in nats, summed over outputs.
 *
 * Bits are independent: Σ softplus(x) − x·t. One of many: −Σ t·log softmax(x).
 *
 * @param logits, targets [step, batch, output]
 * @param mask [step, batch]
 * @returns [step, batch]
 */
export function crossEntropy(model: Model, logits: tf.Tensor, targets: tf.Tensor, mask: tf.Tensor): tf.Tensor {
  const each =
    model.activation === "sigmoid"
      ? tf.sub(tf.softplus(logits), tf.mul(logits, targets))
      : tf.neg(tf.mul(targets, tf.logSoftmax(logits)));
  return tf.mul(tf.sum(each, -1), mask);
}

/** How many answers of a batch count: bits, or choices of one of many. */
export function answersOf(model: Model, batch: Batch): number {
  const steps = batch.mask.data.reduce((sum, one) => sum + one, 0);
  return steps * (model.activation === "sigmoid" ? model.outputs : 1);
}

/**
 * How many of each step's answers are right: bits on the right side of one half, or the likeliest of many.
 *
 * @param logits, targets [step, batch, output]
 * @returns [step, batch]; NaN where a logit is
 */
export function rightAnswers(model: Model, logits: tf.Tensor, targets: tf.Tensor): tf.Tensor {
  if (model.activation === "softmax") {
    const right = tf.cast(tf.equal(tf.argMax(logits, -1), tf.argMax(targets, -1)), "float32");
    return tf.add(right, tf.mul(0, tf.sum(logits, -1))); // argMax alone would call a NaN some answer
  }
  return tf.sum(tf.sub(1, tf.abs(tf.sub(tf.round(activate(model, logits)), targets))), -1);
}

/**
 * Which sequences are wholly right, in all answers that are scored: 1 or 0.
 *
 * @param right how many of each step's answers are right [step, batch]
 * @returns [batch]
 */
export function rightSequences(model: Model, right: tf.Tensor, batch: Batch): tf.Tensor {
  const scored = toTensor(batch.scored ?? batch.mask); // [step, batch]
  const each = model.activation === "sigmoid" ? model.outputs : 1;
  const missing = tf.sum(tf.mul(tf.sub(each, right), scored), 0);
  return tf.cast(tf.lessEqual(missing, 0), "float32");
}

/**
 * Mean cross-entropy over the answers that count (over each bit, where outputs are independent bits), in nats, its
 * gradient by every parameter that is not fixed, and the share of sequences that are wholly right. The caller disposes of
 * the gradients.
 *
 * @param hookAt the hook of each step; by default it changes nothing
 */
export function lossAndGradients(
  model: Model,
  parameters: Tensors,
  batch: Batch,
  hookAt?: (step: number) => Hook,
): { loss: number; gradients: Tensors; right: number } {
  const names = Object.keys(model.shapes).filter((name) => !model.fixed.includes(name));
  const values = names.map((name) => parameters[name] as tf.Tensor);
  return tf.tidy(() => {
    const targets = toTensor(batch.targets);
    const mask = toTensor(batch.mask);
    const answers = answersOf(model, batch);
    let found: tf.Tensor | undefined;
    const { value, grads } = tf.valueAndGrads((...current: tf.Tensor[]) => {
      const all = { ...parameters, ...Object.fromEntries(names.map((name, i) => [name, current[i] as tf.Tensor])) };
      const logits = sequenceLogits(model, all, batch.inputs, hookAt);
      found = tf.keep(logits);
      return tf.div(tf.sum(crossEntropy(model, logits, targets, mask)), answers);
    })(values);
    const gradients = Object.fromEntries(names.map((name, index) => [name, grads[index] as tf.Tensor]));
    const logits = found as tf.Tensor;
    const right = tf.mean(rightSequences(model, rightAnswers(model, logits, targets), batch)).dataSync()[0] as number;
    logits.dispose();
    return { loss: value.dataSync()[0] as number, gradients, right };
  });
}
