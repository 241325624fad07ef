import * as tf from "@tensorflow/tfjs-core";
import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { type ArrayInput, toNamedArray } from "../../src/tensors/array-input.js";
import { useBackend } from "../../src/tensors/backend.js";
import { namedArray, sizeOf } from "../../src/tensors/named-array.js";

beforeAll(() => useBackend("cpu"));

const shapes = fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 1, maxLength: 4 });
const arrays = shapes.chain((shape) => {
  const size = sizeOf(shape);
  return fc.record({ shape: fc.constant(shape), data: fc.float32Array({ minLength: size, maxLength: size }) });
});

describe("toNamedArray", () => {
  test("makes one array of a tensor, of nested arrays and of data with a shape, and keeps every value", () => {
    fc.assert(
      fc.property(arrays, ({ shape, data }) => {
        const axes = shape.map((_, index) => `axis ${index}`);
        const wanted = namedArray("x", axes, shape, data);
        expect(toNamedArray({ shape, data }, "x", [])).toEqual(wanted);
        expect(toNamedArray({ shape, data: [...data] }, "x", [])).toEqual(wanted);
        const tensor = tf.tensor(data, shape, "float32");
        expect(toNamedArray(tensor, "x", [])).toEqual(wanted);
        if (data.length > 0) {
          expect(toNamedArray(tensor.arraySync() as ArrayInput, "x", [])).toEqual(wanted);
        }
        expect(tensor.isDisposed).toBe(false);
        tensor.dispose();
      }),
    );
  });

  test("reads tensors of whole numbers and booleans, scalars and variables", () => {
    const read = (tensor: tf.Tensor): number[] => [...toNamedArray(tensor, "x", []).data];
    expect(read(tf.tensor([3, -1], [2], "int32"))).toEqual([3, -1]);
    expect(read(tf.tensor([true, false], [2], "bool"))).toEqual([1, 0]);
    expect(read(tf.variable(tf.tensor([0.5])))).toEqual([0.5]);
    expect(toNamedArray(tf.scalar(2), "x", [])).toEqual(namedArray("x", [], [], [2]));
  });

  test("reads typed arrays of every kind, alone and as rows", () => {
    const kinds = [Int8Array, Uint8Array, Int16Array, Uint16Array, Int32Array, Uint32Array, Float32Array, Float64Array];
    for (const kind of kinds) {
      expect(toNamedArray(kind.of(1, 2, 3), "x", ["slot"])).toEqual(namedArray("x", ["slot"], [3], [1, 2, 3]));
      const rows = [kind.of(1, 2), kind.of(3, 4)];
      expect(toNamedArray(rows, "x", ["a", "b"])).toEqual(namedArray("x", ["a", "b"], [2, 2], [1, 2, 3, 4]));
    }
  });

  test("leaves an array with names as it is, labels and all", () => {
    const array = namedArray("memory", ["slot"], [2], [1, 2], { slot: ["a", "b"] });
    expect(toNamedArray(array, "x", ["y"])).toBe(array);
  });

  test("names axes only where there is a name for each", () => {
    expect(toNamedArray([[1]], "x", ["query", "key"]).axes).toEqual(["query", "key"]);
    expect(toNamedArray([[1]], "x", ["query"]).axes).toEqual(["axis 0", "axis 1"]);
  });

  test("refuses what is nothing array-like, saying what was given", () => {
    const refuse =
      (input: unknown): (() => unknown) =>
      () =>
        toNamedArray(input as ArrayInput, "x", []);
    for (const [input, given] of [
      [undefined, "undefined"],
      [null, "null"],
      [3, "3"],
      ["abc", "text"],
      [{ rows: 1, columns: 2 }, "an object with rows, columns"],
      [new DataView(new ArrayBuffer(4)), "an object with nothing in it"],
      [{ shape: [1] }, "an object with shape"],
    ] as const) {
      expect(refuse(input)).toThrow(`"x" takes a NamedArray, a tensor, nested arrays of numbers`);
      expect(refuse(input)).toThrow(`but was given ${given}.`);
    }
  });

  test("refuses ragged arrays, values that are no numbers, and shapes that disagree", () => {
    const refuse =
      (input: unknown): (() => unknown) =>
      () =>
        toNamedArray(input as ArrayInput, "x", []);
    expect(refuse([[1, 2], [3]])).toThrow("1 elements stood where 2 elements was expected");
    expect(refuse([1, [2]])).toThrow("1 elements stood where a number was expected");
    expect(refuse([[1], 2])).toThrow("2 stood where 1 elements was expected");
    expect(refuse([1, "2"])).toThrow("numbers are needed, but value 1 is text");
    expect(refuse([1, null])).toThrow("value 1 is null");
    expect(refuse(BigInt64Array.of(1n))).toThrow("value 0 is a bigint");
    expect(refuse(tf.tensor(["a"], [1], "string"))).toThrow("value 0 is text");
    expect(refuse({ shape: [2, 2], data: [1, 2, 3] })).toThrow("the shape [2,2] holds 4 values, but 3 were given");
    expect(refuse({ shape: [-1, -1], data: [1] })).toThrow("lengths are whole numbers from 0");
    expect(refuse({ shape: [0.5, 2], data: [1] })).toThrow("lengths are whole numbers from 0");
    const wrong = { name: "m", axes: ["slot"], shape: [2], data: Float32Array.of(1) };
    expect(refuse(wrong)).toThrow('"m": the shape [2] holds 2 values, but 1 were given');
  });
});
