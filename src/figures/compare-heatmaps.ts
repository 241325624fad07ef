import { type ArrayInput, toNamedArray } from "../tensors/array-input.js";
import { namedArray } from "../tensors/named-array.js";
import { type Colours, signedColours, suitableColours, weightColours } from "./colours.js";
import type { Figure } from "./figure.js";
import { type Grid, gridOf } from "./heatmap.js";
import { type Cell, heatmapPanels } from "./panels.js";

/**
 * An array before and after an edit, and what changed: three panels that zoom together.
 *
 * The first two share one range of colours. The difference, edited − original, has its own, symmetric around zero, so
 * that a small change is seen as well.
 *
 * @param original anything array-like of two axes, such as [slot, word] or [step, bit].
 * @param edited of the same axes and shape; without names it takes the original's.
 * @throws if there are more or fewer axes, or the two differ in them.
 * @example show(compareHeatmaps(memory(before), memory(after), { title: "Memory, with slot 3 erased" }))
 */
export function compareHeatmaps(original: ArrayInput, edited: ArrayInput, options: { title: string }): Figure {
  const before = toNamedArray(original, "original", ["row", "column"]);
  const after = toNamedArray(edited, "edited", before.axes);
  const first = gridOf(before, "compareHeatmaps");
  const second = gridOf(after, "compareHeatmaps");
  if (`${before.axes}|${before.shape}` !== `${after.axes}|${after.shape}`) {
    throw new Error(
      `compareHeatmaps needs two arrays of one shape: "${before.name}" is [${before.axes}] of [${before.shape}], ` +
        `"${after.name}" is [${after.axes}] of [${after.shape}].`,
    );
  }
  const both = [before, after];
  const signed = both.some((array) => suitableColours(array) === "signed");
  const colours = signed ? signedColours("value", both) : weightColours("value", both);
  const titles = ["original", "edited", "difference"] as const;
  const cell = { height: 14, least: 112, most: 480 };
  return beforeAndAfter(first, second, { ...options, titles, change: "edited − original", colours, cell });
}

/**
 * Two grids of the same axes and shape, and what changed between them: three panels that zoom together.
 *
 * @param look.change what the difference is called, second − first; `look.colours` are those of the first two panels.
 */
export function beforeAndAfter(
  first: Grid,
  second: Grid,
  look: { title: string; titles: readonly [string, string, string]; change: string; colours: Colours; cell: Cell },
): Figure {
  const { titles, colours, cell } = look;
  const { axes, shape, data, labels } = first.array;
  // Where both are the same infinity, nothing changed: ∞ − ∞ must not be shown as NaN.
  const values = second.array.data.map((value, i) => (Object.is(value, data[i]) ? 0 : value - (data[i] as number)));
  const change = namedArray(look.change, axes, shape, values, labels);
  const panels = [
    { ...first, title: titles[0], colours },
    { ...second, title: titles[1], colours },
    { ...first, array: change, title: titles[2], colours: signedColours(look.change, [change]) },
  ];
  return heatmapPanels(panels, { title: look.title, columns: 3, cell, square: false });
}
