import * as tf from "@tensorflow/tfjs-core";

/** Named tensors: the parameters of a model, a machine's state, gradients, an optimiser's memory. */
export type Tensors = Readonly<Record<string, tf.Tensor>>;

/** A named tensor. @throws listing the names there are. */
export function tensorOf(tensors: Tensors, name: string): tf.Tensor {
  const tensor = Object.hasOwn(tensors, name) ? tensors[name] : undefined;
  if (!tensor) throw new Error(`There is no tensor "${name}"; there are ${Object.keys(tensors).join(", ")}.`);
  return tensor;
}

/** Compute a new tensor under every name. */
export function mapTensors(tensors: Tensors, change: (tensor: tf.Tensor, name: string) => tf.Tensor): Tensors {
  return Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, change(tensor, name)]));
}

/** @throws if a name is missing, or has another shape than is wanted. */
export function checkShapes(
  owner: string,
  wanted: Readonly<Record<string, readonly number[]>>,
  given: ReadonlyMap<string, readonly number[]>,
): void {
  for (const [name, shape] of Object.entries(wanted)) {
    const found = given.get(name);
    if (!found) throw new Error(`${owner} needs the parameter "${name}" of shape [${shape}], which is missing.`);
    if (`${found}` !== `${shape}`) {
      throw new Error(`${owner} needs the parameter "${name}" of shape [${shape}]; [${found}] was given.`);
    }
  }
}

/** Names and shapes of the tensors. */
export function shapesOf(tensors: Tensors): ReadonlyMap<string, readonly number[]> {
  return new Map(Object.entries(tensors).map(([name, { shape }]) => [name, shape]));
}

/** Free every tensor of a record. */
export function disposeTensors(tensors: Tensors): void {
  for (const tensor of Object.values(tensors)) tensor.dispose();
}

/** Free the tensors of `old` that `next` does not go on using. */
export function replaceTensors(old: Tensors, next: Tensors): void {
  const used = new Set(Object.values(next));
  for (const tensor of Object.values(old)) if (!used.has(tensor)) tensor.dispose();
}

/**
 * The affine map x·Wᵀ + b with the parameters `NAME.weight` [output, input] and `NAME.bias` [output].
 *
 * @param x [..., input], at least one axis before the last
 * @returns [..., output]
 */
export function linear(parameters: Tensors, name: string, x: tf.Tensor): tf.Tensor {
  const weight = tensorOf(parameters, `${name}.weight`) as tf.Tensor2D;
  const [outputs, inputs] = weight.shape;
  const rows = (x.rank === 2 ? x : tf.reshape(x, [-1, inputs])) as tf.Tensor2D;
  const result = tf.add(tf.matMul(rows, weight, false, true), tensorOf(parameters, `${name}.bias`));
  return x.rank === 2 ? result : tf.reshape(result, [...x.shape.slice(0, -1), outputs]);
}

const layerNormEpsilon = 1e-5; // PyTorch's

/**
 * Layer normalisation over the last axis (Ba et al. 2016, arXiv 1607.06450, eq. 3) with the parameters `NAME.weight` and
 * `NAME.bias` [feature].
 *
 * @param x [..., feature]
 */
export function layerNorm(parameters: Tensors, name: string, x: tf.Tensor): tf.Tensor {
  const { mean, variance } = tf.moments(x, -1, true);
  const scale = tf.rsqrt(tf.add(variance, layerNormEpsilon));
  const normal = tf.mul(tf.sub(x, mean), scale);
  return tf.add(tf.mul(normal, tensorOf(parameters, `${name}.weight`)), tensorOf(parameters, `${name}.bias`));
}

/** The Gaussian error linear unit in its tanh form (Hendrycks and Gimpel 2016, arXiv 1606.08415, section 2). */
export function gelu(x: tf.Tensor): tf.Tensor {
  const inner = tf.mul(Math.sqrt(2 / Math.PI), tf.add(x, tf.mul(0.044715, tf.mul(x, tf.square(x)))));
  return tf.mul(tf.mul(0.5, x), tf.add(1, tf.tanh(inner)));
}
