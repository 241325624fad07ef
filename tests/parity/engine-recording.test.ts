// What a recorded function may use and say: tensors from outside, variables, axes, lengths and types, as TensorFlow.js has them.
import * as tf from "@tensorflow/tfjs-core";
import { describe, expect, test } from "vitest";
import { compile } from "../../src/engine/compile.js";
import { useBackend } from "../../src/tensors/backend.js";

await useBackend("cpu");

type Compute = (x: tf.Tensor) => tf.Tensor | tf.Tensor[];

const told = (result: tf.Tensor | tf.Tensor[]) =>
  [result].flat().map((one) => ({ values: [...one.dataSync()], shape: one.shape, dtype: one.dtype }));

/** The first and the second call, and a call after one of another shape, give what the function gives by itself. */
function expectAlike(compute: Compute, x: tf.Tensor, isReplayed = true): void {
  const compiled = compile(compute as (x: tf.Tensor) => tf.Tensor[]);
  for (const _ of ["recorded", "replayed"]) {
    const found = told(compiled(x));
    const wanted = told(compute(x));
    expect(found.map(({ shape, dtype }) => ({ shape, dtype }))).toEqual(
      wanted.map(({ shape, dtype }) => ({ shape, dtype })),
    );
    found.forEach(({ values }, index) => {
      values.forEach((value, at) => {
        const exact = wanted[index]?.values[at] as number;
        if (!Object.is(value, exact)) expect(value).toBeCloseTo(exact, 5);
        if (exact === 0) expect(value).toBe(exact);
      });
    });
  }
  expect(compiled.refusal() === undefined).toBe(isReplayed);
}

const numbers = (...shape: number[]): tf.Tensor =>
  tf.add(
    tf.reshape(
      tf.range(
        0,
        shape.reduce((size, one) => size * one, 1),
      ),
      shape,
    ),
    0.5,
  );

const list = tf.tensor1d([1, 2, 3]);
const column = tf.expandDims(list, 1);
const seen = tf.reshape(tf.reshape(tf.range(0, 6), [2, 3]), [3, 2]);
const variable = tf.variable(tf.reshape(tf.tensor2d([[1, 2, 3]]), [3, 1]));

describe("a tensor from outside keeps its own shape, where another has the same numbers", () => {
  test.each<[string, Compute]>([
    ["a column of a list", (x) => tf.mul(x, tf.expandDims(list, 1))],
    ["a column that was made before", (x) => tf.mul(x, column)],
    ["a matrix seen in another shape", (x) => tf.matMul(x, seen)],
    ["both at once", (x) => tf.add(tf.mul(x, column), list)],
    ["a variable", (x) => tf.mul(x, variable)],
  ])("%s", (_, compute) => expectAlike(compute, numbers(3, 3)));
});

describe("what cannot be recorded is left as it was", () => {
  test("a variable that is assigned: the function runs as it is, and the variable counts", () => {
    const count = tf.variable(tf.scalar(0));
    const counting = compile((x: tf.Tensor) => {
      count.assign(tf.add(count, 1));
      return tf.mul(x, count);
    });
    expect([1, 2, 3].map(() => counting(tf.scalar(1)).dataSync()[0])).toEqual([1, 2, 3]);
    expect(count.dataSync()[0]).toBe(3);
    expect(counting.refusal()).toMatch(/variable is assigned/);
  });

  test.each<[string, tf.Tensor]>([
    ["a whole number that float32 does not hold", tf.tensor1d([20_000_001, 1], "int32")],
    ["words", tf.tensor1d(["a", "b"])],
  ])("%s", (_, outside) => {
    const before = [...outside.dataSync()];
    const compute: Compute = (x) =>
      outside.dtype === "string" ? [x, outside] : tf.add(x, tf.cast(outside, "float32"));
    const compiled = compile(compute as (x: tf.Tensor) => tf.Tensor);
    for (const _ of ["once", "again"]) compiled(tf.zeros([2]));
    expect(compiled.refusal()).toBeDefined();
    expect([...outside.dataSync()]).toEqual(before);
  });

  test("a call with whole numbers runs as it is, and the next one with others is replayed", () => {
    const twice = compile((x: tf.Tensor) => tf.mul(x, tf.scalar(2, x.dtype as "int32")));
    expect([...twice(tf.tensor1d([3, 4], "int32")).dataSync()]).toEqual([6, 8]);
    expect(twice.refusal()).toMatch(/is int32; only float32 is replayed/);
    expect([...twice(tf.tensor1d([1.5])).dataSync()]).toEqual([3]);
    expect(twice.refusal()).toBeUndefined();
  });

  test("a function that waits is refused with a sentence", () => {
    const waiting = compile((async (x: tf.Tensor) => x) as never) as (x: tf.Tensor) => unknown;
    expect(() => waiting(tf.zeros([1]))).toThrow(/result of a compiled function is a promise/);
  });
});

