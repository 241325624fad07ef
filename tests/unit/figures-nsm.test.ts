import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { addressingStages } from "../../src/figures/addressing-stages.js";
import { attentionWithEntropy } from "../../src/figures/attention-with-entropy.js";
import type { EncodedArray, Figure, Trace } from "../../src/figures/figure.js";
import { memoryImportance } from "../../src/figures/memory-importance.js";
import { memoryChange, memorySteps } from "../../src/figures/memory-steps.js";
import { type MemoryUse, memoryUse } from "../../src/figures/memory-use.js";
import { readWriteWeights } from "../../src/figures/read-write-weights.js";
import { routingHeatmap } from "../../src/figures/routing-heatmap.js";
import { stateCommunication } from "../../src/figures/state-communication.js";
import { stateDynamics } from "../../src/figures/state-dynamics.js";
import { targetsAndOutputs } from "../../src/figures/targets-and-outputs.js";
import { type NamedArray, namedArray } from "../../src/tensors/named-array.js";
import { random } from "../../src/tensors/random.js";

/** A seeded array of values from 0 to 1 in steps of 1/16, so that sums are exact. */
function seeded(name: string, axes: readonly string[], shape: readonly number[], labels?: NamedArray["labels"]) {
  const source = random(shape.reduce((sum, length) => sum + length, axes.length));
  const size = shape.reduce((product, length) => product * length, 1);
  const data = Array.from({ length: size }, () => source.integer(0, 16) / 16);
  return namedArray(name, axes, shape, data, labels);
}

/** The numbers behind Plotly's typed array of 32-bit floats. */
function decoded(encoded: unknown): number[] {
  const { dtype, bdata } = encoded as EncodedArray;
  expect(dtype).toBe("f4");
  return [...new Float32Array(Uint8Array.from(atob(bdata), (character) => character.charCodeAt(0)).buffer)];
}

