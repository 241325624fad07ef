import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { meanInterval, meanTable } from "../../src/analysis/interval.js";
import { attentionTable, memoryTable } from "../../src/analysis/tables.js";
import type { NestedNumbers } from "../../src/tensors/array-input.js";
import { namedArray } from "../../src/tensors/named-array.js";
import { expectClose, reference } from "../analysis-reference.js";

const values = (row: object, wanted: object): number[] =>
  Object.keys(wanted).map((key) => (row as Record<string, number>)[key] as number);

describe("the table of attention", () => {
  test.each(Object.entries(reference.attention))("has NumPy's numbers of attention with %s", (_, wanted) => {
    const rows = attentionTable({ attention: wanted.weights as NestedNumbers });
    expect(rows.length).toBe(wanted.table.length);
    rows.forEach((row, index) => {
      const numbers = wanted.table[index] as object;
      expectClose(values(row, numbers), Object.values(numbers));
    });
  });

  test("names a row by its array, and by where a matrix stands in an array of more axes", () => {
    const labels = { head: ["sharp", "7"] };
    const heads = namedArray("w", ["layer", "head", "query", "key"], [2, 2, 1, 2], Array(8).fill(0.5), labels);
    const rows = attentionTable({ even: [[0.5, 0.5]], heads });
    expect(rows.map(({ name }) => name)).toEqual([
      "even",
      "heads, layer 0, sharp",
      "heads, layer 0, head 7",
      "heads, layer 1, sharp",
      "heads, layer 1, head 7",
    ]);
    expect(rows[0]?.shape).toBe("1 × 2");
  });

  test("counts as sparse what lies below the threshold that is given", () => {
    expect(attentionTable({ w: [[0.05, 0.95]] })[0]?.sparsity).toBe(0);
    expect(attentionTable({ w: [[0.05, 0.95]] }, 0.1)[0]?.sparsity).toBe(0.5);
    expect(() => attentionTable({ w: [[1]] }, 0)).toThrow("attentionTable: a threshold is a number above 0");
  });

  test("has no number of a matrix that holds an infinity", () => {
    const [row] = attentionTable({ odd: [[Number.POSITIVE_INFINITY, 1]] });
    const { name, shape, ...numbers } = row as object as Record<string, unknown>;
    expect([name, shape]).toEqual(["odd", "1 × 2"]);
    expect(Object.values(numbers)).toEqual(Array(9).fill(Number.NaN));
  });

  test("names the array that it refuses", () => {
    expect(() => attentionTable({ good: [[1]], scores: [[-1]] })).toThrow('"scores" holds -1 at query 0, key 0');
    expect(() => memoryTable({ flat: [1] })).toThrow('memoryTable needs at least 2 axes, such as [slot, word]; "flat"');
  });

  test("says NaN of an entropy that no row has", () => {
    expect(attentionTable({ nowhere: [[0, 0]] })).toMatchObject([{ mean: 0, rowEntropy: Number.NaN, totalEntropy: 0 }]);
  });
});

describe("the table of memories", () => {
  test("has NumPy's numbers, a row for each step", () => {
    const rows = memoryTable({ memory: reference.memory.memory as NestedNumbers });
    expect(rows.map(({ name }) => name)).toEqual([
      "memory, step 0",
      "memory, step 1",
      "memory, step 2",
      "memory, step 3",
    ]);
    rows.forEach((row, index) => {
      const numbers = reference.memory.table[index] as object;
      expectClose(values(row, numbers), Object.values(numbers));
    });
  });

  test.each([Number.NaN, Number.POSITIVE_INFINITY])("has no number but the size of a memory that holds %s", (odd) => {
    const [row] = memoryTable({ odd: { shape: [2, 2], data: [odd, 1, 2, 3] } });
    const { name, shape, elements, ...numbers } = row as object as Record<string, unknown>;
    expect([name, shape, elements]).toEqual(["odd", "2 × 2", 4]);
    expect(Object.values(numbers)).toEqual(Array(8).fill(Number.NaN));
  });

  test("takes a threshold above 0", () => {
    expect(memoryTable({ m: [[-0.05, 0.05, 1]] }, 0.1)[0]?.sparsity).toBeCloseTo(2 / 3);
    expect(() => memoryTable({ m: [[1]] }, Number.NaN)).toThrow("memoryTable: a threshold is a number above 0");
  });
});

describe("the mean with its interval", () => {
  test.each(reference.intervals)("is SciPy's for $sample.length values", (wanted) => {
    const { count, mean, std, low, high } = meanInterval(wanted.sample);
    expect(count).toBe(wanted.sample.length);
    expectClose([mean, std, low, high], [wanted.mean, wanted.std, wanted.low, wanted.high]);
  });

  test("holds the mean in its middle and moves and widens with the sample", () => {
    const sample = fc.array(fc.integer({ min: -100, max: 100 }), { minLength: 2, maxLength: 50 });
    fc.assert(
      fc.property(sample, fc.integer({ min: -50, max: 50 }), (numbers, shift) => {
        const plain = meanInterval(numbers);
        const changed = meanInterval(numbers.map((number) => 2 * number + shift));
        expectClose([(plain.low + plain.high) / 2], [plain.mean]);
        expectClose([changed.low, changed.high], [2 * plain.low + shift, 2 * plain.high + shift]);
      }),
    );
  });

  test("has no width for a single value, no number with a NaN or an infinity, and no meaning for none", () => {
    const { NaN: none, POSITIVE_INFINITY: infinity } = Number;
    expect(meanInterval([3])).toEqual({ count: 1, mean: 3, std: none, low: none, high: none });
    for (const odd of [none, infinity]) {
      expect(meanInterval([1, odd])).toEqual({ count: 2, mean: none, std: none, low: none, high: none });
    }
    expect(() => meanInterval([])).toThrow('meanInterval: "values" of shape [0] holds no value.');
  });

  test("stands in a table under the name of its sample", () => {
    expect(meanTable({ "head 0": [2, 4, 6] })).toMatchObject([{ name: "head 0", count: 3, mean: 4, std: 2 }]);
  });
});
