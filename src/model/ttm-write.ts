// How a Token Turing Machine writes its memory: section 3.3 of Ryoo et al. 2022 (arXiv 2211.09119).
import * as tf from "@tensorflow/tfjs-core";
import { type Summariser, summarise, summariserShapes, summaryWeights } from "../memory/summarise.js";
import { linear, type Tensors } from "../tensors/tensors.js";
import type { Hook, Site } from "./model.js";

/** Summarise memory, output and input anew; erase and add as an NTM; append, first in, first out; or do not write. */
export type Write = "summarise" | "erase-add" | "concatenate" | "none";

/** The sizes that writing needs. */
export interface WriteSizes {
  readonly write: Write;
  readonly summariser: Summariser;
  readonly tokens: number;
  readonly slots: number;
  readonly read: number;
  readonly features: number;
}

export function writeShapes(sizes: WriteSizes): Record<string, readonly number[]> {
  const { write, summariser, tokens, slots, read, features } = sizes;
  if (write === "summarise") {
    return summariserShapes(summariser, "write", { tokens: slots + read + tokens, count: slots, features });
  }
  if (write !== "erase-add") return {};
  const affine = (name: string): [string, number[]][] => [
    [`write.${name}.weight`, [features, features]],
    [`write.${name}.bias`, [features]],
  ];
  return Object.fromEntries(["query", "key", "erase", "add"].flatMap(affine));
}

export function writeSites({ write, tokens, slots, read, features }: WriteSizes): Site[] {
  const site = (name: string, axes: string[], shape: number[], about: string): Site => ({ name, axes, shape, about });
  if (write === "summarise") {
    const about = "what each slot is made of: memory, output and input tokens, 0 to 1";
    return [site("write.weights", ["slot", "source"], [slots, slots + read + tokens], about)];
  }
  if (write !== "erase-add") return [];
  return [
    site("write.weights", ["read", "slot"], [read, slots], "where each output token writes, 0 to 1"),
    site("write.erase", ["read", "feature"], [read, features], "what each output token erases, 0 to 1"),
    site("write.add", ["read", "feature"], [read, features], "what each output token adds"),
  ];
}

/**
 * The memory after a step.
 *
 * @param memory [batch, slot, feature]
 * @param output the processed tokens [batch, read, feature]
 * @param input [batch, token, feature]
 * @returns [batch, slot, feature]
 */
export function writeTokens(
  { write, summariser, slots }: WriteSizes,
  parameters: Tensors,
  memory: tf.Tensor,
  output: tf.Tensor,
  input: tf.Tensor,
  hook: Hook,
): tf.Tensor {
  if (write === "none") return memory;
  if (write === "concatenate") {
    const all = tf.concat([memory, output], 1);
    return tf.slice(all, [0, (all.shape[1] as number) - slots, 0], [-1, slots, -1]);
  }
  if (write === "summarise") {
    const all = tf.concat([memory, output, input], 1);
    return summarise(hook("write.weights", summaryWeights(summariser, parameters, "write", all, slots)), all);
  }
  return eraseAndAdd(parameters, memory, output, hook);
}

/** M·Π(1 − w⊗e) + Σ w⊗a over the output tokens, e a sigmoid: the NTM's write with a head for each token. */
function eraseAndAdd(parameters: Tensors, memory: tf.Tensor, output: tf.Tensor, hook: Hook): tf.Tensor {
  const queries = linear(parameters, "write.query", output) as tf.Tensor3D;
  const keys = linear(parameters, "write.key", memory) as tf.Tensor3D;
  const scores = tf.mul(tf.matMul(queries, keys, false, true), 1 / Math.sqrt(memory.shape[2] as number));
  const weights = hook("write.weights", tf.softmax(scores)); // [batch, read, slot]
  const erase = hook("write.erase", tf.sigmoid(linear(parameters, "write.erase", output)));
  const add = hook("write.add", linear(parameters, "write.add", output)) as tf.Tensor3D;
  const share = tf.mul(tf.expandDims(weights, 3), tf.expandDims(erase, 2)); // [batch, read, slot, feature]
  const kept = tf.prod(tf.sub(1, share), 1);
  return tf.add(tf.mul(memory, kept), tf.matMul(weights as tf.Tensor3D, add, true, false));
}
