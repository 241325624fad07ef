import { type ArrayInput, toNamedArray } from "../tensors/array-input.js";
import { type NamedArray, select } from "../tensors/named-array.js";
import { checkAxes, positionTitle } from "./axes.js";
import { signedColours } from "./colours.js";
import { beforeAndAfter } from "./compare-heatmaps.js";
import type { Figure } from "./figure.js";
import { gridOf } from "./heatmap.js";
import { heatmapPanels, type Panel } from "./panels.js";

const CELL = { height: 9, least: 108, most: 300 };
const MOST = 8;

/**
 * A memory at several steps, side by side in one range of colours: what `memoryEvolution` plays, for paper.
 *
 * Colours are symmetric around zero: blue below, pale at zero, red above.
 *
 * @param memory of three axes, [step, slot, word]; labels of the first name the panels.
 * @param options.steps which steps to draw, in this order; without it eight, evenly spaced from the first to the last, or
 * all if there are fewer.
 * @throws if there are more or fewer axes, no step to draw, or a step that is not there.
 * @example show(memorySteps(series(result, "memory"), { title: "Memory while copying", steps: [0, 5, 10] }))
 */
export function memorySteps(memory: ArrayInput, options: { title: string; steps?: readonly number[] }): Figure {
  const array = toNamedArray(memory, "memory", ["step", "slot", "word"]);
  checkAxes(array, 3, "memorySteps");
  const steps = options.steps ?? spread(array.shape[0] as number);
  if (steps.length === 0) throw new Error(`memorySteps: no "${array.axes[0]}" of "${array.name}" to draw.`);
  const slices = steps.map((step) => at(array, step));
  const colours = signedColours(
    "value",
    slices.map(({ grid }) => grid),
  );
  const panels = slices.map(({ title, grid }): Panel => ({ ...gridOf(grid, "memorySteps"), title, colours }));
  return heatmapPanels(panels, { title: options.title, columns: columnsFor(panels.length), cell: CELL, square: false });
}

/**
 * A memory at two steps, and what changed between them: three panels that zoom together.
 *
 * The first two share one range of colours, symmetric around zero; the change, later − earlier, has its own.
 *
 * @param memory of three axes, [step, slot, word].
 * @param from, to positions of the two steps.
 * @throws if there are more or fewer axes, or a step that is not there.
 * @example show(memoryChange(series(result, "memory"), 4, 5, { title: "What step 5 wrote" }))
 */
export function memoryChange(memory: ArrayInput, from: number, to: number, options: { title: string }): Figure {
  const array = toNamedArray(memory, "memory", ["step", "slot", "word"]);
  checkAxes(array, 3, "memoryChange");
  const [before, after] = [at(array, from), at(array, to)];
  const [first, second] = [gridOf(before.grid, "memoryChange"), gridOf(after.grid, "memoryChange")];
  const titles = [before.title, after.title, "change"] as const;
  const colours = signedColours("value", [before.grid, after.grid]);
  return beforeAndAfter(first, second, { ...options, titles, change: "change", colours, cell: { ...CELL, most: 480 } });
}

function at(array: NamedArray, step: number): { title: string; grid: NamedArray } {
  const [axis] = array.axes as [string];
  const grid = select(array, { [axis]: step });
  return { title: positionTitle(array, axis, step), grid };
}

/** Positions evenly spaced from the first to the last. */
function spread(length: number): number[] {
  const count = Math.min(MOST, length);
  return Array.from({ length: count }, (_, index) => Math.round((index * (length - 1)) / Math.max(1, count - 1)));
}

/** As many in a row as leave the fewest places empty: 4, or 3 for 3, 5, 6 and 9. */
function columnsFor(count: number): number {
  return count <= 4 ? count : [5, 6, 9].includes(count) ? 3 : 4;
}
