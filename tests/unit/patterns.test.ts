import fc from "fast-check";
import { mean, standardDeviation } from "simple-statistics";
import { describe, expect, test } from "vitest";
import {
  attentionPatterns,
  diagonalPattern,
  globalPattern,
  localPattern,
  randomAttention,
} from "../../src/attention/patterns.js";
import { type NamedArray, select } from "../../src/tensors/named-array.js";

const options = { size: 10, seed: 42 };
const at = (pattern: NamedArray, query: number, key: number): number =>
  select(pattern, { query, key }).data[0] as number;

/** Every sum along the last axis. */
const rowSums = ({ data, shape }: NamedArray): number[] => {
  const columns = shape.at(-1) as number;
  return Array.from({ length: data.length / columns }, (_, row) =>
    data.subarray(row * columns, (row + 1) * columns).reduce((sum, weight) => sum + weight, 0),
  );
};

test("the rows of every pattern sum to one, and no weight is negative, at any size, seed and sharpness", () => {
  const sharpness = fc.double({ min: 0, max: 1e6, noNaN: true });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 20 }), fc.nat(), sharpness, (size, seed, sharp) => {
      const patterns = attentionPatterns({ size, seed, sharpness: sharp });
      for (const sum of rowSums(patterns)) expect(sum).toBeCloseTo(1, 5);
      expect(patterns.data.every((weight) => weight >= 0)).toBe(true);
    }),
    { numRuns: 50 },
  );
});

test("the diagonal pattern gives nearly all of a query's attention to its own key", () => {
  const diagonal = diagonalPattern(options);
  for (let query = 0; query < 10; query++) expect(at(diagonal, query, query)).toBeGreaterThan(0.95);
});

test("the local pattern shares a query's attention among the keys at most two away", () => {
  const local = localPattern(options);
  for (let query = 0; query < 10; query++) {
    const neighbours = Math.min(9, query + 2) - Math.max(0, query - 2) + 1;
    for (let key = 0; key < 10; key++) {
      const near = Math.abs(query - key) <= 2;
      if (near) expect(at(local, query, key)).toBeGreaterThan(0.6 / neighbours);
      else expect(at(local, query, key)).toBeLessThan(0.01);
    }
  }
});

test("sharpness 1 is the softmax of 0 and 1, which is nearly even, and sharpness 0 knows no pattern", () => {
  const scores = diagonalPattern({ size: 400, seed: 1, sharpness: 1 }).data.map(Math.log);
  const own = Array.from({ length: 400 }, (_, query) => scores[query * 401] as number);
  const others = Array.from(scores).filter((_, index) => index % 401 !== 0);
  expect(mean(own) - mean(others)).toBeCloseTo(1, 1);
  expect(standardDeviation(others)).toBeCloseTo(0.1, 2);
  expect(diagonalPattern({ ...options, sharpness: 0 }).data).toEqual(localPattern({ ...options, sharpness: 0 }).data);
});

test("the global pattern is even", () => {
  expect(globalPattern(4)).toMatchObject({ name: "global", axes: ["query", "key"], shape: [4, 4] });
  expect([...globalPattern(4).data]).toEqual(Array(16).fill(0.25));
});

describe("random attention", () => {
  test("has the axes that are asked for, in their order", () => {
    const heads = randomAttention({ head: 4, query: 8, key: 6 }, 42);
    expect(heads).toMatchObject({ axes: ["head", "query", "key"], shape: [4, 8, 6] });
    for (const sum of rowSums(heads)) expect(sum).toBeCloseTo(1, 5);
  });

  test("is the softmax of normal numbers", () => {
    const scores = Array.from(randomAttention({ query: 1, key: 20_000 }, 3).data, Math.log);
    expect(standardDeviation(scores)).toBeCloseTo(1, 1);
  });

  test("refuses no axis, a length below one, and a seed that is no whole number", () => {
    expect(() => randomAttention({}, 1)).toThrow("randomAttention needs at least one axis");
    for (const key of [0, -1, 1.5]) {
      expect(() => randomAttention({ query: 2, key }, 1)).toThrow(`key is a whole number above 0; ${key} was given.`);
    }
    expect(() => randomAttention({ key: 2 }, 0.5)).toThrow("A seed is a whole number");
  });
});

test("equal seeds give equal patterns, others others, and the four do not share their noise", () => {
  expect(attentionPatterns(options)).toEqual(attentionPatterns(options));
  expect(diagonalPattern(options).data).not.toEqual(diagonalPattern({ ...options, seed: 43 }).data);
  expect(randomAttention({ key: 9 }, 1).data).not.toEqual(randomAttention({ key: 9 }, 2).data);
  const { data } = attentionPatterns({ ...options, sharpness: 0 });
  expect(data.slice(0, 100)).not.toEqual(data.slice(100, 200));
});

test("the four patterns stand in one array, labelled by name", () => {
  const labels = { pattern: ["diagonal", "local", "global", "random"] };
  const patterns = attentionPatterns(options);
  expect(patterns).toMatchObject({ axes: ["pattern", "query", "key"], shape: [4, 10, 10], labels });
  expect(select(patterns, { pattern: 0 }).data).toEqual(diagonalPattern(options).data);
});

test("a size or a sharpness that makes no pattern is refused", () => {
  expect(() => diagonalPattern({ size: 0, seed: 1 })).toThrow("diagonalPattern: size is a whole number above 0; 0");
  expect(() => globalPattern(2.5)).toThrow("globalPattern: size is a whole number above 0; 2.5 was given.");
  for (const sharpness of [-1, Number.NaN, Number.POSITIVE_INFINITY]) {
    expect(() => localPattern({ ...options, sharpness })).toThrow(
      `localPattern: sharpness is a finite number, 0 or more; ${sharpness} was given.`,
    );
  }
});
