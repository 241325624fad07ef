import { slotNorm } from "../analysis/slots.js";
import { type ArrayInput, toNamedArray } from "../tensors/array-input.js";
import { checkOptions } from "../tensors/check-options.js";
import type { NamedArray } from "../tensors/named-array.js";
import { checkAxes } from "./axes.js";
import { signedColours } from "./colours.js";
import type { Figure } from "./figure.js";
import { gridOf, noteOnOddCells } from "./heatmap.js";
import { mosaic, type Tile } from "./mosaic.js";
import { panelHeight } from "./panels.js";
import { slotReads } from "./slot-reads.js";
import { heatmapTile, positionsAcross, positionsDown, valueAxis } from "./tiles.js";
import { colourWrites } from "./write-colours.js";
import { nameOfWrite, shareBars, slotFrames, type WriteShares, writeShares } from "./write-shares.js";

const ROW = { height: 19, least: 76, most: 640 };

/** A slot whose norm is below this part of the largest holds too little to ask where it came from. */
const LEAST = 0.01;

/** Blue below zero, red above, and clear at zero: colours that leave the eye to the frames over them. */
const MUTED = [
  [0, "#3f86c6"],
  [0.5, "rgba(128,128,128,0.1)"],
  [1, "#cc6a50"],
] as const;

/**
 * A memory with its provenance drawn over it: around the cells of each slot a frame in the colour of the write that has
 * most of it, and at the head of the frame a bar with the shares of all writes, named where there is room.
 *
 * Colours of writes go from early to late, within those that are seen; pale grey is "start", the memory that the machine
 * began with. Hovering over a bar lists its shares; those below 1 % are taken together as "others". Slots whose norm is
 * below 1 % of the largest, shares of next to nothing, have no frame, nor have slots without shares. It is made for up to
 * 40 slots, so `slice` those in use; beyond 58 the bars go without names.
 *
 * @param memory the memory after one step, [slot, word]
 * @param provenance the shares after the same step, [slot, write], 0 to 1: of `slotProvenance` or `tokenProvenance`
 * @param options.reads a read head's weights, [step, slot]. Each step that reads a slot puts a dot beside it, its area the
 * weight, from 0.01 up. A step up to that of this memory read what the slot held then.
 * @param options.left what later erasing left of each write, [slot, write], 0 to 1: the mean of `writeSurvival` over words,
 * told on hovering. Writes after the step of this memory may be missing.
 * @throws if an array has more or fewer axes, they differ in slots, `left` has more writes than the shares, a share is below
 * 0, those of a slot add up to more than 1, or an option is not there.
 * @example
 * const [contents, came] = [memory, slotProvenance([head], start)].map((array) => select(array, { step: 20 }));
 * const left = meanOver(writeSurvival([head], 20), ["word"]);
 * const reads = series(result, "read.0.weights");
 * show(memoryProvenance(contents, came, { title: "Which step wrote which slot", reads, left }));
 */
export function memoryProvenance(
  memory: ArrayInput,
  provenance: ArrayInput,
  options: { title: string; reads?: ArrayInput; left?: ArrayInput },
): Figure {
  if (typeof options?.title !== "string") throw new Error('memoryProvenance takes { title: "…" } behind its arrays.');
  checkOptions("memoryProvenance", options, ["title", "reads", "left"]);
  const contents = toNamedArray(memory, "memory", ["slot", "word"]);
  const shares = toNamedArray(provenance, "share", ["slot", "write"]);
  const reads = options.reads === undefined ? undefined : toNamedArray(options.reads, "reads", ["step", "slot"]);
  const left = options.left === undefined ? undefined : toNamedArray(options.left, "left", ["slot", "write"]);
  checkSlots(contents, shares, reads, left);
  const [slot, word] = contents.axes as [string, string];
  const slots = contents.shape[0] as number;
  const norms = slotNorm(contents).data;
  const fullest = norms.reduce((most, norm) => (Number.isFinite(norm) ? Math.max(most, norm) : most), 0);
  const empty = [...norms.keys()].filter((one) => norms[one] === 0 || (norms[one] as number) < LEAST * fullest);
  const strip = writeShares(shares, empty);
  const height = panelHeight(slots, ROW);
  const [y, values] = [positionsDown(contents, slot), signedColours("value", [contents])];
  const bars: Tile = {
    ...{ title: `Came from ${shares.axes[1]}`, width: reads ? 6 : 5, height, y, values: shares.data },
    x: { ...valueAxis("share", [0, 1]), showgrid: false, zeroline: false, tickvals: [0, 0.5] },
    ...(strip.colours && { colours: strip.colours }),
    draw: (panel, colourAxis) => shareBars(strip, contents, { panel, colourAxis, row: height / slots, left }),
  };
  const cells = { title: "Content", width: 14, height, x: positionsAcross(contents, word), y, colours: values };
  // Where nothing is finite each cell has a mark, on which the words of an empty tile would stand.
  const content = {
    ...heatmapTile(gridOf(contents, "memoryProvenance", word), cells),
    values: new Float32Array(norms.length),
  };
  const tiles = [bars, content];
  if (reads) tiles.push(slotReads(reads, contents, { width: 6, height, y }));
  const note = [noteOnOddCells([contents]), noteOnUnframed(strip, empty, fullest)].filter(Boolean).join("   ");
  return framed(mosaic([tiles], { title: options.title, note }), strip, height / slots);
}

