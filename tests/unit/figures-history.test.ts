import { describe, expect, test } from "vitest";
import { meanOver } from "../../src/analysis/means.js";
import { distributions } from "../../src/figures/distributions.js";
import type { EncodedArray, Figure, Trace } from "../../src/figures/figure.js";
import { type TrainingStates, trainingStates } from "../../src/figures/training-states.js";
import { multiplicationBatch, multiplicationTokens } from "../../src/tasks/multiplication.js";
import { multiplicationAnswers } from "../../src/tasks/multiplication-answers.js";
import { labelled, type NamedArray, namedArray, select, stack } from "../../src/tensors/named-array.js";
import { random } from "../../src/tensors/random.js";

// biome-ignore lint/suspicious/noExplicitAny: a test reads deep into Plotly's JSON
const layoutOf = (figure: Figure): any => figure.layout;

const [EPOCHS, BATCHES, STEPS] = [3, 2, 4];
const ended = 3; // of the first epoch's second batch, whose sequence is one token shorter

/** Seeded values from −0.5 to 0.5 in steps of 1/16, NaN where the short sequence has ended. */
function states(name: string, axes: readonly string[], shape: readonly number[], least = -8): NamedArray {
  const source = random(shape.length);
  const all = [EPOCHS, BATCHES, STEPS, ...shape];
  const size = shape.reduce((product, length) => product * length, 1);
  const data = Array.from({ length: EPOCHS * BATCHES * STEPS * size }, () => source.integer(least, least + 16) / 16);
  data.fill(Number.NaN, (STEPS + ended) * size, 2 * STEPS * size);
  return namedArray(name, ["epoch", "batch", "step", ...axes], all, data);
}

const symbol = { symbol: ["7", "×", "·"] };
const training: TrainingStates = {
  metrics: Array.from({ length: 9 }, (_, epoch) => ({ epoch, means: { loss: 2 / (epoch + 1), accuracy: epoch / 8 } })),
  moments: {
    epochs: [0, 4, 8],
    batches: [
      [3, 9],
      [1, 2],
      [5, 8],
    ],
  },
  shown: labelled(states("input", ["symbol"], [3]), symbol),
  answered: labelled(states("logits", ["symbol"], [3]), symbol),
  right: labelled(states("right", ["symbol"], [3]), symbol),
  memory: states("memory", ["slot", "feature"], [2, 5]),
  attention: ["layer 0", "layer 1"].map((name) => states(name, ["head", "query", "key"], [2, 3, 3], 0)),
  gradients: namedArray(
    "gradient norm",
    ["epoch", "batch", "part"],
    [3, 2, 2],
    Array.from({ length: 12 }, (_, i) => i + 1),
    { part: ["read", "write"] },
  ),
};
const figure = trainingStates(training, { title: "A training" });
const layout = layoutOf(figure);

/** The numbers behind a heatmap's z, as [row][column], in the units of what is hovered. */
function cellsOf({ z, hovertemplate }: Trace): number[][] {
  const { dtype, bdata, shape } = z as EncodedArray;
  const bytes = Uint8Array.from(atob(bdata), (character) => character.charCodeAt(0)).buffer;
  const unit = Number(`1e${/%\{z\}e(-\d+)/.exec(hovertemplate as string)?.[1] ?? -4}`);
  expect(dtype).toBe("i2");
  const values = new Int16Array(bytes);
  const columns = Number(shape.split(", ")[1]);
  return Array.from({ length: values.length / columns }, (_, row) =>
    [...values.subarray(row * columns, (row + 1) * columns)].map((value) => value * unit),
  );
}

/** What is seen through the windows of two axes: the cells between the ends of their ranges. */
function seen(cells: number[][], x: readonly number[], y: readonly number[]): number[][] {
  const [left, right] = x as [number, number];
  const [bottom, top] = y as [number, number];
  return cells.slice(top + 0.5, bottom + 0.5).map((row) => row.slice(left + 0.5, right + 0.5));
}

