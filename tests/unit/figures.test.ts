import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { attentionHeatmap, attentionPanels } from "../../src/figures/attention-heatmap.js";
import { barChart } from "../../src/figures/bar-chart.js";
import { compareHeatmaps } from "../../src/figures/compare-heatmaps.js";
import { type EncodedArray, encode, escapeText, type Figure } from "../../src/figures/figure.js";
import { histogram } from "../../src/figures/histogram.js";
import { lineChart } from "../../src/figures/line-chart.js";
import { memoryEvolution } from "../../src/figures/memory-evolution.js";
import { memoryHeatmap } from "../../src/figures/memory-heatmap.js";
import { overSteps, weightsOverSteps } from "../../src/figures/over-steps.js";
import { type NamedArray, namedArray } from "../../src/tensors/named-array.js";

const weights = namedArray("attention", ["query", "key"], [2, 3], [0.5, 0.25, 0.25, 0, 1, 0], {
  query: ["who", "what"],
  key: ["a", "b", "a"],
});
const memory = namedArray("memory", ["slot", "word"], [2, 2], [-2, 0, 1, 0.5]);
const series = namedArray("memory", ["step", "slot", "word"], [2, 2, 2], [-2, 0, 1, 0.5, 0, 3, 0, 0]);
const writes = namedArray("write.0.weights", ["step", "slot"], [3, 2], [1, 0, 0, 1, 0.5, 0.5]);
const reads = namedArray("read.0.weights", ["step", "slot"], [3, 2], [0, 1, 1, 0, 0, 0]);
const adds = namedArray("write.0.add", ["step", "word"], [3, 1], [-1, 0, 1]);

/** The numbers behind Plotly's typed array, read as Plotly reads them. */
function decoded({ dtype, bdata, shape }: EncodedArray): { values: number[]; shape: number[] } {
  const bytes = Uint8Array.from(atob(bdata), (character) => character.charCodeAt(0));
  const kinds = { u2: Uint16Array, f4: Float32Array, f8: Float64Array };
  const values = new kinds[dtype](bytes.buffer);
  return { values: [...values], shape: shape.split(",").map(Number) };
}

// biome-ignore lint/suspicious/noExplicitAny: a test reads deep into Plotly's JSON
const layoutOf = (figure: Figure): any => figure.layout;

describe("every figure is the JSON it was when it was last looked at", () => {
  const curve = { name: "sequences", values: [0, 100, 200] };
  const figures: Record<string, Figure> = {
    "attention heatmap": attentionHeatmap(weights, { title: "Attention" }),
    "attention panels": attentionPanels(
      namedArray("attention", ["head", "query", "key"], [2, 2, 2], [1, 0, 0.5, 0.5, 0, 1, 1, 0]),
      { title: "Heads" },
    ),
    "memory heatmap": memoryHeatmap(memory, { title: "Memory" }),
    "memory evolution": memoryEvolution(series, { title: "Memory" }),
    "weights over steps": weightsOverSteps([writes, reads], { title: "Copy" }),
    "arrays over steps": overSteps([reads, adds], { title: "Copy" }),
    "compared heatmaps": compareHeatmaps(
      memory,
      { ...memory, data: Float32Array.of(-2, 0, 0, 0.5) },
      { title: "Edit" },
    ),
    "line chart": lineChart(curve, { training: [8, 4, 2], test: [9, 5, 4] }, { title: "Cost", y: "bits", mark: 100 }),
    "bar chart": barChart(namedArray("importance", ["slot"], [3], [0.1, 0.9, 0.5]), { title: "Importance" }),
    histogram: histogram(memory, { title: "Distribution" }),
  };
  for (const [name, figure] of Object.entries(figures)) {
    test(`${name}`, () => {
      expect(JSON.parse(JSON.stringify(figure))).toEqual(figure);
      expect(figure).toMatchSnapshot();
    });
  }
});

