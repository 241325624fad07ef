import { type ArrayInput, toNamedArray } from "../tensors/array-input.js";
import type { NamedArray } from "../tensors/named-array.js";
import { checkAxes, checkSteps } from "./axes.js";
import { type Colours, signedColours, suitableColours, unitColours, weightColours } from "./colours.js";
import { escapeText, type Figure } from "./figure.js";
import { gridOf, noteOnOddCells } from "./heatmap.js";
import { type Axis, mosaic, type Tile } from "./mosaic.js";
import { panelHeight } from "./panels.js";
import { heatmapTile, positionsAcross, positionsDown } from "./tiles.js";

/** What went in and out of a machine and its memory, all over the same steps. */
export interface MemoryUse {
  /** [step, bit], and [step, bit]; the two may differ in bits. */
  readonly inputs: ArrayInput;
  readonly outputs: ArrayInput;
  /** [step, word]: the vectors added to memory, and read from it. */
  readonly adds: ArrayInput;
  readonly reads: ArrayInput;
  /** [step, slot], 0 to 1. */
  readonly writeWeights: ArrayInput;
  readonly readWeights: ArrayInput;
}

/** Steps to point out, both ends included. */
export interface Mark {
  readonly name: string;
  readonly from: number;
  readonly to: number;
}

const CELL = { height: 9, least: 64, most: 260 };
const LANE = 16;

/** Outlines that stand out on every colour of the heatmaps, on white and on #111, and that the colour-blind tell apart. */
const OUTLINES = ["#e5358c", "#f07800", "#12a4d9", "#8f7fe8"];

/** Sides of the figure, and the rows of each: key, heading, axis of the array that has no names. */
const ROWS = [
  ["inputs", "Inputs", "outputs", "Outputs", "bit"],
  ["adds", "Adds", "reads", "Reads", "word"],
  ["writeWeights", "Write weightings", "readWeights", "Read weightings", "slot"],
] as const;

/**
 * How a machine uses its memory, as figures 6 and 12 of the NTM paper (Graves et al. 2014, arXiv 1410.5401): inputs, added
 * vectors and write weightings on the left, outputs, read vectors and read weightings on the right.
 *
 * Steps run to the right in all panels and zoom together; the first slot is at the top. Weightings and values within 0 and
 * 1 share one range of colours, values that go below zero another, symmetric one.
 *
 * @param use arrays of one head, see `MemoryUse`. For a large memory, `slice` the slots that are used.
 * @param options.marks steps to outline in every panel, such as the item asked for and its answer.
 * @throws if an array has more or fewer than two axes, the steps differ in number, or a mark lies outside them.
 * @example
 * const marks = [{ name: "query", from: 9, to: 11 }, { name: "answer", from: 13, to: 15 }];
 * show(memoryUse({ inputs, outputs, adds, reads, writeWeights, readWeights }, { title: "Recall", marks }));
 */
export function memoryUse(use: MemoryUse, options: { title: string; marks?: readonly Mark[] }): Figure {
  const rows = ROWS.map(([left, leftTitle, right, rightTitle, axis]) => [
    { title: leftTitle, array: toNamedArray(use[left], left, ["step", axis]) },
    { title: rightTitle, array: toNamedArray(use[right], right, ["step", axis]) },
  ]);
  const arrays = rows.flat().map(({ array }) => array);
  const [inputs] = arrays as [NamedArray];
  for (const array of arrays) checkAxes(array, 2, "memoryUse");
  checkSteps(arrays, "memoryUse");
  const marks = options.marks ?? [];
  for (const mark of marks) checkMark(mark, inputs);
  const colours = coloursOf(arrays);
  const x = positionsAcross(inputs, inputs.axes[0] as string);
  const tiles = rows.map((row) => {
    const most = Math.max(...row.map(({ array }) => array.shape[1] as number));
    const axes: [string, Axis][] = [];
    return row.map(({ title, array }): Tile => {
      const y = axisLike(axes, array);
      const look = { title, width: 1, height: panelHeight(most, CELL), x, y };
      const grid = gridOf(array, "memoryUse", array.axes[0]);
      return { ...heatmapTile(grid, { ...look, colours: colours(array) }), shapes: marks.map(outline) };
    });
  });
  const lanes = lanesOf(marks, inputs.shape[0] as number);
  const strip = marks.length > 0 ? (Math.max(...lanes) + 1) * LANE : 0;
  const figure = mosaic(tiles, { title: options.title, note: noteOnOddCells(arrays), strip });
  const names = ["", "2"].flatMap((n) => marks.map((mark, index) => markName(mark, index, lanes[index] as number, n)));
  (figure.layout.annotations as object[]).push(...names);
  return figure;
}

/** Each array's colours; those of one kind are the same object. */
function coloursOf(arrays: readonly NamedArray[]): (array: NamedArray) => Colours {
  const of = (kind: string): NamedArray[] => arrays.filter((array) => suitableColours(array) === kind);
  const kinds = {
    unit: unitColours("value, 0 to 1"),
    weights: weightColours("value", of("weights")),
    signed: signedColours("signed value", of("signed")),
  };
  return (array) => kinds[suitableColours(array)];
}

/** One axis for both sides of a row, unless they differ in their rows. */
function axisLike(axes: [string, Axis][], array: NamedArray): Axis {
  const axis = array.axes[1] as string;
  const key = JSON.stringify([axis, array.shape[1], array.labels?.[axis]]);
  const known = axes.find(([other]) => other === key);
  if (known) return known[1];
  const made = positionsDown(array, axis);
  axes.push([key, made]);
  return made;
}

function checkMark({ name, from, to }: Mark, { shape }: NamedArray): void {
  const last = (shape[0] as number) - 1;
  if ([from, to].every(Number.isInteger) && from >= 0 && from <= to && to <= last) return;
  throw new Error(`memoryUse: the mark "${name}" from ${from} to ${to} is no stretch of the steps 0 to ${last}.`);
}

function outline({ from, to }: Mark, index: number): { xref: string; yref: string } {
  const place = { xref: "x", x0: from - 0.5, x1: to + 0.5, yref: "y domain", y0: 0, y1: 1 };
  const shape = { type: "rect", ...place, line: { color: OUTLINES[index % OUTLINES.length], width: 2 } };
  return shape;
}

function markName({ name, from, to }: Mark, index: number, lane: number, n: string): object {
  return {
    text: escapeText(name, 24),
    xref: `x${n}`,
    x: (from + to) / 2,
    yref: `y${n} domain`,
    y: 1,
    yanchor: "bottom",
    yshift: lane * LANE,
    showarrow: false,
    font: { size: 12, color: OUTLINES[index % OUTLINES.length] },
  };
}

/** Which line above the panels each name stands in, so that none runs into another where a panel is 330 pixels wide. */
function lanesOf(marks: readonly Mark[], steps: number): number[] {
  const ends: number[] = [];
  return marks.map(({ name, from, to }) => {
    const half = (Math.min(24, name.length) * 7 + 8) / 2;
    const middle = ((from + to + 1) / 2 / steps) * 330;
    const free = ends.findIndex((end) => end <= middle - half);
    const lane = free < 0 ? ends.length : free;
    ends[lane] = middle + half;
    return lane;
  });
}
