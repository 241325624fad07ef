import * as tf from "@tensorflow/tfjs-core";
import { type Tensors, tensorOf } from "../tensors/tensors.js";
import { type Edit, isParameterEdit, type SiteEdit } from "./edit-data.js";
import { changeNumbers, editNumbers } from "./edit-numbers.js";
import { parameterPlace, sitePlace } from "./edit-places.js";
import type { Model, Site } from "./model.js";

/**
 * Carry out edits on the value of their site, one after the other; the value is read once, however many there are.
 *
 * @param value [batch, ...site]
 * @returns a new tensor of the same shape; elements outside the edit's region are the same to the bit
 * @throws if a row cannot be renormalised
 */
export function applyEdits(site: Site, edits: readonly SiteEdit[], value: tf.Tensor): tf.Tensor {
  const numbers = Float32Array.from(value.dataSync());
  for (const one of edits) editNumbers(sitePlace(site, value.shape[0] as number), one, numbers);
  return tf.tensor(numbers, value.shape, "float32");
}

/**
 * The parameters as their edits leave them. Tensors of edited parameters are new, all others are the given ones.
 *
 * @throws if there is no such parameter
 */
export function editedParameters(model: Model, parameters: Tensors, edits: readonly Edit[]): Tensors {
  const result: Record<string, tf.Tensor> = { ...parameters };
  for (const one of edits.filter(isParameterEdit)) {
    const before = tensorOf(result, one.parameter);
    const numbers = Float32Array.from(before.dataSync());
    changeNumbers(parameterPlace(model, one.parameter), one, numbers);
    result[one.parameter] = tf.tensor(numbers, before.shape, "float32");
    if (before !== parameters[one.parameter]) before.dispose();
  }
  return result;
}
