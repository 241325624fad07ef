import { type NamedArray, namedArray } from "../tensors/named-array.js";
import { checkAxes } from "./axes.js";
import type { Colours } from "./colours.js";
import { escapeText, type Figure } from "./figure.js";
import { gridOf } from "./heatmap.js";
import { heatmapPanels } from "./panels.js";

/** The smallest difference that has a colour of its own, as a power of ten: about the rounding of 32-bit numbers. */
const LEAST = -8;

const CELL = { height: 18, least: 64, most: 640 };

/**
 * How a difference between two runs spreads: a row for each site, in the order in which a step passes them, a column for
 * each step. Colours are powers of ten, from a relative difference of 1e-8 or none, dark, to the largest there is, bright.
 *
 * @param comparison what `compare` gives, or its `spread`, [site, step]
 * @throws if there are more or fewer axes than two.
 * @example show(differenceSpread(compare(plain, edited), { title: "Slot 5 wiped after step 3" }))
 */
export function differenceSpread(
  comparison: { readonly spread: NamedArray } | NamedArray,
  options: { title: string },
): Figure {
  const spread = "spread" in comparison ? comparison.spread : comparison;
  checkAxes(spread, 2, "differenceSpread");
  const powers = spread.data.map((value) => (value === 0 ? LEAST : Math.max(LEAST, Math.log10(value))));
  const logarithms = namedArray("log10", spread.axes, spread.shape, powers, spread.labels);
  const finite = powers.filter(Number.isFinite);
  const most = Math.max(LEAST + 1, Math.ceil(Math.max(LEAST, ...finite)));
  const colours: Colours = { title: spread.name, scale: "sequential", range: [LEAST, most] };
  const grid = gridOf(logarithms, "differenceSpread", spread.axes[1]);
  const note = finite.some((power) => power > LEAST) ? "" : "no difference";
  const figure = heatmapPanels([{ ...grid, title: "", colours }], {
    ...{ ...options, columns: 1, cell: CELL, square: false, note },
  });
  return withNumbers(figure, spread, most);
}

/** The colour bar and the hover text say numbers, not their logarithms. */
function withNumbers(figure: Figure, spread: NamedArray, most: number): Figure {
  const [heatmap, ...marks] = figure.data as [Figure["data"][0]];
  const [rows, columns] = spread.shape as [number, number];
  const text = Array.from({ length: rows }, (_, row) =>
    Array.from(spread.data.subarray(row * columns, (row + 1) * columns), (value) => `${+value.toPrecision(3)}`),
  );
  const where = spread.axes.map((axis, i) => `${escapeText(axis)} %{${i === 0 ? "y" : "x"}}<br>`).join("");
  const hovertemplate = `${where}${escapeText(spread.name)} %{text}<extra></extra>`;
  const tickvals = [LEAST, ...[-6, -4, -2, 0, 2, 4].filter((power) => power < most - 1), most];
  const ticktext = tickvals.map((power) =>
    power === LEAST ? "0" : Math.abs(power) > 2 ? `1e${power}` : `${10 ** power}`,
  );
  const axis = figure.layout.coloraxis as { colorbar: object };
  const colorbar = { ...axis.colorbar, tickmode: "array", tickvals, ticktext };
  return {
    ...figure,
    data: [{ ...heatmap, text, hovertemplate }, ...marks],
    layout: { ...figure.layout, coloraxis: { ...axis, colorbar } },
  };
}
