import * as tf from "@tensorflow/tfjs-core";
import { mapTensors, type Tensors, tensorOf } from "../tensors/tensors.js";

/**
 * An update rule as a pure function: its memory goes in and comes out beside the parameters, so that it can be kept in a
 * checkpoint. (TensorFlow.js's own optimisers keep theirs in variables of globally unique names.)
 */
export interface Optimizer {
  readonly name: string;
  readonly learningRate: number;
  /** The rule's memory before the first update, for the parameters that are trained. */
  start(parameters: Tensors): Tensors;
  /** One update at `factor` of the learning rate; the caller disposes of what it no longer needs. */
  update(
    parameters: Tensors,
    gradients: Tensors,
    memory: Tensors,
    factor?: number | tf.Tensor,
  ): { parameters: Tensors; memory: Tensors };
}

/** Adam (Kingma and Ba 2015, algorithm 1). */
export function adam(learningRate = 1e-3, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8): Optimizer {
  return {
    name: "adam",
    learningRate,
    start: (parameters) => ({
      ...zeros(parameters, "mean"),
      ...zeros(parameters, "square"),
      updates: tf.scalar(0),
    }),
    update(parameters, gradients, memory, factor = 1) {
      const updates = tf.add(tensorOf(memory, "updates"), 1);
      const meanScale = tf.sub(1, tf.pow(beta1, updates)); // the averages start at zero, which this corrects
      const squareScale = tf.sub(1, tf.pow(beta2, updates));
      const next: Record<string, tf.Tensor> = { updates };
      const change = (parameter: tf.Tensor, name: string): tf.Tensor => {
        const gradient = tensorOf(gradients, name);
        const mean = blend(tensorOf(memory, `mean.${name}`), gradient, beta1);
        const square = blend(tensorOf(memory, `square.${name}`), tf.square(gradient), beta2);
        next[`mean.${name}`] = mean;
        next[`square.${name}`] = square;
        const size = tf.add(tf.sqrt(tf.div(square, squareScale)), epsilon);
        return tf.sub(parameter, tf.mul(tf.mul(factor, learningRate), tf.div(tf.div(mean, meanScale), size)));
      };
      return { parameters: mapTensors(parameters, change), memory: next };
    },
  };
}

/** RMSProp with momentum, centred, as in Graves 2013 (arXiv 1308.0850), eq. 38 to 41, which the NTM paper uses. */
export function rmsprop(learningRate = 1e-4, momentum = 0.9, decay = 0.95, epsilon = 1e-4): Optimizer {
  return {
    name: "rmsprop",
    learningRate,
    start: (parameters) => ({
      ...zeros(parameters, "mean"),
      ...zeros(parameters, "square"),
      ...zeros(parameters, "velocity"),
    }),
    update(parameters, gradients, memory, factor = 1) {
      const next: Record<string, tf.Tensor> = {};
      const change = (parameter: tf.Tensor, name: string): tf.Tensor => {
        const gradient = tensorOf(gradients, name);
        const square = blend(tensorOf(memory, `square.${name}`), tf.square(gradient), decay);
        const mean = blend(tensorOf(memory, `mean.${name}`), gradient, decay);
        const deviation = tf.sqrt(tf.add(tf.sub(square, tf.square(mean)), epsilon));
        const onward = tf.mul(tensorOf(memory, `velocity.${name}`), momentum);
        const velocity = tf.sub(onward, tf.mul(tf.mul(factor, learningRate), tf.div(gradient, deviation)));
        next[`square.${name}`] = square;
        next[`mean.${name}`] = mean;
        next[`velocity.${name}`] = velocity;
        return tf.add(parameter, velocity);
      };
      return { parameters: mapTensors(parameters, change), memory: next };
    },
  };
}

/** How gradients are kept from exploding: each value to ±limit, or all together to a Euclidean norm of at most limit. */
export interface Clip {
  readonly by: "value" | "norm";
  readonly limit: number;
}

/** Clipped gradients, as new tensors. */
export function clipGradients(gradients: Tensors, { by, limit }: Clip): Tensors {
  if (by === "value") return mapTensors(gradients, (gradient) => tf.clipByValue(gradient, -limit, limit));
  const squares = Object.values(gradients).map((gradient) => tf.sum(tf.square(gradient)));
  const factor = tf.div(limit, tf.maximum(tf.sqrt(tf.addN(squares)), limit));
  return mapTensors(gradients, (gradient) => tf.mul(gradient, factor));
}

function zeros(parameters: Tensors, prefix: string): Tensors {
  return Object.fromEntries(Object.entries(parameters).map(([name, one]) => [`${prefix}.${name}`, tf.zerosLike(one)]));
}

/** The running average decay·old + (1 − decay)·new. */
function blend(old: tf.Tensor, latest: tf.Tensor, decay: number): tf.Tensor {
  return tf.add(tf.mul(old, decay), tf.mul(latest, 1 - decay));
}
