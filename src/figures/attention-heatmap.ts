import { type ArrayInput, toNamedArray } from "../tensors/array-input.js";
import { type NamedArray, select } from "../tensors/named-array.js";
import { checkAxes, positionTitle } from "./axes.js";
import { attentionColours } from "./colours.js";
import type { Figure } from "./figure.js";
import { gridOf } from "./heatmap.js";
import { heatmapPanels } from "./panels.js";

const CELL = { height: 44, least: 88, most: 520 };

/**
 * Attention weights: a row for each query, the first at the top, and a column for each key.
 *
 * Colours run from 0 to the largest weight. The array's labels stand along the axes; hovering shows them all.
 * More than 16,384 weights, all that are finite from 0 to 1, are rounded to 4 decimals or more, by less than 0.0001 (1
 * reads as 0.9999): they take half the room. Cells that are not finite are blank under their marks, each of which takes
 * room too; beside a mark hovering shows the number that stands for them, and says so.
 *
 * In the Python original: `plot_attention_map`.
 *
 * @param weights anything array-like of two axes, [query, key] or any others, such as [token, state].
 * @throws if there are more or fewer axes.
 * @example show(attentionHeatmap(select(weights, { batch: 0, head: 1 }), { title: "Token to state" }))
 */
export function attentionHeatmap(weights: ArrayInput, options: { title: string }): Figure {
  const array = toNamedArray(weights, "attention", ["query", "key"]);
  const grid = gridOf(labelledThroughout(array), "attentionHeatmap");
  const panel = { ...grid, title: "", colours: attentionColours(array) };
  return heatmapPanels([panel], { title: options.title, columns: 1, cell: CELL, square: true });
}

/**
 * Attention weights of several heads or patterns, side by side in one range of colours.
 *
 * More than 16,384 weights in all are rounded as by attentionHeatmap.
 *
 * In the Python original: `plot_attention_patterns`.
 *
 * @param weights anything array-like of three axes, the first of which tells the panels apart: [head, query, key]. Its
 * labels are their titles.
 * @throws if there are more or fewer axes, or no panel at all.
 * @example show(attentionPanels(select(weights, { batch: 0 }), { title: "Heads of layer 0" }))
 */
export function attentionPanels(weights: ArrayInput, options: { title: string }): Figure {
  const array = toNamedArray(weights, "attention", ["head", "query", "key"]);
  checkAxes(array, 3, "attentionPanels");
  const [axis] = array.axes as [string];
  const count = array.shape[0] as number;
  if (count === 0) throw new Error(`"${array.name}" holds no "${axis}" to draw.`);
  const colours = attentionColours(array);
  const panels = Array.from({ length: count }, (_, index) => {
    const title = positionTitle(array, axis, index);
    return { ...gridOf(labelledThroughout(select(array, { [axis]: index })), "attentionPanels"), title, colours };
  });
  const columns = count % 3 === 0 && count !== 12 ? 3 : Math.min(4, count);
  const cell = columns === 4 ? { ...CELL, height: 26, most: 220 } : { ...CELL, height: 34, most: 290 };
  return heatmapPanels(panels, { title: options.title, columns, cell, square: true });
}

/** If some axes have labels, number the positions of the others: Plotly keeps cells square between axes of one kind only. */
function labelledThroughout(array: NamedArray): NamedArray {
  if (!array.labels) return array;
  const labels = array.axes.map((axis, index) => {
    const numbers = Array.from({ length: array.shape[index] as number }, (_, position) => String(position));
    return [axis, array.labels?.[axis] ?? numbers];
  });
  return { ...array, labels: Object.fromEntries(labels) };
}
