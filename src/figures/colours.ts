import type { NamedArray } from "../tensors/named-array.js";
import { escapeText } from "./figure.js";

/** How values become colours. Panels that are given the same object share one colour bar, and can be compared. */
export interface Colours {
  /** The quantity, as the colour bar's title says it. */
  readonly title: string;
  readonly scale: "sequential" | "diverging";
  /** The values of the first and the last colour. */
  readonly range: readonly [number, number];
  /** Cells are kept as whole numbers of 10^−decimals, or BLANK, in 16 bits; without it, as 32-bit floats. */
  readonly decimals?: number;
}

/** Viridis: dark to bright in even steps, told apart by the colour-blind and in grey: for weights and values from 0 up. */
const SEQUENTIAL = "Viridis";
const VIRIDIS = ["#440154", "#482878", "#3e4989", "#31688e", "#26828e", "#1f9e89", "#35b779", "#6ece58"].concat([
  "#b5de2b",
  "#fde725",
]);

/** What a cell that is not finite is kept as among whole numbers; it lies above all others and has no colour. */
export const BLANK = 65_535;

/** As far above 1 as rounding takes a weight. */
const ROUNDING = 1e-5;

/** Blue below zero, pale at zero, red above (ColorBrewer's RdBu, which the colour-blind can read). */
const DIVERGING = ["#053061", "#2166ac", "#4393c3", "#92c5de", "#c9dfea", "#e8e8e8"]
  .concat(["#f5d3bf", "#f4a582", "#d6604d", "#b2182b", "#67001f"])
  .map((colour, index) => [index / 10, colour] as const);

/** From 0 to 1, whatever the data: figures of different runs stay comparable. */
export function unitColours(title: string): Colours {
  return { title, scale: "sequential", range: [0, 1] };
}

/** From 0 to the largest finite value of all the arrays. */
export function weightColours(title: string, arrays: readonly NamedArray[]): Colours {
  return { title, scale: "sequential", range: [0, largest(arrays, (value) => value)] };
}

/**
 * From 0 to the largest weight. More weights than one head of 128 × 128, all that are finite within 0 and 1 but for
 * rounding, are kept in 16 bits: of four decimals, or as many more as fit while every weight is small.
 */
export function attentionColours(weights: NamedArray): Colours {
  const colours = weightColours("attention weight", [weights]);
  const fits = (weight: number): boolean => !Number.isFinite(weight) || (weight >= 0 && weight <= 1 + ROUNDING);
  if (weights.data.length <= 16_384 || !weights.data.every(fits)) return colours;
  const high = Math.min(1, colours.range[1]);
  let decimals = 4;
  while (Math.round(high * 10 ** (decimals + 1)) < BLANK) decimals++;
  return { ...colours, range: [0, high], decimals };
}

/** Symmetric around zero, as wide as the largest finite magnitude of all the arrays. */
export function signedColours(title: string, arrays: readonly NamedArray[]): Colours {
  const reach = largest(arrays, Math.abs);
  return { title, scale: "diverging", range: [-reach, reach] };
}

/** The colours that suit an array: signed if it goes below zero, 0 to 1 if it stays within, else 0 to its largest. */
export function suitableColours(array: NamedArray): "unit" | "weights" | "signed" {
  const finite = array.data.filter(Number.isFinite);
  if (finite.some((value) => value < 0)) return "signed";
  return finite.some((value) => value > 1) ? "weights" : "unit";
}

/** The colours of a scale in even steps, as "#rrggbb". */
export function stopsOf(scale: Colours["scale"]): readonly string[] {
  return scale === "diverging" ? DIVERGING.map(([, colour]) => colour) : VIRIDIS;
}

/** Plotly's colour axis, with a horizontal bar that begins `left` of the way across and `above` the panels. */
export function colourAxis(colours: Colours, place: { left: number; above: number; length: number }): object {
  const [low, high] = colours.range;
  const unit = 10 ** (colours.decimals ?? 0); // how often the stored numbers are the values
  const scale = colours.scale === "diverging" ? DIVERGING : SEQUENTIAL;
  return {
    ...(colours.decimals === undefined
      ? { cmin: low * unit, cmax: high * unit, colorscale: scale }
      : scaleUpTo(Math.round(high * unit))),
    colorbar: {
      orientation: "h",
      title: { text: escapeText(colours.title, 40), side: "top" },
      x: place.left,
      xanchor: "left",
      xpad: 0,
      y: place.above,
      yanchor: "top", // at "bottom", Plotly would shift the titles of the figure and its axes
      ypad: 0,
      lenmode: "pixels",
      len: place.length,
      thickness: 10,
      outlinewidth: 0,
      ...(colours.decimals === undefined ? { nticks: 5 } : ticksUpTo(high, unit)),
      tickangle: 0,
      tickfont: { size: 11 },
    },
  };
}

/** From 0 to the largest stored number; what is above has no colour. Too little of the bar is empty to be seen. */
function scaleUpTo(most: number): object {
  const end = most / (most + 1);
  const stops = VIRIDIS.map((colour, index) => [(index / (VIRIDIS.length - 1)) * end, colour] as const);
  const last = end + (1 - end) / 2;
  const none = "rgba(0,0,0,0)";
  const colorscale = [...stops, [last, VIRIDIS.at(-1)], [last, none], [1, none]];
  return { cmin: 0, cmax: most + 1, colorscale };
}

/** About five round values from 0, written as themselves where they stand as stored numbers. */
function ticksUpTo(high: number, unit: number): object {
  const power = 10 ** Math.floor(Math.log10(high));
  const step = ([0.2, 0.5, 1, 2].find((part) => high / (part * power) <= 5) as number) * power;
  const ticks = Array.from({ length: Math.floor(high / step + 1e-6) + 1 }, (_, index) => index * step);
  return { tickvals: ticks.map((tick) => tick * unit), ticktext: ticks.map((tick) => String(+tick.toPrecision(6))) };
}

/** The largest finite positive result, or 1 when there is none: a range must not be empty. */
function largest(arrays: readonly NamedArray[], measure: (value: number) => number): number {
  let most = 0;
  for (const { data } of arrays) {
    for (const value of data) if (Number.isFinite(value)) most = Math.max(most, measure(value));
  }
  return most > 0 ? most : 1;
}
