import * as tf from "@tensorflow/tfjs-core";
import type { Tensors } from "../tensors/tensors.js";

/** Numbers and their shape: tensors as plain data, by their names. */
export type Arrays = Readonly<Record<string, { readonly shape: readonly number[]; readonly data: Float32Array }>>;

export type Shapes = Readonly<Record<string, readonly number[]>>;

export function shapesOf(arrays: Arrays): Shapes {
  return mapEntries(arrays, ({ shape }) => shape);
}

export function tensorsFrom(arrays: Arrays): Record<string, tf.Tensor> {
  return mapEntries(arrays, ({ shape, data }) => tf.tensor(data, [...shape], "float32"));
}

export function cloned(tensors: Tensors): Record<string, tf.Tensor> {
  return mapEntries(tensors, (tensor) => tf.clone(tensor));
}

export function arraysFrom(tensors: Tensors): Arrays {
  return mapEntries(tensors, (tensor) => ({ shape: tensor.shape, data: Float32Array.from(tensor.dataSync()) }));
}

export function mapEntries<A, B>(
  record: Readonly<Record<string, A>>,
  change: (value: A, name: string) => B,
): Record<string, B> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, change(value, name)]));
}

export function mapNames<A>(record: Readonly<Record<string, A>>, change: (name: string) => string): Record<string, A> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [change(name), value]));
}
