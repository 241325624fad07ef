import * as tf from "@tensorflow/tfjs-core";
import { sizeOf } from "../tensors/named-array.js";
import type { Tensors } from "../tensors/tensors.js";

/** Numbers and their shape: tensors as plain data, by their names. */
export type Arrays = Readonly<Record<string, { readonly shape: readonly number[]; readonly data: Float32Array }>>;

/**
 * Arrays one behind the other in one piece of storage: of a thousand small ones, making each takes longest. As long as names
 * and shapes are the same, the list is the same object.
 */
export interface Packed {
  readonly list: readonly { readonly name: string; readonly shape: readonly number[]; readonly start: number }[];
  readonly data: Float32Array;
}

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

export function packedFrom(tensors: Tensors): Packed {
  let size = 0;
  const list = Object.entries(tensors).map(([name, tensor]) => {
    const start = size;
    size += tensor.size;
    return { name, shape: tensor.shape, start };
  });
  const data = new Float32Array(size);
  for (const { name, start } of list) data.set((tensors[name] as tf.Tensor).dataSync(), start);
  return { list, data };
}

/** The arrays of a pack by their names; views of it. */
export function unpacked({ list, data }: Packed): Arrays {
  return Object.fromEntries(
    list.map(({ name, shape, start }) => [name, { shape, data: data.subarray(start, start + sizeOf(shape)) }]),
  );
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
