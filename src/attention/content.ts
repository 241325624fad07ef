import * as tf from "@tensorflow/tfjs-core";

// Keeps norms and their gradients finite for a zero vector; far below the square of any norm that matters.
const smallest = 1e-16;

/**
 * Cosine similarity of one key per sequence to every memory slot, u·v / (|u| |v|), in [−1, 1].
 * Graves et al. 2014, section 3.3.1, eq. 6.
 *
 * @param key [batch, word]
 * @param memory [batch, slot, word]
 * @returns [batch, slot]; 0 where a vector is all zeros
 */
export function cosineSimilarity(key: tf.Tensor, memory: tf.Tensor): tf.Tensor {
  const column = tf.expandDims(key, 2); // [batch, word, 1]
  const products = tf.squeeze(tf.matMul(memory as tf.Tensor3D, column as tf.Tensor3D), [2]);
  return tf.div(products, tf.mul(norm(memory), norm(key, true)));
}

/**
 * Content weights softmax(β · similarity): how well each slot matches the key, sharpened by its strength.
 * Graves et al. 2014, section 3.3.1, eq. 5.
 *
 * @param key [batch, word]
 * @param strength β [batch, 1], positive
 * @param memory [batch, slot, word]
 * @returns [batch, slot], each row sums to one
 */
export function contentWeights(key: tf.Tensor, strength: tf.Tensor, memory: tf.Tensor): tf.Tensor {
  return tf.softmax(tf.mul(cosineSimilarity(key, memory), strength));
}

/** Euclidean norm along the last axis. */
function norm(vectors: tf.Tensor, keepDims = false): tf.Tensor {
  return tf.sqrt(tf.add(tf.sum(tf.square(vectors), -1, keepDims), smallest));
}
