import * as tf from "@tensorflow/tfjs-core";
import { linear, type Tensors } from "../tensors/tensors.js";

/** What self-attention gives: the weights and what was heard through them. */
export interface Attended {
  /** [batch, head, query, key], each row sums to one */
  readonly weights: tf.Tensor;
  /** [batch, position, feature] */
  readonly heard: tf.Tensor;
}

/**
 * Multi-head self-attention, softmax(Q·Kᵀ/√d)·V in each head (Vaswani et al. 2017, arXiv 1706.03762, section 3.2).
 *
 * The parameters are `NAME.in` (queries, keys and values one after the other, [3·feature, feature]) and `NAME.out`.
 *
 * @param x [batch, position, feature]; the features divide among the heads
 * @param open [position]: 0 for positions that nobody may listen to; without it all are open
 * @param see passes the weights on, or others in their place
 */
export function selfAttention(
  parameters: Tensors,
  name: string,
  x: tf.Tensor,
  heads: number,
  open: tf.Tensor | undefined,
  see: (weights: tf.Tensor) => tf.Tensor,
): Attended {
  const [batch, positions, features] = x.shape as [number, number, number];
  const size = features / heads;
  const split = (all: tf.Tensor): tf.Tensor4D =>
    tf.transpose(tf.reshape(all, [batch, positions, heads, size]), [0, 2, 1, 3]); // [batch, head, position, feature]
  const projected = linear(parameters, `${name}.in`, x);
  const [queries, keys, values] = tf.split(projected, 3, 2).map(split) as [tf.Tensor4D, tf.Tensor4D, tf.Tensor4D];
  const scores = tf.mul(tf.matMul(queries, keys, false, true), 1 / Math.sqrt(size));
  const weights = see(openSoftmax(scores, open));
  const heard = tf.transpose(tf.matMul(weights as tf.Tensor4D, values), [0, 2, 1, 3]);
  return { weights, heard: linear(parameters, `${name}.out`, tf.reshape(heard, [batch, positions, features])) };
}

const farBelow = 1e9; // any score: e^−1e9 is exactly 0

/**
 * Softmax over the last axis that gives exactly nothing to closed positions.
 *
 * @param scores [..., position]
 * @param open [position], 1 or 0, at least one of them 1; without it all are open
 */
export function openSoftmax(scores: tf.Tensor, open: tf.Tensor | undefined): tf.Tensor {
  return tf.softmax(open ? tf.add(scores, tf.mul(tf.sub(open, 1), farBelow)) : scores);
}
