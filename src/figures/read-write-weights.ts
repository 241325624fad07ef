import { type ArrayInput, toNamedArray } from "../tensors/array-input.js";
import { type NamedArray, select } from "../tensors/named-array.js";
import { checkAxes } from "./axes.js";
import { weightColours } from "./colours.js";
import type { Figure } from "./figure.js";
import { noteOnOddCells } from "./heatmap.js";
import { type Axis, mosaic, type Tile } from "./mosaic.js";
import { barTile, positionsAcross, READ, valueAxis, WRITE } from "./tiles.js";

/**
 * Where every head looks at one moment: its weights over the memory slots, read heads blue, write heads orange.
 *
 * All heads share one scale, from 0 to the largest weight, and zoom together.
 *
 * In the Python original: `plot_memory_read_write_operations`.
 *
 * @param read weights of two axes, [head, slot]; each head's sum to one.
 * @param write weights of the same kind, over the same slots.
 * @throws if one has more or fewer axes, there is no head, or the numbers of slots differ.
 * @example show(readWriteWeights(readWeights, writeWeights, { title: "Heads after the input" }))
 */
export function readWriteWeights(read: ArrayInput, write: ArrayInput, options: { title: string }): Figure {
  const reads = toNamedArray(read, "read weight", ["head", "slot"]);
  const writes = toNamedArray(write, "write weight", ["head", "slot"]);
  for (const array of [reads, writes]) checkAxes(array, 2, "readWriteWeights");
  const [heads, slots] = reads.shape as [number, number];
  if (heads + (writes.shape[0] as number) === 0) throw new Error("readWriteWeights needs at least one head.");
  if (slots !== writes.shape[1]) {
    throw new Error(
      `readWriteWeights draws heads over the same slots: "${reads.name}" has ${slots}, "${writes.name}" has ${writes.shape[1]}.`,
    );
  }
  const most = weightColours("weight", [reads, writes]).range[1];
  const axes = { x: positionsAcross(reads, reads.axes[1] as string), y: valueAxis("weight", [0, most * 1.05]) };
  const tiles = [...tilesOf(reads, "Read", READ, axes), ...tilesOf(writes, "Write", WRITE, axes)];
  return mosaic(
    tiles.map((tile) => [tile]),
    { title: options.title, note: noteOnOddCells([reads, writes]) },
  );
}

function tilesOf(weights: NamedArray, kind: string, colour: string, axes: { x: Axis; y: Axis }): Tile[] {
  const [axis] = weights.axes as [string];
  return Array.from({ length: weights.shape[0] as number }, (_, index) => {
    const title = `${kind} ${axis} ${weights.labels?.[axis]?.[index] ?? index}`;
    const values = { ...select(weights, { [axis]: index }), name: "weight" };
    return barTile(values, { title, width: 1, height: 92, ...axes, colour, along: "x" });
  });
}
