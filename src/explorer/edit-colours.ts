import { signedColours, stopsOf, suitableColours, weightColours } from "../figures/colours.js";
import type { NamedArray } from "../tensors/named-array.js";

type Stop = readonly [red: number, green: number, blue: number];

/** How the editor colours numbers: the same range for a value before and after its edits. */
export interface CellColours {
  readonly low: number;
  readonly high: number;
  /** The colours from low to high in even steps, as CSS has them. */
  readonly stops: readonly string[];
  /** Red, green, blue and opacity, 0 to 255; what is not finite has none. */
  of(value: number): readonly [number, number, number, number];
}

/** Colours that suit arrays that are compared: as their figures have them. */
export function cellColours(arrays: readonly NamedArray[]): CellColours {
  const signed = arrays.some((array) => suitableColours(array) === "signed");
  const { range, scale } = signed ? signedColours("", arrays) : weightColours("", arrays);
  const [low, high] = range;
  const stops = stopsOf(scale);
  const colours = stops.map(numbersOf);
  return {
    low,
    high,
    stops,
    of(value) {
      if (!Number.isFinite(value)) return [0, 0, 0, 0];
      const place = ((value - low) / (high - low)) * (colours.length - 1);
      const at = Math.min(colours.length - 2, Math.max(0, Math.floor(place)));
      const part = Math.min(1, Math.max(0, place - at));
      const [from, to] = [colours[at] as Stop, colours[at + 1] as Stop];
      const mixed = (channel: 0 | 1 | 2) => Math.round(from[channel] + part * (to[channel] - from[channel]));
      return [mixed(0), mixed(1), mixed(2), 255];
    },
  };
}

function numbersOf(colour: string): Stop {
  return [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16)) as unknown as Stop;
}
