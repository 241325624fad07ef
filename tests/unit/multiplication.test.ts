import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  isHeldOut,
  lesson,
  multiplicationBatch,
  multiplicationTask,
  multiplicationTokens,
} from "../../src/tasks/multiplication.js";
import type { Batch } from "../../src/tasks/task.js";
import { random } from "../../src/tensors/random.js";

/** What one sequence says, read back from the numbers: the question's tokens, and the digits wanted, by which mask. */
function readBack({ inputs, targets, mask, scored }: Batch, number: number) {
  const [steps, batch, width] = inputs.shape as [number, number, number];
  const rows = Array.from({ length: steps }, (_, step) => step * batch + number);
  const tokens = rows.map(
    (row) => multiplicationTokens[inputs.data.subarray(row * width, (row + 1) * width).indexOf(1)],
  );
  const wanted = (chosen: Float32Array) =>
    rows.filter((row) => chosen[row] === 1).map((row) => targets.data.subarray(row * 10, (row + 1) * 10).indexOf(1));
  return { tokens: tokens.join(" "), answer: wanted(mask.data), scored: wanted(scored?.data ?? mask.data) };
}

/** The number that digits say, least significant first. */
const numberOf = (digits: readonly number[]) => digits.reduce((sum, digit, place) => sum + digit * 10 ** place, 0);

describe("multiplication", () => {
  test("writes numbers least significant digit first and asks for the product in the same order", () => {
    const batch = multiplicationBatch([[27, 4]], [2, 1]);
    expect(readBack(batch, 0)).toEqual({ tokens: "7 2 × 4 = · · ·", answer: [8, 0, 1], scored: [8, 0, 1] });
  });

  test("every drawn answer is the product, in every lesson, with partial products before it if they help", () => {
    const lessons = fc.constantFrom(1, 2, 3, 4, 5, 6, 7, 11, 31, 24, 44);
    fc.assert(
      fc.property(lessons, fc.nat(1000), fc.boolean(), (number, seed, helped) => {
        const task = multiplicationTask({ help: helped ? "partial-products" : "none" });
        const { tokens, answer, scored } = readBack(task.draw(random(seed), number, 3), 2);
        const [first = "", second = ""] = (tokens.split(" =")[0] as string).split(" × ");
        const [a, b] = [first, second].map((digits) => numberOf(digits.split(" ").map(Number))) as [number, number];
        lesson(number).factors.forEach(({ least, most }, index) => {
          expect([a, b][index]).toBeGreaterThanOrEqual(least);
          expect([a, b][index]).toBeLessThanOrEqual(most);
        });
        expect(numberOf(scored)).toBe(a * b);
        const width = first.split(" ").length + 1;
        const partial = answer.slice(0, answer.length - scored.length);
        const products = Array.from({ length: partial.length / width }, (_, i) =>
          numberOf(partial.slice(i * width, (i + 1) * width)),
        );
        if (!helped || second.length === 1) expect(products).toEqual([]);
        else expect(numberOf(products)).toBe(a * b); // each counts ten times the one before it
      }),
    );
  });

  test("holds out a tenth of the pairs, a×b as b×a, and never draws them for training", () => {
    const pairs = Array.from({ length: 4000 }, (_, i) => [10 + (i % 90), 10 + Math.floor(i / 45)] as const);
    const share = pairs.filter(([a, b]) => isHeldOut(a, b, 7)).length / pairs.length;
    expect(share).toBeGreaterThan(0.08);
    expect(share).toBeLessThan(0.12);
    for (const [a, b] of pairs) expect(isHeldOut(a, b, 7)).toBe(isHeldOut(b, a, 7));
    expect(pairs.some(([a, b]) => isHeldOut(a, b, 7) !== isHeldOut(a, b, 8))).toBe(true);
    for (const [kind, expected] of [
      ["train", false],
      ["heldOut", true],
    ] as const) {
      const batch = multiplicationTask({ pairs: kind }).draw(random(5), 2, 60);
      for (let number = 0; number < 60; number++) {
        const [a, b] = (readBack(batch, number).tokens.split(" =")[0] as string)
          .split(" × ")
          .map((digits) => numberOf(digits.split(" ").map(Number))) as [number, number];
        expect(isHeldOut(a, b, 7)).toBe(expected);
      }
    }
  });

  test("draws all of the 81 pairs of one digit, whatever is held out: they can only be learnt by heart", () => {
    const batch = multiplicationTask({ pairs: "heldOut" }).draw(random(1), 1, 3000);
    const seen = new Set(Array.from({ length: 3000 }, (_, number) => readBack(batch, number).tokens));
    expect(seen.size).toBe(81);
  });

  test("refuses lessons and factors that there are not", () => {
    for (const wrong of [0, 8, 10, 15, 51, 2.5, 311]) {
      expect(() => lesson(wrong)).toThrow(/lessons are 1 to 7, or digits by digits from 11 to 44/);
    }
    expect(() => multiplicationBatch([[100, 4]], [2, 1])).toThrow("100 is no whole number of at most 2 digits");
    expect(() => multiplicationBatch([[-1, 4]], [2, 1])).toThrow("-1 is no whole number of at most 2 digits");
    expect(() => multiplicationBatch([], [2, 1])).toThrow("at least one pair");
  });
});
