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
  return withFewTicks(compareHeatmaps(at(before), at(after), { title }));
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
  const figure = withFewTicks(compareHeatmaps(before, after, { title: `${name} over the tokens` }));
  if (tokens.join("").length > mostLetters) return figure;
  const ticktext = tokens.map((token) => escapeText(token));
  const ticks = { tickmode: "array", tickvals: [...tokens.keys()], ticktext, tickangle: 0 };
  const axes = ["xaxis", "xaxis2", "xaxis3"].map((axis) => [axis, { ...(figure.layout[axis] as object), ...ticks }]);
  return { ...figure, layout: { ...figure.layout, ...Object.fromEntries(axes) } };
}

interface ColourAxis {
  readonly cmin: number;
  readonly cmax: number;
  readonly colorbar: object;
}

/** Three ticks to a colour bar: differences such as ±1.2e-9 have room there, and are not called nano. */
function withFewTicks(figure: Figure): Figure {
  const axes = Object.entries(figure.layout).filter(([name]) => name.startsWith("coloraxis"));
  const bars = axes.map(([name, axis]) => {
    const { cmin, cmax, colorbar } = axis as ColourAxis;
    const most = roundedDown(cmax);
    const tickvals = cmin < 0 ? [-most, 0, most] : [0, most / 2, most];
    const ticktext = tickvals.map((value) => `${Number(value.toPrecision(2))}`.replace(/^-/, "−"));
    return [name, { ...(axis as ColourAxis), colorbar: { ...colorbar, tickmode: "array", tickvals, ticktext } }];
  });
  return { ...figure, layout: { ...figure.layout, ...Object.fromEntries(bars) } };
}

/** The largest number that is no larger, and whose half is written in few digits as well. */
function roundedDown(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  return power * ([8, 6, 5, 4, 3, 2, 1.5].find((digit) => digit * power <= value) ?? 1);
}

/** Rows for columns; steps are called tokens, as everywhere in the page. */
function transposed({ name, axes, shape, data }: NamedArray): NamedArray {
  const [rows, columns] = shape as [number, number];
  const turned = Float32Array.from(data, (_, at) => data[(at % rows) * columns + Math.floor(at / rows)] as number);
  const called = axes.map((axis) => (axis === "step" ? "token" : axis));
  return namedArray(name, called.reverse(), [columns, rows], turned);
}
