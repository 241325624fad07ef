import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { alignedDifference } from "../../src/figures/aligned-difference.js";
import type { EncodedArray, Figure } from "../../src/figures/figure.js";
import { memoryProvenance } from "../../src/figures/memory-provenance.js";
import { writeToRead } from "../../src/figures/write-to-read.js";
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
const looks = namedArray("read weights", ["step", "slot"], [2, 3], [0.25, 0.001, 0.75, 0, 1, 0]);
const left = [
  [0, 1],
  [0.5, 1],
  [0.125, 1],
];
const series = (values: number[]): NamedArray => namedArray("memory", ["step", "slot", "word"], [2, 2, 2], values);
const one = series([0, 0, 3, 4, 1, 1, 0, 0]);
const other = series([3, 4, 0, 0, 0, 0, 1, 2]);

describe("every figure is the JSON it was when it was last looked at", () => {
  const figures: Record<string, Figure> = {
    "memory provenance": memoryProvenance(memory, shares, { title: "Whence" }),
    "memory provenance with reads": memoryProvenance(memory, shares, { title: "Whence", reads: looks, left: left }),
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

/** The parts of all bars, and the frames, of a figure without reads. */
const partsOf = ({ data }: Figure): { slot: unknown; from: number; share: number; text: string; told: string }[] =>
  data
    .filter(({ type }) => type === "bar")
    // biome-ignore lint/suspicious/noExplicitAny: as above
    .flatMap(({ y, base, x, text, hovertext }: any) =>
      y.map((slot: unknown, at: number) => ({
        ...{ slot, from: base[at], share: x[at], text: text[at], told: hovertext[at] },
      })),
    );
// biome-ignore lint/suspicious/noExplicitAny: as above
const framesOf = (figure: Figure): any[] => layoutOf(figure).shapes.filter(({ type }: any) => type === "rect");

describe("provenance drawn over a memory", () => {
  test("makes of every slot's shares one bar without gaps, in the order of the writes, and frames its row", () => {
    const amounts = fc.array(fc.array(fc.integer({ min: 0, max: 200 }), { minLength: 6, maxLength: 6 }), {
      minLength: 1,
      maxLength: 5,
    });
    fc.assert(
      fc.property(amounts, (rows) => {
        const given = rows.map((row) => {
          const sum = row.reduce((total, amount) => total + amount, 0);
          return row.map((amount) => (sum === 0 ? 1 / 6 : amount / sum));
        });
        const figure = memoryProvenance(
          given.map(() => [1, -1]),
          given,
          { title: "" },
        );
        const parts = partsOf(figure);
        expect(framesOf(figure).map(({ y0, y1 }) => (y0 + y1) / 2)).toEqual(given.map((_, slot) => slot));
        given.forEach((row, slot) => {
          const bar = parts.filter((part) => part.slot === slot).sort((a, b) => a.from - b.from);
          const large = row.filter((share) => Math.fround(share) >= 0.01);
          bar.forEach((part, at) => {
            expect(part.share).toBeCloseTo(large[at] ?? 1 - part.from, 3);
          });
          bar.forEach(({ from }, at) => {
            expect(from).toBeCloseTo(
              bar.slice(0, at).reduce((sum, { share }) => sum + share, 0),
              3,
            );
          });
          expect(Math.abs(1 - bar.reduce((sum, { share }) => sum + share, 0))).toBeLessThan(0.0105);
        });
      }),
      { numRuns: 50 },
    );
  });

  test("frames a slot in the colour of the write that has most of it, and leaves out what holds next to nothing", () => {
    const figure = memoryProvenance(memory, shares, { title: "" });
    const [first, third, ...others] = framesOf(figure);
    expect(others).toEqual([]);
    expect([first.y0, first.y1, third.y0, third.y1]).toEqual([-0.4, 0.4, 1.6, 2.4]);
    expect([first.line.color, third.line.color]).toEqual(["rgb(143,69,184)", "rgb(224,111,76)"]);
    expect(first.x1).toBe(layoutOf(figure).xaxis2.domain[1]);
    expect(partsOf(figure).map(({ slot }) => String(slot)[0])).toEqual(["7", "9", "9"]);
    expect(layoutOf(figure).title.subtitle.text).toMatch(/No frame: slots below 1 %/);
  });

  test("names the largest write with its share, others where there is room, and the start in grey", () => {
    const named = { write: ["start", "0", "1", "2"] };
    const came = namedArray("share", ["slot", "write"], [2, 4], [0.6, 0.02, 0.38, 0, 0, 0, 0.005, 0.995], named);
    const figure = memoryProvenance([[1], [1]], came, { title: "" });
    const texts = partsOf(figure).map(({ text }) => text);
    expect(texts.sort()).toEqual(["", "1", "2 · 100 %", "start · 60 %"]);
    expect(layoutOf(figure).coloraxis).toMatchObject({ cmin: 0.5, cmax: 3.5, colorbar: { ticktext: ["0", "1", "2"] } });
    expect(framesOf(figure)[0].line.width).toBe(1);
    const long = namedArray("share", ["slot", "write"], [1, 2], [0.9, 0.1], {
      write: ["a name too long for a bar", "b"],
    });
    expect(partsOf(memoryProvenance([[1]], long, { title: "" })).map(({ text }) => text)).toEqual([
      "a name too long fo…",
      "b",
    ]);
  });

  test("takes shares below 1 % together, and draws nothing for shares that are not numbers", () => {
    const many = [Array.from({ length: 200 }, () => 1 / 200), Array.from({ length: 200 }, () => Number.NaN)];
    const figure = memoryProvenance([[1], [1]], many, { title: "" });
    expect(partsOf(figure)).toMatchObject([{ slot: 0, from: 0, share: 1, text: "others · 100 %" }]);
    expect(framesOf(figure)).toHaveLength(1);
    expect(layoutOf(figure).coloraxis2).toBeUndefined();
    const none = memoryProvenance([[1]], [[Number.NaN]], { title: "" });
    expect(none.data.map(({ type, x }) => [type, x])).toEqual([
      ["bar", [0]],
      ["heatmap", undefined],
    ]);
    expect(layoutOf(none).annotations.map(({ text }: { text: string }) => text)).toContain("no finite value");
  });

  test("gives up names where rows are too low for them", () => {
    const textsOf = (slots: number): Set<string> => {
      const ones = Array.from({ length: slots }, () => [1]);
      return new Set(partsOf(memoryProvenance(ones, ones, { title: "" })).map(({ text }) => text));
    };
    expect([58, 59].map(textsOf)).toEqual([new Set(["0 · 100 %"]), new Set([""])]);
  });

  test("tells all shares of a slot on hovering, the largest first, and what erasing left", () => {
    const figure = memoryProvenance(memory, shares, { title: "", left: left });
    const [told] = partsOf(figure).filter(({ slot }) => String(slot).startsWith("9"));
    expect(told?.told).toBe("what is it: 75.0 % of the slot<br>start: 25.0 % of the slot; erasing left 12.5 % of it");
  });

  test("draws a read as a dot whose area is its weight, from 0.01 up", () => {
    const figure = memoryProvenance(memory, shares, { title: "", reads: looks });
    const dots = figure.data.at(-1) as unknown as { x: number[]; y: string[]; marker: { size: number[] } };
    expect(dots.x).toEqual([0, 0, 1]);
    expect(dots.y.map((slot) => slot[0])).toEqual(["7", "9", "8"]);
    const [quarter, most, whole] = dots.marker.size as [number, number, number];
    expect(quarter / whole).toBeCloseTo(0.5, 2);
    expect(most / whole).toBeCloseTo(Math.sqrt(0.75), 2);
    expect(layoutOf(figure).yaxis3.matches).toBe("y");
  });

  const noteOf = (figure: Figure): string => layoutOf(figure).title.subtitle?.text ?? "";

  test("has neither bars nor frames for a memory of zeros", () => {
    const figure = memoryProvenance([[0], [0]], [[1], [1]], { title: "" });
    expect(figure.data.map(({ type, x }) => [type, x])).toEqual([
      ["bar", [0]],
      ["heatmap", undefined],
    ]);
    expect(framesOf(figure)).toEqual([]);
    expect(noteOf(figure)).toBe("No frame: slots of zeros.");
  });

  test("says why a slot has no frame: it holds little, its shares are no numbers, or there are none", () => {
    const came = [[1], [Number.NaN], [0], [1]];
    const drawn = (rows: number[]) =>
      memoryProvenance(
        rows.map((row) => [row === 3 ? 0.001 : 1]),
        rows.map((row) => came[row] as number[]),
        { title: "" },
      );
    expect(framesOf(drawn([0, 1, 2, 3])).map(({ y0 }) => y0 + 0.4)).toEqual([0]);
    expect(partsOf(drawn([0, 2]))).toMatchObject([{ slot: 0, text: "0 · 100 %" }]);
    expect([[0], [0, 1], [0, 2], [0, 3], [0, 1, 2, 3]].map((rows) => noteOf(drawn(rows)))).toEqual([
      "",
      "No frame: slots of shares that are not finite.",
      "No frame: slots without shares.",
      "No frame: slots below 1 % of the fullest one.",
      "No frame: slots below 1 % of the fullest one, or of shares that are not finite, or without shares.",
    ]);
  });

  test("marks the cells of a memory that holds no number, without words over them", () => {
    const figure = memoryProvenance([[Number.NaN]], [[1]], { title: "" });
    expect(figure.data.at(-1)).toMatchObject({ type: "scatter", text: ["NaN"] });
    expect(JSON.stringify(layoutOf(figure).annotations)).not.toContain("no finite value");
  });

  test("cuts long names of writes so short that they do not meet under the bar of colours", () => {
    const ticksOf = (names: readonly string[]) => {
      const share = namedArray(
        "share",
        ["slot", "write"],
        [1, names.length],
        names.map(() => 1 / names.length),
        {
          write: names,
        },
      );
      return layoutOf(memoryProvenance([[1]], share, { title: "" })).coloraxis.colorbar.ticktext;
    };
    expect(ticksOf(["put 7 in it", "put 3 in it"])).toEqual(["put 7…", "put 3…"]);
    expect(ticksOf(["put 7 in it", "b", "what is in it"])).toEqual(["put 7 i…", "what is…"]);
  });

  test("says nothing of slots left out where there are none", () => {
    const figure = memoryProvenance([[1], [2]], [[1], [1]], { title: "" });
    expect(noteOf(figure)).toBe("");
  });

  test("is refused over other slots, of other axes, or with more writes left than there are", () => {
    const tooFew = namedArray("reads", ["step", "slot"], [1, 2], [1, 0]);
    expect(() => memoryProvenance(memory, [[1]], { title: "" })).toThrow('"memory" has 3, "share" has 1');
    expect(() => memoryProvenance(memory, shares, { title: "", reads: tooFew })).toThrow(
      '"memory" has 3, "reads" has 2',
    );
    expect(() => memoryProvenance(memory, shares, { title: "", left: [[1]] })).toThrow('"memory" has 3, "left" has 1');
    expect(() => memoryProvenance([[1]], [[1]], { title: "", left: [[1, 1]] })).toThrow(
      '"left" has 2 writes, "share" 1',
    );
    expect(() => memoryProvenance(one, shares, { title: "" })).toThrow("memoryProvenance draws 2 axes");
    expect(() => memoryProvenance(memory, shares, { title: "", reads: [1, 0, 0] })).toThrow("draws 2 axes");
    expect(() => writeToRead([1], { title: "" })).toThrow("writeToRead draws 2 axes");
  });

  test("is refused for shares that are none, and for options that are not there", () => {
    const came = (rows: number[][]) => () =>
      memoryProvenance(memory, namedArray("share", ["slot", "write"], [3, 2], rows.flat(), labels), { title: "" });
    const parts = "each is a part of what the slot holds, and together they are 1 at most.";
    expect(
      came([
        [0, 1],
        [0, 1],
        [1.25, -0.25],
      ]),
    ).toThrow(`memoryProvenance: slot 9 has a share of -0.25; ${parts}`);
    expect(
      came([
        [0, 1],
        [0.75, 0.5],
        [0, 1],
      ]),
    ).toThrow(`memoryProvenance: the shares of slot 8 add up to 1.25; ${parts}`);
    expect(
      came([
        [0, 1.0005],
        [1, -0.0005],
        [0.5, 0.25],
      ]),
    ).not.toThrow();
    const read = { title: "", read: looks };
    expect(() => memoryProvenance(memory, shares, read)).toThrow(
      'no option "read" (did you mean reads?); there are title, reads, left',
    );
    expect(() => memoryProvenance(memory, shares, undefined as never)).toThrow("takes { title:");
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
    memoryProvenance(square, square, { title: nasty, reads: square, left: square }),
    writeToRead(square, { title: nasty }),
    alignedDifference(slots, slots, [0], { title: nasty }),
  ];
  for (const figure of figures) expect(JSON.stringify(figure)).not.toMatch(/<a|\$x|%\{z\}"|%\{z\} /);
});