describe("numbers", () => {
  test("are encoded exactly, NaN and infinities among them", () => {
    fc.assert(
      fc.property(fc.float32Array(), fc.float64Array(), fc.uint16Array(), (singles, doubles, wholes) => {
        expect(decoded(encode(singles, [singles.length])).values).toEqual([...singles]);
        expect(decoded(encode(doubles, [doubles.length])).values).toEqual([...doubles]);
        expect(decoded(encode(wholes, [wholes.length])).values).toEqual([...wholes]);
      }),
    );
  });

  test("stand with the first row at the top, and with steps along x whichever axis comes first", () => {
    const figure = attentionHeatmap(weights, { title: "" });
    expect(decoded(figure.data[0]?.z as EncodedArray)).toEqual({ values: [...weights.data], shape: [2, 3] });
    expect(layoutOf(figure).yaxis.range).toEqual([1.5, -0.5]);
    const over = weightsOverSteps([writes], { title: "" });
    expect(decoded(over.data[0]?.z as EncodedArray)).toEqual({ values: [1, 0, 0.5, 0, 1, 0.5], shape: [2, 3] });
    expect(layoutOf(over)).toMatchObject({ xaxis: { title: { text: "step" } }, yaxis: { title: { text: "slot" } } });
  });
});

describe("many attention weights", () => {
  const heads = (count: number, weight: (index: number) => number): NamedArray => {
    const data = Float32Array.from({ length: count * 128 * 128 }, (_, index) => weight(index));
    return namedArray("attention", ["head", "query", "key"], [count, 128, 128], data);
  };
  const draw = (array: NamedArray): Figure => attentionPanels(array, { title: "" });
  /** The weights as hovering says them. */
  const said = ({ data }: Figure): number[] =>
    data.flatMap(({ z, hovertemplate }) => {
      const digits = Number(/attention 0\.%\{z:0(\d+)d\}[< ]/.exec(hovertemplate as string)?.[1]);
      return decoded(z as EncodedArray).values.map((value) => Number(`0.${String(value).padStart(digits, "0")}`));
    });

  test("cost at most 1.2 times their bytes, and read as they are to 0.0001", () => {
    const array = heads(12, (index) => Math.abs(Math.sin(index)));
    const figure = draw(array);
    expect(JSON.stringify(figure).length).toBeLessThan(1.2 * array.data.byteLength);
    const wrong = said(figure).map((weight, index) => Math.abs(weight - (array.data[index] as number)));
    expect(wrong).toHaveLength(array.data.length);
    expect(wrong.reduce((most, error) => Math.max(most, error), 0)).toBeLessThanOrEqual(1e-4);
  });

  test("keep at least four digits of the largest, however small all of them are", () => {
    fc.assert(
      fc.property(fc.float({ min: Math.fround(1e-9), max: 1, noNaN: true }), (largest) => {
        const figure = draw(heads(2, (index) => (index % 128 === 0 ? largest : largest / 3)));
        const [first, second] = said(figure) as [number, number];
        expect(Math.abs(first - largest)).toBeLessThanOrEqual(1e-4 * Math.max(largest, 0.65));
        expect(Math.abs(second - largest / 3)).toBeLessThanOrEqual(1e-4 * largest);
        const { cmin, cmax, colorbar } = layoutOf(figure).coloraxis;
        expect(cmin).toBe(0);
        const ticks: string[] = colorbar.ticktext;
        expect(colorbar.tickvals).toHaveLength(ticks.length);
        const unit = colorbar.tickvals.at(-1) / Number(ticks.at(-1));
        expect(Math.log10(unit)).toBeCloseTo(Math.round(Math.log10(unit)), 9);
        expect(Math.abs(cmax - largest * unit)).toBeLessThanOrEqual(1.5);
        ticks.forEach((text, index) => {
          expect(colorbar.tickvals[index] / unit).toBeCloseTo(Number(text), 9);
        });
        expect(ticks.length).toBeGreaterThan(2);
        expect(ticks.length).toBeLessThan(8);
      }),
      { numRuns: 20 },
    );
  });

  test("leave out what is not finite: no colour, a mark, and still at most 1.2 times the bytes", () => {
    const array = heads(12, (index) => (index % 128 >= 100 ? Number.NaN : Math.abs(Math.sin(index))));
    const figure = draw(array);
    expect(JSON.stringify(figure).length).toBeLessThan(1.2 * array.data.byteLength);
    const [cells, marks] = figure.data as unknown as [
      { z: EncodedArray; hovertemplate: string },
      { x: number[]; y: number[]; hovertemplate: string },
    ];
    const { values } = decoded(cells.z);
    const { cmax, colorscale } = layoutOf(figure).coloraxis;
    const highest = Math.max(...values.filter((value) => value < 65_535));
    const blank = values.flatMap((value, index) => (value === 65_535 ? [index] : []));
    expect(blank).toEqual(
      [...array.data.subarray(0, 16_384).keys()].filter((index) => Number.isNaN(array.data[index])),
    );
    expect(marks.x.map((x, index) => x + 128 * (marks.y[index] as number))).toEqual(blank);
    expect(marks).toMatchObject({ text: "NaN", marker: { symbol: "x-thin" } });
    expect(marks.hovertemplate).toContain("<br>NaN<extra>");
    const clear = colorscale.find(([, colour]: [number, string]) => colour === "rgba(0,0,0,0)")[0];
    expect(highest / cmax).toBeLessThan(clear);
    expect(colorscale.map(([at]: [number]) => at)).toEqual(
      colorscale.map(([at]: [number]) => at).toSorted((a: number, b: number) => a - b),
    );
    expect(cells.hovertemplate).toContain("(0.65535: not finite)");
    const faint = draw(heads(2, (index) => (index === 9 ? Number.NaN : 0.05)));
    expect(faint.data[0]?.hovertemplate).toContain("0.%{z:06d} (0.065535: not finite)");
    expect(draw(heads(2, () => 0.5)).data[0]?.hovertemplate).not.toContain("65535");
  });

  test("stay 32-bit floats where they are few, or one is not from 0 to 1 but for rounding", () => {
    const z = (array: NamedArray): unknown => (draw(array).data[0]?.z as EncodedArray | undefined)?.dtype;
    expect(z(heads(1, () => 0.5))).toBe("f4");
    expect(z(heads(2, () => 0.5))).toBe("u2");
    const withOne = (odd: number): NamedArray => heads(2, (index) => (index === 5000 ? odd : 0.5));
    for (const odd of [-0.001, 1.001]) expect(z(withOne(odd))).toBe("f4");
    for (const odd of [Number.NaN, Number.POSITIVE_INFINITY]) expect(z(withOne(odd))).toBe("u2");
    const rounded = draw(withOne(1 + 2 ** -23));
    expect(said(rounded)[5000]).toBe(0.9999);
    expect(layoutOf(rounded).coloraxis.colorbar.ticktext.at(-1)).toBe("1");
    const one = namedArray("attention", ["query", "key"], [1, 16_385], new Float32Array(16_385));
    expect(attentionHeatmap(one, { title: "" }).data[0]?.z).toMatchObject({ dtype: "u2" });
  });
});

