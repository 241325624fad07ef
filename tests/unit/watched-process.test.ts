import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, test } from "vitest";
import { type Arrays, unpacked } from "../../src/engine/arrays.js";
import { type Advance, eagerProcess } from "../../src/engine/eager-process.js";
import { replayedProcess } from "../../src/engine/process.js";
import { useBackend } from "../../src/tensors/backend.js";

beforeAll(() => useBackend("cpu"));

const numbers = (length: number, start: number) => Float32Array.from({ length }, (_, i) => Math.sin(start + i));
const initial: Arrays = { w: { shape: [8, 8], data: numbers(64, 1) } };
const given = (start: number): Arrays => ({ x: { shape: [8, 8], data: numbers(64, start) } });

/** A step whose values are each of another fate: summed with others, computed anew where read, never needed, a view. */
const advance: Advance = ({ w }, { x }, watched) => {
  const [weights, input] = [w as tf.Tensor, x as tf.Tensor];
  const product = tf.matMul(input, weights); // one step with the sum that follows
  const sum = tf.add(product, tf.sum(input));
  const wide = tf.add(tf.reshape(tf.sum(weights, 1), [8, 1]), tf.zeros([8, 64])); // cheap, and larger than its source
  const next = tf.tanh(tf.add(sum, tf.slice(tf.mul(wide, 2), [0, 0], [8, 8])));
  const total = tf.sum(tf.mul(next, tf.sigmoid(sum)));
  const shown = {
    ...{ product, sum, wide, next, total, input, turned: tf.transpose(wide), constant: tf.ones([3]), old: weights },
    ...{
      unneeded: tf.matMul(tf.slice(wide, 0, 2), tf.exp(tf.transpose(wide))),
      row: tf.slice(next, 1, 2),
      again: next,
    },
  };
  return { state: { w: next }, outputs: { total }, ...(watched && { shown }) };
};
const bits = (arrays: Arrays) =>
  Object.entries(arrays).map(([name, { data }]) => [name, [...new Int32Array(data.buffer)]]);
const copied = (arrays: Arrays): Arrays =>
  Object.fromEntries(Object.entries(arrays).map(([name, { shape, data }]) => [name, { shape, data: data.slice() }]));

describe.each([
  ["replayed", replayedProcess],
  ["eager", eagerProcess],
] as const)("a process that is watched, %s", (how, start) => {
  test("goes the same way to the bit, whether each step is watched or not", () => {
    const [watched, alone] = [start(advance, initial), start(advance, initial)];
    for (let step = 0; step < 6; step++) {
      const seen = step % 3 === 0 ? undefined : () => {};
      expect(bits(watched.advance(given(step), undefined, seen))).toEqual(bits(alone.advance(given(step))));
      expect(bits(watched.state())).toEqual(bits(alone.state()));
    }
    expect(watched.refusal()).toBeUndefined();
    for (const one of [watched, alone]) one.dispose();
  });

  test("shows the values that the step computed, whatever became of them", () => {
    const process = start(advance, initial);
    process.advance(given(3));
    const before = process.state();
    let seen: Arrays = {};
    process.advance(given(4), undefined, (shown) => {
      seen = copied(unpacked(shown));
    });
    tf.tidy(() => {
      const [w, x] = [tf.tensor(before.w?.data ?? [], [8, 8]), tf.tensor(numbers(64, 4), [8, 8])];
      const { shown = {} } = advance({ w }, { x }, true);
      expect(Object.keys(seen)).toEqual(Object.keys(shown));
      for (const [name, tensor] of Object.entries(shown)) {
        expect(seen[name]?.shape, name).toEqual(tensor.shape);
        tensor.dataSync().forEach((value, i) => {
          expect(Math.abs((seen[name]?.data[i] as number) - value), name).toBeLessThan(1e-4 * (1 + Math.abs(value)));
        });
      }
    });
    process.dispose();
  });

  test("shows nothing of a step that is not accepted", () => {
    const process = start(advance, initial);
    const before = bits(process.state());
    process.advance(
      given(1),
      () => false,
      () => expect.unreachable(),
    );
    expect(bits(process.state())).toEqual(before);
    process.dispose();
  });

  test("shows its values also where a step cannot be recorded", () => {
    const reading: Advance = (state, inputs, watched) => {
      (inputs.x as tf.Tensor).dataSync();
      return advance(state, inputs, watched);
    };
    const process = start(reading, initial);
    const seen: number[] = [];
    for (let step = 0; step < 2; step++) {
      const { total } = process.advance(given(step), undefined, (shown) =>
        seen.push(unpacked(shown).total?.data[0] as number),
      );
      expect(seen.at(-1)).toBe(total?.data[0]);
    }
    expect(process.refusal() === undefined).toBe(how === "eager");
    process.dispose();
  });
});
