import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import { compile } from "../../src/engine/compile.js";
import { eagerProcess } from "../../src/engine/eager-process.js";
import { replayedProcess } from "../../src/engine/process.js";
import { useBackend } from "../../src/tensors/backend.js";
import type { Tensors } from "../../src/tensors/tensors.js";

beforeAll(() => useBackend("cpu"));

let calls = 0;
beforeEach(() => {
  calls = 0;
});
const numbers = (tensors: Tensors) =>
  Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, [...tensor.dataSync()]]));

describe("a compiled function", () => {
  const twice = ({ x }: Tensors): Tensors => {
    calls++;
    return { y: tf.add(tf.mul(x as tf.Tensor, 2), 1) };
  };

  test("runs its function once for every shape, and replays it with other numbers", () => {
    const compiled = compile(twice);
    expect(numbers(compiled({ x: tf.tensor1d([1, 2, 3]) }))).toEqual({ y: [3, 5, 7] });
    expect(numbers(compiled({ x: tf.tensor1d([4, 5, 6]) }))).toEqual({ y: [9, 11, 13] });
    expect(calls).toBe(1);
    expect(compiled({ x: tf.tensor2d([[1, 2]]) }).y?.shape).toEqual([1, 2]);
    expect(numbers(compiled({ x: tf.tensor1d([0, 0, 1]) }))).toEqual({ y: [1, 1, 3] });
    expect(calls).toBe(2);
    expect(compiled.refusal()).toBeUndefined();
  });

  test("gives new tensors on the backend that was in use, and leaves none behind", () => {
    const compiled = compile(twice);
    const x = tf.tensor1d([1, 2, 3]);
    compiled({ x }).y?.dispose();
    const before = tf.memory().numTensors;
    const { y } = compiled({ x });
    expect(tf.memory().numTensors).toBe(before + 1);
    expect(tf.getBackend()).toBe("cpu");
    expect([...(tf.neg(y as tf.Tensor).dataSync() as Float32Array)]).toEqual([-3, -5, -7]);
    expect([...x.dataSync()]).toEqual([1, 2, 3]);
  });

  test("takes other tensors that it uses as they are, and leaves them usable", () => {
    const weights = tf.tensor1d([1, 10, 100]);
    const compiled = compile(({ x }) => ({ y: tf.mul(x as tf.Tensor, weights) }));
    expect(numbers(compiled({ x: tf.tensor1d([1, 2, 3]) }))).toEqual({ y: [1, 20, 300] });
    expect([...tf.add(weights, 1).dataSync()]).toEqual([2, 11, 101]);
    // A second recording meets them again.
    expect(numbers(compiled({ x: tf.tensor2d([[3, 2, 1]]) }))).toEqual({ y: [3, 20, 100] });
    const other = compile(({ x }) => ({ y: tf.sub(weights, x as tf.Tensor) }));
    expect(numbers(other({ x: tf.tensor1d([1, 2, 3]) }))).toEqual({ y: [0, 8, 97] });
  });

  test("can return an input, a view, a constant and one value under two names", () => {
    const compiled = compile(({ x }) => {
      const turned = tf.transpose(x as tf.Tensor);
      return { x: x as tf.Tensor, turned, again: turned, ones: tf.ones([2]), flat: tf.reshape(x as tf.Tensor, [4]) };
    });
    const x = tf.tensor2d([
      [1, 2],
      [3, 4],
    ]);
    const wanted = { x: [1, 2, 3, 4], turned: [1, 3, 2, 4], again: [1, 3, 2, 4], ones: [1, 1], flat: [1, 2, 3, 4] };
    expect(numbers(compiled({ x }))).toEqual(wanted);
  });

  test("that reads a value on the way says so and runs as it is, right every time", () => {
    const compiled = compile(({ x }) => {
      const positive = (tf.sum(x as tf.Tensor).dataSync()[0] as number) > 0;
      return { y: positive ? tf.add(x as tf.Tensor, 1) : tf.neg(x as tf.Tensor) };
    });
    expect(numbers(compiled({ x: tf.tensor1d([1, 2]) }))).toEqual({ y: [2, 3] });
    expect(numbers(compiled({ x: tf.tensor1d([-1, -2]) }))).toEqual({ y: [1, 2] });
    expect(compiled.refusal()).toMatch(/A value is read before the function ends/);
    expect(tf.getBackend()).toBe("cpu");
  });

  test("that uses an operation the recorder does not know names it and runs as it is", () => {
    const compiled = compile(({ x }) => ({ y: tf.cumsum(x as tf.Tensor) }));
    expect(numbers(compiled({ x: tf.tensor1d([1, 2, 3]) }))).toEqual({ y: [1, 3, 6] });
    expect(compiled.refusal()).toMatch(/The operation Cumsum is not among those that can be replayed/);
  });

  test("that is given integers runs as it is", () => {
    const compiled = compile(({ x }) => ({ y: tf.add(x as tf.Tensor, tf.scalar(1, "int32")) }));
    expect(compiled({ x: tf.tensor1d([1, 2], "int32") }).y?.dtype).toBe("int32");
    expect(compiled.refusal()).toMatch(/"x" is int32/);
  });

  test("passes on the function's own errors and leaves the backend as it was", () => {
    const compiled = compile(() => {
      throw new Error("mine");
    });
    expect(() => compiled({ x: tf.scalar(1) })).toThrow("mine");
    expect(tf.getBackend()).toBe("cpu");
  });

  test("may read what is constant", () => {
    const compiled = compile(({ x }) => ({ y: tf.mul(x as tf.Tensor, tf.scalar(3).dataSync()[0] as number) }));
    expect(numbers(compiled({ x: tf.tensor1d([1, 2]) }))).toEqual({ y: [3, 6] });
    expect(compiled.refusal()).toBeUndefined();
  });
});

