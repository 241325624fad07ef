import fc from "fast-check";
import { expect, test } from "vitest";
import { copyBatch, copyTask } from "../../src/tasks/copy.js";
import { select } from "../../src/tensors/named-array.js";
import { random } from "../../src/tensors/random.js";

test("a copy sequence shows its vectors, then the delimiter, then asks for the vectors in the same order", () => {
  const { inputs, targets, mask } = copyBatch([
    [
      [1, 0],
      [0, 1],
    ],
  ]);
  expect(inputs).toMatchObject({ axes: ["step", "batch", "input"], shape: [5, 1, 3] });
  expect([...inputs.data]).toEqual([1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
  expect([...targets.data]).toEqual([0, 0, 0, 0, 0, 0, 1, 0, 0, 1]);
  expect([...mask.data]).toEqual([0, 0, 0, 1, 1]);
});

test("every drawn batch is the copy of what it shows, half ones, and the same for the same seed", () => {
  const task = copyTask(4);
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 4 }), fc.integer(), (length, batch, seed) => {
      const drawn = task.draw(random(seed), length, batch);
      expect(drawn).toEqual(task.draw(random(seed), length, batch));
      for (let item = 0; item < length; item++) {
        const shown = select(drawn.inputs, { step: item }).data;
        const asked = select(drawn.targets, { step: length + 1 + item }).data;
        for (let one = 0; one < batch; one++) {
          expect(shown.subarray(one * 5, one * 5 + 4)).toEqual(asked.subarray(one * 4, one * 4 + 4));
        }
      }
    }),
  );
  const bits = task.draw(random(1), 50, 50).inputs.data.reduce((sum, bit) => sum + bit, 0) / (50 * 50 * 4);
  expect(bits).toBeGreaterThan(0.45);
  expect(bits).toBeLessThan(0.55);
});

test("sequences that are no bits, ragged or empty are refused, saying which", () => {
  expect(() => copyBatch([])).toThrow("at least one sequence");
  expect(() => copyBatch([[[1, 2]]])).toThrow("vector 0 of sequence 0 is [1,2]; 2 bits, 0 or 1, were expected");
  expect(() => copyBatch([[[1, 0], [1]]])).toThrow("vector 1 of sequence 0 is [1]");
  expect(() => copyBatch([[[1]], [[1], [0]]])).toThrow("sequence 1 has 2 vectors, the first has 1");
  expect(() => copyTask().draw(random(1), 0, 1)).toThrow("length 0 was given");
});
