import { type ArrayInput, toNamedArray } from "../tensors/array-input.js";
import { select } from "../tensors/named-array.js";
import { checkAxes } from "./axes.js";
import { signedColours } from "./colours.js";
import { escapeText, FAINT, type Figure, type Frame, INK } from "./figure.js";
import { type Grid, gridOf, valuesOf } from "./heatmap.js";
import { MEMORY_CELL } from "./memory-heatmap.js";
import { heatmapPanels } from "./panels.js";

/** Pixels under the axis title for the slider and its labels. */
const SLIDER = 76;

/**
 * A memory changing over steps: a heatmap with a slider, and buttons that play it.
 *
 * All steps share one range of colours, symmetric around zero.
 *
 * In the Python original: `plot_state_evolution`.
 *
 * @param series anything array-like of three axes, [step, slot, word]; labels of the first name the slider's positions.
 * @throws if there are more or fewer axes, or no step at all.
 * @example show(memoryEvolution(series(result, "memory"), { title: "Memory while copying" }))
 */
export function memoryEvolution(series: ArrayInput, options: { title: string }): Figure {
  const array = toNamedArray(series, "memory", ["step", "slot", "word"]);
  checkAxes(array, 3, "memoryEvolution");
  const [axis] = array.axes as [string];
  const count = array.shape[0] as number;
  if (count === 0) throw new Error(`"${array.name}" holds no "${axis}" to draw.`);
  const grids = Array.from({ length: count }, (_, index) =>
    gridOf(select(array, { [axis]: index }), "memoryEvolution"),
  );
  const panel = { ...(grids[0] as Grid), title: "", colours: signedColours("value", [array]) };
  const look = { title: options.title, columns: 1, cell: MEMORY_CELL, square: false, below: SLIDER, counted: [array] };
  const figure = heatmapPanels([panel], look);
  const names = grids.map((_, index) => escapeText(array.labels?.[axis]?.[index] ?? String(index), 24));
  const { layout } = figure;
  const below = (layout.margin as { b: number }).b - SLIDER;
  layout.sliders = [slider(axis, names, below)];
  layout.updatemenus = [buttons(below)];
  const frames = grids.map((grid, index): Frame => {
    const values = valuesOf(grid).slice(0, figure.data.length);
    return { name: String(index), data: values, traces: values.map((_, trace) => trace) };
  });
  return { ...figure, frames };
}

function slider(axis: string, names: readonly string[], below: number): object {
  const now = { mode: "immediate", frame: { duration: 0, redraw: true }, transition: { duration: 0 } };
  return {
    steps: names.map((label, index) => ({ label, method: "animate", args: [[String(index)], now] })),
    x: 0,
    len: 1,
    y: 0,
    yanchor: "top",
    pad: { l: 156, t: below },
    currentvalue: { prefix: `${escapeText(axis, 40)} `, xanchor: "left", offset: 8, font: { color: INK, size: 13 } },
    font: { size: 11 },
    transition: { duration: 0 },
    bgcolor: FAINT,
    activebgcolor: INK,
    bordercolor: FAINT,
    tickcolor: INK,
    ticklen: 4,
    minorticklen: 2,
  };
}

function buttons(below: number): object {
  const run = {
    mode: "immediate",
    fromcurrent: true,
    frame: { duration: 250, redraw: true },
    transition: { duration: 0 },
  };
  const stop = { mode: "immediate", frame: { duration: 0, redraw: false }, transition: { duration: 0 } };
  return {
    type: "buttons",
    direction: "left",
    showactive: false,
    x: 0,
    xanchor: "left",
    y: 0,
    yanchor: "top",
    pad: { t: below + 20 },
    font: { color: INK },
    bgcolor: "rgba(0,0,0,0)",
    bordercolor: FAINT,
    buttons: [
      { label: "▶ play", method: "animate", args: [null, run] },
      { label: "❚❚ pause", method: "animate", args: [[null], stop] },
    ],
  };
}
