import * as tf from "@tensorflow/tfjs-core";

/**
 * Read a weighted sum of the slots: r = Σᵢ w[i]·M[i]. Graves et al. 2014, section 3.1, eq. 2.
 *
 * @param memory [batch, slot, word]
 * @param weights [batch, slot]
 * @returns [batch, word]
 */
export function readMemory(memory: tf.Tensor, weights: tf.Tensor): tf.Tensor {
  const row = tf.expandDims(weights, 1); // [batch, 1, slot]
  return tf.squeeze(tf.matMul(row as tf.Tensor3D, memory as tf.Tensor3D), [1]);
}

/**
 * Erase, then add: M[i]·(1 − w[i]·e) + w[i]·a. Graves et al. 2014, section 3.2, eq. 3 and 4.
 *
 * @param memory [batch, slot, word]
 * @param weights [batch, slot]
 * @param erase e [batch, word], in [0, 1]
 * @param add a [batch, word]
 * @returns [batch, slot, word]
 */
export function writeMemory(memory: tf.Tensor, weights: tf.Tensor, erase: tf.Tensor, add: tf.Tensor): tf.Tensor {
  const kept = tf.sub(1, outer(weights, erase));
  return tf.add(tf.mul(memory, kept), outer(weights, add));
}

/** Outer product of [batch, slot] and [batch, word]: [batch, slot, word]. */
function outer(weights: tf.Tensor, vector: tf.Tensor): tf.Tensor {
  return tf.matMul(tf.expandDims(weights, 2) as tf.Tensor3D, tf.expandDims(vector, 1) as tf.Tensor3D);
}
