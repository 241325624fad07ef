import * as tf from "@tensorflow/tfjs-core";
import { selfAttention } from "../attention/multi-head.js";
import { gelu, layerNorm, linear, type Tensors } from "../tensors/tensors.js";

/** Names and shapes of a transformer block's parameters. */
export function blockShapes(name: string, features: number, hidden: number): Record<string, readonly number[]> {
  const affine = (part: string, outputs: number, inputs: number): [string, number[]][] => [
    [`${name}.${part}.weight`, [outputs, inputs]],
    [`${name}.${part}.bias`, [outputs]],
  ];
  const norm = (part: string): [string, number[]][] => [
    [`${name}.${part}.weight`, [features]],
    [`${name}.${part}.bias`, [features]],
  ];
  return Object.fromEntries([
    ...norm("norm.0"),
    ...affine("attention.in", 3 * features, features),
    ...affine("attention.out", features, features),
    ...norm("norm.1"),
    ...affine("mlp.0", hidden, features),
    ...affine("mlp.1", features, hidden),
  ]);
}

/**
 * A pre-norm transformer block (Vaswani et al. 2017; Xiong et al. 2020, arXiv 2002.04745, figure 1b):
 * x + attention(norm(x)), then + mlp(norm(·)) with one hidden layer of GELU units.
 *
 * @param x [batch, token, feature]
 * @param see passes on the attention weights [batch, head, query, key]
 * @returns [batch, token, feature]
 */
export function transformerBlock(
  parameters: Tensors,
  name: string,
  x: tf.Tensor,
  heads: number,
  see: (weights: tf.Tensor) => tf.Tensor,
): tf.Tensor {
  const normal = layerNorm(parameters, `${name}.norm.0`, x);
  const attended = tf.add(x, selfAttention(parameters, `${name}.attention`, normal, heads, undefined, see).heard);
  const inner = gelu(linear(parameters, `${name}.mlp.0`, layerNorm(parameters, `${name}.norm.1`, attended)));
  return tf.add(attended, linear(parameters, `${name}.mlp.1`, inner));
}
