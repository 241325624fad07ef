import * as tf from "@tensorflow/tfjs-core";
import { type Hook, type Model, passOn } from "../model/model.js";
import { activate } from "../model/run.js";
import { bitOf } from "../tasks/bits.js";
import type { Batch } from "../tasks/task.js";
import { disposeTensors, mapTensors, type Tensors, tensorOf } from "../tensors/tensors.js";
import { toTensor } from "../tensors/transfer.js";
import type { Wanted } from "../tracker/tracker-options.js";

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
  inputs: tf.Tensor,
  hookAt: (step: number) => Hook = () => passOn,
): tf.Tensor {
  let state = model.start(parameters, inputs.shape[1] as number);
  const logits: tf.Tensor[] = [];
  for (const [step, input] of tf.unstack(inputs).entries()) {
    const result = tf.tidy(() => {
      const { state: next, logits: output } = model.step(parameters, state, input, hookAt(step));
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
 * How many of each step's answers are right: bits, as `bitOf` has them, or the likeliest of many.
 *
 * @param logits, targets [step, batch, output]
 * @returns [step, batch]; NaN where a logit is
 */
export function rightAnswers(model: Model, logits: tf.Tensor, targets: tf.Tensor): tf.Tensor {
  if (model.activation === "softmax") {
    const right = tf.cast(tf.equal(tf.argMax(logits, -1), tf.argMax(targets, -1)), "float32");
    return tf.add(right, tf.mul(0, tf.sum(logits, -1))); // argMax alone would call a NaN some answer
  }
  // Rounding is `bitOf`, which takes one half to 0, and it keeps a NaN.
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

/** A batch as tensors: "inputs", "targets", "mask", and "answers", how many of them count. */
export function batchTensors(model: Model, batch: Batch): Tensors {
  return {
    inputs: toTensor(batch.inputs),
    targets: toTensor(batch.targets),
    mask: toTensor(batch.mask),
    answers: tf.scalar(answersOf(model, batch)),
  };
}

/**
 * Mean cross-entropy over the answers that count (over each bit, where outputs are independent bits), in nats, its
 * gradient by every parameter that is not fixed, and all the logits [step, batch, output]. The caller disposes of them.
 *
 * @param batch what `batchTensors` gives
 * @param wanted values to look at, which changes nothing; by default none
 * @returns also the states that are wanted, each [sequence, ...site], under "STEP.SITE"
 */
export function differentiateLoss(
  model: Model,
  parameters: Tensors,
  batch: Tensors,
  wanted: Pick<Wanted, "sites" | "sequences" | "tokens"> = { sites: [], sequences: 0, tokens: 0 },
): { loss: tf.Tensor; gradients: Tensors; logits: tf.Tensor; states: Tensors } {
  const names = Object.keys(model.shapes).filter((name) => !model.fixed.includes(name));
  const values = names.map((name) => parameters[name] as tf.Tensor);
  const [inputs, targets, mask, answers] = ["inputs", "targets", "mask", "answers"].map((name) =>
    tensorOf(batch, name),
  ) as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor];
  const kept: Record<string, tf.Tensor> = {}; // else what is made within would be gone after it
  const sites = new Set(wanted.sites);
  const sequences = Math.min(wanted.sequences, inputs.shape[1] as number);
  const hookAt = (step: number): Hook => {
    if (step >= wanted.tokens) return passOn;
    return (site, value) => {
      if (sites.has(site)) kept[`${step}.${site}`] = tf.keep(tf.slice(value, 0, sequences));
      return value;
    };
  };
  try {
    const { value: loss, grads } = tf.valueAndGrads((...current: tf.Tensor[]) => {
      const all = { ...parameters, ...Object.fromEntries(names.map((name, i) => [name, current[i] as tf.Tensor])) };
      const logits = sequenceLogits(model, all, inputs, hookAt);
      kept.logits = tf.keep(logits);
      return tf.div(tf.sum(crossEntropy(model, logits, targets, mask)), answers) as tf.Scalar;
    })(values);
    const gradients = Object.fromEntries(names.map((name, index) => [name, grads[index] as tf.Tensor]));
    const { logits, ...states } = mapTensors(kept, (tensor) => tf.clone(tensor)) as { logits: tf.Tensor };
    return { loss, gradients, logits, states };
  } finally {
    disposeTensors(kept);
  }
}

/** The loss and the gradients of `differentiateLoss` for a batch of plain arrays, the loss as a number. */
export function lossAndGradients(
  model: Model,
  parameters: Tensors,
  batch: Batch,
): { loss: number; gradients: Tensors } {
  return tf.tidy(() => {
    const { loss, gradients } = differentiateLoss(model, parameters, batchTensors(model, batch));
    return { loss: loss.dataSync()[0] as number, gradients };
  });
}

/** The share of a batch's sequences that are wholly right, by logits as plain data [step, batch, output]. */
export function shareRight(model: Model, batch: Batch, logits: Float32Array): number {
  const [steps, sequences, outputs] = batch.targets.shape as [number, number, number];
  const scored = (batch.scored ?? batch.mask).data;
  const targets = batch.targets.data;
  const isRight = (row: number): boolean => {
    const [given, wanted] = [logits, targets].map((all) => all.subarray(row * outputs, (row + 1) * outputs));
    if (!given || !wanted) return false;
    if (model.activation === "sigmoid")
      return given.every((logit, i) => logit > 0 === (bitOf(wanted[i] as number) === 1));
    return given.indexOf(Math.max(...given)) === wanted.indexOf(Math.max(...wanted));
  };
  let right = 0;
  for (let sequence = 0; sequence < sequences; sequence++) {
    let whole = true;
    for (let step = 0; whole && step < steps; step++) {
      const row = step * sequences + sequence;
      whole = scored[row] === 0 || isRight(row);
    }
    if (whole) right++;
  }
  return right / sequences;
}
