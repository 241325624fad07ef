import type { NamedArray } from "../tensors/named-array.js";
import { positionsOf, suffixOf } from "./axes.js";
import type { Colours } from "./colours.js";
import { BLUE, baseAxis, EXPONENTS, encode, escapeText, FAINT, INK, ORANGE } from "./figure.js";
import { type Grid, heatmapTraces, sizeOfGrid } from "./heatmap.js";
import type { Axis, Tile } from "./mosaic.js";
import { axisFor } from "./panels.js";

/** What the maker of any tile is told. */
interface Look {
  readonly title: string;
  readonly width: number;
  readonly height: number;
  readonly x: Axis;
  readonly y: Axis;
}

/** Bars in a mosaic: for what is read or looked at, and for what is written. */
export const READ: string = BLUE;
export const WRITE: string = ORANGE;

/** Positions of an array's axis from left to right, as wide as a heatmap of them. */
export function positionsAcross(array: NamedArray, axis: string): Axis {
  const length = array.shape[array.axes.indexOf(axis)] as number;
  return { ...axisFor(array, axis, length), range: [-0.5, length - 0.5] };
}

/** Positions of an array's axis from top to bottom. */
export function positionsDown(array: NamedArray, axis: string): Axis {
  const length = array.shape[array.axes.indexOf(axis)] as number;
  return { ...axisFor(array, axis, length), range: [length - 0.5, -0.5] };
}

/** An axis of values, with a grid; from 0 unless they go below it, or in a range of its own. */
export function valueAxis(title: string, range?: readonly [number, number]): Axis {
  const grid = { showgrid: true, gridcolor: "rgba(128,128,128,0.18)", zeroline: true, zerolinecolor: FAINT };
  return {
    ...baseAxis(title),
    ...grid,
    nticks: 5,
    ...EXPONENTS,
    ...(range ? { range: [...range] } : { rangemode: "tozero" }),
  };
}

/**
 * A heatmap as a tile.
 *
 * @param look.blank leaves cells that are not finite empty, for they only have no predecessor; else each is marked.
 */
export function heatmapTile(grid: Grid, look: Look & { colours: Colours; blank?: boolean }): Tile {
  const { blank, ...tile } = look;
  const odd = !blank && !grid.array.data.every(Number.isFinite);
  const cell = look.height / Math.max(1, sizeOfGrid(grid)[0]);
  const markSize = odd ? Math.round(Math.min(14, Math.max(6, cell * 0.4))) : 0;
  const draw: Tile["draw"] = (panel, colourAxis) =>
    heatmapTraces(grid, panel, colourAxis, markSize, look.colours.decimals);
  return { ...tile, values: grid.array.data, draw };
}

/** One bar for each position of a one-axis array, upwards, or to the right when its positions stand down the y axis. */
export function barTile(values: NamedArray, look: Look & { colour: string; along: "x" | "y" }): Tile {
  const { colour, along, ...tile } = look;
  const across = along === "x" ? "y" : "x";
  const [axis] = values.axes as [string];
  const labels = positionsOf(values, axis);
  const where = `${escapeText(axis)} %{${along}}<br>${escapeText(values.name, 40)} %{${across}:.4~g}`;
  const draw: Tile["draw"] = (panel) => [
    {
      type: "bar",
      ...(along === "y" && { orientation: "h" }),
      ...axesOf(panel),
      ...(labels && { [along]: labels }),
      [across]: encode(values.data, values.shape),
      marker: { color: colour },
      hovertemplate: `${where}<extra></extra>`,
    },
  ];
  return { ...tile, values: values.data, draw };
}

/** A line over the positions of a one-axis array. */
export function lineTile(values: NamedArray, look: Look): Tile {
  const [axis] = values.axes as [string];
  const labels = positionsOf(values, axis);
  const few = values.data.length <= 40;
  const draw: Tile["draw"] = (panel) => [
    {
      type: "scatter",
      mode: few ? "lines+markers" : "lines",
      ...axesOf(panel),
      ...(labels && { x: labels }),
      y: encode(values.data, values.shape),
      line: { color: READ, width: 2 },
      ...(few && { marker: { size: 4 } }),
      hovertemplate: `${escapeText(axis)} %{x}<br>${escapeText(values.name, 40)} %{y:.4~g}<extra></extra>`,
    },
  ];
  return { ...look, values: values.data, draw };
}

/** A dotted line through a tile at one value of an axis. */
export function dottedAt(axis: "x" | "y", value: number): { xref: string; yref: string } {
  const [place, length] =
    axis === "x"
      ? [
          { x0: value, x1: value },
          { y0: 0, y1: 1 },
        ]
      : [
          { y0: value, y1: value },
          { x0: 0, x1: 1 },
        ];
  const refs = axis === "x" ? { xref: "x", yref: "y domain" } : { xref: "x domain", yref: "y" };
  const shape = { type: "line", ...refs, ...place, ...length, line: { color: INK, width: 1.5, dash: "dot" } };
  return shape;
}

/** A number as a heading says it: three digits, and an exponent below 0.001. */
export function brief(value: number): string {
  if (value === 0 || Math.abs(value) >= 1e-3) return String(Number(value.toPrecision(3)));
  const [digits, exponent] = value.toExponential(2).split("e");
  return `${Number(digits)}e${exponent}`;
}

function axesOf(panel: number): { xaxis: string; yaxis: string } {
  const n = suffixOf(panel - 1);
  return { xaxis: `x${n}`, yaxis: `y${n}` };
}
