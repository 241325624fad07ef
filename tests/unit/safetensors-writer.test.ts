import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type Dtype,
  fromFloat32,
  readSafetensors,
  type SafetensorsFile,
  writeSafetensors,
} from "../../src/tensors/safetensors.js";
import { elementBits } from "../../src/tensors/stored-tensor.js";
import { mostJsonValues } from "../../src/tensors/strict-json.js";
import { seed, times } from "../repeat.mjs";
import { content, fileOf, mutatedFiles, mutations, reference } from "../safetensors-files.js";

describe("writeSafetensors", () => {
  test("writes what readSafetensors reads back, for every type, shape, name and text", { tags: ["draws"] }, () => {
    fc.assert(
      fc.property(content, (file) => {
        expect(readSafetensors(writeSafetensors(file))).toEqual(file);
      }),
      { numRuns: times("draws"), seed },
    );
  });

  test("writes equal content as equal bytes, whatever the order of its maps", () => {
    fc.assert(
      fc.property(content, (file) => {
        const turned = {
          metadata: new Map([...file.metadata].reverse()),
          tensors: new Map([...file.tensors].reverse()),
        };
        expect(writeSafetensors(turned)).toEqual(writeSafetensors(file));
      }),
    );
  });

  test("aligns every tensor to the width of its elements, widest first, then by code point", () => {
    fc.assert(
      fc.property(content, (file) => {
        const written = readSafetensors(writeSafetensors(file));
        for (const { dtype, bytes } of written.tensors.values()) {
          const width = Math.ceil(elementBits[dtype] / 8);
          expect(bytes.byteOffset % width).toBe(0);
        }
      }),
    );
    const scalar = (dtype: Dtype) => ({ dtype, shape: [], bytes: new Uint8Array(elementBits[dtype] / 8) });
    const tensors = new Map([
      ["b", scalar("U8")],
      ["\u{10000}", scalar("F32")],
      ["\uffff", scalar("F32")],
      ["f", scalar("F32")],
      ["", scalar("F32")],
      ["z", scalar("F64")],
    ]);
    const written = readSafetensors(writeSafetensors({ metadata: new Map(), tensors }));
    expect([...written.tensors.keys()]).toEqual(["z", "", "f", "\uffff", "\u{10000}", "b"]);
  });

  test("writes known bytes", () => {
    const metadata = new Map(Object.entries({ b: "2", a: "1" }));
    const file = { metadata, tensors: new Map([["t", fromFloat32([1], Float32Array.of(1))]]) };
    const header = '{"__metadata__":{"a":"1","b":"2"},"t":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}';
    expect(writeSafetensors(file)).toEqual(fileOf(header.padEnd(88), Uint8Array.of(0, 0, 128, 63)));
    expect(writeSafetensors({ metadata: new Map(), tensors: new Map() })).toEqual(fileOf("{}      "));
  });

  test("refuses a tensor whose bytes do not fit its shape, or whose type or shape is wrong", () => {
    const write = (dtype: string, shape: number[], length: number) => () =>
      writeSafetensors({
        metadata: new Map(),
        tensors: new Map([["a", { dtype: dtype as Dtype, shape, bytes: new Uint8Array(length) }]]),
      });
    expect(write("F32", [2], 7)).toThrow('Tensor "a": the shape [2] of F32 takes 8 bytes, but 7 were given.');
    expect(write("F33", [2], 8)).toThrow('the type "F33" is unknown');
    for (const length of [-1, 0.5, Number.NaN, 2 ** 53, Number.POSITIVE_INFINITY]) {
      expect(write("U8", [length], 1)).toThrow(`has the length ${length}, but lengths are whole numbers from 0`);
    }
  });

  test("refuses a name or text that a file cannot hold", () => {
    const file = (name: string, [key, text] = ["", ""]): SafetensorsFile => ({
      metadata: new Map([[key, text]]),
      tensors: new Map([[name, { dtype: "U8", shape: [], bytes: new Uint8Array(1) }]]),
    });
    expect(() => writeSafetensors(file("__metadata__"))).toThrow('No tensor can be named "__metadata__"');
    expect(() => writeSafetensors(file("\ud800"))).toThrow('"\\u{d800}" has half a surrogate pair');
    expect(() => writeSafetensors(file("a", ["\udc00", ""]))).toThrow("half a surrogate pair");
    expect(() => writeSafetensors(file("a", ["k", 1 as never]))).toThrow("must be strings, but 1 was given");
  });

  test("refuses a header that the reader would refuse, and no smaller one", () => {
    const file = (rank: number, text = ""): SafetensorsFile => ({
      metadata: new Map([["k", text]]),
      tensors: new Map([["a", { dtype: "U8", shape: Array<number>(rank).fill(1), bytes: new Uint8Array(1) }]]),
    });
    const most = mostJsonValues - 9;
    expect(readSafetensors(writeSafetensors(file(most))).tensors.get("a")?.shape).toHaveLength(most);
    expect(() => writeSafetensors(file(most + 1))).toThrow(`but at most ${mostJsonValues} are read`);
    expect(() => writeSafetensors(file(0, "x".repeat(1e8)))).toThrow("but at most 100000000 are read");
  });
});

const damaged = times("damaged-files");
test(`${damaged} damaged files are read as what they say or refused in one short line, without a copy of the data`, {
  tags: ["damaged-files"],
}, () => {
  const small = fc.sample(content, { numRuns: 20, seed: 5 }).map(writeSafetensors);
  const counts: Record<string, { read: number; refused: number }> = {};
  for (const { way, file } of mutatedFiles(
    [reference("nsm"), ...small.slice(10), reference("ntm"), ...small],
    damaged,
    seed + 11,
  )) {
    counts[way] ??= { read: 0, refused: 0 };
    let read: SafetensorsFile;
    try {
      read = readSafetensors(file);
    } catch (error) {
      counts[way].refused++;
      if ((error as Error).constructor !== Error) throw error;
      if (!/^[^\p{C}]{1,500}\.$/u.test((error as Error).message)) throw new Error(`Not one short line: ${error}`);
      continue;
    }
    counts[way].read++;
    for (const { bytes } of read.tensors.values()) expect(bytes.buffer === file.buffer).toBe(true);
    const total = [...read.tensors.values()].reduce((sum, { bytes }) => sum + bytes.length, 0);
    expect(total).toBeLessThanOrEqual(file.length - 10);
    if (file.length < 2000) expect(readSafetensors(writeSafetensors(read))).toEqual(read);
  }
  expect(Object.values(counts).reduce((sum, count) => sum + count.read + count.refused, 0)).toBe(damaged);
  const each = damaged / Object.keys(mutations).length;
  for (const way of Object.keys(mutations)) {
    expect(counts[way]?.refused).toBeGreaterThan(each / 2);
    if (way !== "truncated") expect(counts[way]?.read).toBeGreaterThan(each / 100);
    else expect(counts[way]?.read).toBe(0);
  }
});
