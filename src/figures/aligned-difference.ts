import { permuteSlots } from "../analysis/align-slots.js";
import { slotChange } from "../analysis/drift.js";
import { meanOver } from "../analysis/means.js";
import { type ArrayInput, toNamedArray } from "../tensors/array-input.js";
import { type NamedArray, namedArray } from "../tensors/named-array.js";
import { checkAxes } from "./axes.js";
import { weightColours } from "./colours.js";
import { type Figure, INK } from "./figure.js";
import { gridOf, noteOnOddCells } from "./heatmap.js";
import { mosaic, type Tile } from "./mosaic.js";
import { panelHeight } from "./panels.js";
import { heatmapTile, lineTile, positionsAcross, positionsDown, valueAxis } from "./tiles.js";

const CELL = { height: 9, least: 90, most: 260 };

/**
 * What two runs differ by over the steps, slot by slot: as their slots stand, and with the other's slots aligned.
 *
 * Each cell is the Euclidean norm, over the words, of the difference of two slots; of weights it is the absolute difference.
 * Both panels share one range of colours, from 0. Under them the mean over slots: blue aligned, grey as the slots stand.
 *
 * @param one a series of the first run, [step, slot] or [step, slot, word]
 * @param other the same series of the other run
 * @param order the other's slot for each of the first's, as `alignSlots` gives it
 * @throws if there are more or fewer axes, the two differ in shape, or the order does not fit.
 * @example show(alignedDifference(first, second, alignSlots([first], [second]).order, { title: "Two seeds" }))
 */
export function alignedDifference(
  one: ArrayInput,
  other: ArrayInput,
  order: readonly number[],
  options: { title: string },
): Figure {
  const [first, second] = [one, other].map(withWords) as [NamedArray, NamedArray];
  const stands = { ...slotChange(first, second), name: "difference" };
  const aligned = { ...slotChange(first, permuteSlots(second, order)), name: "difference", ...labelsOf(first) };
  const [step, slot] = stands.axes as [string, string];
  const [x, colours] = [positionsAcross(stands, step), weightColours("difference", [stands, aligned])];
  const height = panelHeight(stands.shape[1] as number, CELL);
  const y = positionsDown(aligned, slot);
  const heatmap = (array: NamedArray, title: string): Tile =>
    heatmapTile(gridOf(array, "alignedDifference", step), { title, width: 1, height, x, y, colours });
  const look = {
    title: "Mean over slots: aligned blue, as they stand grey",
    width: 1,
    height: 110,
    x,
    y: valueAxis(""),
  };
  const [after, before] = [aligned, stands].map((array) => lineTile(meanOver(array, [slot]), look)) as [Tile, Tile];
  const draw: Tile["draw"] = (panel, colourAxis) => [
    ...before.draw(panel, colourAxis).map((trace) => ({ ...trace, line: { color: INK, width: 2, dash: "dot" } })),
    ...after.draw(panel, colourAxis),
  ];
  const rows = [heatmap(stands, "As the slots stand"), heatmap(aligned, "Aligned"), { ...after, draw }];
  return mosaic(
    rows.map((tile) => [tile]),
    { title: options.title, note: noteOnOddCells([stands]) },
  );
}

/** [step, slot, word]; weights, [step, slot], are slots of one word. */
function withWords(input: ArrayInput): NamedArray {
  const given = toNamedArray(input, "value", ["step", "slot"]);
  if (given.axes.length === 2) {
    return namedArray(given.name, [...given.axes, "word"], [...given.shape, 1], given.data, given.labels);
  }
  const array = toNamedArray(input, "value", ["step", "slot", "word"]);
  checkAxes(array, 3, "alignedDifference");
  return array;
}

/** Aligned rows keep the slots of the first run. */
function labelsOf({ labels }: NamedArray): Pick<NamedArray, "labels"> {
  return { labels: labels ?? {} };
}
