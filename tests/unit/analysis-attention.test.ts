import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { columnEntropy, columnFocus, rowEntropy, rowFocus, totalEntropy } from "../../src/analysis/entropy.js";
import { columnMaximum, columnSparsity, rowMaximum, rowSparsity } from "../../src/analysis/sparsity.js";
import type { ArrayInput, NestedNumbers } from "../../src/tensors/array-input.js";
import { namedArray } from "../../src/tensors/named-array.js";
import { expectClose, reference } from "../analysis-reference.js";

const perRow = { rowEntropy, rowFocus, rowMaximum, rowSparsity };
const perColumn = { columnEntropy, columnFocus, columnMaximum, columnSparsity };
const all = { ...perRow, ...perColumn };

const matrix = (columns: number, weight = fc.double({ min: 0, max: 1, noNaN: true })) =>
  fc.array(fc.array(weight, { minLength: columns, maxLength: columns }), { minLength: 1, maxLength: 5 });
/** Rows with something in them, and the number of their columns, at least two. */
const someWeights = fc
  .integer({ min: 2, max: 8 })
  .chain((n) => matrix(n, fc.double({ min: 0.01, max: 1, noNaN: true })));

describe.each(Object.keys(reference.attention))("attention with %s", (kind) => {
  const wanted = reference.attention[kind] as Record<string, NestedNumbers>;

  test.each(Object.entries(all))("has the %s that SciPy computes", (name, compute) => {
    expectClose(compute(wanted.weights as NestedNumbers).data, wanted[name] as NestedNumbers);
  });
});

describe("entropy and focus", () => {
  test("of even rows are ln n and 0, of rows that look at one key 0 and 1", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 300 }),
        fc.nat(),
        fc.double({ min: 1e-3, max: 1e3, noNaN: true }),
        (n, key, sum) => {
          const even = Array<number>(n).fill(sum / n);
          const one = Array.from({ length: n }, (_, i) => (i === key % n ? sum : 0));
          expectClose(rowEntropy([even, one]).data, [Math.log(n), 0]);
          expect([...rowFocus([even, one]).data]).toEqual([0, 1]);
        },
      ),
    );
  });

  test("lie between 0 and their greatest values, also after rounding", () => {
    fc.assert(
      fc.property(someWeights, (weights) => {
        const n = weights[0]?.length as number;
        for (const entropy of rowEntropy(weights).data) {
          expect(entropy).toBeGreaterThanOrEqual(0);
          expect(entropy).toBeLessThanOrEqual(Math.log(n) + 1e-6);
        }
        for (const focus of [...rowFocus(weights).data, ...columnFocus(weights).data]) {
          expect(focus).toBeGreaterThanOrEqual(0);
          expect(focus).toBeLessThanOrEqual(1);
        }
      }),
    );
  });

  test("do not ask in which order the keys stand, nor how large a row's sum is", () => {
    fc.assert(
      fc.property(someWeights, fc.double({ min: 0.1, max: 10, noNaN: true }), (weights, factor) => {
        const changed = weights.map((row) => [...row].reverse().map((weight) => weight * factor));
        expectClose(rowEntropy(changed).data, [...rowEntropy(weights).data]);
        expectClose(rowFocus(changed).data, [...rowFocus(weights).data]);
      }),
    );
  });

  test("of a row with a NaN or an infinity are NaN, and those of the other rows stay", () => {
    for (const odd of [Number.NaN, Number.POSITIVE_INFINITY]) {
      expectClose(rowEntropy({ shape: [2, 2], data: [odd, 1, 0.5, 0.5] }).data, [Number.NaN, Math.log(2)]);
      expectClose(rowFocus([[odd], [1]]).data, [Number.NaN, 1]);
    }
  });

  test("refuse a negative weight, saying where it stands and what to do", () => {
    const scores = namedArray("scores", ["head", "query", "key"], [2, 1, 2], [0, 1, 2, -3]);
    for (const compute of [rowEntropy, columnEntropy, rowFocus, columnFocus, totalEntropy]) {
      expect(() => compute(scores)).toThrow(
        `${compute.name}: "scores" holds -3 at head 1, query 0, key 1, but attention weights are 0 or more; ` +
          "if these are scores, take their softmax first.",
      );
    }
  });
});

