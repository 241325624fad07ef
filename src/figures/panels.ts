import type { NamedArray } from "../tensors/named-array.js";
import { positionsOf, suffixOf } from "./axes.js";
import { type Colours, colourAxis } from "./colours.js";
import { baseAxis, baseLayout, CONFIG, escapeText, type Figure, titleHeight } from "./figure.js";
import { type Grid, heatmapTraces, noteOnOddCells, sizeOfGrid } from "./heatmap.js";

/** One heatmap of a figure. Panels that hold the same Colours object share its colour bar. */
export interface Panel extends Grid {
  /** Stands above the panel; empty for none. */
  readonly title: string;
  readonly colours: Colours;
}

/** Height of one row of cells in pixels, and the least and the greatest height of a panel. */
export interface Cell {
  readonly height: number;
  readonly least: number;
  readonly most: number;
}

/** How panels stand together. */
export interface Arrangement {
  readonly title: string;
  /** Panels in a row; more go to the next. With several, all panels must have the same axes and lengths. */
  readonly columns: number;
  readonly cell: Cell;
  /** Keep cells square when neither side is more than three times the other. */
  readonly square: boolean;
  /** Pixels to leave under everything for controls. */
  readonly below?: number;
  /** The arrays whose NaN and ±∞ the figure counts, if they are more than the panels' own: those of its frames. */
  readonly counted?: readonly NamedArray[];
  /** What the line under the title says before that count, in Plotly's own markup. */
  readonly note?: string;
}

/** Pixels that a colour bar, a heading and the title of an x axis take. */
export const COLOUR_BAR = 52;
export const PANEL_TITLE = 26;
export const X_TITLE = 52;

/** Pixels between a heading and the frame under it. */
export const HEADING_GAP = 3;

/** Between panels of a row, as a part of the width. */
const GAP = 0.03;

/**
 * Heatmaps in rows and columns of equal width, zooming together. Of other widths, or beside bars and lines: `mosaic`.
 *
 * The first row of each array is at the top. Ticks and titles of axes stand only where they are not repeated: at the foot
 * of a column of panels and at the left of a row.
 */
export function heatmapPanels(panels: readonly Panel[], arrangement: Arrangement): Figure {
  const { columns, cell } = arrangement;
  const rows = Math.ceil(panels.length / columns);
  const odd = noteOnOddCells(arrangement.counted ?? panels.map(({ array }) => array));
  const note = [arrangement.note, odd].filter(Boolean).join("   ");
  const sizes = panels.map(sizeOfGrid);
  const heights = sizes.map(([rowCount]) => panelHeight(rowCount, cell));
  const rowHeights = Array.from({ length: rows }, (_, row) => heights[row * columns] as number);
  const panelTitle = panels.some(({ title }) => title) ? PANEL_TITLE : 0;
  const inside = rowHeights.reduce((sum, height) => sum + height + panelTitle, -panelTitle);
  const top = titleHeight(note) + COLOUR_BAR + panelTitle;
  const alongFoot = panels.map((panel) => panel.array.labels?.[panel.columns] ?? []);
  const foot = X_TITLE + labelHeight(alongFoot, columns) + (arrangement.below ?? 0);
  const layout = baseLayout(arrangement.title, note, { top, inside, foot });

  const groups = [...new Set(panels.map(({ colours }) => colours))];
  groups.forEach((colours, index) => {
    const first = panels.findIndex((panel) => panel.colours === colours);
    const left = groups.length > 1 && columns > 1 ? (first % columns) / columns : index / groups.length;
    const place = { left, above: 1 + (panelTitle + COLOUR_BAR) / inside, length: groups.length > 1 ? 140 : 200 };
    layout[`coloraxis${suffixOf(index)}`] = colourAxis(colours, place);
  });

  const annotations: object[] = [];
  panels.forEach((panel, index) => {
    const row = Math.floor(index / columns);
    const above = rowHeights.slice(0, row).reduce((sum, height) => sum + height + panelTitle, 0);
    const high = 1 - above / inside;
    const low = Math.max(0, 1 - (above + (rowHeights[row] as number)) / inside);
    const left = ((index % columns) * (1 + GAP)) / columns;
    const right = Math.min(1, left + (1 - GAP * (columns - 1)) / columns); // Plotly refuses 1 + 2e-16
    const n = suffixOf(index);
    const place = { x: [left, right], y: [low, high], index, last: index + columns >= panels.length };
    const [x, y] = axesOf(panel, place, arrangement);
    layout[`xaxis${n}`] = x;
    layout[`yaxis${n}`] = y;
    if (panel.title) annotations.push(panelHeading(panel.title, left, high));
    if (!panel.array.data.some(Number.isFinite)) annotations.push(emptyNote(n, panel.array.data.length));
  });
  if (annotations.length > 0) layout.annotations = annotations;

  const markSize = (index: number): number => {
    const cellHeight = (heights[index] as number) / Math.max(1, sizes[index]?.[0] as number);
    return odd ? Math.round(Math.min(14, Math.max(6, cellHeight * 0.4))) : 0;
  };
  const axisOf = (panel: Panel): string => `coloraxis${suffixOf(groups.indexOf(panel.colours))}`;
  const data = panels.flatMap((panel, index) =>
    heatmapTraces(panel, index + 1, axisOf(panel), markSize(index), panel.colours.decimals),
  );
  return { data, layout, config: { ...CONFIG } };
}

