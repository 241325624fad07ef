import { rowFocus } from "../analysis/entropy.js";
import { meanOver } from "../analysis/means.js";
import { slotNorm } from "../analysis/slots.js";
import { signedColours, suitableColours, unitColours, weightColours } from "../figures/colours.js";
import type { Figure } from "../figures/figure.js";
import { gridOf } from "../figures/heatmap.js";
import { MEMORY_CELL } from "../figures/memory-heatmap.js";
import { overSteps, weightsOverSteps } from "../figures/over-steps.js";
import { heatmapPanels } from "../figures/panels.js";
import { timeline } from "../figures/timeline.js";
import { type NamedArray, select } from "../tensors/named-array.js";

// The figures of one sequence take a site's series, [step, ...site], and the names of the tokens.

/** A state of two axes at one step, in colours that are the same at all steps. */
export function stateFigure(series: NamedArray, step: number, title: string): Figure {
  const array = select(series, { step });
  const kind = suitableColours(series);
  const colours =
    kind === "signed"
      ? signedColours("value", [series])
      : kind === "unit"
        ? unitColours("value, 0 to 1")
        : weightColours("value", [series]);
  return heatmapPanels([{ ...gridOf(array, "The page"), title: "", colours }], {
    title,
    columns: 1,
    cell: MEMORY_CELL,
    square: false,
  });
}

/** Attention of two axes at one step, from 0 to the largest weight of all steps. */
export function attentionFigure(series: NamedArray, step: number, title: string): Figure {
  const colours = weightColours("attention weight", [series]);
  return heatmapPanels([{ ...gridOf(select(series, { step }), "The page"), title: "", colours }], {
    title,
    columns: 1,
    cell: { height: 44, least: 120, most: 420 },
    square: true,
  });
}

/** A state of one axis or none at all steps. */
export function vectorFigure(series: NamedArray, tokens: readonly string[], title: string): Figure {
  if (series.axes.length > 1 && (series.shape[1] as number) > 1)
    return overSteps([{ ...alongTokens(series, tokens), name: "" }], { title, quantity: series.name });
  const values = series.data.subarray(0, tokens.length);
  return timeline(tokens, { [series.name]: values }, { title, y: series.name });
}

/** How strong memory is at each token: the mean magnitude of all its values, and of one slot's. */
export function memoryTimeline(series: NamedArray, tokens: readonly string[], slot: number, title: string): Figure {
  const rest = series.axes.slice(1);
  const all = meanOver(series, rest, Math.abs).data;
  const [axis = ""] = rest;
  const one = slot >= 0 && slot < (series.shape[1] as number) && rest.length === 2;
  const curves = one
    ? {
        "all of it": all,
        [`${axis} ${slot}`]: meanOver(select(series, { [axis]: slot }), rest.slice(1), Math.abs).data,
      }
    : { [series.name]: all };
  return timeline(tokens, curves, { title, y: "mean magnitude" });
}

/** How much each slot holds after each token. */
export function slotsOverTokens(series: NamedArray, tokens: readonly string[], title: string): Figure {
  return overSteps([{ ...alongTokens(slotNorm(series), tokens), name: "" }], { title, quantity: "norm of the slot" });
}

/** The weights of a head over slots at each token. */
export function weightsOverTokens(series: NamedArray, tokens: readonly string[], title: string): Figure {
  return weightsOverSteps([{ ...alongTokens(series, tokens), name: "" }], { title });
}

/** The first axis as tokens, named where the names are short and other than their numbers. */
function alongTokens(array: NamedArray, tokens: readonly string[]): NamedArray {
  const axes = ["token", ...array.axes.slice(1)];
  const named = tokens.some((token, index) => token !== String(index)) && tokens.every(({ length }) => length <= 6);
  return { ...array, axes, ...(named && { labels: { ...array.labels, token: tokens } }) };
}

/** As many heads have a colour each; of more, only the one that is chosen is drawn. */
const mostHeads = 5;

/** The heads whose focus is drawn, a curve each, before that of their mean. */
export function headsDrawn(heads: number, chosen: number): readonly number[] {
  return heads > mostHeads ? [chosen] : Array.from({ length: heads }, (_, head) => head);
}

/**
 * Focus, 1 − H / ln n, at each token, averaged over queries: of each head and the mean of all.
 *
 * @param bold heads whose curves stand out.
 */
export function focusTimeline(
  series: NamedArray,
  tokens: readonly string[],
  heads: readonly number[],
  bold: readonly number[],
  title: string,
): Figure {
  const focus = rowFocus(series);
  const mean = (array: NamedArray): Float32Array => meanOver(array, array.axes.slice(1)).data;
  const options = { title, y: "focus, 1 − H / ln n", range: [0, 1.05] as const };
  if (heads.length === 0) return timeline(tokens, { [series.name]: mean(focus) }, options);
  const ofHeads = heads.map((head) => [`head ${head}`, mean(select(focus, { head }))] as const);
  const curves = Object.fromEntries([...ofHeads, ["mean", mean(focus)] as const]);
  const figure = timeline(tokens, curves, options);
  const data = figure.data.map((trace, index) => {
    const stands = bold.includes(heads[index] ?? -1);
    return { ...trace, line: { ...(trace.line as object), width: stands ? 3.5 : 1.5 } };
  });
  return { ...figure, data };
}
