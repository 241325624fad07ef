import { suitableColours } from "../figures/colours.js";
import type { NamedArray } from "../tensors/named-array.js";

type Stop = readonly [red: number, green: number, blue: number];

/** The scales of the figures, as numbers: blue, pale, red around zero; dark to bright from zero up. */
const diverging = stops("053061 2166ac 4393c3 92c5de c9dfea e8e8e8 f5d3bf f4a582 d6604d b2182b 67001f");
const sequential = stops("440154 482878 3e4989 31688e 26828e 1f9e89 35b779 6ece58 b5de2b fde725");

/** How the editor colours numbers: the same range for a value before and after its edits. */
export interface CellColours {
  readonly low: number;
  readonly high: number;
  /** Red, green, blue and opacity, 0 to 255; what is not finite has none. */
  of(value: number): readonly [number, number, number, number];
}

/** Colours that suit arrays that are compared: as their figures have them. */
export function cellColours(arrays: readonly NamedArray[]): CellColours {
  const signed = arrays.some((array) => suitableColours(array) === "signed");
  const most = arrays.reduce((reach, { data }) => data.reduce(wider, reach), 0) || 1;
  const [low, high, scale] = signed ? [-most, most, diverging] : [0, most, sequential];
  return {
    low,
    high,
    of(value) {
      if (!Number.isFinite(value)) return [0, 0, 0, 0];
      const place = ((value - low) / (high - low)) * (scale.length - 1);
      const at = Math.min(scale.length - 2, Math.max(0, Math.floor(place)));
      const part = Math.min(1, Math.max(0, place - at));
      const [from, to] = [scale[at] as Stop, scale[at + 1] as Stop];
      const mixed = (channel: 0 | 1 | 2) => Math.round(from[channel] + part * (to[channel] - from[channel]));
      return [mixed(0), mixed(1), mixed(2), 255];
    },
  };
}

function wider(reach: number, value: number): number {
  return Number.isFinite(value) ? Math.max(reach, Math.abs(value)) : reach;
}

function stops(colours: string): readonly Stop[] {
  return colours
    .split(" ")
    .map((hex) => [0, 2, 4].map((at) => Number.parseInt(hex.slice(at, at + 2), 16)) as unknown as Stop);
}
