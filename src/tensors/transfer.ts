import * as tf from "@tensorflow/tfjs-core";
import { type NamedArray, namedArray } from "./named-array.js";

/** Copy a tensor out of the engine, naming its axes. Works on every backend that can be read at once (all of ours). */
export function fromTensor(tensor: tf.Tensor, name: string, axes: readonly string[]): NamedArray {
  return namedArray(name, axes, [...tensor.shape], Float32Array.from(tensor.dataSync()));
}

/** Copy an array into the engine; the caller disposes of the tensor. */
export function toTensor(array: Pick<NamedArray, "data" | "shape">): tf.Tensor {
  return tf.tensor(array.data, [...array.shape], "float32");
}
