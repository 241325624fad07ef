import { rowEntropy } from "../analysis/entropy.js";
import { type ArrayInput, toNamedArray } from "../tensors/array-input.js";
import { attentionColours } from "./colours.js";
import type { Figure } from "./figure.js";
import { gridOf, noteOnOddCells, sizeOfGrid } from "./heatmap.js";
import { mosaic } from "./mosaic.js";
import { panelHeight } from "./panels.js";
import { barTile, brief, dottedAt, heatmapTile, positionsAcross, positionsDown, READ, valueAxis } from "./tiles.js";

const CELL = { height: 36, least: 108, most: 520 };

/**
 * Attention weights, and beside each row the entropy of that query: how widely it looks, in nats.
 *
 * Entropy runs from 0, all attention on one key, to the dotted line, ln n, even attention on n keys. See `rowEntropy`.
 *
 * @param weights of two axes, [query, key], 0 or more. Labels stand along the axes.
 * @throws if there are more or fewer axes, no value at all, or a negative weight.
 * @example show(attentionWithEntropy(select(weights, { batch: 0, head: 1 }), { title: "Head 1" }))
 */
export function attentionWithEntropy(weights: ArrayInput, options: { title: string }): Figure {
  const array = toNamedArray(weights, "weight", ["query", "key"]);
  const grid = gridOf(array, "attentionWithEntropy");
  const [queries, keys] = sizeOfGrid(grid);
  const entropy = { ...rowEntropy(array), name: "entropy" };
  const height = panelHeight(queries, CELL);
  // About square cells on a page of usual width; the rest is for the bars.
  const width = Math.min(0.76, Math.max(0.36, (height * keys) / queries / 900));
  const y = positionsDown(array, grid.rows);
  const heatmap = heatmapTile(grid, {
    title: "",
    width,
    height,
    x: positionsAcross(array, grid.columns),
    y,
    colours: attentionColours(array),
  });
  const most = Math.log(keys);
  const bars = barTile(entropy, {
    title: `Entropy (dotted: the most possible, ln ${keys} = ${brief(most)})`,
    width: Math.min(0.4, 1 - width),
    height,
    x: valueAxis("nats", [0, Math.max(most, 1e-3) * 1.05]),
    y,
    colour: READ,
    along: "y",
  });
  const tiles = [heatmap, { ...bars, shapes: [dottedAt("x", most)] }];
  return mosaic([tiles], { title: options.title, note: noteOnOddCells([array]) });
}
