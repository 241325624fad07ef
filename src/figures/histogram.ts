import { type ArrayInput, toNamedArray } from "../tensors/array-input.js";
import { BLUE, baseAxis, baseLayout, CONFIG, EXPONENTS, encode, FAINT, type Figure, titleHeight } from "./figure.js";
import { noteOnOddCells } from "./heatmap.js";

const BINS = 60;
const PLOT = 240;

/**
 * How often values occur: the distribution of parameters or of their gradients.
 *
 * The bins are counted here, so that the figure stays small however many values there are.
 *
 * @param values anything array-like, of any axes; NaN and ±∞ are left out and counted beside the title.
 * @example show(histogram(gradient, { title: "Gradient of the write head" }))
 */
export function histogram(values: ArrayInput, options: { title: string }): Figure {
  const array = toNamedArray(values, "value", ["position"]);
  const note = noteOnOddCells([array]);
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const value of array.data) {
    if (!Number.isFinite(value)) continue;
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  if (low > high) [low, high] = [0, 0];
  const width = high > low ? (high - low) / BINS : 1;
  const first = high > low ? low : low - width * (BINS / 2);
  const counts = new Float64Array(BINS);
  for (const value of array.data) {
    if (!Number.isFinite(value)) continue;
    const bin = Math.min(BINS - 1, Math.floor((value - first) / width));
    counts[bin] = (counts[bin] as number) + 1;
  }
  const layout = {
    ...baseLayout(options.title, note, { top: titleHeight(note), inside: PLOT, foot: 52 }),
    xaxis: { ...baseAxis(array.name), ...EXPONENTS },
    yaxis: { ...baseAxis("count"), showgrid: true, gridcolor: FAINT },
    bargap: 0,
  };
  const bars = {
    type: "bar",
    x0: first + width / 2,
    dx: width,
    y: encode(counts, [BINS]),
    marker: { color: BLUE },
    hovertemplate: "around %{x:.4~g}<br>count %{y}<extra></extra>",
  };
  return { data: [bars], layout, config: { ...CONFIG } };
}
