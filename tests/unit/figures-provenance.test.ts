import { describe, expect, test } from "vitest";
import { alignedDifference } from "../../src/figures/aligned-difference.js";
import type { EncodedArray, Figure } from "../../src/figures/figure.js";
import { memoryProvenance, writeToRead } from "../../src/figures/memory-provenance.js";
import { type NamedArray, namedArray } from "../../src/tensors/named-array.js";

/** The numbers behind Plotly's typed array of 32-bit floats. */
const decoded = (encoded: unknown): number[] => {
  const { bdata } = encoded as EncodedArray;
  return [...new Float32Array(Uint8Array.from(atob(bdata), (character) => character.charCodeAt(0)).buffer)];
};
// biome-ignore lint/suspicious/noExplicitAny: a test reads deep into Plotly's JSON
const layoutOf = (figure: Figure): any => figure.layout;

const labels = { slot: ["7", "8", "9"] };
const memory = namedArray("memory", ["slot", "word"], [3, 2], [3, 4, 0, 0.01, -1, 0], labels);
const shares = namedArray("share", ["slot", "write"], [3, 3], [0, 1, 0, 0.5, 0.5, 0, 0.25, 0, 0.75], {
  write: ["start", "put 7", "what is it"],
});
const reads = namedArray("share", ["step", "write"], [2, 3], [1, 0, 0, 0.25, 0.75, 0], { write: ["start", "0", "1"] });
const series = (values: number[]): NamedArray => namedArray("memory", ["step", "slot", "word"], [2, 2, 2], values);
const one = series([0, 0, 3, 4, 1, 1, 0, 0]);
const other = series([3, 4, 0, 0, 0, 0, 1, 2]);

describe("every figure is the JSON it was when it was last looked at", () => {
  const figures: Record<string, Figure> = {
    "memory provenance": memoryProvenance(memory, shares, { title: "Whence" }),
    "write to read": writeToRead(reads, { title: "From write to read" }),
    "aligned difference": alignedDifference(one, other, [1, 0], { title: "Two runs" }),
  };
  for (const [name, figure] of Object.entries(figures)) {
    test(`${name}`, () => {
      expect(JSON.parse(JSON.stringify(figure))).toEqual(figure);
      expect(figure).toMatchSnapshot();
    });
  }
});

describe("provenance beside a memory", () => {
  test("has the memory's slots, and leaves out what holds next to nothing", () => {
    const figure = memoryProvenance(memory, shares, { title: "" });
    expect(figure.data[0]?.y).toEqual(figure.data[1]?.y);
    expect(layoutOf(figure)).toMatchObject({
      yaxis2: { matches: "y" },
      title: { subtitle: { text: /1 % of the fullest/ } },
    });
    expect(decoded(figure.data[1]?.z)).toEqual([0, 1, 0, Number.NaN, Number.NaN, Number.NaN, 0.25, 0, 0.75]);
  });

  test("says nothing of slots left out where there are none", () => {
    const figure = memoryProvenance([[1], [2]], [[1], [1]], { title: "" });
    expect(layoutOf(figure).title.subtitle).toBeUndefined();
  });

  test("is refused over other slots, or of other axes", () => {
    expect(() => memoryProvenance(memory, [[1]], { title: "" })).toThrow('"memory" has 3, "share" has 1');
    expect(() => memoryProvenance(one, shares, { title: "" })).toThrow("memoryProvenance draws 2 axes");
    expect(() => writeToRead([1], { title: "" })).toThrow("writeToRead draws 2 axes");
  });
});

describe("the difference of two runs", () => {
  test("is the norm over words, as slots stand and aligned, and its mean over slots", () => {
    const figure = alignedDifference(one, other, [1, 0], { title: "" });
    expect(decoded(figure.data[0]?.z)).toEqual([5, Math.fround(Math.SQRT2), 5, Math.fround(Math.sqrt(5))]);
    expect(decoded(figure.data[1]?.z)).toEqual([0, 1, 0, 0]);
    expect(decoded(figure.data[2]?.y)[0]).toBe(5);
    expect(decoded(figure.data[3]?.y)).toEqual([0, 0.5]);
  });

  test("of weights is the absolute difference", () => {
    const figure = alignedDifference([[1, 0]], [[0, 0.5]], [1, 0], { title: "" });
    expect(decoded(figure.data[0]?.z)).toEqual([1, 0.5]);
    expect(decoded(figure.data[1]?.z)).toEqual([0.5, 0]);
  });

  test("is refused for runs of different shapes, orders that are none, and other axes", () => {
    expect(() => alignedDifference(one, [[1, 0]], [0, 1], { title: "" })).toThrow("needs two arrays of one shape");
    expect(() => alignedDifference(one, other, [0, 0], { title: "" })).toThrow("names each of its slots 0 to 1 once");
    expect(() => alignedDifference([1], [1], [0], { title: "" })).toThrow("alignedDifference draws 3 axes");
  });
});

test("the text of strangers is nothing but text in all of them", () => {
  const nasty = `<a href="javascript:x">&amp;</a> $x^2$ %{z}`;
  const square = namedArray(nasty, [nasty, "b"], [1, 1], [1], { [nasty]: [nasty], b: [nasty] });
  const slots = namedArray(nasty, [nasty, "slot"], [1, 1], [1], { [nasty]: [nasty], slot: [nasty] });
  const figures = [
    memoryProvenance(square, square, { title: nasty }),
    writeToRead(square, { title: nasty }),
    alignedDifference(slots, slots, [0], { title: nasty }),
  ];
  for (const figure of figures) expect(JSON.stringify(figure)).not.toMatch(/<a|\$x|%\{z\}"|%\{z\} /);
});
