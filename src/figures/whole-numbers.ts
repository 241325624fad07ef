import { encode, type Layout, type Trace } from "./figure.js";

/** Values as whole numbers of 10^−decimals in 16 bits: half the room of 32-bit floats. */
export interface WholeNumbers {
  readonly decimals: number;
  /** The whole numbers of the first and the last colour. What is not finite is kept as one more, and has no colour. */
  readonly least: number;
  readonly most: number;
}

/** Weights from 0 to 1, of four decimals. */
export const wholeWeights: WholeNumbers = { decimals: 4, least: 0, most: 10_000 };

/** As many decimals as 16 bits hold of values of either sign up to this magnitude. @param reach above 0 */
export function wholeNumbersUpTo(reach: number): WholeNumbers {
  const decimals = Math.floor(Math.log10(32_000 / reach));
  const most = Math.ceil(reach * 10 ** decimals);
  return { decimals, least: -most, most };
}

/** A heatmap's trace with its values as whole numbers. Hovering says −822e-4, or 0.0822 of weights (and 0.9999 of 1). */
export function inWholeNumbers(
  trace: Trace,
  values: Float32Array,
  shape: readonly number[],
  { decimals, least, most }: WholeNumbers,
): Trace {
  const highest = least < 0 ? most : most - 1; // hovering can say what follows "0." only
  const numbers = Int16Array.from(values, (value) =>
    Number.isFinite(value) ? Math.min(highest, Math.round(value * 10 ** decimals)) : most + 1,
  );
  const z = { ...encode(new Uint16Array(numbers.buffer), shape), dtype: "i2" };
  const number = least < 0 ? `%{z}e${-decimals}` : `0.%{z:0${decimals}d}`;
  return { ...trace, z, hovertemplate: (trace.hovertemplate as string).replace(/%\{z:[^}]*\}/, number) };
}

interface ColourAxis {
  readonly colorscale: readonly (readonly [number, string])[];
  readonly colorbar: object;
}

/**
 * Make a colour axis of values of either sign one of whole numbers, where `most` + 1 is clear. Colours follow the root of
 * the magnitude: beside a few large values the small ones would all be pale.
 */
export function colourWholeNumbers(layout: Layout, axis: string, { decimals, least, most }: WholeNumbers): void {
  const { colorscale, colorbar } = layout[axis] as ColourAxis;
  const end = (most - least) / (most - least + 1);
  const last = end + (1 - end) / 2;
  const none = "rgba(0,0,0,0)";
  const place = (at: number): number => {
    const root = 2 * at - 1;
    return (1 + Math.sign(root) * root ** 2) / 2;
  };
  const stops = colorscale.map(([at, colour]) => [place(at) * end, colour] as const);
  const clear = [
    [last, stops.at(-1)?.[1]],
    [last, none],
    [1, none],
  ];
  const reach = most / 10 ** decimals;
  const power = 10 ** Math.floor(Math.log10(reach));
  const step = ([0.5, 1, 2, 5].find((part) => reach / (part * power) < 2.5) as number) * power;
  const ticks = [-2, -1, 0, 1, 2].map((count) => count * step).filter((tick) => Math.abs(tick) <= reach);
  layout[axis] = {
    ...{ cmin: least, cmax: most + 1, colorscale: [...stops, ...clear] },
    colorbar: {
      ...colorbar,
      tickvals: ticks.map((tick) => Math.round(tick * 10 ** decimals)),
      ticktext: ticks.map((tick) => String(Number(tick.toPrecision(2))).replace("-", "−")),
    },
  };
}
