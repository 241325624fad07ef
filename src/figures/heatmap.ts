import type { NamedArray } from "../tensors/named-array.js";
import { checkAxes, positionsOf, suffixOf } from "./axes.js";
import { BLANK } from "./colours.js";
import { ALARM, encode, escapeText, type Trace } from "./figure.js";

/** Values drawn as a table of cells: `rows` from top to bottom, `columns` from left to right, both axis names. */
export interface Grid {
  readonly array: NamedArray;
  readonly rows: string;
  readonly columns: string;
}

/** What stands in a cell that has no colour: Plotly's symbol, the sign that explains it, its name. */
const MARKS = {
  nan: { symbol: "x-thin", sign: "×", name: "NaN" },
  up: { symbol: "triangle-up", sign: "▲", name: "+∞" },
  down: { symbol: "triangle-down", sign: "▼", name: "−∞" },
} as const;

type Mark = keyof typeof MARKS;

/**
 * The grid of an array that has two axes; the first gives the rows unless `columns` names it.
 *
 * @throws if the array has more or fewer axes, saying how to choose among them.
 */
export function gridOf(array: NamedArray, what: string, columns: string = array.axes[1] ?? ""): Grid {
  checkAxes(array, 2, what);
  return { array, columns, rows: array.axes.find((axis) => axis !== columns) as string };
}

/** The values in drawing order, row by row: transposed if the array keeps its columns first. */
export function cellsOf({ array, columns }: Grid): Float32Array {
  const [first, second] = array.shape as [number, number];
  if (array.axes[1] === columns) return array.data;
  return array.data.map((_, i) => array.data[(i % first) * second + Math.floor(i / first)] as number);
}

/** Number of rows and of columns. */
export function sizeOfGrid({ array, rows, columns }: Grid): [number, number] {
  return [array.shape[array.axes.indexOf(rows)] as number, array.shape[array.axes.indexOf(columns)] as number];
}

interface OddCell {
  readonly column: number;
  readonly row: number;
  readonly mark: Mark;
}

/** Every cell that has no colour. */
function oddCells(grid: Grid): OddCell[] {
  const columnCount = sizeOfGrid(grid)[1];
  const odd: OddCell[] = [];
  cellsOf(grid).forEach((value, index) => {
    if (Number.isFinite(value)) return;
    const mark = Number.isNaN(value) ? "nan" : value > 0 ? "up" : "down";
    odd.push({ column: index % columnCount, row: Math.floor(index / columnCount), mark });
  });
  return odd;
}

/**
 * The attributes of a heatmap's two traces that depend on the values: all that a frame has to carry.
 *
 * @param decimals as in Colours: with it, values from 0 to 1 become whole numbers, and those not finite BLANK.
 */
export function valuesOf(
  grid: Grid,
  decimals?: number,
): [cells: Record<string, unknown>, marks: Record<string, unknown>] {
  const odd = oddCells(grid);
  const xs = positionsOf(grid.array, grid.columns);
  const ys = positionsOf(grid.array, grid.rows);
  // Where many cells are odd in one way, as masked attention is, it is said once.
  const alike = decimals !== undefined && new Set(odd.map(({ mark }) => mark)).size === 1;
  const each = (say: (cell: OddCell) => string): string | string[] => (alike ? say(odd[0] as OddCell) : odd.map(say));
  const marks = {
    x: odd.map(({ column }) => xs?.[column] ?? column),
    y: odd.map(({ row }) => ys?.[row] ?? row),
    text: each(({ mark }) => MARKS[mark].name),
    marker: { symbol: each(({ mark }) => MARKS[mark].symbol) },
  };
  const cells = cellsOf(grid);
  return [{ z: encode(decimals === undefined ? cells : whole(cells, decimals), sizeOfGrid(grid)) }, marks];
}

/** Values from 0 to 1 in units of 10^−decimals, or BLANK. 1 becomes 0.9999: hovering can say what follows "0." only. */
function whole(values: Float32Array, decimals: number): Uint16Array {
  const unit = 10 ** decimals;
  return Uint16Array.from(values, (value) =>
    Number.isFinite(value) ? Math.min(unit - 1, Math.round(value * unit)) : BLANK,
  );
}

/**
 * The traces of one heatmap: its cells, and marks over those that are NaN or ±∞ and so have no colour.
 *
 * @param panel its place among the panels, from 1, which numbers its axes.
 * @param markSize in pixels; 0 for a figure without marks.
 * @param decimals as in Colours.
 */
export function heatmapTraces(
  grid: Grid,
  panel: number,
  colourAxis: string,
  markSize: number,
  decimals?: number,
): Trace[] {
  const suffix = suffixOf(panel - 1);
  const place = { xaxis: `x${suffix}`, yaxis: `y${suffix}` };
  const xs = positionsOf(grid.array, grid.columns);
  const ys = positionsOf(grid.array, grid.rows);
  const where = `${escapeText(grid.rows)} %{y}<br>${escapeText(grid.columns)} %{x}<br>`;
  const [cells, marks] = valuesOf(grid, decimals);
  const value = decimals === undefined ? "%{z:.4~g}" : `0.%{z:0${decimals}d}${noteOnBlank(grid, decimals)}`;
  const heatmap: Trace = {
    type: "heatmap",
    ...place,
    ...(xs && { x: xs }),
    ...(ys && { y: ys }),
    ...cells,
    coloraxis: colourAxis,
    hoverongaps: false,
    hovertemplate: `${where}${escapeText(grid.array.name)} ${value}<extra></extra>`,
  };
  if (markSize === 0) return [heatmap];
  const marker = { ...(marks.marker as object), size: markSize, color: ALARM, line: { width: 1.5, color: ALARM } };
  // A template does not find one text for all marks, but "-".
  const hovertemplate = `${where}${typeof marks.text === "string" ? marks.text : "%{text}"}<extra></extra>`;
  return [heatmap, { type: "scatter", mode: "markers", ...place, ...marks, marker, cliponaxis: false, hovertemplate }];
}

/** What follows the value where one may be BLANK: no template of Plotly's can leave the number out. */
function noteOnBlank({ array }: Grid, decimals: number): string {
  if (array.data.every(Number.isFinite)) return "";
  return ` (0.${String(BLANK).padStart(decimals, "0")}: not finite)`;
}

/** What a figure's second line says of the cells without colour, and so the key to their marks; empty if all is well. */
export function noteOnOddCells(arrays: readonly NamedArray[]): string {
  const counts: Record<Mark, number> = { nan: 0, up: 0, down: 0 };
  for (const { data } of arrays) {
    for (const value of data) {
      if (Number.isNaN(value)) counts.nan++;
      else if (value === Number.POSITIVE_INFINITY) counts.up++;
      else if (value === Number.NEGATIVE_INFINITY) counts.down++;
    }
  }
  const found = (Object.keys(MARKS) as Mark[]).filter((mark) => counts[mark] > 0);
  const parts = found.map((mark) => `${MARKS[mark].sign} ${counts[mark].toLocaleString("en")} ${MARKS[mark].name}`);
  return parts.length > 0 ? `<span style="color:${ALARM}">${parts.join("   ")}</span>` : "";
}