// biome-ignore lint/suspicious/noExplicitAny: a test reads deep into Plotly's JSON
const layoutOf = (figure: Figure): any => figure.layout;
const headingsOf = (figure: Figure): string[] =>
  layoutOf(figure).annotations.map(({ text }: { text: string }) => text.replace(/&#(\d+);/g, "?"));

const routing = seeded("routing", ["token", "state"], [3, 2], { token: ["a", "b", "a"], state: ["S0", "S1"] });
const talk = seeded("attention", ["state", "heard"], [2, 2], { state: ["S0", "S1"] });
const memory = seeded("memory", ["step", "slot", "word"], [3, 2, 2]);
const states = seeded("states", ["step", "state", "feature"], [3, 2, 2]);
const use: MemoryUse = {
  inputs: seeded("input", ["step", "bit"], [6, 3]),
  outputs: seeded("output", ["step", "bit"], [6, 2]),
  adds: [[-1], [0], [1], [0], [0], [0]],
  reads: [[0], [0], [0], [-1], [0], [1]],
  writeWeights: seeded("write", ["step", "slot"], [6, 4]),
  readWeights: seeded("read", ["step", "slot"], [6, 4]),
};
const marks = [
  { name: "query", from: 1, to: 2 },
  { name: "answer", from: 4, to: 5 },
];
const stage = (name: string): NamedArray => seeded(name, ["step", "slot"], [4, 3]);
const stages = {
  content: stage("content"),
  gated: stage("gated"),
  shifted: stage("shifted"),
  weights: stage("weights"),
  strength: namedArray("strength", ["step", "one"], [4, 1], [1, 2, 3, 4]),
  gate: [0, 1, 0.5, 1],
  sharpening: Float32Array.of(1, 2, 3, 4),
  shift: [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
    [0, 1, 0],
  ],
};
const answered = (length: number) => ({
  title: `length ${length}`,
  targets: seeded("targets", ["step", "bit"], [length, 2]),
  outputs: seeded("outputs", ["step", "bit"], [length, 2]),
});

describe("every figure is the JSON it was when it was last looked at", () => {
  const figures: Record<string, Figure> = {
    "token to state routing": routingHeatmap(routing, { title: "Routing" }),
    "state communication": stateCommunication(talk, { title: "States" }),
    "state communication of heads": stateCommunication(seeded("attention", ["head", "state", "heard"], [3, 2, 2]), {
      title: "States",
    }),
    "memory importance": memoryImportance([0.1, 0.9, 0.5], { title: "Importance" }),
    "several importances": memoryImportance(
      namedArray("importance", ["score", "slot"], [2, 2], [0.25, 0.75, -1, 2], { score: ["learned", "gradient"] }),
      { title: "Importance" },
    ),
    "read and write weights": readWriteWeights(seeded("r", ["head", "slot"], [2, 4]), [[0, 0, 1, 0]], {
      title: "Heads",
    }),
    "state dynamics": stateDynamics(states, { title: "Dynamics" }),
    "memory at steps": memorySteps(memory, { title: "Memory" }),
    "memory change": memoryChange(memory, 0, 2, { title: "Change" }),
    "attention with entropy": attentionWithEntropy(
      [
        [0.5, 0.5],
        [1, 0],
      ],
      { title: "Attention" },
    ),
    "memory use": memoryUse(use, { title: "Use", marks }),
    "targets and outputs": targetsAndOutputs([2, 1, 3].map(answered), { title: "Copy" }),
    "addressing stages": addressingStages(stages, { title: "Addressing" }),
  };
  for (const [name, figure] of Object.entries(figures)) {
    test(`${name}`, () => {
      expect(JSON.parse(JSON.stringify(figure))).toEqual(figure);
      expect(figure).toMatchSnapshot();
    });
  }
});

describe("routing", () => {
  test("stands with tokens along x, and beside each state what it receives of all tokens", () => {
    const figure = routingHeatmap(
      [
        [1, 0],
        [0.5, 0.5],
        [0.25, 0.75],
      ],
      { title: "" },
    );
    expect(decoded(figure.data[0]?.z)).toEqual([1, 0.5, 0.25, 0, 0.5, 0.75]);
    expect(decoded(figure.data[1]?.x)).toEqual([1.75, 1.25]);
    expect(layoutOf(figure)).toMatchObject({ yaxis2: { matches: "y" }, shapes: [{ xref: "x2", x0: 1.5, x1: 1.5 }] });
  });

  test("keeps many weights small in the notebook, as other attention is kept", () => {
    const figure = routingHeatmap(seeded("routing", ["token", "state"], [2100, 8]), { title: "" });
    expect(figure.data[0]?.z).toMatchObject({ dtype: "u2" });
  });
});

describe("communication of states", () => {
  test("has a ribbon from the state that is heard to the one that listens, as wide as the weight", () => {
    const figure = stateCommunication(
      [
        [0.25, 0.75],
        [0, 1],
      ],
      { title: "" },
    );
    expect(figure.data[0]?.link).toMatchObject({ source: [0, 1, 1], target: [2, 2, 3], value: [0.25, 0.75, 1] });
    expect(headingsOf(figure)).toContain("state 1  <b>1.75</b>");
  });

  test("stacks the bars of each side without overlap, from top to bottom, whatever the weights", () => {
    const weight = fc.integer({ min: 0, max: 64 }).map((value) => value / 64);
    fc.assert(
      fc.property(
        fc.array(fc.array(weight, { minLength: 4, maxLength: 4 }), { minLength: 4, maxLength: 4 }),
        (rows) => {
          fc.pre(rows.flat().some((value) => value > 0));
          const { y } = (stateCommunication(rows, { title: "" }).data[0] as Trace).node as { y: number[] };
          for (const side of [y.slice(0, 4), y.slice(4)]) {
            expect(side).toEqual([...side].sort((a, b) => a - b));
            expect(side.every((at) => at > 0 && at < 1)).toBe(true);
          }
        },
      ),
    );
  });

  test("keeps the bar and the place of a state that nobody hears", () => {
    const [trace] = stateCommunication(
      [
        [1, 0],
        [1, 0],
      ],
      { title: "" },
    ).data as [Trace];
    const link = trace.link as { source: number[]; target: number[]; value: number[] };
    expect([link.source, link.target]).toEqual([
      [0, 0, 1],
      [2, 3, 3],
    ]);
    expect(link.value[2]).toBeLessThan(1e-5);
  });

  test("says so when no weight is above 0, where Plotly would fail", () => {
    const figure = stateCommunication([[0]], { title: "" });
    expect(figure.data).toEqual([]);
    expect(headingsOf(figure)).toContain("no weight above 0");
  });

  test("leaves out what is not finite, and says so", () => {
    const figure = stateCommunication(
      [
        [Number.NaN, 1],
        [0.5, 0.5],
      ],
      { title: "" },
    );
    expect(figure.data[0]?.link).toMatchObject({ value: [1, 0.5, 0.5] });
    expect(layoutOf(figure).title.subtitle.text).toContain("× 1 NaN");
  });
});

describe("importance and weights of slots", () => {
  test("have a dotted line at the mean of what is finite", () => {
    const figure = memoryImportance([1, Number.NaN, 2], { title: "" });
    expect(layoutOf(figure).shapes).toMatchObject([{ yref: "y", y0: 1.5, y1: 1.5 }]);
    expect(layoutOf(figure).title.subtitle.text).toContain("× 1 NaN");
  });

  test("are read as exponents where they are small, in headings and along the axis", () => {
    const means = [4.33e-5, 0.001, -2e-4, 0, 12.345].map((score) => {
      const figure = memoryImportance([score, score], { title: "" });
      expect(layoutOf(figure).yaxis.exponentformat).toBe("e");
      return headingsOf(figure)[0];
    });
    expect(means).toEqual(["4.33e-5", "0.001", "-2e-4", "0", "12.3"].map((mean) => `mean ${mean} (dotted)`));
  });

  test("of several scores have scales of their own; those of all heads one, from 0 to the largest", () => {
    const scores = memoryImportance(
      [
        [1, 2],
        [100, 200],
      ],
      { title: "" },
    );
    expect(layoutOf(scores)).toMatchObject({ xaxis2: { matches: "x" } });
    expect(layoutOf(scores).yaxis2.matches).toBeUndefined();
    const heads = readWriteWeights([[0.5, 0.5]], [[0, 1]], { title: "" });
    expect(layoutOf(heads)).toMatchObject({ yaxis: { range: [0, 1.05] }, yaxis2: { matches: "y" } });
    expect(headingsOf(heads)).toEqual(["Read head 0", "Write head 0"]);
    expect(new Set(heads.data.map(({ marker }) => (marker as { color: string }).color)).size).toBe(2);
  });
});

describe("dynamics of states", () => {
  test("are Euclidean norms of the states, and of their changes from the second step on", () => {
    const figure = stateDynamics(
      [
        [
          [3, 4],
          [0, 0],
        ],
        [
          [3, 4],
          [6, 8],
        ],
        [
          [0, 0],
          [6, 9],
        ],
      ],
      { title: "" },
    );
    expect(decoded(figure.data[0]?.z)).toEqual([5, 5, 0, 0, 10, Math.fround(Math.sqrt(117))]);
    expect(decoded(figure.data[1]?.z)).toEqual([Number.NaN, 0, 5, Number.NaN, 10, 1]);
    expect(layoutOf(figure).title.subtitle).toBeUndefined();
  });
});

describe("a memory at steps", () => {
  test("is drawn at up to eight of them, from the first to the last, each once and in order", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 60 }), (length) => {
        const array = namedArray("memory", ["step", "slot", "word"], [length, 1, 1], new Float32Array(length).fill(1));
        const steps = headingsOf(memorySteps(array, { title: "" })).map((heading) => Number(heading.slice(5)));
        expect(steps).toHaveLength(Math.min(8, length));
        expect([steps[0], steps.at(-1)]).toEqual([0, length - 1]);
        expect(steps).toEqual([...new Set(steps)].sort((a, b) => a - b));
      }),
    );
  });

  test("is drawn at the steps that are chosen, and changes by later − earlier", () => {
    const array = [[[1, 2]], [[5, 5]], [[1, Number.POSITIVE_INFINITY]], [[4, Number.POSITIVE_INFINITY]]];
    expect(headingsOf(memorySteps(array, { title: "", steps: [3, 1] }))).toEqual(["step 3", "step 1"]);
    const change = memoryChange(array, 2, 3, { title: "" }).data.filter(({ coloraxis }) => coloraxis === "coloraxis2");
    expect(decoded(change[0]?.z)).toEqual([3, 0]);
  });
});

