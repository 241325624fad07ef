import { type ArrayInput, toNamedArray } from "../tensors/array-input.js";
import { type NamedArray, select } from "../tensors/named-array.js";
import { checkAxes, checkSteps } from "./axes.js";
import { unitColours } from "./colours.js";
import type { Figure } from "./figure.js";
import { gridOf, noteOnOddCells } from "./heatmap.js";
import { mosaic } from "./mosaic.js";
import { panelHeight } from "./panels.js";
import { heatmapTile, lineTile, positionsAcross, positionsDown, valueAxis } from "./tiles.js";

/** The weights of one head after each stage of addressing, and what steered the stages, all over the same steps. */
export interface AddressingStages {
  /** [step, slot], 0 to 1: by content, after the gate, after the shift, and sharpened. */
  readonly content: ArrayInput;
  readonly gated: ArrayInput;
  readonly shifted: ArrayInput;
  readonly weights: ArrayInput;
  /** [step], or [step, 1]: key strength β, above 0; interpolation gate g, 0 to 1; sharpening γ, at least 1. */
  readonly strength: ArrayInput;
  readonly gate: ArrayInput;
  readonly sharpening: ArrayInput;
  /** [step, shift]: shift weights s, 0 to 1; three are to the next slot, none, and to the one before. */
  readonly shift: ArrayInput;
}

const CELL = { height: 9, least: 120, most: 320 };
const SCALAR = 72;
const WEIGHTS = ["content", "gated", "shifted", "weights"] as const;

/**
 * How a head arrives at its weights (Graves et al. 2014, arXiv 1410.5401, section 3.3 and figure 2): by content, gated
 * with the weights of the step before, shifted, sharpened. Above each stage stands what steered it.
 *
 * Steps run to the right and zoom together; the first slot is at the top. Colours run from 0 to 1 in every figure.
 *
 * @param stages see `AddressingStages`; the sites of a head have these names.
 * @throws if an array has other axes than these, or they differ in steps or slots.
 * @example
 * const of = (site: string) => series(result, `read.0.${site}`);
 * show(addressingStages({ content: of("content"), gated: of("gated"), shifted: of("shifted"), weights: of("weights"),
 *   strength: of("strength"), gate: of("gate"), shift: of("shift"), sharpening: of("sharpening") }, { title: "Read head" }));
 */
export function addressingStages(stages: AddressingStages, options: { title: string }): Figure {
  const [content, gated, shifted, weights] = WEIGHTS.map((name) =>
    toNamedArray(stages[name], name, ["step", "slot"]),
  ) as [NamedArray, NamedArray, NamedArray, NamedArray];
  const [strength, gate, sharpening] = [
    overSteps(stages.strength, "strength β"),
    overSteps(stages.gate, "gate g"),
    overSteps(stages.sharpening, "sharpening γ"),
  ];
  const shift = withShiftLabels(toNamedArray(stages.shift, "shift", ["step", "shift"]));
  for (const array of [content, gated, shifted, weights, shift]) checkAxes(array, 2, "addressingStages");
  checkSteps([content, gated, shifted, weights, strength, gate, sharpening, shift], "addressingStages");
  for (const array of [gated, shifted, weights]) checkSlots(array, content);

  const [step, slot] = content.axes as [string, string];
  const x = positionsAcross(content, step);
  const y = positionsDown(content, slot);
  const colours = unitColours("weight");
  const slots = content.shape[1] as number;
  const height = panelHeight(slots, CELL);
  const heatmap = (array: NamedArray, title: string) =>
    heatmapTile(gridOf(array, "addressingStages", array.axes[0]), { title, width: 1, height, x, y, colours });
  const line = (values: NamedArray, title: string, range?: readonly [number, number]) =>
    lineTile(values, { title, width: 1, height: SCALAR, x, y: valueAxis("", range) });
  const steered = [
    line(strength, "Key strength β"),
    line(gate, "Gate g", [-0.05, 1.05]),
    heatmapTile(gridOf(shift, "addressingStages", shift.axes[0]), {
      title: "Shift s",
      width: 1,
      height: SCALAR,
      x,
      y: { ...positionsDown(shift, shift.axes[1] as string), title: { text: "" } },
      colours,
    }),
    line(sharpening, "Sharpening γ"),
  ];
  const reached = [
    heatmap(content, "1 By content"),
    heatmap(gated, "2 Gated"),
    heatmap(shifted, "3 Shifted"),
    heatmap(weights, "4 Sharpened"),
  ];
  const note = noteOnOddCells([content, gated, shifted, weights, shift, strength, gate, sharpening]);
  return mosaic([steered, reached], { title: options.title, note });
}

/** One number for each step: [step], or [step, 1] as a head records it. */
function overSteps(input: ArrayInput, name: string): NamedArray {
  const array = toNamedArray(input, name, ["step"]);
  const single = array.axes.length === 2 && array.shape[1] === 1;
  const values = single ? select(array, { [array.axes[1] as string]: 0 }) : array;
  checkAxes(values, 1, "addressingStages");
  return { ...values, name };
}

/** What the three shifts of a weighting are; other numbers of them are counted. */
function withShiftLabels(array: NamedArray): NamedArray {
  const axis = array.axes[1];
  if (!axis || array.shape[1] !== 3 || array.labels?.[axis]) return array;
  return { ...array, labels: { ...array.labels, [axis]: ["next", "stay", "back"] } };
}

function checkSlots(array: NamedArray, first: NamedArray): void {
  if (array.shape[1] === first.shape[1]) return;
  throw new Error(
    `addressingStages draws weights over the same slots: "${array.name}" has ${array.shape[1]}, ` +
      `"${first.name}" has ${first.shape[1]}.`,
  );
}
