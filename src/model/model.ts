import type * as tf from "@tensorflow/tfjs-core";
import { didYouMean } from "../tensors/nearest.js";
import type { Tensors } from "../tensors/tensors.js";

/** A place in a model where a value passes through the hook, at every step. */
export interface Site {
  /** Dotted name, for example "write.0.weights". */
  readonly name: string;
  /** Names of the value's axes; the batch comes before them. */
  readonly axes: readonly string[];
  /** Lengths of those axes. */
  readonly shape: readonly number[];
  /** What the value is, in a few words, with its range. */
  readonly about: string;
}

/** Sees a value at a site and passes it on, or another value of the same shape in its place. */
export type Hook = (site: string, value: tf.Tensor) => tf.Tensor;

/** The hook that changes nothing. */
export const passOn: Hook = (_site, value) => value;

/**
 * A machine that reads a sequence step by step. Nothing is hidden: the state goes in and comes out, and the same
 * parameters, state and input give the same step.
 */
export interface Model {
  readonly name: string;
  /** Sizes and choices, as a checkpoint's metadata keeps them. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Width of one step's input and of its output. */
  readonly inputs: number;
  readonly outputs: number;
  /** How the output is read: independent bits through a sigmoid, or one of many through a softmax. */
  readonly activation: "sigmoid" | "softmax";
  readonly sites: readonly Site[];
  /** Names and shapes of the parameters. */
  readonly shapes: Readonly<Record<string, readonly number[]>>;
  /** Parameters that training leaves as they are. */
  readonly fixed: readonly string[];
  /** New parameters, drawn from the seed; the caller disposes of them. */
  parameters(seed: number): Tensors;
  /** The state before the first step. */
  start(parameters: Tensors, batch: number): Tensors;
  /**
   * One step.
   *
   * @param input [batch, inputs]
   * @returns the next state, and the output before its activation (logits) [batch, outputs]
   */
  step(parameters: Tensors, state: Tensors, input: tf.Tensor, hook: Hook): { state: Tensors; logits: tf.Tensor };
}

/**
 * The sites that a list of patterns names, in the model's order; `*` stands for any characters, so `"*"` is every site
 * and `"read.*.weights"` the weights of every read head.
 *
 * @throws if a pattern names no site: a mistyped name is an error, not an empty result.
 */
export function sitesMatching(model: Model, patterns: readonly string[]): readonly Site[] {
  const chosen = new Set<Site>();
  for (const pattern of patterns) {
    const parts = pattern.split(/\*+/).map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
    const expression = new RegExp(`^${parts.join(".*")}$`);
    const matching = model.sites.filter((site) => expression.test(site.name));
    if (matching.length === 0) throw unknownSite(model, pattern);
    for (const site of matching) chosen.add(site);
  }
  return model.sites.filter((site) => chosen.has(site));
}

/** The error for a site that a model has not. */
export function unknownSite(model: Model, name: string): Error {
  const names = model.sites.map((site) => site.name);
  return new Error(`${model.name} has no site "${name}"${didYouMean(name, names)}; its sites are ${names.join(", ")}.`);
}
