// Arrays without numbers, computed operation by operation: TensorFlow.js's WebAssembly kernels read what happens to be in memory.
import * as tf from "@tensorflow/tfjs-core";
import { expect, test } from "vitest";
import { useBackend } from "../../src/tensors/backend.js";

const operations: Record<string, (x: tf.Tensor) => tf.Tensor> = {
  "a sum": (x) => tf.sum(x, 1),
  "a sum that keeps its axis": (x) => tf.sum(x, 1, true),
  "a product": (x) => tf.prod(x, 1),
  "a largest": (x) => tf.max(x, 1),
  "a smallest": (x) => tf.min(x, 1),
  "a mean": (x) => tf.mean(x, 1),
  any: (x) => tf.any(tf.cast(x, "bool"), 1),
  "a place": (x) => tf.argMax(x, 1),
  "a matrix product": (x) => tf.matMul(x, tf.zeros([0, 3])),
  "a softmax": (x) => tf.softmax(x),
  "a gradient": (x) => tf.grad((y: tf.Tensor) => tf.sum(tf.matMul(y, tf.zeros([0, 3]))))(x),
  "a join": (x) => tf.concat([x, tf.ones([2, 2])], 1),
  "a border": (x) =>
    tf.pad(
      x,
      [
        [0, 0],
        [1, 1],
      ],
      7,
    ),
};

test.each(Object.entries(operations))("%s over an empty axis is the same on wasm as on cpu", async (_, compute) => {
  const found: unknown[] = [];
  for (const backend of ["cpu", "wasm"] as const) {
    await useBackend(backend);
    const dirty = Array.from({ length: 8 }, () => tf.fill([64], 9)); // what a kernel would read that looks beside its input
    tf.dispose(dirty);
    const before = tf.engine().backend.numDataIds();
    const result = tf.tidy(() => compute(tf.zeros([2, 0])));
    const [values, shape] = [[...result.dataSync()], result.shape];
    result.dispose();
    found.push({ values, shape, left: tf.engine().backend.numDataIds() - before });
  }
  expect(found[1]).toEqual(found[0]);
});

test("an operation that is refused leaves nothing behind", async () => {
  await useBackend("wasm");
  const backends = ["wasm", "cpu"].map((name) => tf.findBackend(name));
  const [x, index] = [tf.zeros([0, 2]), tf.tensor1d([0], "int32")];
  const held = () => backends.map((backend) => backend.numDataIds());
  const before = held();
  expect(() => tf.tidy(() => tf.gather(x, index))).toThrow("not in [0, -1]");
  expect(held()).toEqual(before);
});