describe("entropy beside attention", () => {
  test("is −Σ p ln p of each row, up to ln n", () => {
    const figure = attentionWithEntropy(
      [
        [0.5, 0.5],
        [1, 0],
        [0.25, 0.75],
      ],
      { title: "" },
    );
    const [even, one, between] = decoded(figure.data[1]?.x) as [number, number, number];
    expect([even, one]).toEqual([Math.fround(Math.LN2), 0]);
    expect(between).toBeCloseTo(0.25 * Math.log(4) + 0.75 * Math.log(4 / 3), 6);
    expect(layoutOf(figure)).toMatchObject({ yaxis2: { matches: "y" }, shapes: [{ xref: "x2", x0: Math.LN2 }] });
  });
});

describe("the paper's figures", () => {
  test("of memory use share their steps, and rows of one kind their rows", () => {
    const layout = layoutOf(memoryUse(use, { title: "", marks }));
    expect([2, 3, 4, 5, 6].map((n) => layout[`xaxis${n}`].matches)).toEqual(["x", "x", "x", "x", "x"]);
    expect([2, 4, 6].map((n) => layout[`yaxis${n}`].matches)).toEqual([undefined, "y3", "y5"]); // 3 and 2 bits differ
  });

  test("of memory use outline each mark in every panel and name it on both sides", () => {
    const figure = memoryUse(use, { title: "", marks });
    const outlines = layoutOf(figure).shapes as { xref: string; x0: number; x1: number }[];
    expect(outlines).toHaveLength(12);
    expect(new Set(outlines.map(({ xref }) => xref)).size).toBe(6);
    expect(outlines[1]).toMatchObject({ x0: 3.5, x1: 5.5 });
    expect(headingsOf(figure).filter((text) => text === "query")).toHaveLength(2);
  });

  test("of memory use put names that would run into each other on lines of their own", () => {
    const near = [{ name: "the item asked for", from: 1, to: 1 }].concat({ name: "its answer", from: 2, to: 2 });
    const names = layoutOf(memoryUse(use, { title: "", marks: near })).annotations.slice(-2);
    expect(new Set(names.map(({ yshift }: { yshift: number }) => yshift)).size).toBe(2);
    const far = layoutOf(memoryUse(use, { title: "", marks })).annotations.slice(-2);
    expect(new Set(far.map(({ yshift }: { yshift: number }) => yshift)).size).toBe(1);
  });

  test("of targets and outputs are as wide as they are long, within the page, and never overlap", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 7 }), (lengths) => {
        const layout = layoutOf(targetsAndOutputs(lengths.map(answered), { title: "" }));
        const axes = Object.keys(layout).filter((key) => key.startsWith("xaxis"));
        expect(axes).toHaveLength(2 * lengths.length);
        const scales = axes.map((key) => {
          const [left, right] = layout[key].domain as [number, number];
          const [from, to] = layout[key].range as [number, number];
          expect(left >= 0 && right <= 1).toBe(true);
          return (right - left) / (to - from);
        });
        for (const scale of scales) expect(scale).toBeCloseTo(scales[0] as number, 9);
        for (const key of axes.map((name) => name.replace("x", "y"))) {
          expect(layout[key].domain[0]).toBeLessThan(layout[key].domain[1]);
        }
      }),
    );
  });

  test("of addressing put above each stage what steered it, over the same steps", () => {
    const figure = addressingStages(stages, { title: "" });
    expect(headingsOf(figure).slice(0, 4)).toEqual(["Key strength β", "Gate g", "Shift s", "Sharpening γ"]);
    expect(decoded(figure.data[0]?.y)).toEqual([1, 2, 3, 4]);
    expect(decoded(figure.data[2]?.z)).toEqual([1, 0, 0, 0, 0, 1, 0, 1, 0, 0, 1, 0]);
    expect(layoutOf(figure)).toMatchObject({
      xaxis8: { matches: "x" },
      yaxis8: { matches: "y5" },
      coloraxis: { cmin: 0, cmax: 1 },
      yaxis3: { categoryarray: ["next", "stay", "back"].map((label) => expect.stringContaining(label)) },
    });
  });
});

