import { describe, expect, test } from "vitest";
import { differenceSpread } from "../../src/figures/difference-spread.js";
import type { Figure } from "../../src/figures/figure.js";
import { sweepMap } from "../../src/figures/sweep-map.js";
import { namedArray } from "../../src/tensors/named-array.js";

// biome-ignore lint/suspicious/noExplicitAny: a test reads deep into Plotly's JSON
const layoutOf = (figure: Figure): any => figure.layout;

const worse = namedArray("wrong bits", ["step", "slot"], [2, 3], [1, 1, 3, 1, 2, 1]);
const mixed = namedArray("right probability", ["site", "step", "head"], [2, 2, 1], [0.5, 0.25, 0.75, 0.5], {
  site: ["layers.0.attention", "layers.1.attention"],
});
const spread = namedArray("relative difference", ["site", "step"], [2, 3], [0, 0.5, Number.NaN, 0, 1e-12, 20], {
  site: ["memory", "outputs"],
});

describe("every figure is the JSON it was when it was last looked at", () => {
  const figures: Record<string, Figure> = {
    "sweep map": sweepMap({ values: worse, baseline: 1 }, { title: "Slots" }),
    "sweep map of sites": sweepMap({ values: mixed, baseline: 0.5 }, { title: "Heads" }),
    "sweep map of one axis": sweepMap(
      { values: namedArray("cost", ["slot"], [2], [1, 2]), baseline: 1 },
      { title: "Slots" },
    ),
    "difference spread": differenceSpread({ spread }, { title: "Edit" }),
  };
  for (const [name, figure] of Object.entries(figures)) {
    test(`${name}`, () => {
      expect(JSON.parse(JSON.stringify(figure))).toEqual(figure);
      expect(figure).toMatchSnapshot();
    });
  }
});

describe("a sweep's map", () => {
  const rangeOf = (values: typeof worse, baseline: number) => {
    const { cmin, cmax } = layoutOf(sweepMap({ values, baseline }, { title: "" })).coloraxis;
    return [cmin, cmax];
  };

  test("has colours from the original upwards, or around it once anything lies below, but for rounding", () => {
    expect(rangeOf(worse, 1)).toEqual([0, 2]);
    expect(rangeOf(worse, 2)).toEqual([-1, 1]);
    expect(rangeOf({ ...worse, data: Float32Array.of(1, 1 - 6e-8, 3, 1, 1, 1) }, 1)).toEqual([0, 2]);
  });

  test("of a stopped sweep leaves cells empty and says how far it came", () => {
    const values = { ...worse, data: Float32Array.of(1, 2, Number.NaN, Number.NaN, Number.NaN, Number.NaN) };
    const figure = sweepMap({ values, baseline: 1, done: 2, cells: 6 }, { title: "" });
    expect(layoutOf(figure).title.subtitle.text).toBe("original run: wrong bits = 1   2 of 6 runs");
    expect(figure.data).toHaveLength(1);
    const whole = sweepMap({ values, baseline: 1, done: 6, cells: 6 }, { title: "" });
    expect(layoutOf(whole).title.subtitle.text).toContain("× 4 NaN");
  });

  test("refuses more axes than it can draw", () => {
    const values = namedArray("cost", ["site", "step", "slot", "word"], [1, 1, 1, 1], [0]);
    expect(() => sweepMap({ values, baseline: 0 }, { title: "" })).toThrow("draws 2 axes");
  });
});