describe("axes and lengths", () => {
  test.each<[string, Compute]>([
    ["split along the last axis, counted from the end", (x) => tf.split(x, 3, -1)],
    ["split by lengths, one of them left open", (x) => tf.split(x, [1, -1], 1)],
    ["stack along the last axis", (x) => tf.stack([x, tf.neg(x)], -1)],
    ["unstack along the last axis", (x) => tf.unstack(x, -1)],
    ["the gradient of unstack", (x) => tf.grad((y: tf.Tensor) => tf.sum(tf.unstack(y, -1)[1] as tf.Tensor))(x)],
    ["sums over axes counted from the end", (x) => [tf.sum(x, -1), tf.max(x, [-1, 0]), tf.argMax(x, -1)]],
    ["concat along the last axis", (x) => tf.concat([x, tf.neg(x)], -1)],
    ["gather and reverse along the last axis", (x) => [tf.gather(x, [2, 0], -1), tf.reverse(x, -1)]],
    ["slices of which a length is left open", (x) => [tf.slice(x, 1), tf.slice(x, [0, 1], [-1, 2])]],
    [
      "ranges up, down and by halves",
      () => [tf.range(5, 0.5), tf.range(0, 1, 0.25), tf.range(5, 1, 0.5), tf.range(3, 3)],
    ],
  ])("%s", (_, compute) => expectAlike(compute, numbers(2, 3)));

  test.each<[string, Compute]>([
    ["a sum over an axis that is not there", (x) => tf.sum(x, 2)],
    ["a largest along one", (x) => tf.max(x, [0, 5])],
    ["an index of the largest along one", (x) => tf.argMax(x, -3)],
    ["a gather along one", (x) => tf.gather(x, [0], 2)],
    ["a split into lengths that do not fit", (x) => tf.split(x, [2, 2], 1)],
    ["a split that leaves some over", (x) => tf.split(x, [1, 1], 1)],
    ["a split that does not divide", (x) => tf.split(x, 2, 1)],
    ["a slice from before the beginning", (x) => tf.slice(x, [-1, 0], [1, 1])],
    ["a slice of a length that is not there", (x) => tf.slice(x, [0, 2], [1, 2])],
  ])("%s is refused, as it is operation by operation", (_, compute) => {
    expect(() => compute(numbers(2, 3))).toThrow();
    expect(() => compile(compute as (x: tf.Tensor) => tf.Tensor[])(numbers(2, 3))).toThrow();
  });

  test("a slice from half a place reads nothing that is beside", () => {
    expectAlike((x) => tf.mul(tf.slice(x, [0.5], [1]), 1), numbers(4), false);
  });
});

describe("types of results", () => {
  const whole = tf.tensor1d([1, 0, 2], "int32");
  test.each<[string, Compute, boolean]>([
    ["where of two types", (x) => tf.where(tf.greater(x, 1), x, tf.zeros([3], "int32")), false],
    ["concat of two types", (x) => tf.concat([x, tf.ones([2], "int32")]), false],
    ["arithmetic of booleans", (x) => tf.cast(tf.sub(tf.less(x, 0), tf.greater(x, 0)), "float32"), false],
    [
      "a power of whole numbers",
      () => tf.pow(tf.tensor1d([11, -11, 2, -3], "int32"), tf.tensor1d([6, 6, -1, 3], "int32")),
      true,
    ],
    ["a fill that is cut", (x) => tf.mul(x, tf.cast(tf.fill([3], 1.5, "int32"), "float32")), true],
    ["zeros of whole numbers have no sign", (x) => tf.div(x, tf.cast(tf.neg(tf.mul(whole, 0)), "float32")), true],
    [
      "clipping, rounding and adding keep the sign of zero",
      () => tf.div(1, tf.clipByValue(tf.round(tf.neg(tf.zeros([3]))), 0, 1)),
      true,
    ],
    ["sums of −0 are 0", () => tf.div(1, tf.addN([tf.neg(tf.zeros([3])), tf.neg(tf.zeros([3]))])), true],
    ["elu near zero", (x) => tf.mul(1e5, tf.elu(tf.mul(x, -1e-8))), true],
  ])("%s", (_, compute, isReplayed) => expectAlike(compute, tf.tensor1d([0.5, 1.5, 2.5]), isReplayed));
});
