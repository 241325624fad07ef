import { type ArrayInput, toNamedArray } from "../tensors/array-input.js";
import { BLUE, baseAxis, EXPONENTS, encode, escapeText, type Figure, type Trace } from "./figure.js";
import { noteOnOddCells } from "./heatmap.js";
import { mosaic, type Tile } from "./mosaic.js";
import { axesOf } from "./windows.js";

const BINS = 41;
const HEIGHT = 130;

/**
 * Histograms in rows: of the parameters at several epochs, and under them of their gradients.
 *
 * Those of a row share their bins and axes. Counts are logarithmic, so that the few large values are seen beside the many
 * small ones.
 *
 * @param rows by quantity, such as "parameter"; each by what tells its histograms apart, such as "epoch 3": anything
 * array-like, of any axes. NaN and ±∞ are left out and counted beside the title.
 * @throws if there is nothing to draw.
 * @example show(distributions({ gradient: { "epoch 0": first, "epoch 9": last } }, { title: "Gradients" }))
 */
export function distributions(
  rows: Readonly<Record<string, Readonly<Record<string, ArrayInput>>>>,
  options: { title: string },
): Figure {
  const named = Object.entries(rows).map(([quantity, arrays]) => {
    return Object.entries(arrays).map(([title, array]) => ({ quantity, title, array: toNamedArray(array, title, []) }));
  });
  if (named.flat().length === 0) throw new Error("distributions needs at least one array.");
  const tiles = named.map((row) => {
    const reach = row.reduce((most, { array }) => array.data.reduce(larger, most), 0) || 1;
    const counts = row.map(({ array }) => countsOf(array.data, reach));
    const most = Math.max(...counts.flatMap((of) => [...of]), 1);
    const width = (1 - 0.03 * (row.length - 1)) / row.length;
    const grid = { showgrid: true, gridcolor: "rgba(128,128,128,0.18)" };
    const y = {
      ...baseAxis("count"),
      ...grid,
      type: "log",
      dtick: 1,
      ...EXPONENTS,
      range: [-0.3, Math.log10(most) + 0.2],
    };
    const range = [-reach * 1.05, reach * 1.05];
    return row.map(({ quantity, title, array }, index): Tile => {
      const x = { ...baseAxis(quantity), ...EXPONENTS, nticks: 5, range };
      const draw: Tile["draw"] = (panel) => [bars(counts[index] as Float64Array, reach, quantity, panel)];
      return { title, width, height: HEIGHT, x, y, values: array.data, draw };
    });
  });
  return mosaic(tiles, { title: options.title, note: noteOnOddCells(named.flat().map(({ array }) => array)) });
}

/** How many values lie in each of the bins from −reach to reach. */
function countsOf(values: Float32Array, reach: number): Float64Array {
  const counts = new Float64Array(BINS);
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    const bin = Math.min(BINS - 1, Math.floor(((value + reach) / (2 * reach)) * BINS));
    counts[bin] = (counts[bin] as number) + 1;
  }
  return counts;
}

function bars(counts: Float64Array, reach: number, quantity: string, panel: number): Trace {
  const width = (2 * reach) / BINS;
  return {
    type: "bar",
    ...axesOf(panel),
    x0: -reach + width / 2,
    dx: width,
    width,
    y: encode(counts, [BINS]),
    marker: { color: BLUE },
    hovertemplate: `${escapeText(quantity)} around %{x:.3~g}<br>count %{y}<extra></extra>`,
  };
}

function larger(most: number, value: number): number {
  return Number.isFinite(value) ? Math.max(most, Math.abs(value)) : most;
}
