import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { alignSlots, permuteSlots } from "../../src/analysis/align-slots.js";
import { assignment } from "../../src/analysis/assignment.js";
import { type NamedArray, namedArray } from "../../src/tensors/named-array.js";
import { random } from "../../src/tensors/random.js";

const permutations = (items: readonly number[]): number[][] =>
  items.length === 0
    ? [[]]
    : items.flatMap((item) => permutations(items.filter((other) => other !== item)).map((rest) => [item, ...rest]));
const total = (costs: readonly (readonly number[])[], order: readonly number[]): number =>
  order.reduce((sum, column, row) => sum + (costs[row]?.[column] as number), 0);

/** Numbers in steps of 1/4, so that sums are exact and ties are frequent. */
const cost = fc.integer({ min: -12, max: 12 }).map((value) => value / 4);
const square = fc
  .integer({ min: 1, max: 6 })
  .chain((n) => fc.array(fc.array(cost, { minLength: n, maxLength: n }), { minLength: n, maxLength: n }));

describe("assignment", () => {
  test("costs as little as the best of all permutations", () => {
    fc.assert(
      fc.property(square, (costs) => {
        const order = assignment(costs.map((row) => Float64Array.from(row)));
        const all = permutations([...costs.keys()]);
        expect([...order].sort((a, b) => a - b)).toEqual([...costs.keys()]);
        expect(total(costs, order)).toBe(Math.min(...all.map((one) => total(costs, one))));
      }),
      { numRuns: 40 },
    );
  });
});

/** Every number of 0 to n − 1 once, in an order that the seed decides. */
const shuffled = (seed: number, n: number): number[] => {
  const source = random(seed);
  return Array.from({ length: n }, (_, slot) => ({ slot, key: source.uniform() }))
    .sort((a, b) => a.key - b.key)
    .map(({ slot }) => slot);
};
const inverse = (order: readonly number[]): number[] => order.map((_, slot) => order.indexOf(slot));
const drawn = (seed: number, name: string, axes: readonly string[], shape: readonly number[]): NamedArray => {
  const source = random(seed);
  const length = shape.reduce((product, size) => product * size, 1);
  return namedArray(
    name,
    axes,
    shape,
    Float32Array.from({ length }, () => source.normal()),
  );
};
const weights = (seed: number, slots: number) => drawn(seed, "weights", ["step", "slot"], [3, slots]);
const memory = (seed: number, slots: number) => drawn(seed, "memory", ["step", "slot", "word"], [3, slots, 2]);

describe("alignment of slots", () => {
  test("finds every permutation of a run's slots again, and leaves no difference", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1e6 }), fc.integer({ min: 1, max: 12 }), (seed, slots) => {
        const run = [weights(seed, slots), memory(seed + 1, slots)];
        const order = shuffled(seed, slots);
        const other = run.map((array) => permuteSlots(array, order));
        const found = alignSlots(run, other);
        expect(found.order).toEqual(inverse(order));
        expect(found.aligned).toBe(0);
        expect(permuteSlots(other[1] as NamedArray, found.order)).toMatchObject({
          data: run[1]?.data,
          labels: { slot: Array.from({ length: slots }, (_, slot) => `${slot}`) },
        });
      }),
      { numRuns: 25 },
    );
  });

  test("never leaves two other runs further apart than they stood, and is the same either way", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1e6 }), (seed) => {
        const [one, other] = [[weights(seed, 6)], [weights(seed + 1, 6)]];
        const there = alignSlots(one, other);
        const back = alignSlots(other, one);
        expect(there.aligned).toBeLessThanOrEqual(there.unaligned);
        expect(back.aligned).toBeCloseTo(there.aligned, 12);
        expect(back.order).toEqual(inverse(there.order));
      }),
      { numRuns: 25 },
    );
  });

  test("counts arrays alike, whatever the size of their numbers", () => {
    const [one, other] = [
      [weights(1, 5), memory(2, 5)],
      [weights(3, 5), memory(4, 5)],
    ];
    const thousandfold = (array: NamedArray) => ({ ...array, data: array.data.map((value) => value * 1024) });
    const larger = alignSlots([one[0], thousandfold(one[1] as NamedArray)] as NamedArray[], [
      other[0] as NamedArray,
      thousandfold(other[1] as NamedArray),
    ]);
    expect(larger).toEqual(alignSlots(one, other));
  });

  test("leaves slots in their places where all are alike, and memories of zeros", () => {
    const zeros = namedArray("memory", ["step", "slot"], [2, 3], new Float32Array(6));
    expect(alignSlots([zeros], [zeros])).toEqual({ order: [0, 1, 2], aligned: 0, unaligned: 0 });
  });

  test("takes the labels of slots along", () => {
    const named = namedArray("w", ["slot"], [3], [1, 2, 3], { slot: ["a", "b", "c"] });
    const { data, labels } = permuteSlots(named, [2, 0, 1]);
    expect([Array.from(data), labels]).toEqual([[3, 1, 2], { slot: ["c", "a", "b"] }]);
  });

  test("refuses what cannot be compared, and an order that is none", () => {
    const one = weights(1, 4);
    expect(() => alignSlots([], [])).toThrow("at least one; 0 and 0 were given");
    expect(() => alignSlots([one], [one, one])).toThrow("1 and 2 were given");
    expect(() => alignSlots(one as never, [one])).toThrow("for one array write [array]");
    expect(() => alignSlots([one], [weights(1, 3)])).toThrow(
      '"weights" is [step,slot] of [3,4], "weights" [step,slot] of',
    );
    expect(() => alignSlots([one, weights(1, 3)], [one, weights(1, 3)])).toThrow("the first array has 4 slots");
    expect(() => alignSlots([[[1, Number.NaN]]], [[[1, 2]]])).toThrow("holds NaN");
    const states = drawn(1, "states", ["step", "state"], [2, 2]);
    expect(() => alignSlots([states], [states])).toThrow('"states" has no axis "slot"');
    for (const order of [
      [0, 1, 2],
      [0, 1, 2, 2],
      [0, 1, 2, 4],
    ]) {
      expect(() => permuteSlots(one, order)).toThrow("names each of its slots 0 to 3 once");
    }
  });
});
