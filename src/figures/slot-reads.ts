import type { NamedArray } from "../tensors/named-array.js";
import { positionsOf, suffixOf } from "./axes.js";
import { escapeText } from "./figure.js";
import type { Tile } from "./mosaic.js";
import { positionsAcross, READ } from "./tiles.js";
import { PALE } from "./write-colours.js";

/** A lower weight has no dot: it would be too small to be seen. */
const LEAST = 0.01;

/** Pixels that all steps have on a page of 700, and that a dot may have. */
const ROOM = { steps: 130, dot: 12 };

/**
 * Which steps read each slot: a dot for each, its area the weight, on a line for each slot that is read.
 *
 * @param reads weights, [step, slot]
 * @param contents the memory whose rows the dots stand beside, [slot, word]
 */
export function slotReads(reads: NamedArray, contents: NamedArray, look: Pick<Tile, "width" | "height" | "y">): Tile {
  const [step, slot] = reads.axes as [string, string];
  const [steps, slots] = reads.shape as [number, number];
  const [columns, rows] = [positionsOf(reads, step), positionsOf(contents, contents.axes[0] as string)];
  const dots = Array.from(reads.data, (weight, at) => ({
    weight,
    step: Math.floor(at / slots),
    slot: at % slots,
  })).filter(({ weight }) => weight >= LEAST);
  const most = Math.min(ROOM.dot, look.height / slots, Math.max(5, ROOM.steps / steps + 2));
  const draw: Tile["draw"] = (panel) => [
    {
      type: "scatter",
      mode: "markers",
      xaxis: `x${suffixOf(panel - 1)}`,
      yaxis: `y${suffixOf(panel - 1)}`,
      x: dots.map((dot) => columns?.[dot.step] ?? dot.step),
      y: dots.map((dot) => rows?.[dot.slot] ?? dot.slot),
      customdata: dots.map(({ weight }) => Number(weight.toFixed(4))),
      marker: {
        color: READ,
        opacity: 1,
        line: { width: 0 },
        size: dots.map(({ weight }) => Number((most * Math.sqrt(Math.min(1, weight))).toFixed(2))),
      },
      cliponaxis: false,
      hovertemplate: `${escapeText(slot)} %{y}<br>${escapeText(step)} %{x}<br>read weight %{customdata}<extra></extra>`,
    },
  ];
  const shapes = [...new Set(dots.map((dot) => dot.slot))].map((y) => {
    const place = { xref: "x domain", x0: 0, x1: 1, yref: "y", y0: y, y1: y };
    return { type: "line", layer: "below", ...place, line: { color: PALE, width: 1 } };
  });
  return { ...look, title: `Read at ${step}`, x: positionsAcross(reads, step), values: reads.data, shapes, draw };
}
