import { slotNorm } from "../analysis/slots.js";
import { type ArrayInput, toNamedArray } from "../tensors/array-input.js";
import type { NamedArray } from "../tensors/named-array.js";
import { checkAxes } from "./axes.js";
import { signedColours, unitColours } from "./colours.js";
import type { Figure } from "./figure.js";
import { gridOf, noteOnOddCells } from "./heatmap.js";
import { MEMORY_CELL } from "./memory-heatmap.js";
import { mosaic } from "./mosaic.js";
import { heatmapPanels, panelHeight } from "./panels.js";
import { heatmapTile, positionsAcross, positionsDown } from "./tiles.js";

const READ_CELL = { height: 16, least: 220, most: 560 };

/** A slot whose norm is below this part of the largest holds too little to ask where it came from. */
const LEAST = 0.01;

/**
 * A memory and where it came from: on the left each slot's content, beside it the share that each write has in it.
 *
 * A row is one slot; "start" is the memory that the machine began with. Shares run from 0 to 1 in every figure. The shares
 * of a slot whose norm is below 1 % of the largest are left out: they would be shares of next to nothing.
 *
 * @param memory the memory after one step, [slot, word]. For a large memory, `slice` the slots that are used.
 * @param provenance the shares after the same step, [slot, write]: of `slotProvenance` or `tokenProvenance`
 * @throws if one has more or fewer axes, or the two differ in slots.
 * @example
 * const [contents, came] = [memory, slotProvenance([head], start)].map((array) => select(array, { step: 20 }));
 * show(memoryProvenance(contents, came, { title: "Which step wrote which slot" }));
 */
export function memoryProvenance(memory: ArrayInput, provenance: ArrayInput, options: { title: string }): Figure {
  const contents = toNamedArray(memory, "memory", ["slot", "word"]);
  const shares = toNamedArray(provenance, "share", ["slot", "write"]);
  for (const array of [contents, shares]) checkAxes(array, 2, "memoryProvenance");
  const [slot, word] = contents.axes as [string, string];
  if (contents.shape[0] !== shares.shape[0]) {
    throw new Error(
      `memoryProvenance draws arrays over the same slots: "${contents.name}" has ${contents.shape[0]}, ` +
        `"${shares.name}" has ${shares.shape[0]}.`,
    );
  }
  const norms = slotNorm(contents).data;
  const least = LEAST * norms.reduce((most, norm) => (Number.isFinite(norm) ? Math.max(most, norm) : most), 0);
  const writes = shares.shape[1] as number;
  const seen = shares.data.map((share, at) =>
    (norms[Math.floor(at / writes)] as number) < least ? Number.NaN : share,
  );
  const { [shares.axes[0] as string]: _, ...others } = shares.labels ?? {};
  const labels = { ...others, ...(contents.labels?.[slot] && { [shares.axes[0] as string]: contents.labels[slot] }) };
  const height = panelHeight(contents.shape[0] as number, MEMORY_CELL);
  const y = positionsDown(contents, slot);
  const tile = (array: NamedArray, title: string, across: string) => ({
    grid: gridOf(array, "memoryProvenance", across),
    look: { title, width: 1, height, x: positionsAcross(array, across), y },
  });
  const [left, right] = [
    tile(contents, "Content", word),
    tile({ ...shares, name: "share", data: seen, labels }, "Which write it came from", shares.axes[1] as string),
  ];
  const tiles = [
    heatmapTile(left.grid, { ...left.look, colours: signedColours("value", [contents]) }),
    heatmapTile(right.grid, { ...right.look, colours: unitColours("share of the slot"), blank: true }),
  ];
  const blank = norms.some((norm) => norm < least) ? "Blank: slots below 1 % of the fullest one." : "";
  const note = [noteOnOddCells([contents]), blank].filter(Boolean).join("   ");
  return mosaic([tiles], { title: options.title, note });
}

/**
 * From write to read: for each step that reads, which writes it took from. A machine that reads its memory in the order in
 * which it was written shows a diagonal.
 *
 * A row is a step that reads, a column a write; "start" is the memory that the machine began with. Shares run from 0 to 1
 * in every figure. A read of nothing but zeros took from nowhere, and has no share.
 *
 * @param shares [step, write]: `contributionShares` of `readContributions`, or of `tokenReadContributions` and the mean over "read"
 * @throws if there are more or fewer axes.
 * @example show(writeToRead(contributionShares(readContributions([head], start, reads)), { title: "From write to read" }))
 */
export function writeToRead(shares: ArrayInput, options: { title: string }): Figure {
  const given = toNamedArray(shares, "share", ["step", "write"]);
  // Plotly keeps cells square between axes of one kind only: both have labels.
  const numbers = given.axes.map((axis, index) => [
    axis,
    Array.from({ length: given.shape[index] as number }, (_, at) => `${at}`),
  ]);
  const array = { ...given, name: "share", labels: { ...Object.fromEntries(numbers), ...given.labels } };
  const panel = { ...gridOf(array, "writeToRead"), title: "", colours: unitColours("share of what is read") };
  return heatmapPanels([panel], { title: options.title, columns: 1, cell: READ_CELL, square: true });
}
