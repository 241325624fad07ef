import { escapeText, INK, type Layout } from "./figure.js";

/** The first and the last write that has a colour; the memory at the start, before them, has none. */
export type WriteRange = readonly [first: number, last: number];

/** For the memory at the start and for small shares, which nobody looks for. INK can be read on it. */
export const PALE = "rgba(128,128,128,0.18)";

/**
 * Indigo to amber, ever lighter: the first write to the last. Kinds of colour-blindness keep its steps apart, and no end of
 * it is too dark for a dark page (#111) or too bright for a white one.
 */
const EARLY_TO_LATE = ["#4b3ff0", "#8f45b8", "#c24a86", "#e06f4c", "#dca01a"];

/** The colour of a write within the range. */
export function colourOfWrite(write: number, range: WriteRange): string {
  const at = placeOf(write, range) * (EARLY_TO_LATE.length - 1);
  const [from, to] = [Math.floor(at), Math.ceil(at)].map((stop) => EARLY_TO_LATE[stop] as string) as [string, string];
  const mixed = [1, 3, 5].map((start) => {
    const [a, b] = [from, to].map((colour) => Number.parseInt(colour.slice(start, start + 2), 16)) as [number, number];
    return Math.round(a + (at % 1) * (b - a));
  });
  return `rgb(${mixed.join(",")})`;
}

/** What is read best over it: white, nearly black on the light end of the colours, grey on pale. */
export function textOverWrite(write: number, range: WriteRange): string {
  if (write < range[0]) return INK;
  return placeOf(write, range) > 0.6 ? "#222" : "#fff";
}

/** Give the layout's bar of colours this scale, and the names of writes in place of numbers. */
export function colourWrites(layout: Layout, axis: string, range: WriteRange, nameOf: (write: number) => string): void {
  const [first, last] = range;
  const { colorbar, ...others } = layout[axis] as { colorbar: object };
  const some = [0, 0.25, 0.5, 0.75, 1].map((part) => Math.round(first + part * (last - first)));
  const short = some.every((write) => nameOf(write).length <= 3);
  const tickvals = [...new Set(short ? some : [first, last])];
  // Centred under the ends, names must meet neither each other nor what is beside the bar.
  const longest = last - first === 1 ? 6 : 8;
  const ticktext = tickvals.map((write) => escapeText(nameOf(write), longest));
  const colorscale = EARLY_TO_LATE.map((colour, at) => [at / (EARLY_TO_LATE.length - 1), colour]);
  const ends = { cmin: first - 0.5, cmax: last + 0.5 };
  layout[axis] = {
    ...others,
    ...ends,
    colorscale,
    colorbar: { ...colorbar, len: short ? 110 : 90, tickvals, ticktext },
  };
}

/** Where a write stands among the colours, between 0 and 1. */
function placeOf(write: number, [first, last]: WriteRange): number {
  return (write - first + 0.5) / (last - first + 1);
}
