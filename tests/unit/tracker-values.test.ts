import { crc32 as zlibCrc32 } from "node:zlib";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { crc32, tabledCrc32 } from "../../src/tensors/crc32.js";
import type { Part } from "../../src/tracker/manifest.js";
import { coverOf } from "../../src/tracker/part-cover.js";
import { findRow, readIndex, readNumbers, readValues } from "../../src/tracker/part-reader.js";
import { noRows, storeRow, writePart } from "../../src/tracker/part-writer.js";
import { type StateRow, statisticsOf } from "../../src/tracker/state-row.js";
import { restoreValues, storedTypes, storeValues } from "../../src/tracker/stored-values.js";
import { memoryStorage } from "../history-storage.js";

const anyFloat = fc.float({ noNaN: false });
const finite = fc.float({ noNaN: true, noDefaultInfinity: true });
const values = (one: fc.Arbitrary<number>) =>
  fc.array(one, { minLength: 1, maxLength: 40 }).map((list) => Float32Array.from(list));

function restored(data: Float32Array, dtype: (typeof storedTypes)[number]) {
  const { min, max } = statisticsOf(stateRow(data));
  const stored = storeValues(data, dtype, min, max);
  return { stored, back: restoreValues(stored) };
}

function stateRow(data: Float32Array, key: Partial<StateRow> = {}): StateRow {
  return { epoch: 0, batch: 0, step: 0, kind: "state", site: "s", shape: [data.length], data, ...key };
}

function storedRows(rows: readonly StateRow[], dtype: (typeof storedTypes)[number]) {
  const stored = noRows();
  for (const row of rows) storeRow(stored, row, dtype);
  return stored;
}

describe("stored values", () => {
  test("of float32 are the same to the bit, NaN and −0 too", () => {
    fc.assert(
      fc.property(values(anyFloat), (data) => {
        const { stored, back } = restored(data, "float32");
        expect(stored).toMatchObject({ dtype: "float32", scale: null, offset: null });
        expect(new Uint32Array(back.buffer)).toEqual(new Uint32Array(data.buffer));
      }),
    );
  });

  test("of float16 are the nearest there are: off by at most |x|·2⁻¹¹, or 2⁻²⁵ near zero", () => {
    const within = fc.double({ min: -65504, max: 65504, noNaN: true }).map(Math.fround);
    const small = fc.double({ min: -(2 ** -13), max: 2 ** -13, noNaN: true }).map(Math.fround);
    fc.assert(
      fc.property(values(fc.oneof(within, small)), (data) => {
        const { stored, back } = restored(data, "float16");
        expect(stored.dtype).toBe("float16");
        data.forEach((value, i) => {
          const bound = Math.max(Math.abs(value) * 2 ** -11, 2 ** -25);
          expect(Math.abs((back[i] as number) - value)).toBeLessThanOrEqual(bound);
        });
      }),
    );
  });

  test("of float16 are the same to the bit for each number that is one", () => {
    const patterns = Uint16Array.from({ length: 65_536 }, (_, pattern) => pattern);
    const bytes = new Uint8Array(patterns.buffer); // of a little-endian machine
    const all = restoreValues({ dtype: "float16", bytes, scale: null, offset: null });
    const { stored, back } = restored(all, "float16");
    expect(stored.dtype).toBe("float16");
    expect(back).toEqual(all);
    const kept = new Uint16Array(stored.bytes.buffer).filter((_, i) => !Number.isNaN(all[i]));
    expect(kept).toEqual(patterns.filter((_, i) => !Number.isNaN(all[i])));
  });

  test("of uint8 are off by at most half a level and the rounding of a 32-bit float", () => {
    fc.assert(
      fc.property(values(finite), (data) => {
        const { stored, back } = restored(data, "uint8");
        const [min, max] = [Math.min(...data), Math.max(...data)];
        expect(stored.dtype).toBe("uint8");
        const bound = (max - min) / 510 + Math.max(Math.abs(min), Math.abs(max)) * 2 ** -24 + 2 ** -150;
        data.forEach((value, i) => {
          expect(Math.abs((back[i] as number) - value)).toBeLessThanOrEqual(bound * (1 + 1e-9));
        });
      }),
    );
  });

  test("stay float32 where the wished type would break its bound", () => {
    for (const [wish, data] of [
      ["float16", [1, 65_520]],
      ["float16", [Number.NaN, 1e6]],
      ["uint8", [1, Number.NaN]],
      ["uint8", [Number.NEGATIVE_INFINITY, 0]],
    ] as const) {
      const { stored, back } = restored(Float32Array.from(data), wish);
      expect(stored.dtype).toBe("float32");
      expect([...back]).toEqual([...data]);
    }
    expect([...restored(Float32Array.of(Number.NaN, -65_504), "float16").back]).toEqual([Number.NaN, -65_504]);
  });
});

