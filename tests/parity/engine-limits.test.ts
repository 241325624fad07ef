// Where the engine ends: what it cannot replay, and what must then still be computed as TensorFlow.js does.
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, test } from "vitest";
import { eagerProcess } from "../../src/engine/eager-process.js";
import { replayedProcess } from "../../src/engine/process.js";
import { useBackend } from "../../src/tensors/backend.js";
import { type Tensors, tensorOf } from "../../src/tensors/tensors.js";

beforeAll(() => useBackend("cpu"));

describe("a process whose state does not stay as it began", () => {
  const initial = { m: { shape: [], data: Float32Array.of(0) } };
  const x = { shape: [3], data: Float32Array.of(1, 2, 3) };
  const sumOf = (m: tf.Tensor) => ({ sum: tf.sum(m) });
  const advances: Record<string, (state: Tensors, inputs: Tensors) => { state: Tensors; outputs: Tensors }> = {
    "but changes its shape": (state, inputs) => {
      const m = tf.add(tensorOf(state, "m"), tensorOf(inputs, "x"));
      return { state: { m }, outputs: sumOf(m) };
    },
    "but gets another value": (state, inputs) => {
      const m = tf.add(tensorOf(state, "m"), tf.sum(tensorOf(inputs, "x")));
      return { state: { m, other: m }, outputs: sumOf(tf.add(m, state.other ?? 0)) };
    },
  };

  test.each(Object.entries(advances))("%s goes on as it is", (_, advance) => {
    const [replayed, eager] = [replayedProcess, eagerProcess].map((start) => {
      const process = start(advance, initial);
      const sums = [1, 2, 3].map(() => process.advance({ x }).sum?.data[0]);
      return { sums, state: process.state(), before: process.state("before"), refusal: process.refusal() };
    });
    expect(replayed).toEqual({ ...eager, refusal: expect.stringMatching(/^The state of the process changes/) });
  });

  test("but loses a value, fails as it does eagerly", () => {
    const process = replayedProcess((state) => ({ state: {}, outputs: sumOf(tensorOf(state, "m")) }), initial);
    expect(process.advance({}).sum?.data[0]).toBe(0);
    expect(() => process.advance({})).toThrow(/"?m"?/);
  });
});
