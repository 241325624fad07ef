import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { memoryDrift, slotChange, slotCosine, slotDrift } from "../../src/analysis/drift.js";
import { activeSlots, slotNorm } from "../../src/analysis/slots.js";
import { readImportance, slotUsage, writeReadImportance } from "../../src/analysis/usage.js";
import type { NestedNumbers } from "../../src/tensors/array-input.js";
import { namedArray, select } from "../../src/tensors/named-array.js";
import { expectClose, reference } from "../analysis-reference.js";

const { memory, usage } = reference;
const series = memory.memory as NestedNumbers;
const heads = (kind: "write" | "read") => usage[kind] as readonly NestedNumbers[];
const labelled = namedArray("memory", ["step", "slot", "word"], [3, 2, 2], [0, 0, 1, 0, 3, 4, 1, 0, 3, 4, 0, 2], {
  slot: ["a", "b"],
});

describe("a memory", () => {
  test.each([
    ["slotNorm", slotNorm],
    ["activeSlots", activeSlots],
    ["slotDrift", slotDrift],
    ["memoryDrift", memoryDrift],
    ["slotCosine", slotCosine],
  ] as const)("has the %s that NumPy computes", (name, compute) => {
    expectClose(compute(series).data, memory[name] as NestedNumbers);
  });

  test("keeps the axes and labels of what stays, and the drift says which step it led to", () => {
    const slot = ["a", "b"];
    expect(slotNorm(labelled)).toMatchObject({ axes: ["step", "slot"], shape: [3, 2], labels: { slot } });
    for (const change of [slotDrift(labelled), slotCosine(labelled)]) {
      expect(change).toMatchObject({ axes: ["step", "slot"], shape: [2, 2], labels: { slot, step: ["1", "2"] } });
    }
    expect(memoryDrift(labelled)).toMatchObject({ axes: ["step"], shape: [2], labels: { step: ["1", "2"] } });
    expectClose(slotDrift(labelled).data, [5, 0, 0, Math.sqrt(5)]);
    expectClose(slotCosine(labelled).data, [Number.NaN, 1, 1, 0]);
  });

  test("that stays as it is does not drift, whatever it holds", () => {
    const value = fc.double({ min: -1e6, max: 1e6, noNaN: true });
    const words = fc.array(fc.array(value, { minLength: 3, maxLength: 3 }), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(words, fc.integer({ min: 2, max: 4 }), (slots, steps) => {
        const still = Array.from({ length: steps }, () => slots);
        expect([...slotDrift(still).data].every((drift) => drift === 0)).toBe(true);
        expect([...memoryDrift(still).data].every((drift) => drift === 0)).toBe(true);
      }),
    );
  });

  test("drifts by the change of its slots between the two steps, whichever of them comes first", () => {
    const [first, second] = [select(labelled, { step: 0 }), select(labelled, { step: 1 })];
    expectClose(slotChange(first, second).data, [5, 0]);
    expect(slotChange(second, first).data).toEqual(slotChange(first, second).data);
    expect(slotChange(first, second)).toMatchObject({ axes: ["slot"], labels: { slot: ["a", "b"] } });
  });

  test("with a NaN has it in its slot's numbers only", () => {
    const odd = namedArray("odd", ["slot", "word"], [2, 2], [Number.NaN, 1, 3, 4]);
    const zeros = namedArray("zeros", ["slot", "word"], [2, 2], [0, 0, 0, 0]);
    expectClose(slotNorm(odd).data, [Number.NaN, 5]);
    expectClose(activeSlots(odd).data, [Number.NaN, 1]);
    expectClose(slotChange(zeros, odd).data, [Number.NaN, 5]);
  });

  test("of one step, of too few axes or of another shape is refused", () => {
    expect(() => slotDrift([[[1]]])).toThrow('slotDrift: "memory" has a single position along "step"');
    expect(() => memoryDrift([[1]])).toThrow("memoryDrift needs at least 3 axes, such as [step, slot, word]");
    expect(() => slotCosine([[1]])).toThrow("slotCosine needs at least 3 axes");
    expect(() => slotNorm([1])).toThrow("slotNorm needs at least 2 axes, such as [slot, word]");
    expect(() => slotChange([[1, 2]], [[1], [2]])).toThrow('slotChange needs two arrays of one shape: "memory" is');
  });
});

describe("slot usage and importance", () => {
  test("are what NumPy computes, for two heads of each kind", () => {
    expectClose(slotUsage(heads("write")).data, usage.slotUsage as NestedNumbers);
    expectClose(readImportance(heads("read")).data, usage.readImportance as NestedNumbers);
    expectClose(writeReadImportance(heads("write"), heads("read")).data, usage.writeReadImportance as NestedNumbers);
  });

  test("keep the labels of the slots, and usage those of the steps", () => {
    const labels = { step: ["write", "read"], slot: ["a", "b"] };
    const weights = namedArray("w", ["step", "slot"], [2, 2], [1, 0, 0.5, 0.5], labels);
    expect(slotUsage([weights])).toMatchObject({ axes: ["step", "slot"], shape: [2, 2], labels });
    for (const importance of [readImportance([weights]), writeReadImportance([weights], [weights])]) {
      expect(importance).toMatchObject({ axes: ["slot"], shape: [2] });
      expect(importance.labels).toEqual({ slot: labels.slot });
    }
  });

  test("count a read only after the write, and only of the slot that was written", () => {
    const first = [1, 0];
    const second = [0, 1];
    const none = [0, 0];
    const importance = (write: number[][], read: number[][]) => [...writeReadImportance([write], [read]).data];
    expect(importance([first, none], [none, first])).toEqual([1, 0]);
    expect(importance([none, first], [first, none])).toEqual([0, 0]);
    expect(importance([first, none], [first, none])).toEqual([0, 0]);
    expect(importance([first, none], [none, second])).toEqual([0, 0]);
  });

  test("grow by one in all at each step of a head whose weights sum to one", () => {
    const steps = fc.array(fc.double({ min: 0.01, max: 1, noNaN: true }), { minLength: 3, maxLength: 3 });
    fc.assert(
      fc.property(fc.array(steps, { minLength: 1, maxLength: 20 }), (raw) => {
        const weights = raw.map((row) => row.map((one) => one / row.reduce((sum, value) => sum + value)));
        const used = slotUsage([weights]);
        weights.forEach((_, step) => {
          const total = select(used, { step }).data.reduce((sum, value) => sum + value, 0);
          expect(total).toBeCloseTo(step + 1, 4);
        });
        expect(readImportance([weights]).data).toEqual(select(used, { step: weights.length - 1 }).data);
      }),
    );
  });

  test("refuse no head, a single weighting, and heads or kinds of different shapes", () => {
    expect(() => slotUsage([])).toThrow("slotUsage needs the weightings of at least one head, each [step, slot].");
    expect(() => readImportance([[0.5, 0.5]])).toThrow("readImportance needs at least 2 axes, such as [step, slot]");
    expect(() => slotUsage([[[1]], [[1, 0]]])).toThrow("slotUsage needs weightings of one shape");
    expect(() => writeReadImportance([[[1]]], [[[1, 0]]])).toThrow("writeReadImportance needs weightings of one shape");
  });
});
