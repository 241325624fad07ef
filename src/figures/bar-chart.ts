import { type ArrayInput, toNamedArray } from "../tensors/array-input.js";
import { checkAxes, positionsOf } from "./axes.js";
import {
  BLUE,
  baseAxis,
  baseLayout,
  CONFIG,
  EXPONENTS,
  encode,
  escapeText,
  FAINT,
  type Figure,
  titleHeight,
} from "./figure.js";
import { noteOnOddCells } from "./heatmap.js";

const PLOT = 240;

/**
 * One bar for each position of an axis: the importance of memory slots, the usage of states.
 *
 * @param values anything array-like of one axis, such as [slot]; its labels stand under the bars. NaN and ±∞ have no bar and are counted.
 * @param options.note a second line under the title, in Plotly's own markup
 * @throws if there are more axes or none.
 * @example show(barChart(importance, { title: "Memory slot importance" }))
 */
export function barChart(values: ArrayInput, options: { title: string; note?: string }): Figure {
  const array = toNamedArray(values, "value", ["position"]);
  checkAxes(array, 1, "barChart");
  const [axis] = array.axes as [string];
  const labels = positionsOf(array, axis);
  const note = [options.note, noteOnOddCells([array])].filter(Boolean).join("   ");
  const positions = labels
    ? { type: "category", autotickangles: [0, 90] }
    : { ...(array.data.length <= 8 && { dtick: 1 }) };
  const name = escapeText(array.name, 40);
  const hovertemplate = `${escapeText(axis)} %{x}<br>${name} %{y:.4~g}<extra></extra>`;
  const y = encode(array.data, array.shape);
  const layout = {
    ...baseLayout(options.title, note, { top: titleHeight(note), inside: PLOT, foot: 52 }),
    xaxis: { ...baseAxis(axis), ...positions },
    yaxis: {
      ...baseAxis(array.name),
      ...EXPONENTS,
      showgrid: true,
      gridcolor: FAINT,
      zeroline: true,
      zerolinecolor: FAINT,
    },
    bargap: 0.15,
  };
  const bars = { type: "bar", ...(labels && { x: labels }), y, marker: { color: BLUE }, hovertemplate };
  return { data: [bars], layout, config: { ...CONFIG } };
}
