import { type NamedArray, select } from "../tensors/named-array.js";
import { weightColours } from "./colours.js";
import type { Figure } from "./figure.js";
import { checkAxes, gridOf } from "./heatmap.js";
import { heatmapPanels } from "./panels.js";

const CELL = { height: 44, least: 88, most: 520 };

/**
 * Attention weights: a row for each query, the first at the top, and a column for each key.
 *
 * Colours run from 0 to the largest weight. The array's labels stand along the axes; hovering shows them all.
 *
 * @param weights of two axes, [query, key] or any others, such as [token, state].
 * @throws if there are more or fewer axes.
 * @example show(attentionHeatmap(select(weights, { batch: 0, head: 1 }), { title: "Token to state" }))
 */
export function attentionHeatmap(weights: NamedArray, options: { title: string }): Figure {
  const grid = gridOf(labelledThroughout(weights), "attentionHeatmap");
  const panel = { ...grid, title: "", colours: weightColours("attention weight", [weights]) };
  return heatmapPanels([panel], { title: options.title, columns: 1, cell: CELL, square: true });
}

/**
 * Attention weights of several heads or patterns, side by side in one range of colours.
 *
 * @param weights of three axes, the first of which tells the panels apart: [head, query, key]. Its labels are their titles.
 * @throws if there are more or fewer axes.
 * @example show(attentionPanels(select(weights, { batch: 0 }), { title: "Heads of layer 0" }))
 */
export function attentionPanels(weights: NamedArray, options: { title: string }): Figure {
  checkAxes(weights, 3, "attentionPanels");
  const [axis] = weights.axes as [string];
  const count = weights.shape[0] as number;
  if (count === 0) throw new Error(`"${weights.name}" holds no "${axis}" to draw.`);
  const colours = weightColours("attention weight", [weights]);
  const panels = Array.from({ length: count }, (_, index) => {
    const title = weights.labels?.[axis]?.[index] ?? `${axis} ${index}`;
    return { ...gridOf(labelledThroughout(select(weights, { [axis]: index })), "attentionPanels"), title, colours };
  });
  const columns = count % 3 === 0 && count !== 12 ? 3 : Math.min(4, count);
  return heatmapPanels(panels, {
    title: options.title,
    columns,
    cell: { ...CELL, height: 26, most: 240 },
    square: true,
  });
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
