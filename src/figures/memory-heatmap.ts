import { type ArrayInput, toNamedArray } from "../tensors/array-input.js";
import { signedColours } from "./colours.js";
import type { Figure } from "./figure.js";
import { gridOf } from "./heatmap.js";
import { heatmapPanels } from "./panels.js";

export const MEMORY_CELL = { height: 14, least: 112, most: 560 } as const;

/**
 * A memory's content: a row for each slot, slot 0 at the top, and a column for each dimension of its words.
 *
 * Colours are symmetric around zero: blue below, pale at zero, red above.
 *
 * In the Python original: `plot_memory_content`.
 *
 * @param memory anything array-like of two axes, [slot, word].
 * @throws if there are more or fewer axes.
 * @example show(memoryHeatmap(select(memory, { step: 16, batch: 0 }), { title: "Memory after the input" }))
 */
export function memoryHeatmap(memory: ArrayInput, options: { title: string }): Figure {
  const array = toNamedArray(memory, "memory", ["slot", "word"]);
  const panel = { ...gridOf(array, "memoryHeatmap"), title: "", colours: signedColours("value", [array]) };
  return heatmapPanels([panel], { title: options.title, columns: 1, cell: MEMORY_CELL, square: false });
}
