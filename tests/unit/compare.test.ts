import fc from "fast-check";
import { expect, test } from "vitest";
import { compare } from "../../src/analysis/compare.js";
import { namedArray } from "../../src/tensors/named-array.js";

const runOf = (outputs: readonly number[], memory: readonly number[]) => ({
  outputs: namedArray("outputs", ["step", "batch", "output"], [3, 1, 1], outputs),
  trace: { memory: namedArray("memory", ["step", "batch", "slot"], [3, 1, 2], memory) },
});
const original = runOf([0.5, 0.5, 0.25], [3, 4, 3, 4, 0, 0]);

test("a run compared with itself differs nowhere, whatever its numbers", () => {
  const numbers = (length: number) => fc.array(fc.float(), { minLength: length, maxLength: length });
  fc.assert(
    fc.property(numbers(3), numbers(6), (outputs, memory) => {
      const one = runOf(outputs, memory);
      const { spread, rows, outputs: change } = compare(one, runOf(outputs, memory));
      expect([...spread.data, ...change.data].every((value) => value === 0)).toBe(true);
      expect(rows.map(({ firstStep, steps, largest }) => [firstStep, steps, largest])).toEqual([
        [Number.NaN, 0, 0],
        [Number.NaN, 0, 0],
      ]);
    }),
    { numRuns: 50 },
  );
});

test("a difference is told by its first step, its size, and how it spreads", () => {
  const { outputs, spread, rows } = compare(original, runOf([0.5, 0.5, 0.75], [3, 4, 3, 3, 1, 0]));
  expect([...outputs.data]).toEqual([0, 0, 0.5]);
  expect(spread).toEqual({
    ...{ name: "relative difference", axes: ["site", "step"], shape: [2, 3] },
    labels: { site: ["memory", "outputs"] },
    data: Float32Array.of(0, 1 / 5, Number.POSITIVE_INFINITY, 0, 0, 2),
  });
  expect(rows).toEqual([
    { site: "memory", firstStep: 1, steps: 2, largest: 1, largestAt: 1, relative: Number.POSITIVE_INFINITY },
    { site: "outputs", firstStep: 2, steps: 1, largest: 0.5, largestAt: 2, relative: 2 },
  ]);
});

test("what is no number is not passed over", () => {
  const { rows } = compare(original, runOf([0.5, Number.NaN, 0.25], [3, 4, 3, 4, 0, 0]));
  expect(rows[1]).toEqual({
    ...{ site: "outputs", firstStep: 1, steps: 1, largest: Number.NaN, largestAt: 1, relative: Number.NaN },
  });
});

test("runs of other inputs are refused; sites that one alone recorded are left out", () => {
  const short = { ...original, outputs: namedArray("outputs", ["step", "batch", "output"], [2, 1, 1], [0, 0]) };
  expect(() => compare(original, short)).toThrow("[3,1,1] in the original");
  expect(() => compare(original, undefined as never)).toThrow("takes two runs");
  expect(compare(original, { ...original, trace: {} }).rows.map(({ site }) => site)).toEqual(["outputs"]);
});
