import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { type NtmConfig, ntm } from "../../src/model/ntm.js";
import { run, series } from "../../src/model/run.js";
import { useBackend } from "../../src/tensors/backend.js";
import { type NamedArray, namedArray, select } from "../../src/tensors/named-array.js";
import { random } from "../../src/tensors/random.js";
import { disposeTensors } from "../../src/tensors/tensors.js";

beforeAll(() => useBackend("cpu"));

const small: NtmConfig = {
  inputs: 3,
  outputs: 2,
  slots: 5,
  word: 4,
  controller: "lstm",
  units: 6,
  readHeads: 1,
  writeHeads: 1,
  initialWeights: "learned",
};
const anyConfig = fc.record({
  controller: fc.constantFrom("lstm" as const, "feedforward" as const),
  readHeads: fc.integer({ min: 1, max: 3 }),
  writeHeads: fc.integer({ min: 1, max: 3 }),
  initialWeights: fc.constantFrom("zero" as const, "learned" as const),
  slots: fc.integer({ min: 2, max: 6 }),
});

function noise(steps: number, batch: number, width: number, seed = 1): NamedArray {
  const source = random(seed);
  const data = Array.from({ length: steps * batch * width }, () => source.normal());
  return namedArray("inputs", ["step", "batch", "input"], [steps, batch, width], data);
}

describe("every Neural Turing Machine", () => {
  test("passes each declared site once a step, and its weightings sum to one", () => {
    fc.assert(
      fc.property(anyConfig, fc.integer({ min: 0, max: 1000 }), (choice, seed) => {
        const model = ntm({ ...small, ...choice });
        const parameters = model.parameters(seed);
        const { trace } = run(model, parameters, noise(3, 2, 3, seed), { record: ["*"] });
        disposeTensors(parameters);
        expect(Object.keys(trace)).toEqual(model.sites.map(({ name }) => name));
        for (const [name, array] of Object.entries(trace)) {
          if (!/\.(weights|content|shift)$/.test(name)) continue;
          const width = array.shape.at(-1) as number;
          for (let row = 0; row < array.data.length; row += width) {
            expect(array.data.subarray(row, row + width).reduce((sum, one) => sum + one)).toBeCloseTo(1, 4);
          }
        }
      }),
      { numRuns: 15 },
    );
  });

  test("gives a sequence the same answer alone as in a batch", () => {
    fc.assert(
      fc.property(anyConfig, (choice) => {
        const model = ntm({ ...small, ...choice });
        const parameters = model.parameters(4);
        const inputs = noise(4, 3, 3);
        const alone = select(inputs, { batch: 1 });
        const one = namedArray("inputs", inputs.axes, [4, 1, 3], alone.data);
        const together = select(run(model, parameters, inputs).outputs, { batch: 1 }).data;
        const single = run(model, parameters, one).outputs.data;
        disposeTensors(parameters);
        together.forEach((value, index) => {
          expect(single[index]).toBeCloseTo(value, 5);
        });
      }),
      { numRuns: 10 },
    );
  });
});

test("memory before a step is the memory that the step before it left", () => {
  const model = ntm(small);
  const parameters = model.parameters(2);
  const result = run(model, parameters, noise(4, 1, 3), { record: ["memory", "memory.before"] });
  const [before, after] = [series(result, "memory.before"), series(result, "memory")];
  for (let step = 1; step < 4; step++) {
    expect(select(before, { step }).data).toEqual(select(after, { step: step - 1 }).data);
  }
  expect(select(before, { step: 0 }).data.every((value) => value === Math.fround(1e-6))).toBe(true);
  expect(result.state.memory?.data).toEqual(select(after, { step: 3 }).data);
  disposeTensors(parameters);
});

test("equal seeds draw equal parameters, other seeds others", () => {
  const draw = (seed: number) => {
    const parameters = ntm(small).parameters(seed);
    const data = Object.values(parameters).map((tensor) => [...tensor.dataSync()]);
    disposeTensors(parameters);
    return data;
  };
  expect(draw(1)).toEqual(draw(1));
  expect(draw(1)).not.toEqual(draw(2));
});

test("a size that makes no sense is refused with the size's name", () => {
  expect(() => ntm({ ...small, slots: 1 })).toThrow(
    "slots is a whole number of at least 2 and at most 1000000; 1 was given",
  );
  expect(() => ntm({ ...small, readHeads: 0 })).toThrow("readHeads is a whole number of at least 1");
  expect(() => ntm({ ...small, word: 2.5 })).toThrow(
    "word is a whole number of at least 1 and at most 1000000; 2.5 was given",
  );
});