describe("anything array-like", () => {
  const grid = [
    [0.5, 0.25],
    [0, 1],
  ];
  const cube = [grid, grid];
  const title = { title: "" };
  const flat = (nested: unknown[]): number[] => nested.flat(9) as number[];
  const tensor = (nested: unknown[], shape: number[]) => ({ shape, dataSync: () => Int32Array.from(flat(nested)) });

  test("is drawn as the NamedArray of the names that suit the figure", () => {
    const named = (name: string, axes: string[], nested: unknown[] = grid): NamedArray => {
      return namedArray(name, axes, nested === cube ? [2, 2, 2] : nested === grid ? [2, 2] : [2], flat(nested));
    };
    const pairs: [Figure, Figure][] = [
      [attentionHeatmap(grid, title), attentionHeatmap(named("attention", ["query", "key"]), title)],
      [attentionPanels(cube, title), attentionPanels(named("attention", ["head", "query", "key"], cube), title)],
      [memoryHeatmap(grid, title), memoryHeatmap(named("memory", ["slot", "word"]), title)],
      [memoryEvolution(cube, title), memoryEvolution(named("memory", ["step", "slot", "word"], cube), title)],
      [barChart([1, 2], title), barChart(named("value", ["position"], [1, 2]), title)],
      [histogram(cube, title), histogram(named("value", ["a", "b", "c"], cube), title)],
      [overSteps([grid], title), overSteps([named("array 0", ["step", "word"])], title)],
      [weightsOverSteps([grid], title), weightsOverSteps([named("head 0", ["step", "slot"])], title)],
      [
        compareHeatmaps(grid, grid, title),
        compareHeatmaps(named("original", ["row", "column"]), named("edited", ["row", "column"]), title),
      ],
      [
        compareHeatmaps(memory, grid, title),
        compareHeatmaps(memory, { ...memory, name: "edited", data: Float32Array.from(flat(grid)) }, title),
      ],
    ];
    for (const [given, wanted] of pairs) expect(given).toEqual(wanted);
    const whole = [
      [1, 0],
      [0, 1],
    ];
    expect(attentionHeatmap(tensor(whole, [2, 2]), title)).toEqual(attentionHeatmap(whole, title));
    expect(memoryHeatmap({ shape: [2, 2], data: flat(grid) }, title)).toEqual(memoryHeatmap(grid, title));
  });

  test("is a curve too, plain numbers to the last digit", () => {
    const x = { name: "step", values: Float32Array.of(0, 1) };
    const draw = (values: Parameters<typeof lineChart>[1][string]): Figure =>
      lineChart(x, { focus: values }, { title: "", y: "" });
    expect(draw(namedArray("focus", ["step"], [2], [0.5, 1]))).toEqual(draw([0.5, 1]));
    expect(decoded(draw([0.1, 2 ** 40 + 1]).data[0]?.y as EncodedArray).values).toEqual([0.1, 2 ** 40 + 1]);
    expect(() => draw(grid)).toThrow('lineChart draws 1 axes, but "focus" has 2 [axis 0: 2, axis 1: 2].');
  });

  test("is refused by its axes when they do not fit, with advice that can be typed", () => {
    expect(() => attentionHeatmap(cube, title)).toThrow(
      'but "attention" has 3 [axis 0: 2, axis 1: 2, axis 2: 2]. ' +
        'Fix a position along the others first, for example select(array, { "axis 0": 0 }).',
    );
  });
});

