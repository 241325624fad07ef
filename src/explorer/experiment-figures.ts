import { compareHeatmaps } from "../figures/compare-heatmaps.js";
import { escapeText, type Figure } from "../figures/figure.js";
import { type Run, series } from "../model/run.js";
import { type NamedArray, namedArray, select } from "../tensors/named-array.js";

/** Outputs of one sequence before and after edits, tokens from left to right. */
export function outputsCompared(original: Run, edited: Run, tokens: readonly string[]): Figure {
  const [before, after] = [original, edited].map(({ outputs }) => transposed(select(outputs, { batch: 0 })));
  return overTokens(before as NamedArray, after as NamedArray, "Outputs", tokens);
}

/** A site before and after edits: at a token, or over all tokens where it has a single axis. */
export function siteCompared(
  original: Run,
  edited: Run,
  site: string,
  look: { readonly step: number; readonly head: number; readonly tokens: readonly string[] },
): Figure {
  const { step, head, tokens } = look;
  const [before, after] = [original, edited].map((run) => series(run, site)) as [NamedArray, NamedArray];
  if (before.axes.length === 2) return overTokens(transposed(before), transposed(after), site, tokens);
  const at = (array: NamedArray): NamedArray => {
    const now = select(array, { step });
    return now.axes.length === 3 ? select(now, { [now.axes[0] as string]: head }) : now;
  };
  const of = before.axes.length === 4 ? `, ${before.axes[1]} ${head}` : "";
  const title = `${site}${of} at token ${step} (${tokens[step]})`;
  return compareHeatmaps(at(before), at(after), { title });
}

/** The largest change of a site or of the outputs at every token. @param before, after [step, ...] */
export function changeByStep(before: NamedArray, after: NamedArray): number[] {
  const steps = before.shape[0] as number;
  const size = before.data.length / steps;
  return Array.from({ length: steps }, (_, step) => {
    let most = 0;
    for (let at = step * size; at < (step + 1) * size; at++) {
      const [from, to] = [before.data[at] as number, after.data[at] as number];
      if (!Object.is(from, to))
        most = Math.max(most, Number.isNaN(to - from) ? Number.POSITIVE_INFINITY : Math.abs(to - from));
    }
    return most;
  });
}

const mostLetters = 12; // that have room to be read under a third of a narrow page

function overTokens(before: NamedArray, after: NamedArray, name: string, tokens: readonly string[]): Figure {
  const figure = compareHeatmaps(before, after, { title: `${name} over tokens` });
  if (tokens.join("").length > mostLetters) return figure;
  const ticktext = tokens.map((token) => escapeText(token));
  const ticks = { tickmode: "array", tickvals: [...tokens.keys()], ticktext, tickangle: 0 };
  const axes = ["xaxis", "xaxis2", "xaxis3"].map((axis) => [axis, { ...(figure.layout[axis] as object), ...ticks }]);
  return { ...figure, layout: { ...figure.layout, ...Object.fromEntries(axes) } };
}

/** Rows for columns. */
function transposed({ name, axes, shape, data }: NamedArray): NamedArray {
  const [rows, columns] = shape as [number, number];
  const turned = Float32Array.from(data, (_, at) => data[(at % rows) * columns + Math.floor(at / rows)] as number);
  return namedArray(name, [...axes].reverse(), [columns, rows], turned);
}
