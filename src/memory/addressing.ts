import * as tf from "@tensorflow/tfjs-core";

// Keeps a weighting finite when every weight underflows.
const smallest = 1e-16;

/**
 * Interpolate content weights with the previous step's: g·content + (1−g)·previous.
 * Graves et al. 2014, section 3.3.2, eq. 7.
 *
 * @param content, previous [batch, slot]
 * @param gate g [batch, 1], in [0, 1]
 * @returns [batch, slot]
 */
export function interpolate(content: tf.Tensor, previous: tf.Tensor, gate: tf.Tensor): tf.Tensor {
  return tf.add(previous, tf.mul(gate, tf.sub(content, previous)));
}

/**
 * Circular shift by −1, 0 and +1: out[i] = w[i−1]·s₀ + w[i]·s₁ + w[i+1]·s₂, indices modulo the number of slots.
 * Graves et al. 2014, section 3.3.2, eq. 8. The weight s₀ moves the focus on to the next slot.
 *
 * @param weights [batch, slot], at least two slots
 * @param shift s [batch, 3], each row sums to one
 * @returns [batch, slot]
 */
export function circularShift(weights: tf.Tensor, shift: tf.Tensor): tf.Tensor {
  const [batch, slots] = weights.shape as [number, number];
  const first = tf.slice(weights, [0, 0], [batch, 1]);
  const last = tf.slice(weights, [0, slots - 1], [batch, 1]);
  const previous = tf.concat([last, tf.slice(weights, [0, 0], [batch, slots - 1])], 1);
  const next = tf.concat([tf.slice(weights, [0, 1], [batch, slots - 1]), first], 1);
  const [onward, stay, back] = tf.split(shift, 3, 1) as [tf.Tensor, tf.Tensor, tf.Tensor];
  return tf.add(tf.add(tf.mul(previous, onward), tf.mul(weights, stay)), tf.mul(next, back));
}

/**
 * Sharpen a weighting: w^γ / Σ w^γ. Graves et al. 2014, section 3.3.2, eq. 9.
 *
 * @param weights [batch, slot], not negative
 * @param sharpening γ [batch, 1], at least 1
 * @returns [batch, slot], each row sums to one
 */
export function sharpen(weights: tf.Tensor, sharpening: tf.Tensor): tf.Tensor {
  const powers = tf.pow(weights, sharpening);
  return tf.div(powers, tf.add(tf.sum(powers, 1, true), smallest));
}
