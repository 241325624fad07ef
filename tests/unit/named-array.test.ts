import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { labelled, namedArray, select, sizeOf, slice, stack } from "../../src/tensors/named-array.js";

const memory = namedArray("memory", ["step", "slot", "word"], [2, 3, 2], [...Array(12).keys()], {
  slot: ["a", "b", "c"],
});

describe("namedArray", () => {
  test("refuses data that the shape does not hold, saying both sizes", () => {
    expect(() => namedArray("w", ["slot"], [3], [1, 2])).toThrow(
      '"w": the shape [3] holds 3 values, but 2 were given.',
    );
  });

  test("refuses axes that do not fit the shape, repeat, or carry too few labels", () => {
    expect(() => namedArray("w", ["slot"], [1, 1], [1])).toThrow("1 axes [slot] were given for 2 dimensions [1,1]");
    expect(() => namedArray("w", ["slot", "slot"], [1, 1], [1])).toThrow("repeat a name");
    expect(() => namedArray("w", ["slot"], [2], [1, 2], { slot: ["a"] })).toThrow("length 2, but 1 labels");
    expect(() => namedArray("w", ["slot"], [2], [1, 2], { word: ["a"] })).toThrow("its axes are [slot]");
  });
});

describe("labelled", () => {
  test("names positions, keeps the labels of other axes and the array as it was", () => {
    const named = labelled(memory, { step: ["first", "last"] });
    expect(named).toEqual({ ...memory, labels: { step: ["first", "last"], slot: ["a", "b", "c"] } });
    expect(memory.labels).toEqual({ slot: ["a", "b", "c"] });
    expect(labelled(named, { slot: ["x", "y", "z"] }).labels?.slot).toEqual(["x", "y", "z"]);
  });

  test("refuses an unknown axis and labels that are too few or too many", () => {
    expect(() => labelled(memory, { token: ["put"] })).toThrow('"memory" has no axis "token"');
    expect(() => labelled(memory, { word: ["a", "b", "c"] })).toThrow('axis "word" has length 2, but 3 labels');
  });
});

describe("select", () => {
  test("fixes positions, drops their axes and keeps the labels of the others", () => {
    const slots = select(memory, { step: 1, word: 0 });
    expect(slots).toMatchObject({ axes: ["slot"], shape: [3], labels: { slot: ["a", "b", "c"] } });
    expect([...slots.data]).toEqual([6, 8, 10]);
    expect(select(memory, { slot: 0 }).labels).toBeUndefined();
  });

  test("down to one element gives a scalar", () => {
    expect(select(memory, { step: 1, slot: 2, word: 1 })).toMatchObject({
      axes: [],
      shape: [],
      data: Float32Array.of(11),
    });
  });

  test("refuses an unknown axis and a position outside it, listing what there is", () => {
    expect(() => select(memory, { epoch: 0 })).toThrow('has no axis "epoch"; its axes are [step, slot, word]');
    expect(() => select(memory, { slot: 3 })).toThrow("slot 3 is outside 0 to 2");
    expect(() => select(memory, { slot: 0.5 })).toThrow("slot 0.5 is outside 0 to 2");
  });

  test("of every position of an axis, stacked again, is the array it came from", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 4 }), (shape) => {
        const axes = shape.map((_, index) => `axis${index}`);
        const array = namedArray("x", axes, shape, [...Array(sizeOf(shape)).keys()]);
        const parts = Array.from({ length: shape[0] as number }, (_, index) => select(array, { axis0: index }));
        expect(stack(parts, "axis0")).toEqual(array);
      }),
    );
  });
});

describe("slice", () => {
  test("keeps a stretch of an axis and the true names of its positions", () => {
    const words = slice(memory, "slot", 1, 3);
    expect(words).toMatchObject({ axes: memory.axes, shape: [2, 2, 2], labels: { slot: ["b", "c"] } });
    expect([...words.data]).toEqual([2, 3, 4, 5, 8, 9, 10, 11]);
    expect(slice(memory, "word", 1, 2).labels).toEqual({ slot: ["a", "b", "c"], word: ["1"] });
  });

  test("of an axis holds what select finds at each of its positions", () => {
    const shape = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(shape, fc.nat(), fc.nat(), fc.nat(), (lengths, a, b, c) => {
        const axes = lengths.map((_, index) => `axis${index}`);
        const array = namedArray("x", axes, lengths, [...Array(sizeOf(lengths)).keys()]);
        const axis = a % lengths.length;
        const from = b % (lengths[axis] as number);
        const to = from + 1 + (c % ((lengths[axis] as number) - from));
        const kept = slice(array, `axis${axis}`, from, to);
        for (let position = from; position < to; position++) {
          const found = select(kept, { [`axis${axis}`]: position - from });
          expect(found.data).toEqual(select(array, { [`axis${axis}`]: position }).data);
        }
      }),
    );
  });

  test("refuses a stretch that is not in the axis", () => {
    for (const [from, to] of [
      [-1, 2],
      [0, 4],
      [2, 2],
      [0.5, 2],
    ] as const) {
      expect(() => slice(memory, "slot", from, to)).toThrow(`slot ${from} to ${to} is no stretch of 0 to 3`);
    }
  });
});

test("stack refuses nothing at all and arrays of different shapes", () => {
  expect(() => stack([], "step")).toThrow("needs at least one array");
  const other = namedArray("other", ["slot"], [1], [0]);
  expect(() => stack([memory, other], "epoch")).toThrow('"other" is [slot] of [1]');
});