test("all figures are the JSON they were when they were last looked at", () => {
  const values = namedArray("gradient", ["value"], [4], [-1, 0, 0.5, Number.NaN]);
  const histograms = distributions({ gradient: { "epoch 0": values, "epoch 9": [0.25] } }, { title: "Gradients" });
  for (const one of [figure, histograms]) {
    expect(JSON.parse(JSON.stringify(one))).toEqual(one);
    expect(one).toMatchSnapshot();
  }
});

describe("a training's figure", () => {
  const [epochSlider, batchSlider, tokenSlider] = layout.sliders;

  test("shows every state exactly where the three sliders say", () => {
    for (let epoch = 0; epoch < EPOCHS; epoch++) {
      for (let batch = 0; batch < BATCHES; batch++) {
        for (let step = 0; step < STEPS; step++) {
          const visible: boolean[] = batchSlider.steps[batch].args[0].visible;
          const down = epochSlider.steps[epoch].args[0];
          const across = figure.frames?.[step] as unknown as { layout: Record<string, number[]> };
          const heatmaps = figure.data.filter(({ type }, index) => type === "heatmap" && visible[index]);
          expect(heatmaps).toHaveLength(2);
          const [memory, attention] = heatmaps.map((trace, index) => {
            const n = index === 0 ? "" : "2";
            const ranges = [across.layout[`xaxis${n}.range`], down[`yaxis${n}.range`]] as [number[], number[]];
            return seen(cellsOf(trace), ...ranges);
          }) as [number[][], number[][]];
          const wanted = select(training.memory, { epoch, batch, step });
          if (epoch === 0 && batch === 1 && step >= ended) {
            expect(new Set(memory.flat()).size).toBe(1); // more than any value: it has no colour
            expect(new Set(attention.flat())).toEqual(new Set([1.0001]));
            continue;
          }
          memory.flat().forEach((value, i) => {
            expect(value).toBeCloseTo(wanted.data[i] as number, 4);
          });
          const blank = 1.0001; // above every weight
          const rows = training.attention.map((layer) => {
            const { data } = select(layer, { epoch, batch, step });
            const row = (from: number) => [...data.subarray(from, from + 3)].map((weight) => Math.min(0.9999, weight));
            return [0, 3, 6].map((query) => [...row(query), blank, ...row(9 + query)]);
          });
          const between = new Array(7).fill(blank);
          attention.flat().forEach((weight, i) => {
            expect(weight).toBeCloseTo([...(rows[0] ?? []), between, ...(rows[1] ?? [])].flat()[i] as number, 4);
          });
        }
      }
    }
  });

  test("has sliders that leave each other's axes and shapes alone", () => {
    const epochs = Object.keys(epochSlider.steps[1].args[0]);
    const frame = figure.frames?.[1] as unknown as { layout: object };
    const steps = Object.keys(frame.layout);
    expect(epochs.filter((path) => steps.includes(path))).toEqual([]);
    expect(epochs.length + steps.length).toBeGreaterThan(10);
    expect(tokenSlider.steps.map(({ args }: { args: [[string]] }) => args[0][0])).toEqual(["0", "1", "2", "3"]);
    expect(batchSlider.steps.map(({ method }: { method: string }) => method)).toEqual(["restyle", "restyle"]);
  });

  test("says which batch is seen, its symbols, and how many answers are right", () => {
    const texts = figure.data.filter(({ mode }) => mode === "text").map(({ text }) => text as string[]);
    expect(texts).toHaveLength(BATCHES);
    const headings = texts.flat().filter((text) => /epoch/.test(text));
    expect(headings).toHaveLength(EPOCHS * BATCHES);
    expect(headings[1]).toMatch(/epoch 4, batch 1: \d of \d answers are right/);
    expect(texts.flat().filter((text) => text === "×").length).toBeGreaterThan(0);
  });

  test("steps on and back from every token, and round the ends, by Plotly's own rules", () => {
    const [back, , , on] = layout.updatemenus[0].buttons as { args: [string[], { frame: { duration: number }[] }] }[];
    /** Where Plotly's animate goes from a frame: on after it, or all anew if it is first, last, or not there. */
    const rest = (list: readonly string[], current: string | undefined): readonly string[] => {
      const at = current === undefined ? -1 : list.indexOf(current);
      return at > 0 && at < list.length - 1 ? list.slice(at + 1) : list;
    };
    const next = (
      { args: [list, { frame }] }: { args: [string[], { frame: { duration: number }[] }] },
      from?: string,
    ) => {
      const path = rest(list, from);
      return path[frame.findIndex(({ duration }) => duration > 1e6)];
    };
    const go = (button: typeof on, from?: string) => next(button as NonNullable<typeof on>, from);
    expect(["0", "1", "2", "3"].map((from) => go(on, from))).toEqual(["1", "2", "3", "0"]);
    expect(["0", "1", "2", "3"].map((from) => go(back, from))).toEqual(["3", "0", "1", "2"]);
    expect([go(on), go(back)]).toEqual(["1", "3"]);
  });

  test("refuses arrays of different epochs, batches or steps", () => {
    const shorter = stack([select(training.memory, { epoch: 0 })], "epoch");
    expect(() => trainingStates({ ...training, memory: shorter }, { title: "" })).toThrow(
      'trainingStates draws arrays of the same epochs, batches and steps: "input" begins with [3,2,4], "memory" with [1,2,4].',
    );
  });
});