describe("numbers about a value", () => {
  test("are those of the definitions, also of large values that are close together", () => {
    const near = fc.tuple(
      finite.filter((x) => Math.abs(x) < 1e6),
      values(fc.double({ min: -1, max: 1, noNaN: true })),
    );
    const shifted = near.map(([level, data]) => data.map((value) => level + value));
    fc.assert(
      fc.property(shifted, (data) => {
        const { mean, std, min, max, norm, entropy } = statisticsOf(stateRow(data));
        const list = Array.from(data);
        const average = list.reduce((sum, x) => sum + x, 0) / list.length;
        const variance = list.reduce((sum, x) => sum + (x - average) ** 2, 0) / list.length;
        const size = Math.max(...list.map(Math.abs), 1e-30);
        expect(Math.abs(mean - average)).toBeLessThanOrEqual(1e-12 * size);
        expect(Math.abs(std - Math.sqrt(variance))).toBeLessThanOrEqual(1e-9 * size);
        expect([min + 0, max + 0]).toEqual([Math.min(...list) + 0, Math.max(...list) + 0]); // −0 is 0
        expect(Math.abs(norm - Math.hypot(...list))).toBeLessThanOrEqual(1e-12 * Math.hypot(...list));
        expect(entropy).toBeNull();
      }),
    );
  });

  test("are NaN where a value is not finite, or there is none", () => {
    for (const data of [[1, Number.NaN], [Number.POSITIVE_INFINITY], []]) {
      const { mean, std, min, max, norm } = statisticsOf(stateRow(Float32Array.from(data)));
      expect([mean, std, min, max, norm]).toEqual(Array(5).fill(Number.NaN));
    }
  });

  test("hold the mean entropy of rows of attention only, in nats", () => {
    const data = Float32Array.of(0.5, 0.5, 1, 0);
    const entropy = (key: Partial<StateRow>) => statisticsOf(stateRow(data, { shape: [2, 2], ...key })).entropy;
    expect(entropy({ site: "read.0.weights" })).toBeCloseTo(Math.LN2 / 2, 6);
    expect(entropy({ site: "layers.1.attention" })).toBeCloseTo(Math.LN2 / 2, 6);
    expect(entropy({ site: "memory" })).toBeNull();
    expect(entropy({ site: "weights", kind: "gradient" })).toBeNull();
    expect(entropy({ site: "weights", data: Float32Array.of(-1, 1, 1, 1) })).toBeNull();
    expect(entropy({ site: "weights", data: Float32Array.of(Number.NaN, 1, 1, 1) })).toBeNaN();
  });
});

describe("a part", () => {
  const sizes = fc.oneof(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 900, max: 1200 }), fc.constant(5000));
  const rows = fc.array(fc.record({ size: sizes, scale: finite, step: fc.option(fc.nat(3)) }), {
    minLength: 1,
    maxLength: 30,
  });

  test("gives back every row by its key, of every type and size of value", async () => {
    await fc.assert(
      fc.asyncProperty(rows, fc.constantFrom(...storedTypes), async (list, dtype) => {
        const recorded = list.map(({ size, scale, step }, batch) => {
          const data = Float32Array.from({ length: size }, (_, i) => scale * Math.sin(i + batch));
          return stateRow(data, { batch, step, shape: [1, size], site: `site ${batch % 3}` });
        });
        const stored = storedRows(recorded, dtype);
        const { content, layout } = writePart(stored);
        const storage = memoryStorage();
        await storage.create("part", content);
        expect((await storage.read("part"))?.length).toBe(layout.bytes);
        const part: Part = { file: "part", ...layout, ...coverOf(stored) };
        const index = await readIndex(storage, part);
        for (const row of recorded) {
          const found = await readValues(storage, index, findRow(index, row));
          expect(found.shape).toEqual(row.shape);
          expect(found.data).toEqual(restored(row.data, dtype).back);
        }
        expect(findRow(index, { ...(recorded[0] as StateRow), site: "another" })).toBe(-1);
        const numbers = await readNumbers(storage, part);
        const names = Object.keys(stored).filter((name) => name !== "bytes") as (keyof (typeof numbers)[0])[];
        for (const name of names) expect(numbers.map((row) => row[name])).toEqual(stored[name]);
      }),
      { numRuns: 40 },
    );
  });

  test("keeps a large value in a page of its own, and reads little more than the value", async () => {
    const data = (length: number) => new Float32Array(length).fill(1);
    const recorded = [1, 2000, 3, 2000].map((length, batch) => stateRow(data(length), { batch }));
    const stored = storedRows(recorded, "float32");
    const { content, layout } = writePart(stored);
    const storage = memoryStorage();
    await storage.create("part", content);
    const index = await readIndex(storage, { file: "part", ...layout, ...coverOf(stored) });
    expect(index.pages.map(({ firstRow }) => firstRow)).toEqual([0, 1, 2, 3]);
    expect(index.pages[1]?.bytes).toBeLessThan(8000 + 64);
  });
});

test.each([crc32, tabledCrc32])("the checksum %o is zlib's, at every length and alignment, also in pieces", (crc32) => {
  expect(crc32(new TextEncoder().encode("123456789"))).toBe(0xcbf43926);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat(100), (bytes, cut) => {
      expect(crc32(bytes)).toBe(zlibCrc32(bytes));
      const [head, rest] = [bytes.subarray(0, cut), bytes.subarray(cut)];
      expect(crc32(rest, crc32(head))).toBe(zlibCrc32(bytes));
    }),
  );
});
