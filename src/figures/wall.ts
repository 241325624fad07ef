import { type NamedArray, namedArray } from "../tensors/named-array.js";
import type { Colours } from "./colours.js";
import { escapeText, INK, type Trace } from "./figure.js";
import { heatmapTraces } from "./heatmap.js";
import type { Tile } from "./mosaic.js";
import { inWholeNumbers, type WholeNumbers } from "./whole-numbers.js";
import { type Moving, ofBatch, rangeAt, windowedAxis } from "./windows.js";

/** Many pictures of one kind laid out side by side, of which a window shows one: epochs downwards, steps to the right. */
export interface Wall extends Moving {
  /** Annotations that name the blocks above it, and the arrays at its right. @param n as in "x2" */
  notes(n: string): object[];
}

/** Where one kind of position stands: in each block its own, with an empty one between blocks. */
interface Places {
  readonly blocks: readonly (string | undefined)[];
  readonly names: readonly string[];
}

/**
 * A heatmap of all epochs and steps as a tile: one trace for each batch, of which the first is visible.
 *
 * @param arrays [epoch, batch, step, row, column], or [epoch, batch, step, block, row, column], whose blocks stand side by
 * side, as heads do; several, as layers are, stand one above the other. NaN and ±∞ are blank.
 */
export function wall(
  arrays: readonly NamedArray[],
  look: { title: string; width: number; height: number; colours: Colours; whole: WholeNumbers },
): Wall {
  const blocked = arrays.map(withBlocks);
  const [first] = blocked as [NamedArray];
  const [epochs, batches, steps, blocks] = first.shape as [number, number, number, number];
  const [, , , block, row, column] = first.axes as [string, string, string, string, string, string];
  const names = (axis: string): readonly string[] =>
    first.labels?.[axis] ?? Array.from({ length: first.shape[first.axes.indexOf(axis)] as number }, (_, i) => `${i}`);
  const rows = placesOf({
    blocks: arrays.length > 1 ? arrays.map(({ name }) => name) : [undefined],
    names: names(row),
  });
  const heads = names(block).map((name) => (blocks > 1 ? `${block} ${name}` : undefined));
  const columns = placesOf({ blocks: heads, names: names(column) });
  const down = { count: epochs, length: rows.length, stride: rows.length, down: true };
  const across = { count: steps, length: columns.length, stride: columns.length };
  const labels = { [row]: repeated(rows, epochs), [column]: repeated(columns, steps) };
  const pictures = Array.from({ length: batches }, (_, batch) =>
    namedArray(
      arrays.length > 1 ? look.colours.title : first.name,
      [row, column],
      [epochs * rows.length, steps * columns.length],
      laidOut(blocked, batch),
      labels,
    ),
  );
  const draw: Tile["draw"] = (panel, colourAxis) =>
    pictures.flatMap((array, batch): Trace[] =>
      heatmapTraces({ array, rows: row, columns: column }, panel, colourAxis, 0).map((trace) =>
        ofBatch(inWholeNumbers(trace, array.data, array.shape, look.whole), batch),
      ),
    );
  const x = windowedAxis(column, across, ticksFor(columns, names(column).length));
  const y = windowedAxis(row, down, ticksFor(rows, names(row).length));
  const values = pictures[0]?.data as Float32Array;
  return {
    tile: { ...look, x, y, values, draw },
    epoch: (place, index) => ({ [`${place.y}.range`]: rangeAt(down, index) }),
    step: (place, index) => ({ [`${place.x}.range`]: rangeAt(across, index) }),
    notes: (n) => [
      ...middles(rows.length, arrays.length).map((y, i) => noteAt(n, arrays[i]?.name, 1, 1 - y)),
      ...middles(columns.length, blocks).map((x, i) => noteAt(n, heads[i], x, 1)),
    ],
  };
}

/** The middles of blocks of equal lengths with one position between them, as parts of all; none of a single block. */
function middles(length: number, blocks: number): number[] {
  const each = (length + 1) / blocks;
  return blocks === 1 ? [] : Array.from({ length: blocks }, (_, index) => (index * each + (each - 1) / 2) / length);
}

/** A name above a tile, or at its right. */
function noteAt(n: string, text: string | undefined, x: number, y: number): object {
  const anchors =
    x === 1
      ? { xanchor: "left", xshift: 3, yanchor: "middle", textangle: 90 }
      : { xanchor: "center", yanchor: "bottom" };
  const place = { xref: `x${n} domain`, x, yref: `y${n} domain`, y, ...anchors };
  return { ...place, text: escapeText(text ?? "", 24), showarrow: false, font: { size: 11, color: INK } };
}

/** Names of the positions in a window, with what block they are in: "3 of head 0"; empty between blocks. */
function placesOf({ blocks, names }: Places): { tick: string; name: string }[] {
  return blocks.flatMap((block, index) => [
    ...(index > 0 ? [{ tick: "", name: "" }] : []),
    ...names.map((tick) => ({ tick, name: block === undefined ? tick : `${tick} of ${block}` })),
  ]);
}

function repeated(places: readonly { name: string }[], times: number): string[] {
  return Array.from({ length: times }, () => places.map(({ name }) => name)).flat();
}

/** Ticks in every block: at all of its positions, or at every second, fifth, tenth, ... */
function ticksFor(places: readonly { tick: string }[], count: number): [number, string][] {
  const step = [1, 2, 5, 10, 20, 50, 100].find((size) => count / size <= 13) ?? 1000;
  return places.flatMap(({ tick }, at): [number, string][] =>
    tick && (at % (count + 1)) % step === 0 ? [[at, tick]] : [],
  );
}

function withBlocks(array: NamedArray): NamedArray {
  if (array.axes.length === 6) return array;
  const insert = <T>(list: readonly T[], one: T): T[] => [...list.slice(0, 3), one, ...list.slice(3)];
  return { ...array, axes: insert(array.axes, "block"), shape: insert(array.shape, 1) };
}

/** One batch of arrays [epoch, batch, step, block, row, column], in the order in which a heatmap is drawn. */
function laidOut(arrays: readonly NamedArray[], batch: number): Float32Array {
  const [epochs, batches, steps, blocks, rows, columns] = (arrays[0] as NamedArray).shape as number[] as Six;
  const [high, wide] = [arrays.length * (rows + 1) - 1, blocks * (columns + 1) - 1];
  const data = new Float32Array(epochs * high * steps * wide).fill(Number.NaN);
  arrays.forEach(({ data: values }, level) => {
    for (let from = 0; from < values.length; from += columns) {
      const row = (from / columns) % rows;
      const block = Math.floor(from / (columns * rows)) % blocks;
      const step = Math.floor(from / (columns * rows * blocks)) % steps;
      const [epoch, at] = [
        Math.floor(from / (values.length / epochs)),
        Math.floor(from / (columns * rows * blocks * steps)),
      ];
      if (at % batches !== batch) continue;
      const y = epoch * high + level * (rows + 1) + row;
      data.set(values.subarray(from, from + columns), y * steps * wide + step * wide + block * (columns + 1));
    }
  });
  return data;
}

type Six = [number, number, number, number, number, number];