describe("means over axes", () => {
  test("are those of the values that share the other positions", () => {
    const array = namedArray("a", ["x", "y", "z"], [2, 2, 2], [1, -2, 3, -4, 5, -6, 7, -8], { y: ["p", "q"] });
    expect(meanOver(array, ["x", "z"])).toMatchObject({ axes: ["y"], labels: { y: ["p", "q"] } });
    expect([...meanOver(array, ["x", "z"]).data]).toEqual([-0.5, -0.5]);
    expect([...meanOver(array, ["x", "z"], Math.abs).data]).toEqual([3.5, 5.5]);
    expect([...meanOver(array, ["x", "y", "z"]).data]).toEqual([-0.5]);
    expect(() => meanOver(array, ["w"])).toThrow('"a" has no axis "w"; its axes are [x, y, z].');
  });
});

describe("the answers to sequences of multiplication", () => {
  test("are the targets of the task, for every pair, with and without partial products", () => {
    for (const help of ["none", "partial-products"] as const) {
      const { inputs, targets } = multiplicationBatch(
        [
          [27, 14],
          [90, 3],
        ],
        [2, 2],
        help,
      );
      for (const batch of [0, 1]) {
        const answers = multiplicationAnswers(select(inputs, { batch }));
        expect([...answers.data]).toEqual([...select(targets, { batch }).data]);
      }
    }
  });

  test("are zeros after the end of a shorter sequence, and other sequences are refused", () => {
    const { inputs } = multiplicationBatch([[7, 8]], [1, 1]);
    const width = multiplicationTokens.length;
    const data = new Float32Array(8 * width).fill(Number.NaN);
    data.set(inputs.data);
    const answers = multiplicationAnswers(namedArray("input", ["step", "symbol"], [8, width], data));
    const digits = Array.from({ length: 8 }, (_, step) => select(answers, { step }).data.indexOf(1));
    expect(digits).toEqual([-1, -1, -1, -1, 6, 5, -1, -1]);
    expect(() =>
      multiplicationAnswers(namedArray("input", ["step", "symbol"], [1, width], data.subarray(0, width))),
    ).toThrow('multiplicationAnswers: sequences such as "72×4=···" are needed; "7" was given.');
  });
});
