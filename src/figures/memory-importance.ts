import { type ArrayInput, toNamedArray } from "../tensors/array-input.js";
import { type NamedArray, select } from "../tensors/named-array.js";
import { checkAxes, positionTitle } from "./axes.js";
import type { Figure } from "./figure.js";
import { noteOnOddCells } from "./heatmap.js";
import { mosaic, type Tile } from "./mosaic.js";
import { barTile, brief, dottedAt, positionsAcross, READ, valueAxis } from "./tiles.js";

const HEIGHT = { alone: 240, several: 110 };

/**
 * How important each memory slot or state is: a bar for each, and a dotted line at their mean.
 *
 * Several scores stand one under the other, each on its own scale, so that what was learnt, the attention received, the
 * gradient and an ablation can be compared slot by slot.
 *
 * In the Python original: `plot_memory_importance`.
 *
 * @param scores of one axis, [slot] or [state], or of two, [score, slot]; labels of the first name the scores. NaN and ±∞
 * have no bar, are counted, and are left out of the mean.
 * @throws if there are more axes or none, or no score at all.
 * @example show(memoryImportance(scores, { title: "Importance of memory slots" }))
 */
export function memoryImportance(scores: ArrayInput, options: { title: string }): Figure {
  const single = toNamedArray(scores, "importance", ["slot"]);
  const array = single.axes.length === 2 ? toNamedArray(scores, "importance", ["score", "slot"]) : single;
  const rows = rowsOf(array);
  const x = positionsAcross((rows[0] as { values: NamedArray }).values, array.axes.at(-1) as string);
  const height = rows.length > 1 ? HEIGHT.several : HEIGHT.alone;
  const tiles = rows.map(({ name, values }): Tile => {
    const finite = values.data.filter(Number.isFinite);
    const mean = finite.reduce((sum, value) => sum + value, 0) / finite.length;
    const title = [name, finite.length > 0 ? `mean ${brief(mean)} (dotted)` : ""].filter(Boolean).join(": ");
    const y = valueAxis(name ? "" : array.name);
    const tile = barTile(values, { title, width: 1, height, x, y, colour: READ, along: "x" });
    return finite.length > 0 ? { ...tile, shapes: [dottedAt("y", mean)] } : tile;
  });
  return mosaic(
    tiles.map((tile) => [tile]),
    { title: options.title, note: noteOnOddCells([array]) },
  );
}

/** The scores to draw one under the other; a single one has no name of its own. */
function rowsOf(array: NamedArray): { name: string; values: NamedArray }[] {
  if (array.axes.length !== 2) {
    checkAxes(array, 1, "memoryImportance");
    return [{ name: "", values: array }];
  }
  const [axis] = array.axes as [string];
  const count = array.shape[0] as number;
  if (count === 0) throw new Error(`"${array.name}" holds no "${axis}" to draw.`);
  return Array.from({ length: count }, (_, index) => {
    const name = positionTitle(array, axis, index);
    return { name, values: { ...select(array, { [axis]: index }), name } };
  });
}