test("the text of strangers is nothing but text in all of them", () => {
  const nasty = `<a href="javascript:x">&amp;</a> $x^2$ %{z}`;
  const square = namedArray(nasty, [nasty, "b"], [1, 1], [1], { [nasty]: [nasty], b: [nasty] });
  const cube = namedArray(nasty, [nasty, "b", "c"], [2, 1, 1], [1, 1], { [nasty]: [nasty, nasty], b: [nasty] });
  const pair = { title: nasty, targets: square, outputs: square };
  const everyUse = Object.fromEntries(Object.keys(use).map((key) => [key, square])) as unknown as MemoryUse;
  const everyStage = { content: square, gated: square, shifted: square, weights: square, shift: square };
  const scalars = { strength: square, gate: square, sharpening: square };
  const options = { title: nasty };
  const figures = [
    routingHeatmap(square, options),
    stateCommunication(cube, options),
    memoryImportance(square, options),
    readWriteWeights(square, square, options),
    stateDynamics(cube, options),
    memorySteps(cube, options),
    memoryChange(cube, 0, 1, options),
    attentionWithEntropy(square, options),
    memoryUse(everyUse, { title: nasty, marks: [{ name: nasty, from: 0, to: 0 }] }),
    targetsAndOutputs([pair], options),
    addressingStages({ ...everyStage, ...scalars }, options),
  ];
  for (const figure of figures) expect(JSON.stringify(figure)).not.toMatch(/<a|\$x|%\{z\}"|%\{z\} /);
});

describe("what cannot be drawn is refused", () => {
  const options = { title: "" };

  test("an array with another number of axes", () => {
    expect(() => routingHeatmap(memory, options)).toThrow('routingHeatmap draws 2 axes, but "memory" has 3');
    expect(() => stateCommunication([1, 2], options)).toThrow("stateCommunication draws 2 axes");
    expect(() => memoryImportance(memory, options)).toThrow("memoryImportance draws 1 axes");
    expect(() => readWriteWeights([1], [1], options)).toThrow("readWriteWeights draws 2 axes");
    expect(() => stateDynamics(routing, options)).toThrow("stateDynamics draws 3 axes");
    expect(() => memorySteps(routing, options)).toThrow("memorySteps draws 3 axes");
    expect(() => memoryChange(routing, 0, 1, options)).toThrow("memoryChange draws 3 axes");
    expect(() => attentionWithEntropy(memory, options)).toThrow("attentionWithEntropy draws 2 axes");
    expect(() => memoryUse({ ...use, adds: memory }, options)).toThrow("memoryUse draws 2 axes");
    expect(() => addressingStages({ ...stages, gate: stages.shift }, options)).toThrow("addressingStages draws 1 axes");
  });

  test("states that listen to another number of states, and negative weights", () => {
    expect(() => stateCommunication(routing, options)).toThrow('"routing" has 3 and 2. For tokens and states');
    expect(() =>
      stateCommunication(
        [
          [1, -1],
          [0, 1],
        ],
        options,
      ),
    ).toThrow("holds -1");
    expect(() => attentionWithEntropy([[1, -1]], options)).toThrow("attention weights are 0 or more");
  });

  test("arrays over different slots, steps or bits", () => {
    expect(() => readWriteWeights([[1, 0]], [[1]], options)).toThrow('"read weight" has 2, "write weight" has 1');
    expect(() => memoryUse({ ...use, reads: [[1], [2]] }, options)).toThrow('"reads" has 2 of "step", "input" has 6');
    expect(() => addressingStages({ ...stages, gate: [1, 2] }, options)).toThrow(
      '"gate g" has 2 of "step", "content" has 4',
    );
    expect(() => addressingStages({ ...stages, gated: [[1], [1], [1], [1]] }, options)).toThrow("over the same slots");
    const other = { title: "wide", targets: [[1, 2, 3]], outputs: [[1, 2, 3]] };
    expect(() => targetsAndOutputs([answered(2), other], options)).toThrow('"wide" has 3, "length 2" 2');
    expect(() => targetsAndOutputs([{ ...other, outputs: [[1]] }], options)).toThrow("targets are of shape [1,3]");
  });

  test("nothing to draw", () => {
    const none = { shape: [0, 2, 2], data: [] };
    expect(() => memorySteps(none, options)).toThrow('no "step" of "memory" to draw');
    expect(() => memorySteps(memory, { title: "", steps: [] })).toThrow('no "step" of "memory" to draw');
    expect(() => stateDynamics(none, options)).toThrow('"states" holds no "step" to draw');
    expect(() => stateCommunication(none, options)).toThrow("holds no weight to draw");
    expect(() => memoryImportance({ shape: [0, 2], data: [] }, options)).toThrow('holds no "score" to draw');
    expect(() => targetsAndOutputs([], options)).toThrow("at least one sequence");
    const noHead = { shape: [0, 2], data: [] };
    expect(() => readWriteWeights(noHead, noHead, options)).toThrow("at least one head");
  });

  test("a step or a mark that is not there", () => {
    expect(() => memorySteps(memory, { title: "", steps: [3] })).toThrow("step 3 is outside 0 to 2");
    expect(() => memoryChange(memory, 0, -1, options)).toThrow("step -1 is outside 0 to 2");
    const late = { title: "", marks: [{ name: "late", from: 4, to: 6 }] };
    expect(() => memoryUse(use, late)).toThrow('the mark "late" from 4 to 6 is no stretch of the steps 0 to 5');
  });
});