describe("a process", () => {
  const advance = (state: Tensors, { x }: Tensors) => {
    calls++;
    const sum = tf.add(state.sum as tf.Tensor, tf.sum(x as tf.Tensor));
    // What was the sum becomes the state "last": a state that is another's old value.
    return { state: { sum, last: state.sum as tf.Tensor }, outputs: { twice: tf.mul(sum, 2) } };
  };
  const initial = {
    sum: { shape: [], data: Float32Array.of(0) },
    last: { shape: [], data: Float32Array.of(-1) },
  };
  const given = (...data: number[]) => ({ x: { shape: [data.length], data: Float32Array.from(data) } });

  test.each([
    ["replayed", replayedProcess],
    ["eager", eagerProcess],
  ] as const)("goes on from its state, %s", (_how, start) => {
    const process = start(advance, initial);
    expect(process.advance(given(1, 2)).twice?.data[0]).toBe(6);
    expect(process.advance(given(3)).twice?.data[0]).toBe(12);
    expect(process.advance(given(1, 1)).twice?.data[0]).toBe(16);
    const values = (when: "now" | "before") => Object.values(process.state(when)).map(({ data }) => data[0]);
    expect(values("now")).toEqual([8, 6]);
    expect(values("before")).toEqual([6, 3]);
    process.advance(given(5), () => false);
    expect(values("now")).toEqual([8, 6]);
    expect(values("before")).toEqual([6, 3]);
    process.dispose();
  });

  test("is recorded once for every shape of its inputs", () => {
    const process = replayedProcess(advance, initial);
    for (let round = 0; round < 5; round++)
      for (const one of [given(1), given(1, 2), given(1, 2, 3)]) process.advance(one);
    expect(calls).toBe(3);
    expect(process.state().sum?.data[0]).toBe(50);
    expect(process.refusal()).toBeUndefined();
  });

  test("that cannot be recorded runs as it is and says why", () => {
    const process = replayedProcess((state, inputs) => {
      (inputs.x as tf.Tensor).dataSync();
      return advance(state, inputs);
    }, initial);
    expect(process.advance(given(1, 2)).twice?.data[0]).toBe(6);
    expect(process.advance(given(3)).twice?.data[0]).toBe(12);
    expect(process.refusal()).toMatch(/A value is read/);
    process.dispose();
  });
});
