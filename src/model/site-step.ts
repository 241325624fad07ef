import * as tf from "@tensorflow/tfjs-core";
import type { Tensors } from "../tensors/tensors.js";
import { type Hook, type Model, type Site, unknownSite } from "./model.js";

/** What a step starts from. */
export interface Given {
  readonly parameters: Tensors;
  readonly state: Tensors;
  /** [batch, inputs] */
  readonly input: tf.Tensor;
}

/**
 * One step of a model whose sites are watched.
 *
 * @param see is shown the value of every site, [batch, ...site], and gives it back or another in its place
 * @returns the next state, and the outputs before and after the activation [batch, output]
 * @throws if the model does not pass each of its sites once, in the declared shape
 */
export function siteStep(
  model: Model,
  batch: number,
  { parameters, state, input }: Given,
  see: (site: Site, value: tf.Tensor) => tf.Tensor,
): { readonly state: Tensors; readonly logits: tf.Tensor; readonly outputs: tf.Tensor } {
  const passed = new Set<string>();
  const hook: Hook = (name, value) => {
    const site = model.sites.find((one) => one.name === name);
    if (!site) throw unknownSite(model, name);
    const shape = [batch, ...site.shape];
    if (passed.has(name)) throw new Error(`${model.name} passed the site "${name}" twice in one step.`);
    if (`${value.shape}` !== `${shape}`) {
      throw new Error(`${model.name} passed [${value.shape}] at the site "${name}", which is declared as [${shape}].`);
    }
    passed.add(name);
    return see(site, value);
  };
  const result = model.step(parameters, state, input, hook);
  const missed = model.sites.find(({ name }) => !passed.has(name));
  if (missed) throw new Error(`${model.name} declares the site "${missed.name}", but its step never passed it.`);
  const { state: next, logits } = result;
  return { state: next, logits, outputs: activate(model, logits) };
}

/** Outputs as a model's reader sees them: probabilities [batch, output] from logits of the same shape. */
export function activate(model: Model, logits: tf.Tensor): tf.Tensor {
  return model.activation === "sigmoid" ? tf.sigmoid(logits) : tf.softmax(logits);
}
