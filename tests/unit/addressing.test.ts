import * as tf from "@tensorflow/tfjs-core";
import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { contentWeights, cosineSimilarity } from "../../src/attention/content.js";
import { readMemory, writeMemory } from "../../src/memory/access.js";
import { circularShift, interpolate, sharpen } from "../../src/memory/addressing.js";
import { useBackend } from "../../src/tensors/backend.js";

beforeAll(() => useBackend("cpu"));

const numbers = (length: number, min: number, max: number) =>
  fc.array(fc.double({ min, max, noNaN: true }), { minLength: length, maxLength: length });
/** A weighting over four slots: not negative, sums to one. */
const weighting = numbers(4, 0.01, 1).map((raw) => raw.map((one) => one / raw.reduce((sum, value) => sum + value)));
const values = (compute: () => tf.Tensor): number[] => tf.tidy(() => [...compute().dataSync()]);
const expectClose = (found: readonly number[], wanted: readonly number[], digits = 5) =>
  wanted.forEach((value, index) => {
    expect(found[index]).toBeCloseTo(value, digits);
  });

describe("content weights (eq. 5 and 6)", () => {
  test("are the softmax of strength times cosine, as computed in double precision", () => {
    fc.assert(
      fc.property(
        numbers(3, -2, 2),
        fc.array(numbers(3, -2, 2), { minLength: 4, maxLength: 4 }),
        numbers(1, 0.1, 5),
        (key, memory, [beta]) => {
          const norm = (v: readonly number[]) => Math.sqrt(v.reduce((sum, x) => sum + x * x, 1e-16));
          const cosines = memory.map(
            (row) => row.reduce((sum, x, i) => sum + x * (key[i] as number), 0) / norm(row) / norm(key),
          );
          const raised = cosines.map((cosine) => Math.exp((beta as number) * cosine));
          const total = raised.reduce((sum, x) => sum + x);
          const found = values(() =>
            contentWeights(tf.tensor([key]), tf.tensor([[beta as number]]), tf.tensor([memory])),
          );
          expectClose(
            found,
            raised.map((x) => x / total),
            4,
          );
        },
      ),
    );
  });

  test("of a zero key or a zero memory are even, and their gradients finite", () => {
    const memory = tf.zeros([1, 4, 3]);
    expectClose(
      values(() => contentWeights(tf.zeros([1, 3]), tf.ones([1, 1]), memory)),
      [0.25, 0.25, 0.25, 0.25],
    );
    const gradient = values(() => tf.grad((key: tf.Tensor) => tf.sum(cosineSimilarity(key, memory)))(tf.zeros([1, 3])));
    expect(gradient.every(Number.isFinite)).toBe(true);
  });
});

describe("interpolation (eq. 7)", () => {
  test("keeps the previous weights at gate 0 and takes the content's at gate 1", () => {
    const [content, previous] = [
      [0.1, 0.2, 0.3, 0.4],
      [0.7, 0.1, 0.1, 0.1],
    ];
    const at = (gate: number) =>
      values(() => interpolate(tf.tensor([content]), tf.tensor([previous]), tf.tensor([[gate]])));
    expectClose(at(0), previous);
    expectClose(at(1), content);
    expectClose(at(0.5), [0.4, 0.15, 0.2, 0.25]);
  });
});

describe("the circular shift (eq. 8)", () => {
  const shifted = (weights: readonly number[], shift: readonly number[]) =>
    values(() => circularShift(tf.tensor([weights as number[]]), tf.tensor([shift as number[]])));

  test("moves the focus on by s₀, keeps it by s₁ and moves it back by s₂, around the ends", () => {
    expect(shifted([0, 0, 0, 1], [1, 0, 0])).toEqual([1, 0, 0, 0]);
    expect(shifted([0, 1, 0, 0], [0, 1, 0])).toEqual([0, 1, 0, 0]);
    expect(shifted([1, 0, 0, 0], [0, 0, 1])).toEqual([0, 0, 0, 1]);
    expect(shifted([1, 0], [1, 0, 0])).toEqual([0, 1]);
  });

  test("keeps the sum of the weights", () => {
    fc.assert(
      fc.property(weighting, numbers(3, 0.01, 1), (weights, raw) => {
        const total = raw.reduce((sum, one) => sum + one);
        const found = shifted(
          weights,
          raw.map((one) => one / total),
        );
        expect(found.reduce((sum, one) => sum + one)).toBeCloseTo(1, 5);
      }),
    );
  });
});

describe("sharpening (eq. 9)", () => {
  test("by 1 changes nothing, by more never lowers the greatest weight, and weights still sum to one", () => {
    fc.assert(
      fc.property(weighting, fc.double({ min: 1, max: 20, noNaN: true }), (weights, gamma) => {
        const by = (exponent: number) => values(() => sharpen(tf.tensor([weights]), tf.tensor([[exponent]])));
        expectClose(by(1), weights);
        expect(by(gamma).reduce((sum, one) => sum + one)).toBeCloseTo(1, 4);
        expect(Math.max(...by(gamma))).toBeGreaterThan(Math.max(...weights) - 1e-5);
      }),
    );
  });

  test("of weights that underflow stays finite", () => {
    const flat = Array<number>(128).fill(1 / 128);
    expect(values(() => sharpen(tf.tensor([flat]), tf.tensor([[60]]))).every(Number.isFinite)).toBe(true);
  });
});

describe("access (eq. 2 to 4)", () => {
  const memory = [
    [1, 2],
    [3, 4],
    [5, 6],
  ];

  test("reads a weighted sum of the slots", () => {
    expectClose(
      values(() => readMemory(tf.tensor([memory]), tf.tensor([[0.5, 0, 0.5]]))),
      [3, 4],
    );
  });

  test("a write in full at one slot replaces that slot and leaves the others to the bit", () => {
    const written = values(() =>
      writeMemory(tf.tensor([memory]), tf.tensor([[0, 1, 0]]), tf.ones([1, 2]), tf.tensor([[7, -8]])),
    );
    expect(written).toEqual([1, 2, 7, -8, 5, 6]);
  });
});
