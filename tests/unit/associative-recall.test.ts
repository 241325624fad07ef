import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { associativeRecallBatch, associativeRecallTask } from "../../src/tasks/associative-recall.js";
import type { Batch } from "../../src/tasks/task.js";
import { random } from "../../src/tensors/random.js";

/** Rows of a sequence, step by step. */
function rows({ shape, data }: Batch["inputs"], sequence: number): number[][] {
  const [steps, batch, width] = shape as [number, number, number];
  return Array.from({ length: steps }, (_, step) => {
    const start = (step * batch + sequence) * width;
    return [...data.subarray(start, start + width)];
  });
}

test("a sequence shows each item after a delimiter, then the query between two others, then asks for the next item", () => {
  const { inputs, targets, mask } = associativeRecallBatch([
    {
      items: [
        [
          [1, 0],
          [1, 1],
        ],
        [
          [0, 1],
          [0, 0],
        ],
        [
          [1, 1],
          [0, 1],
        ],
      ],
      query: 1,
    },
  ]);
  const [item, query] = [
    [0, 0, 1, 0],
    [0, 0, 0, 1],
  ];
  expect(inputs).toMatchObject({ axes: ["step", "batch", "input"], shape: [15, 1, 4] });
  expect(rows(inputs, 0)).toEqual([
    item,
    [1, 0, 0, 0],
    [1, 1, 0, 0],
    item,
    [0, 1, 0, 0],
    [0, 0, 0, 0],
    item,
    [1, 1, 0, 0],
    [0, 1, 0, 0],
    query,
    [0, 1, 0, 0],
    [0, 0, 0, 0],
    query,
    [0, 0, 0, 0],
    [0, 0, 0, 0],
  ]);
  expect(rows(targets, 0).slice(-2)).toEqual([
    [1, 1],
    [0, 1],
  ]);
  expect(targets.data.reduce((sum, bit) => sum + bit)).toBe(3);
  expect([...mask.data]).toEqual([...Array(13).fill(0), 1, 1]);
});

describe("every drawn sequence", () => {
  test("is answered by the item that came after the one asked for, and is the same for the same seed", () => {
    const sizes = fc.record({
      bits: fc.integer({ min: 1, max: 6 }),
      vectors: fc.integer({ min: 1, max: 3 }),
      items: fc.integer({ min: 2, max: 6 }),
      batch: fc.integer({ min: 1, max: 4 }),
    });
    fc.assert(
      fc.property(sizes, fc.integer(), ({ bits, vectors, items, batch }, seed) => {
        const task = associativeRecallTask(bits, vectors);
        const drawn = task.draw(random(seed), items, batch);
        expect(drawn).toEqual(task.draw(random(seed), items, batch));
        expect(drawn.inputs.shape).toEqual([items * (vectors + 1) + 2 * vectors + 2, batch, task.inputs]);
        expect(drawn.targets.shape).toEqual([items * (vectors + 1) + 2 * vectors + 2, batch, task.outputs]);
        for (let sequence = 0; sequence < batch; sequence++) {
          const shown = rows(drawn.inputs, sequence);
          const starts = shown.flatMap((row, step) => (row[bits] === 1 ? [step] : []));
          const asked = shown.flatMap((row, step) => (row[bits + 1] === 1 ? [step] : []));
          expect(starts).toHaveLength(items);
          expect(asked).toHaveLength(2);
          const [first, second] = asked as [number, number];
          const part = (from: number) =>
            JSON.stringify(shown.slice(from, from + vectors).map((row) => row.slice(0, bits)));
          const query = part(first + 1);
          const after = starts.slice(1).filter((_, item) => part((starts[item] as number) + 1) === query);
          const answer = JSON.stringify(rows(drawn.targets, sequence).slice(second + 1));
          // With few bits an item may be drawn twice, and then each of its followers could be meant.
          expect(after.map((start) => part(start + 1))).toContain(answer);
          const counted = Array.from({ length: shown.length }, (_, step) => drawn.mask.data[step * batch + sequence]);
          expect(counted).toEqual(shown.map((_, step) => (step > second ? 1 : 0)));
        }
      }),
      { numRuns: 60 },
    );
  });

  test("may ask for any item but the last, and half its bits are ones", () => {
    const [items, vectors, bits, batch] = [5, 3, 6, 200];
    const drawn = associativeRecallTask(bits, vectors).draw(random(1), items, batch);
    const places = Array.from({ length: batch }, (_, sequence) => {
      const shown = rows(drawn.inputs, sequence).map((row) => row.slice(0, bits).join(""));
      const asked = items * (vectors + 1) + 1;
      return Array.from({ length: items }, (_, item) => item).find((item) =>
        shown
          .slice(item * (vectors + 1) + 1, (item + 1) * (vectors + 1))
          .every((vector, i) => vector === shown[asked + i]),
      );
    });
    expect(new Set(places)).toEqual(new Set([0, 1, 2, 3]));
    const ones = drawn.targets.data.reduce((sum, bit) => sum + bit, 0) / (batch * vectors * bits);
    expect(ones).toBeGreaterThan(0.45);
    expect(ones).toBeLessThan(0.55);
  });
});

test("sequences that are no bits, ragged, too short, or ask for what there is not are refused, saying which", () => {
  const two = { items: [[[0, 1]], [[1, 1]]], query: 0 };
  expect(() => associativeRecallBatch([])).toThrow("at least one sequence of at least two items");
  expect(() => associativeRecallBatch([{ items: [[[1]]], query: 0 }])).toThrow("at least two items");
  expect(() => associativeRecallBatch([{ items: [[], []], query: 0 }])).toThrow("items of vectors of bits is needed");
  expect(() => associativeRecallBatch([two, { items: [...two.items, [[0, 0]]], query: 0 }])).toThrow(
    "sequence 1 differs from 2 items of 1 vectors",
  );
  expect(() =>
    associativeRecallBatch([
      {
        items: [
          [[0, 1]],
          [
            [1, 1],
            [0, 0],
          ],
        ],
        query: 0,
      },
    ]),
  ).toThrow("sequence 0 differs from 2 items of 1 vectors");
  expect(() => associativeRecallBatch([two, { items: [[[0, 1]], [[1, 2]]], query: 0 }])).toThrow(
    "a vector of sequence 1 is [1,2]; 2 bits, 0 or 1, were expected",
  );
  expect(() => associativeRecallBatch([{ items: [[[0, 1]], [[1]]], query: 0 }])).toThrow(
    "a vector of sequence 0 is [1]",
  );
  for (const query of [1, -1, 0.5, Number.NaN]) {
    expect(() => associativeRecallBatch([{ ...two, query }])).toThrow(
      `sequence 0 asks for item ${query}; 0 to 0 can be asked for`,
    );
  }
  for (const length of [1, 0, 2.5]) {
    expect(() => associativeRecallTask().draw(random(1), length, 1)).toThrow(`at least two items; ${length} was given`);
  }
});