describe("colours", () => {
  const any = fc.float({ noDefaultInfinity: false, noNaN: false });

  test("span the finite values only, and every other cell has a mark and is counted", () => {
    fc.assert(
      fc.property(fc.array(any, { minLength: 4, maxLength: 4 }), (values) => {
        const figure = memoryHeatmap(namedArray("memory", ["slot", "word"], [2, 2], values), { title: "Memory" });
        const finite = values.filter(Number.isFinite).map(Math.abs);
        const reach = Math.max(0, ...finite) || 1;
        expect(layoutOf(figure).coloraxis).toMatchObject({ cmin: -reach, cmax: reach });
        const odd = values.flatMap((value, index) => (Number.isFinite(value) ? [] : [[index % 2, index >> 1]]));
        const marks = figure.data[1] as { x: number[]; y: number[] } | undefined;
        expect((marks?.x ?? []).map((x, index) => [x, marks?.y[index]])).toEqual(odd);
        const note: string = layoutOf(figure).title.subtitle?.text ?? "";
        expect([...note.matchAll(/[×▲▼] (\d+)/g)].reduce((sum, [, count]) => sum + Number(count), 0)).toBe(odd.length);
      }),
    );
  });

  test("of weights over steps run from 0 to 1, of attention from 0 to its largest weight", () => {
    expect(layoutOf(weightsOverSteps([reads], { title: "" })).coloraxis).toMatchObject({ cmin: 0, cmax: 1 });
    const faint = namedArray("attention", ["query", "key"], [1, 2], [0.25, 0.125]);
    expect(layoutOf(attentionHeatmap(faint, { title: "" })).coloraxis).toMatchObject({ cmin: 0, cmax: 0.25 });
  });

  test("are one range for all steps of an evolution, whose frames carry values and nothing else", () => {
    const figure = memoryEvolution(series, { title: "Memory" });
    expect(layoutOf(figure).coloraxis).toMatchObject({ cmin: -3, cmax: 3 });
    expect(figure.frames?.map(({ data }) => data.map((trace) => Object.keys(trace)))).toEqual([[["z"]], [["z"]]]);
  });

  test("of an evolution have marks in the frame where a value is not finite, and in no other", () => {
    const data = series.data.map((value, index) => (index === 5 ? Number.NaN : value));
    const { frames } = memoryEvolution({ ...series, data }, { title: "Memory" });
    expect(frames?.map(({ data: [, marks] }) => [marks?.x, marks?.y])).toEqual([
      [[], []],
      [[1], [0]],
    ]);
  });

  test("of a difference are its own; an infinity in both arrays is no difference", () => {
    const before = { ...memory, data: Float32Array.of(1, 2, Number.POSITIVE_INFINITY, 4) };
    const after = { ...memory, data: Float32Array.of(1, 2, Number.POSITIVE_INFINITY, 4.5) };
    const figure = compareHeatmaps(before, after, { title: "Edit" });
    expect(layoutOf(figure)).toMatchObject({
      coloraxis: { cmin: 0, cmax: 4.5 },
      coloraxis2: { cmin: -0.5, cmax: 0.5 },
    });
    const [change] = figure.data.filter(({ coloraxis }) => coloraxis === "coloraxis2");
    expect(decoded(change?.z as EncodedArray).values).toEqual([0, 0, 0, 0.5]);
  });

  test("are legible when there is nothing to show", () => {
    const empty = memoryHeatmap(namedArray("memory", ["slot", "word"], [0, 4], []), { title: "Empty" });
    expect(layoutOf(empty).annotations).toMatchObject([{ text: "no values" }]);
    const lost = memoryHeatmap({ ...memory, data: memory.data.map(() => Number.NaN) }, { title: "Lost" });
    expect(layoutOf(lost)).toMatchObject({
      annotations: [{ text: "no finite value" }],
      coloraxis: { cmin: -1, cmax: 1 },
    });
  });
});

