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
    const compiled = compile(({ x }) => ({ y: tf.atan(x as tf.Tensor) }));
    expect(numbers(compiled({ x: tf.tensor1d([0, 0]) }))).toEqual({ y: [0, 0] });
    expect(compiled.refusal()).toMatch(/The operation Atan is not among those that can be replayed/);
  });

  test("that is given integers runs as it is", () => {
    const compiled = compile(({ x }) => ({ y: tf.add(x as tf.Tensor, tf.scalar(1, "int32")) }));
    expect(compiled({ x: tf.tensor1d([1, 2], "int32") }).y?.dtype).toBe("int32");
    expect(compiled.refusal()).toMatch(/The argument 1\.x is int32; only float32 is replayed/);
  });

  test("passes on the function's own errors and leaves the backend as it was", () => {
    const { random } = Math;
    const compiled = compile(() => {
      throw new Error("mine");
    });
    expect(() => compiled()).toThrow("mine");
    expect(tf.getBackend()).toBe("cpu");
    expect(Math.random).toBe(random);
  });

  test.each<[string, (x: tf.Tensor) => tf.Tensor]>([
    ["dropout", (x) => tf.dropout(x, 0.5)],
    ["randomNormal", (x) => tf.add(x, tf.randomNormal(x.shape))],
    ["randomUniform", (x) => tf.add(x, tf.randomUniform(x.shape))],
    ["truncatedNormal", (x) => tf.add(x, tf.truncatedNormal(x.shape))],
    ["randomGamma", (x) => tf.add(x, tf.randomGamma(x.shape, 2))],
    ["multinomial", (x) => tf.cast(tf.multinomial(x as tf.Tensor1D, 100), "float32")],
    ["Math.random", (x) => tf.mul(x, Math.random())],
  ])("that draws by %s says so and draws anew at each call", (_how, draw) => {
    const { random } = Math;
    const compiled = compile(draw);
    const x = tf.ones([100]);
    const [one, other] = [compiled(x), compiled(x)].map((tensor) => [...tensor.dataSync()]);
    expect(one).not.toEqual(other);
    expect(compiled.refusal()).toMatch(/A random number is drawn/);
    expect(Math.random).toBe(random);
  });

  test("that draws with a seed is replayed: it draws the same each time", () => {
    const draw = (x: tf.Tensor) =>
      tf.addN([tf.dropout(x, 0.5, undefined, 7), tf.randomNormal(x.shape, 0, 1, "float32", 7)]);
    const compiled = compile(draw);
    const x = tf.ones([20]);
    for (let round = 0; round < 2; round++) expect([...compiled(x).dataSync()]).toEqual([...draw(x).dataSync()]);
    expect(compiled.refusal()).toBeUndefined();
  });

  test("takes and gives tensors, lists and records, as its function does", () => {
    const [a, b] = [tf.tensor1d([1, 2]), tf.tensor1d([10, 20])];
    const sum = compile((x: tf.Tensor1D, y: tf.Tensor1D) => tf.add<tf.Tensor1D>(x, y));
    const first: tf.Tensor1D = sum(a, b);
    expect([...first.dataSync()]).toEqual([11, 22]);
    expect([...sum(b, b).dataSync()]).toEqual([20, 40]);
    const turned = compile((list: tf.Tensor[], { by }: { by: tf.Tensor }) =>
      list.map((one) => tf.mul(one, by)).reverse(),
    );
    expect(turned([a, b], { by: a }).map((one) => [...one.dataSync()])).toEqual([
      [10, 40],
      [1, 4],
    ]);
    expect(turned([a], { by: b }).length).toBe(1);
    expect(compile(() => [])()).toEqual([]);
    for (const one of [sum, turned]) expect(one.refusal()).toBeUndefined();
  });

  test("gives results of the type that its function gives", () => {
    const compiled = compile((x: tf.Tensor) => ({ place: tf.argMax(x), above: tf.greater(x, 1), sum: tf.sum(x) }));
    const { place, above, sum } = compiled(tf.tensor1d([1, 3, 2]));
    expect([place.dtype, above.dtype, sum.dtype]).toEqual(["int32", "bool", "float32"]);
    expect([...above.dataSync()]).toEqual([0, 1, 1]);
  });

  test("refuses what is no tensor, and says what to give", () => {
    const compiled = compile((x: tf.Tensor) => x);
    expect(() => compiled(3 as never)).toThrow(/The argument 1 of a compiled function is 3; give a tensor, a list/);
    expect(() => compiled({ x: [1] } as never)).toThrow(/The argument 1\.x of a compiled function is a list/);
    expect(() => compile((_: tf.Tensor) => [[1]] as never)(tf.scalar(1))).toThrow(/The result\[0\] of .* is a list/);
    expect(tf.getBackend()).toBe("cpu");
  });

  test("falls back to the backend's own error where it gathers from outside", () => {
    const compiled = compile((x: tf.Tensor) => tf.gather(x, [0, 5]));
    expect(() => compiled(tf.tensor1d([1, 2]))).toThrow(/5 is not in \[0, 1\]/);
    expect(compiled.refusal()).toMatch(/The index 5 is none of the axis of length 2/);
  });

  test("that divides broken numbers into whole ones, or meets an integer that float32 does not hold, runs as it is", () => {
    const floored = compile((x: tf.Tensor) => tf.floorDiv(x, tf.scalar(2)));
    expect(floored(tf.tensor1d([5.9999995])).dataSync()[0]).toBe(2);
    expect(floored.refusal()).toMatch(/FloorDiv can be replayed of int32 only/);
    const large = compile((x: tf.Tensor) => tf.add(tf.cast(x, "int32"), tf.scalar(2 ** 24 + 1, "int32")));
    expect(large(tf.tensor1d([1])).dataSync()[0]).toBe(2 ** 24 + 2);
    expect(large.refusal()).toMatch(/An integer beyond 16,777,216/);
  });

  test("takes sines of constants, and of nothing else", () => {
    const places = compile((x: tf.Tensor) => tf.add(x, tf.sin(tf.mul(tf.range(0, 3), 1))));
    expect(places(tf.zeros([3])).dataSync()[1]).toBeCloseTo(Math.sin(1), 6);
    const wave = compile(tf.cos as (x: tf.Tensor) => tf.Tensor);
    expect(wave(tf.scalar(2)).dataSync()[0]).toBeCloseTo(Math.cos(2), 6);
    expect(places.refusal()).toBeUndefined();
    expect(wave.refusal()).toMatch(/The operation Cos can be replayed of constants only/);
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

  test("that draws a random number runs as it is, and draws anew at each step", () => {
    const process = replayedProcess((state, inputs) => {
      const { x } = inputs as { x: tf.Tensor };
      return advance(state, { x: tf.dropout(x, 0.5) });
    }, initial);
    const ones = given(...Array(200).fill(1));
    const before = Array.from({ length: 4 }, () => process.advance(ones).twice?.data[0] as number);
    const added = before.map((sum, at) => sum - (before[at - 1] ?? 0));
    expect(new Set(added).size).toBeGreaterThan(1);
    expect(process.refusal()).toMatch(/A random number is drawn/);
    process.dispose();
  });
});
