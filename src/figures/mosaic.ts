import { suffixOf } from "./axes.js";
import { type Colours, colourAxis } from "./colours.js";
import { baseLayout, CONFIG, type Figure, type Trace, titleHeight } from "./figure.js";
import { COLOUR_BAR, emptyNote, HEADING_GAP, labelHeight, PANEL_TITLE, panelHeading, X_TITLE } from "./panels.js";

/** Plotly's axis without its place in the figure. */
export type Axis = Readonly<Record<string, unknown>>;

/** One picture of a mosaic: a heatmap, bars or a line. Tiles that hold the same axis object zoom together along it. */
export interface Tile {
  /** Stands above the tile; empty for none. */
  readonly title: string;
  /** Its part of the width, in one unit for all tiles of the figure, and its height in pixels. */
  readonly width: number;
  readonly height: number;
  readonly x: Axis;
  readonly y: Axis;
  /** What it draws: if nothing of it is finite, the tile says so. */
  readonly values: Float32Array;
  /** Tiles that hold the same Colours object share its colour bar. */
  readonly colours?: Colours;
  /** Plotly's shapes over it, their xref and yref in "x", "y", "x domain" or "y domain" of this tile. */
  readonly shapes?: readonly { xref: string; yref: string }[];
  /** Its traces. @param panel its number among the tiles, from 1, which numbers its axes. */
  draw(panel: number, colourAxis: string): Trace[];
}

interface Place {
  readonly tile: Tile;
  readonly row: number;
  readonly left: number;
  readonly right: number;
}

/** Between tiles of a row, as a part of the width, without and with ticks in between. */
const GAP = { bare: 0.03, ticks: 0.055 };

/** Pixels between rows without titles. */
const ROW_GAP = 12;

/**
 * Tiles of different kinds and sizes in rows: a heatmap with bars along its rows, stages with what steers them above.
 *
 * The widest row fills the page; all others keep its scale. Ticks and titles of an axis stand only where they are not
 * repeated: not above or to the right of another tile that holds the same axis object.
 *
 * @param look.note a second line under the title, in Plotly's own markup; `look.strip` leaves pixels free above the first
 * row, under its titles.
 */
export function mosaic(
  rows: readonly (readonly Tile[])[],
  look: { title: string; note: string; strip?: number },
): Figure {
  const places = placesOf(rows);
  const tiles = places.map(({ tile }) => tile);
  const strip = look.strip ?? 0;
  const headings = rows.map((row) => (row.some(({ title }) => title) ? PANEL_TITLE : 0));
  const heights = rows.map((row) => Math.max(...row.map(({ height }) => height)));
  const above: number[] = []; // pixels from the top of the first row to the top of each
  let inside = 0;
  heights.forEach((height, row) => {
    const ticks = places.some((place) => place.row === row - 1 && showsX(place, places));
    if (row > 0) inside += (ticks ? X_TITLE - 8 : 0) + (headings[row] || ROW_GAP);
    above.push(inside);
    inside += height;
  });
  const groups = [...new Set(tiles.flatMap(({ colours }) => colours ?? []))];
  const bars = groups.length > 0 ? COLOUR_BAR : 0;
  const overFirst = (headings[0] as number) + strip;
  const labels = places.filter((place) => showsX(place, places)).map(({ tile }) => labelsOf(tile.x));
  const top = titleHeight(look.note) + bars + overFirst;
  const layout = baseLayout(look.title, look.note, { top, inside, foot: X_TITLE + labelHeight(labels) });
  layout.bargap = 0.15;
  groups.forEach((colours, index) => {
    const place = { left: index / groups.length, above: 1 + (overFirst + COLOUR_BAR) / inside };
    const length = groups.length > 1 ? 140 : 200;
    layout[`coloraxis${suffixOf(index)}`] = colourAxis(colours, { ...place, length });
  });

  const annotations: object[] = [];
  const shapes: object[] = [];
  places.forEach((place, index) => {
    const { tile, row, left, right } = place;
    const n = suffixOf(index);
    const high = 1 - (above[row] as number) / inside;
    const low = Math.max(0, 1 - ((above[row] as number) + tile.height) / inside);
    const [sameX, sameY] = [tiles.findIndex(({ x }) => x === tile.x), tiles.findIndex(({ y }) => y === tile.y)];
    const bare = { showticklabels: false, title: { text: "" } };
    layout[`xaxis${n}`] = {
      ...tile.x,
      domain: [left, right],
      anchor: `y${n}`,
      ...(sameX < index && { matches: `x${suffixOf(sameX)}` }),
      ...(!showsX(place, places) && bare),
    };
    layout[`yaxis${n}`] = {
      ...tile.y,
      domain: [low, high],
      anchor: `x${n}`,
      ...(sameY < index && { matches: `y${suffixOf(sameY)}` }),
      ...(!showsY(place, places) && bare),
      ...(left > 0 && { automargin: false, title: { text: "" } }),
    };
    const heading = row === 0 && strip > 0 ? { yshift: strip + HEADING_GAP } : {};
    if (tile.title) annotations.push({ ...panelHeading(tile.title, left, high), ...heading });
    if (!tile.values.some(Number.isFinite)) annotations.push(emptyNote(n, tile.values.length));
    for (const shape of tile.shapes ?? []) {
      shapes.push({ ...shape, xref: shape.xref.replace("x", `x${n}`), yref: shape.yref.replace("y", `y${n}`) });
    }
  });
  if (annotations.length > 0) layout.annotations = annotations;
  if (shapes.length > 0) layout.shapes = shapes;
  const data = tiles.flatMap((tile, index) =>
    tile.draw(index + 1, `coloraxis${suffixOf(tile.colours ? groups.indexOf(tile.colours) : 0)}`),
  );
  return { data, layout, config: { ...CONFIG } };
}

/** Where the tiles stand from left to right, as parts of the width. */
function placesOf(rows: readonly (readonly Tile[])[]): Place[] {
  const ticksBetween = rows.some((row) => row.some(({ y }, index) => index > 0 && y !== row[index - 1]?.y));
  const gap = ticksBetween ? GAP.ticks : GAP.bare;
  const units = rows.map((row) => (1 - gap * (row.length - 1)) / row.reduce((sum, { width }) => sum + width, 0));
  const unit = Math.min(...units);
  return rows.flatMap((tiles, row) => {
    let end = -gap;
    return tiles.map((tile) => {
      const left = end + gap;
      end = Math.min(1, left + tile.width * unit); // Plotly refuses 1 + 2e-16
      return { tile, row, left, right: end };
    });
  });
}

function showsX({ tile, row, left }: Place, places: readonly Place[]): boolean {
  return !places.some((other) => other.tile.x === tile.x && other.row > row && other.left === left);
}

function showsY({ tile, row, left }: Place, places: readonly Place[]): boolean {
  return !places.some((other) => other.tile.y === tile.y && other.row === row && other.left < left);
}

function labelsOf(axis: Axis): readonly string[] {
  return (axis.categoryarray as readonly string[] | undefined) ?? [];
}