/** Why slots have no frame; empty if all have one. @param empty slots of next to nothing, beside the fullest norm */
function noteOnUnframed({ shares, slots }: WriteShares, empty: readonly number[], fullest: number): string {
  const [count, writes] = shares.shape as [number, number];
  const others = Array.from({ length: count }, (_, slot) => slot).filter(
    (slot) => !empty.includes(slot) && !slots.some((drawn) => drawn.slot === slot),
  );
  const known = others.filter((slot) =>
    shares.data.subarray(slot * writes, (slot + 1) * writes).every(Number.isFinite),
  );
  const reasons = [
    empty.length > 0 && (fullest > 0 ? "below 1 % of the fullest one" : "of zeros"),
    known.length < others.length && "of shares that are not finite",
    known.length > 0 && "without shares",
  ].filter(Boolean);
  return reasons.length > 0 ? `No frame: slots ${reasons.join(", or ")}.` : "";
}

/** Bars and cells of a slot as one row, in one frame. @param row its height in pixels */
function framed({ data, layout, config }: Figure, strip: WriteShares, row: number): Figure {
  const [left, right] = (layout.xaxis2 as { domain: [number, number] }).domain;
  layout.xaxis = { ...(layout.xaxis as object), domain: [0, left], showline: false };
  layout.yaxis = { ...(layout.yaxis as object), showline: false };
  layout.yaxis2 = { ...(layout.yaxis2 as object), ticks: "" };
  layout.shapes = [...((layout.shapes ?? []) as object[]), ...slotFrames(strip, right, row)];
  layout.barmode = "overlay"; // each part begins where it is told
  if (strip.colours) colourWrites(layout, "coloraxis", strip.range, (write) => nameOfWrite(write, strip.shares));
  const values = strip.colours ? "coloraxis2" : "coloraxis";
  const { colorbar, ...axis } = layout[values] as { colorbar: object };
  layout[values] = { ...axis, colorscale: MUTED, colorbar: { ...colorbar, x: left } };
  const ygap = Math.round(row / 4); // cells stay within the frames
  return { data: data.map((trace) => (trace.type === "heatmap" ? { ...trace, ygap } : trace)), layout, config };
}

function checkSlots(contents: NamedArray, shares: NamedArray, reads?: NamedArray, left?: NamedArray): void {
  for (const array of [contents, shares, reads, left]) if (array) checkAxes(array, 2, "memoryProvenance");
  const slots = contents.shape[0] as number;
  for (const [array, given] of [
    [shares, shares.shape[0]],
    [reads, reads?.shape[1]],
    [left, left?.shape[0]],
  ] as const) {
    if (!array || given === slots) continue;
    throw new Error(
      `memoryProvenance draws arrays over the same slots: "${contents.name}" has ${slots}, "${array.name}" has ${given}.`,
    );
  }
  const [writes, most] = [left?.shape[1] ?? 0, shares.shape[1] as number];
  if (writes <= most) return;
  throw new Error(
    `memoryProvenance takes of each write what is left: "${left?.name}" has ${writes} writes, "${shares.name}" ${most}.`,
  );
}
