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
import { namedArray } from "../../src/tensors/named-array.js";

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
  const values = dtype === "f4" ? new Float32Array(bytes.buffer) : new Float64Array(bytes.buffer);
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
      fc.property(fc.float32Array(), fc.float64Array(), (singles, doubles) => {
        expect(decoded(encode(singles, [singles.length])).values).toEqual([...singles]);
        expect(decoded(encode(doubles, [doubles.length])).values).toEqual([...doubles]);
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

  test("arrays over different steps, or none", () => {
    const longer = namedArray("outputs", ["step", "bit"], [4, 1], [0, 0, 0, 0]);
    expect(() => overSteps([writes, longer], { title: "" })).toThrow(
      '"outputs" has 4 of "step", "write.0.weights" has 3',
    );
    expect(() => weightsOverSteps([], { title: "" })).toThrow("needs at least one array");
  });

  test("a comparison of different shapes, a curve of another length, no curve", () => {
    expect(() => compareHeatmaps(memory, weights, { title: "" })).toThrow("two arrays of one shape");
    const x = { name: "step", values: [1, 2] };
    expect(() => lineChart(x, { loss: [1] }, { title: "", y: "" })).toThrow('"loss" has 1 values, but "step" has 2');
    expect(() => lineChart(x, {}, { title: "", y: "" })).toThrow("at least one curve");
  });
});
