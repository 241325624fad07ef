import { type ArrayInput, toNamedArray } from "../tensors/array-input.js";
import { namedArray } from "../tensors/named-array.js";
import { signedColours, suitableColours, weightColours } from "./colours.js";
import type { Figure } from "./figure.js";
import { gridOf } from "./heatmap.js";
import { heatmapPanels } from "./panels.js";

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
  // Where both are the same infinity, nothing changed: ∞ − ∞ must not be shown as NaN.
  const values = after.data.map((value, i) => (Object.is(value, before.data[i]) ? 0 : value - (before.data[i] ?? 0)));
  const change = namedArray("edited − original", before.axes, before.shape, values, before.labels);
  const panels = [
    { ...first, title: "original", colours },
    { ...second, title: "edited", colours },
    {
      ...gridOf(change, "compareHeatmaps"),
      title: "difference",
      colours: signedColours("edited − original", [change]),
    },
  ];
  const cell = { height: 14, least: 112, most: 480 };
  return heatmapPanels(panels, { title: options.title, columns: 3, cell, square: false });
}
