import { type ArrayInput, toNamedArray } from "../tensors/array-input.js";
import { unitColours } from "./colours.js";
import type { Figure } from "./figure.js";
import { gridOf } from "./heatmap.js";
import { heatmapPanels } from "./panels.js";

const READ_CELL = { height: 16, least: 220, most: 560 };

/**
 * From write to read: for each step that reads, which writes it took from. A machine that reads its memory in the order in
 * which it was written shows a diagonal.
 *
 * A row is a step that reads, a column a write; "start" is the memory that the machine began with. Shares run from 0 to 1
 * in every figure. A read of nothing but zeros took from nowhere, and has no share.
 *
 * @param shares [step, write]: `contributionShares` of `readContributions`, or of `tokenReadContributions` and the mean over "read"
 * @throws if there are more or fewer axes.
 * @example show(writeToRead(contributionShares(readContributions([head], start, reads)), { title: "From write to read" }))
 */
export function writeToRead(shares: ArrayInput, options: { title: string }): Figure {
  const given = toNamedArray(shares, "share", ["step", "write"]);
  // Plotly keeps cells square between axes of one kind only: both have labels.
  const numbers = given.axes.map((axis, index) => [
    axis,
    Array.from({ length: given.shape[index] as number }, (_, at) => `${at}`),
  ]);
  const array = { ...given, name: "share", labels: { ...Object.fromEntries(numbers), ...given.labels } };
  const panel = { ...gridOf(array, "writeToRead"), title: "", colours: unitColours("share of what is read") };
  return heatmapPanels([panel], { title: options.title, columns: 1, cell: READ_CELL, square: true });
}
