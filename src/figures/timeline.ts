import type { ArrayInput } from "../tensors/array-input.js";
import { escapeText, type Figure } from "./figure.js";
import { lineChart } from "./line-chart.js";

const MOST_TICKS = 40;

/**
 * Curves over the tokens of a sequence, which are named along the axis: memory's strength, the focus of attention.
 *
 * @param tokens what was shown at each token, in order; long names are numbers on the axis.
 * @param curves by name, one value a token.
 * @param options.y what is measured; `options.range` of its axis, where it is known beforehand; `options.mark` a token.
 * @throws as lineChart does.
 * @example show(timeline(["7", "×", "4", "="], { memory: [0, 0.4, 0.5, 0.7] }, { title: "Memory", y: "mean magnitude" }));
 */
export function timeline(
  tokens: readonly string[],
  curves: Readonly<Record<string, ArrayInput>>,
  options: { title: string; y: string; mark?: number; range?: readonly [number, number] },
): Figure {
  const numbers = tokens.map((_, index) => index);
  const figure = lineChart({ name: "token", values: numbers }, curves, options);
  const { xaxis, yaxis } = figure.layout as { xaxis?: object; yaxis?: object };
  const every = Math.ceil(tokens.length / MOST_TICKS);
  const shown = numbers.filter((index) => index % every === 0);
  const ticks = {
    tickmode: "array",
    tickvals: shown,
    ticktext: shown.map((index) => tickText(tokens[index] as string, index)),
    tickangle: 0,
    range: [-0.5, tokens.length - 0.5],
  };
  const layout = {
    ...figure.layout,
    xaxis: { ...xaxis, ...ticks },
    yaxis: { ...yaxis, ...(options.range && { range: options.range }) },
  };
  return { ...figure, layout };
}

/** The number, and under it the name where it is short and another. */
function tickText(name: string, index: number): string {
  return name.length > 6 || name === String(index) ? String(index) : `${escapeText(name)}<br>${index}`;
}
