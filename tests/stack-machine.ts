import * as tf from "@tensorflow/tfjs-core";
import { drawParameters } from "../src/model/initialise.js";
import type { Model } from "../src/model/model.js";
import { linear, tensorOf } from "../src/tensors/tensors.js";

/** A machine that the library does not know: a GRU with a soft stack of `slots`, top first, as in notebooks/09-extend. */
export function stackMachine(inputs: number, units: number, slots: number, word: number): Model {
  const layer = (name: string, to: number, from: number) => ({
    [`${name}.weight`]: [to, from],
    [`${name}.bias`]: [to],
  });
  const sees = inputs + word + units;
  const shapes = {
    ...{ ...layer("gates", 2 * units, sees), ...layer("candidate", units, sees), ...layer("action", 3, units) },
    ...{ ...layer("value", word, inputs), ...layer("output", 2, units) },
  };
  const step: Model["step"] = (p, state, input, hook) => {
    const [before, memory] = [tensorOf(state, "hidden"), tensorOf(state, "memory")];
    const [top, below] = tf.split(memory, [1, -1], 1) as [tf.Tensor, tf.Tensor]; // of [batch, slot, word]
    const x = tf.concat([input, tf.squeeze(top, [1])], 1);
    const gates = tf.sigmoid(linear(p, "gates", tf.concat([x, before], 1)));
    const [update, reset] = tf.split(gates, 2, 1) as [tf.Tensor, tf.Tensor];
    const candidate = tf.tanh(linear(p, "candidate", tf.concat([x, tf.mul(reset, before)], 1)));
    const hidden = hook("hidden", tf.add(tf.mul(update, before), tf.mul(tf.sub(1, update), candidate)));
    const action = hook("action.weights", tf.softmax(linear(p, "action", hidden)));
    const [push, pop, keep] = tf.split(tf.expandDims(action, 2), 3, 1) as [tf.Tensor, tf.Tensor, tf.Tensor];
    const value = tf.expandDims(tf.sigmoid(linear(p, "value", input)), 1);
    const pushed = tf.slice(tf.concat([value, memory], 1), [0, 0, 0], memory.shape);
    const popped = tf.pad(below, [
      [0, 0],
      [0, 1],
      [0, 0],
    ]);
    const stack = tf.addN([tf.mul(push, pushed), tf.mul(pop, popped), tf.mul(keep, memory)]);
    return { state: { hidden, memory: hook("memory", stack) }, logits: linear(p, "output", hidden) };
  };
  return {
    ...{ name: "stack", metadata: {}, inputs, outputs: 2, activation: "softmax", shapes, fixed: [], step },
    sites: [
      { name: "hidden", axes: ["unit"], shape: [units], about: "the GRU's state, −1 to 1" },
      { name: "action.weights", axes: ["action"], shape: [3], about: "push, pop, keep; sum 1" },
      { name: "memory", axes: ["slot", "word"], shape: [slots, word], about: "the stack, top first" },
    ],
    parameters: (seed) => drawParameters(shapes, seed),
    start: (_, batch) => ({ hidden: tf.zeros([batch, units]), memory: tf.zeros([batch, slots, word]) }),
  };
}