describe("numbers that people read", () => {
  test("of bars, curves and distributions are written with exponents, not with SI prefixes", () => {
    const axes = [
      layoutOf(barChart([2e-5, 4e-5], { title: "" })).yaxis,
      layoutOf(lineChart({ name: "step", values: [0] }, { loss: [2e-5] }, { title: "", y: "" })).yaxis,
      layoutOf(histogram([2e-5, 4e-5], { title: "" })).xaxis,
    ];
    for (const axis of axes) expect(axis.exponentformat).toBe("e");
  });

  test("stand over the steps under the name of their quantity", () => {
    const titles = (quantity?: string): string[] => {
      const layout = layoutOf(overSteps([reads, adds], { title: "", ...(quantity && { quantity }) }));
      return [layout.coloraxis, layout.coloraxis2].map(({ colorbar }) => colorbar.title.text);
    };
    expect(titles()).toEqual(["value, 0 to 1", "signed value"]);
    expect(titles("weight so far")).toEqual(["weight so far, 0 to 1", "signed weight so far"]);
  });
});

describe("text of strangers", () => {
  const nasty = `<a href="javascript:x">&amp;</a> $x^2$ %{z}`;

  test("is nothing but text: no markup, no TeX, no template", () => {
    expect(escapeText(nasty)).not.toMatch(/[<>$%]|&(?!#\d+;)/);
    expect(escapeText("a\n\tb")).toBe("a b");
    expect([...escapeText("x".repeat(500), 20)]).toHaveLength(20);
  });

  test("is escaped as a title, an axis, a label, a name and a step", () => {
    const array = namedArray(nasty, [nasty, "slot", "word"], [2, 1, 1], [1, 2], {
      [nasty]: [nasty, "b"],
      slot: [nasty],
    });
    const figures = [
      memoryEvolution(array, { title: nasty }),
      attentionPanels(array, { title: nasty }),
      lineChart({ name: nasty, values: [1] }, { [nasty]: [Number.NaN], b: [1] }, { title: nasty, y: nasty }),
      barChart(namedArray(nasty, [nasty], [1], [1], { [nasty]: [nasty] }), { title: nasty }),
      histogram(namedArray(nasty, [nasty], [1], [1]), { title: nasty }),
    ];
    for (const figure of figures) expect(JSON.stringify(figure)).not.toMatch(/<a|\$x|%\{z\}"|%\{z\} /);
  });

  test("that repeats, is empty or names a property of objects still makes one position each", () => {
    const key = ["a", "", "a", "constructor", "__proto__", ""];
    const array = namedArray("attention", ["query", "key"], [1, 6], [0, 0, 0, 0, 0, 1], { query: ["q"], key });
    const x = attentionHeatmap(array, { title: "" }).data[0]?.x as string[];
    expect(new Set(x).size).toBe(6);
    expect(x.every((label) => label !== "" && !(label in {}))).toBe(true);
    expect(x.map((label) => label.replace(/\u200b/g, ""))).toEqual(key);
  });
});

describe("what cannot be drawn is refused", () => {
  test("an array with another number of axes, saying what to do", () => {
    expect(() => attentionHeatmap(series, { title: "" })).toThrow(
      'attentionHeatmap draws 2 axes, but "memory" has 3 [step: 2, slot: 2, word: 2]. ' +
        "Fix a position along the others first, for example select(array, { step: 0 }).",
    );
    expect(() => memoryEvolution(memory, { title: "" })).toThrow("Keep more axes when you select, or stack()");
  });

  test("one array where a list of them is meant, saying how to write it", () => {
    const options = { title: "" };
    const [one, flat] = [writes, Float32Array.of(1)] as unknown as [NamedArray[], NamedArray[]];
    expect(() => overSteps(one, options)).toThrow(
      'overSteps takes a list of arrays, but was given the array "write.0.weights". Write [array] to draw one.',
    );
    expect(() => weightsOverSteps(flat, options)).toThrow("weightsOverSteps takes a list of arrays, but was given one");
    expect(() => overSteps(undefined as unknown as NamedArray[], options)).toThrow("but was given undefined");
  });

  test("arrays over different steps, or none", () => {
    const longer = namedArray("outputs", ["step", "bit"], [4, 1], [0, 0, 0, 0]);
    expect(() => overSteps([writes, longer], { title: "" })).toThrow(
      '"outputs" has 4 of "step", "write.0.weights" has 3',
    );
    expect(() => overSteps([writes, { ...writes, axes: ["time", "slot"] }], { title: "" })).toThrow('is "time"');
    expect(() => weightsOverSteps([], { title: "" })).toThrow("needs at least one array");
  });

  test("a comparison of different shapes, a curve of another length, no curve", () => {
    expect(() => compareHeatmaps(memory, weights, { title: "" })).toThrow("two arrays of one shape");
    const x = { name: "step", values: [1, 2] };
    expect(() => lineChart(x, { loss: [1] }, { title: "", y: "" })).toThrow('"loss" has 1 values, but "step" has 2');
    expect(() => lineChart(x, {}, { title: "", y: "" })).toThrow("at least one curve");
  });
});
