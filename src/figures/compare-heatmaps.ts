import { type NamedArray, namedArray } from "../tensors/named-array.js";
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
 * @param original of two axes, such as [slot, word] or [step, bit].
 * @param edited of the same axes and shape.
 * @throws if there are more or fewer axes, or the two differ in them.
 * @example show(compareHeatmaps(memory(before), memory(after), { title: "Memory, with slot 3 erased" }))
 */
export function compareHeatmaps(original: NamedArray, edited: NamedArray, options: { title: string }): Figure {
  const first = gridOf(original, "compareHeatmaps");
  const second = gridOf(edited, "compareHeatmaps");
  if (`${original.axes}|${original.shape}` !== `${edited.axes}|${edited.shape}`) {
    throw new Error(
      `compareHeatmaps needs two arrays of one shape: "${original.name}" is [${original.axes}] of [${original.shape}], ` +
        `"${edited.name}" is [${edited.axes}] of [${edited.shape}].`,
    );
  }
  const both = [original, edited];
  const signed = both.some((array) => suitableColours(array) === "signed");
  const colours = signed ? signedColours("value", both) : weightColours("value", both);
  // Where both are the same infinity, nothing changed: ∞ − ∞ must not be shown as NaN.
  const values = edited.data.map((value, i) =>
    Object.is(value, original.data[i]) ? 0 : value - (original.data[i] ?? 0),
  );
  const change = namedArray("edited − original", original.axes, original.shape, values, original.labels);
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