test("the total entropy is the sum over the rows, without those that look nowhere", () => {
  const even = [0.25, 0.25, 0.25, 0.25];
  expect(totalEntropy([even, [1, 0, 0, 0], [0, 0, 0, 0], even])).toBeCloseTo(2 * Math.log(4), 6);
  expect(totalEntropy([[0, 0]])).toBe(0);
  expect(totalEntropy([even, [Number.NaN, 0, 0, 1]])).toBeNaN();
});

test("what is said of the columns is said of the rows of the matrix turned over", () => {
  const pairs = [
    [rowEntropy, columnEntropy],
    [rowFocus, columnFocus],
    [rowMaximum, columnMaximum],
    [rowSparsity, columnSparsity],
  ] as const;
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 5 }).chain((n) => matrix(n)),
      (weights) => {
        const turned = (weights[0] as number[]).map((_, column) => weights.map((row) => row[column] as number));
        for (const [ofRows, ofColumns] of pairs) expectClose(ofColumns(turned).data, [...ofRows(weights).data]);
      },
    ),
  );
});

test("sparsity grows with its threshold, which must be above 0", () => {
  const weights = [[0.001, 0.05, 0.2, 0.749]];
  expectClose(rowSparsity(weights, 0.1).data, [0.5]);
  expectClose(rowSparsity(weights, 1).data, [1]);
  for (const threshold of [0, -1, Number.NaN]) {
    expect(() => rowSparsity(weights, threshold)).toThrow(`a number above 0, such as 0.01; ${threshold} was given.`);
    expect(() => columnSparsity(weights, threshold)).toThrow("columnSparsity: a threshold");
  }
});

describe("every number about attention", () => {
  const labels = { head: ["a", "b"], query: ["x", "y", "z"], key: ["k", "l"] };
  const weights = namedArray("w", ["head", "query", "key"], [2, 3, 2], Array(12).fill(0.5), labels);

  test("keeps the axes that stay, with their labels", () => {
    for (const compute of Object.values(perRow)) {
      const kept = { head: labels.head, query: labels.query };
      expect(compute(weights)).toMatchObject({ axes: ["head", "query"], shape: [2, 3], labels: kept });
      expect(compute(weights).labels).toEqual(kept);
    }
    for (const compute of Object.values(perColumn)) {
      const kept = { head: labels.head, key: labels.key };
      expect(compute(weights)).toMatchObject({ axes: ["head", "key"], shape: [2, 2], labels: kept });
      expect(compute(weights).labels).toEqual(kept);
    }
    expect(rowEntropy([[1]]).labels).toBeUndefined();
  });

  test("leaves the names of the axes as they are", () => {
    const routing = namedArray("routing", ["token", "state"], [2, 3], Array(6).fill(1 / 3));
    for (const compute of Object.values(perRow)) expect(compute(routing).axes).toEqual(["token"]);
    for (const compute of Object.values(perColumn)) expect(compute(routing).axes).toEqual(["state"]);
  });

  test("names the axes of an array that has none, counted from its last", () => {
    expect(rowEntropy([[[1]]]).axes).toEqual(["head", "query"]);
    expect(columnEntropy([[1]]).axes).toEqual(["key"]);
    expect(rowEntropy([[[[1]]]]).axes).toEqual(["axis 0", "head", "query"]);
  });

  test.each(Object.entries(all))("refuses one axis and no value: %s", (name, compute: (w: ArrayInput) => unknown) => {
    expect(() => compute([0.5, 0.5])).toThrow(`${name} needs at least 2 axes, such as [query, key]; "weights" has`);
    expect(() => compute({ shape: [0, 3], data: [] })).toThrow(`"weights" of shape [0,3] holds no value.`);
  });
});
