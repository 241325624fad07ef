import { type ArrayInput, toNamedArray } from "../tensors/array-input.js";
import { namedArray } from "../tensors/named-array.js";
import { attentionColours } from "./colours.js";
import type { Figure } from "./figure.js";
import { cellsOf, gridOf, noteOnOddCells, sizeOfGrid } from "./heatmap.js";
import { mosaic } from "./mosaic.js";
import { panelHeight } from "./panels.js";
import { barTile, dottedAt, heatmapTile, positionsAcross, positionsDown, READ, valueAxis } from "./tiles.js";

const CELL = { height: 34, least: 136, most: 520 };

/**
 * Where tokens are routed: tokens from left to right as they are read, a row for each state, and beside each row what the
 * state receives of all tokens together.
 *
 * Colours run from 0 to the largest weight. The dotted line is an even share: as many tokens as there are for each state.
 *
 * In the Python original: `plot_token_to_state_routing`.
 *
 * @param weights of two axes, [token, state]; each token's weights sum to one. Labels stand along the axes.
 * @throws if there are more or fewer axes.
 * @example show(routingHeatmap(select(weights, { batch: 0 }), { title: "Token to state" }))
 */
export function routingHeatmap(weights: ArrayInput, options: { title: string }): Figure {
  const array = toNamedArray(weights, "routing weight", ["token", "state"]);
  const grid = gridOf(array, "routingHeatmap", array.axes[0]);
  const [states, tokens] = sizeOfGrid(grid);
  const totals = new Float32Array(states);
  cellsOf(grid).forEach((weight, cell) => {
    const state = Math.floor(cell / tokens);
    totals[state] = (totals[state] as number) + weight;
  });
  const labels = array.labels?.[grid.rows];
  const received = namedArray("received", [grid.rows], [states], totals, labels && { [grid.rows]: labels });
  const height = panelHeight(states, CELL);
  const y = positionsDown(array, grid.rows);
  const heatmap = heatmapTile(grid, {
    title: "",
    width: 0.72,
    height,
    x: positionsAcross(array, grid.columns),
    y,
    colours: { ...attentionColours(array), title: "routing weight" },
  });
  const even = tokens / Math.max(1, states);
  const look = { title: "Received (dotted: even share)", width: 0.28, height };
  const bars = barTile(received, { ...look, x: valueAxis("sum of weights"), y, colour: READ, along: "y" });
  const tiles = [heatmap, { ...bars, shapes: [dottedAt("x", even)] }];
  return mosaic([tiles], { title: options.title, note: noteOnOddCells([array]) });
}
