import * as tf from "@tensorflow/tfjs-core";
import { linear, type Tensors } from "../tensors/tensors.js";
import { openSoftmax } from "./multi-head.js";

/**
 * Token-to-state routing: how much of each token goes to each state, a softmax over states of a linear map of the token
 * whose heads are averaged. The map `router` gives head·state numbers, head by head.
 *
 * @param tokens [batch, token, feature]
 * @param open [state]: 0 for states that were pruned and get nothing; without it all take part
 * @returns [batch, token, state], each row sums to one
 */
export function routingWeights(
  parameters: Tensors,
  tokens: tf.Tensor,
  heads: number,
  open: tf.Tensor | undefined,
): tf.Tensor {
  const [batch, length] = tokens.shape as [number, number];
  const each = tf.reshape(linear(parameters, "router", tokens), [batch, length, heads, -1]);
  return openSoftmax(tf.mean(each, 2), open);
}

/**
 * What each state is given: the tokens weighted by their routing, weightsᵀ·tokens, then the map `router.output`.
 *
 * @param weights [batch, token, state]
 * @param tokens [batch, token, feature]
 * @returns [batch, state, feature]
 */
export function routeTokens(parameters: Tensors, weights: tf.Tensor, tokens: tf.Tensor): tf.Tensor {
  return linear(parameters, "router.output", tf.matMul(weights as tf.Tensor3D, tokens as tf.Tensor3D, true, false));
}
