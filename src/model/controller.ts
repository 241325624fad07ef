import * as tf from "@tensorflow/tfjs-core";
import { linear, type Tensors, tensorOf } from "../tensors/tensors.js";
import type { Hook, Site } from "./model.js";

/** What drives the heads: an LSTM, which remembers, or one layer of tanh units, which does not. */
export type Controller = "lstm" | "feedforward";

/** Names and shapes of a controller's parameters. Gates of the LSTM stand in the order input, forget, cell, output. */
export function controllerShapes(kind: Controller, inputs: number, units: number): Record<string, readonly number[]> {
  if (kind === "feedforward") return { "controller.weight": [units, inputs], "controller.bias": [units] };
  return {
    "controller.weight_ih": [4 * units, inputs],
    "controller.weight_hh": [4 * units, units],
    "controller.bias_ih": [4 * units],
    "controller.bias_hh": [4 * units],
    "controller.hidden.init": [1, units],
    "controller.cell.init": [1, units],
  };
}

export function controllerSites(kind: Controller, units: number): Site[] {
  const site = (name: string, about: string): Site => ({ name, axes: ["unit"], shape: [units], about });
  const hidden = site("controller.hidden", "what the controller puts out, −1 to 1");
  return kind === "lstm" ? [site("controller.cell", "what the LSTM remembers"), hidden] : [hidden];
}

/** The controller's part of the state before the first step. */
export function controllerState(kind: Controller, parameters: Tensors, batch: number): Tensors {
  if (kind === "feedforward") return {};
  const repeat = (name: string) => tf.tile(tensorOf(parameters, `${name}.init`), [batch, 1]);
  return { "controller.hidden": repeat("controller.hidden"), "controller.cell": repeat("controller.cell") };
}

/**
 * One step of the controller.
 *
 * @param x [batch, inputs]
 * @returns its part of the next state; "controller.hidden" [batch, unit] is what the heads see
 */
export function controllerStep(
  kind: Controller,
  parameters: Tensors,
  state: Tensors,
  x: tf.Tensor,
  hook: Hook,
): Tensors {
  if (kind === "feedforward") {
    return { "controller.hidden": hook("controller.hidden", tf.tanh(linear(parameters, "controller", x))) };
  }
  const part = (name: string) => tensorOf(parameters, `controller.${name}`) as tf.Tensor2D;
  const fromInput = tf.add(tf.matMul(x as tf.Tensor2D, part("weight_ih"), false, true), part("bias_ih"));
  const previous = tensorOf(state, "controller.hidden") as tf.Tensor2D;
  const fromHidden = tf.add(tf.matMul(previous, part("weight_hh"), false, true), part("bias_hh"));
  const [input, forget, candidate, output] = tf.split(tf.add(fromInput, fromHidden), 4, 1) as [
    tf.Tensor,
    tf.Tensor,
    tf.Tensor,
    tf.Tensor,
  ];
  const kept = tf.mul(tf.sigmoid(forget), tensorOf(state, "controller.cell"));
  const cell = hook("controller.cell", tf.add(kept, tf.mul(tf.sigmoid(input), tf.tanh(candidate))));
  const hidden = hook("controller.hidden", tf.mul(tf.sigmoid(output), tf.tanh(cell)));
  return { "controller.cell": cell, "controller.hidden": hidden };
}
