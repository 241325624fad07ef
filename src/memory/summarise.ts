// Token summarisation of the Token Turing Machine, Ryoo et al. 2022 (arXiv 2211.09119), section 3.1.
import * as tf from "@tensorflow/tfjs-core";
import { gelu, layerNorm, linear, type Tensors, tensorOf } from "../tensors/tensors.js";

/** How tokens are weighted: by a small network of each token, by learned queries, or evenly in groups. */
export type Summariser = "mlp" | "query" | "pooling";

const hidden = 64; // of the network

/** Names and shapes of what a summariser of `tokens` tokens to `count` learns. */
export function summariserShapes(
  kind: Summariser,
  name: string,
  sizes: { readonly tokens: number; readonly count: number; readonly features: number },
): Record<string, readonly number[]> {
  const { tokens, count, features } = sizes;
  if (kind === "pooling") return {};
  const position = { [`${name}.position`]: [tokens, features], [`${name}.scores.position`]: [count, tokens] };
  if (kind === "query") return { ...position, [`${name}.queries`]: [count, features] };
  return {
    ...position,
    [`${name}.norm.weight`]: [features],
    [`${name}.norm.bias`]: [features],
    [`${name}.hidden.weight`]: [hidden, features],
    [`${name}.hidden.bias`]: [hidden],
    [`${name}.scores.weight`]: [count, hidden],
    [`${name}.scores.bias`]: [count],
  };
}

/**
 * The weights S_k gives to tokens: each of `count` summary tokens is a weighted sum of all tokens (section 3.1, eq. 1).
 *
 * Learned positions are added for weighing only: they tell memory from input, and do not pile up in a memory that is
 * summarised again and again. Positions also have a learned score of their own for each summary (an addition to the paper):
 * with it a memory can begin by keeping its slots; without it, it begins as the even mixture of all tokens, where
 * everything is forgotten within a step or two, and learns many times more slowly.
 *
 * @param tokens [batch, token, feature]
 * @returns [batch, summary, token], each row sums to one
 */
export function summaryWeights(
  kind: Summariser,
  parameters: Tensors,
  name: string,
  tokens: tf.Tensor,
  count: number,
): tf.Tensor {
  const [batch, length, features] = tokens.shape as [number, number, number];
  if (kind === "pooling") return tf.tile(tf.expandDims(groups(count, length)), [batch, 1, 1]);
  const weigh = (scores: tf.Tensor) => tf.softmax(tf.add(scores, tensorOf(parameters, `${name}.scores.position`)));
  const placed = tf.add(tokens, tensorOf(parameters, `${name}.position`));
  if (kind === "query") {
    const queries = tf.tile(tf.expandDims(tensorOf(parameters, `${name}.queries`)), [batch, 1, 1]);
    const scores = tf.matMul(queries as tf.Tensor3D, placed as tf.Tensor3D, false, true);
    return weigh(tf.mul(scores, 1 / Math.sqrt(features)));
  }
  const inner = gelu(linear(parameters, `${name}.hidden`, layerNorm(parameters, `${name}.norm`, placed)));
  return weigh(tf.transpose(linear(parameters, `${name}.scores`, inner), [0, 2, 1]));
}

/**
 * The summary tokens: weights · tokens.
 *
 * @param weights [batch, summary, token]
 * @param tokens [batch, token, feature]
 * @returns [batch, summary, feature]
 */
export function summarise(weights: tf.Tensor, tokens: tf.Tensor): tf.Tensor {
  return tf.matMul(weights as tf.Tensor3D, tokens as tf.Tensor3D);
}

/** Even weights within groups of neighbours: summary i takes the tokens from ⌊i·n/k⌋ to ⌈(i+1)·n/k⌉. [summary, token] */
function groups(count: number, length: number): tf.Tensor {
  const rows = Array.from({ length: count }, (_, i) => {
    const [from, to] = [Math.floor((i * length) / count), Math.ceil(((i + 1) * length) / count)];
    return Array.from({ length }, (_, token) => (token >= from && token < to ? 1 / (to - from) : 0));
  });
  return tf.tensor2d(rows);
}