/** The x and the y axis of one panel; all zoom with the first, except rows that differ between stacked panels. */
function axesOf(
  panel: Panel,
  place: { x: number[]; y: number[]; index: number; last: boolean },
  { columns, square }: Arrangement,
): [x: object, y: object] {
  const n = suffixOf(place.index);
  const [rowCount, columnCount] = sizeOfGrid(panel);
  const isSquare = square && rowCount <= 3 * columnCount && columnCount <= 3 * rowCount;
  const bare = { showticklabels: false, title: { text: "" } };
  const x = {
    ...axisFor(panel.array, panel.columns, columnCount),
    domain: place.x,
    anchor: `y${n}`,
    range: [-0.5, columnCount - 0.5],
    ...(place.index > 0 && { matches: "x" }),
    ...(!place.last && bare),
    ...(isSquare && { constrain: "domain", constraintoward: "left" }),
  };
  const y = {
    ...axisFor(panel.array, panel.rows, rowCount),
    domain: place.y,
    anchor: `x${n}`,
    range: [rowCount - 0.5, -0.5],
    ...(place.index > 0 && columns > 1 && { matches: "y" }),
    ...(place.index % columns > 0 && bare),
    ...(isSquare && { constrain: "domain", constraintoward: "top" }),
    ...(isSquare && place.index === 0 && { scaleanchor: "x" }),
  };
  return [x, y];
}

/** An axis of labels, thinned out by Plotly where they would overlap, or of whole numbers. */
export function axisFor(array: NamedArray, axis: string, length: number): Record<string, unknown> {
  const labels = positionsOf(array, axis);
  if (!labels)
    return { ...baseAxis(axis), ...(length <= 5 && { dtick: 1 }), ...(length === 0 && { showticklabels: false }) };
  return {
    ...baseAxis(axis),
    type: "category",
    categoryorder: "array",
    categoryarray: labels,
    autotickangles: [0, 90],
  };
}

/** Pixels to leave for the labels along the foot, which turn upright when they are long, many, or of many columns. */
export function labelHeight(alongFoot: readonly (readonly string[])[], columns = 1): number {
  const lengths = alongFoot.map((labels) => {
    const longest = Math.min(24, Math.max(0, ...labels.map((label) => label.length)));
    return longest * labels.length * columns > 90 ? longest * 6 : 0;
  });
  return Math.max(...lengths);
}

/** Pixels that a panel of so many rows of cells takes. */
export function panelHeight(rows: number, cell: Cell): number {
  return Math.min(cell.most, Math.max(cell.least, rows * cell.height));
}

export function panelHeading(title: string, left: number, high: number): object {
  const place = {
    xref: "paper",
    x: left,
    xanchor: "left",
    yref: "paper",
    y: high,
    yanchor: "bottom",
    yshift: HEADING_GAP,
  };
  return { ...place, text: escapeText(title, 60), showarrow: false, font: { size: 13 } };
}

export function emptyNote(n: string, count: number): object {
  const place = { xref: `x${n} domain`, x: 0.5, yref: `y${n} domain`, y: 0.5 };
  const text = count === 0 ? "no values" : "no finite value";
  return { ...place, text, showarrow: false, font: { size: 13 }, bgcolor: "rgba(128,128,128,0.2)" };
}
