import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Dtype, dtypes, elementBits, fromFloat32, toFloat32 } from "../../src/tensors/stored-tensor.js";

describe("toFloat32", () => {
  const float = (dtype: Dtype, patterns: ArrayBufferView): Float32Array => {
    const bytes = new Uint8Array(patterns.buffer);
    return toFloat32("x", { dtype, shape: [(bytes.length * 8) / elementBits[dtype]], bytes });
  };

  test("gives back every 32-bit pattern that fromFloat32 took, NaN and −0 too, as a copy", () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 2 ** 32 - 1 })), (patterns) => {
        const values = new Float32Array(Uint32Array.from(patterns).buffer);
        const stored = fromFloat32([patterns.length], values);
        const read = toFloat32("x", stored);
        values.fill(7);
        stored.bytes.fill(7);
        expect([...new Uint32Array(read.buffer)]).toEqual(patterns);
      }),
    );
  });

  test("decodes F16 exactly: signs, subnormals, limits, infinities, NaN", () => {
    const patterns = [0x0000, 0x8000, 0x0001, 0x03ff, 0x0400, 0x3555, 0x3c00, 0xc000, 0x7bff, 0x7c00, 0xfc00, 0x7e01];
    const largest = 65504;
    const [least, third] = [2 ** -24, 0.333251953125];
    const infinite = Number.POSITIVE_INFINITY;
    const expected = [0, -0, least, 1023 * least, 2 ** -14, third, 1, -2, largest, infinite, -infinite, Number.NaN];
    expect([...float("F16", Uint16Array.from(patterns))]).toEqual(expected);
  });

  test("decodes BF16 exactly, as the upper half of a 32-bit float", () => {
    const patterns = Uint16Array.of(0x0000, 0x8000, 0x3f80, 0xc040, 0x0001, 0x7f80, 0xff80, 0x7fc0);
    const infinite = Number.POSITIVE_INFINITY;
    expect([...float("BF16", patterns)]).toEqual([0, -0, 1, -3, 2 ** -133, infinite, -infinite, Number.NaN]);
  });

  test("rounds F64 to the nearest 32-bit float", () => {
    fc.assert(
      fc.property(fc.float64Array(), (values) => {
        expect([...float("F64", values.slice())]).toEqual([...values].map(Math.fround));
      }),
    );
    expect([...float("F64", Float64Array.of(1e300, 1 / 3))]).toEqual([Number.POSITIVE_INFINITY, Math.fround(1 / 3)]);
  });

  test("refuses every other type, naming the tensor and the types that it takes, and bytes that do not fit", () => {
    for (const dtype of dtypes.filter((name) => !["F32", "F64", "F16", "BF16"].includes(name))) {
      expect(() => toFloat32("step", { dtype, shape: [0], bytes: new Uint8Array(0) })).toThrow(
        `Tensor "step" is ${dtype}, but only F32, F64, F16 and BF16 become numbers; convert it.`,
      );
    }
    expect(() => toFloat32("x", { dtype: "F32", shape: [2], bytes: new Uint8Array(4) })).toThrow(
      "takes 8 bytes, but 4",
    );
    expect(() => fromFloat32([2, 2], new Float32Array(3))).toThrow(
      "The shape [2, 2] holds 4 values, but 3 were given.",
    );
    expect(() => fromFloat32([-1], new Float32Array(1))).toThrow("lengths are whole numbers");
  });
});
