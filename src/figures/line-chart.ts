import { type ArrayInput, toNamedArray } from "../tensors/array-input.js";
import { checkAxes } from "./axes.js";
import {
  ALARM,
  BLUE,
  baseAxis,
  baseLayout,
  CONFIG,
  EXPONENTS,
  encode,
  escapeText,
  FAINT,
  type Figure,
  INK,
  ORANGE,
  type Trace,
  titleHeight,
} from "./figure.js";

/** Okabe and Ito's colours that the colour-blind tell apart and that stand out on white and on #111. */
const LINES = [BLUE, ORANGE, "#009e73", "#cc6fa5", "#56a5dd", "#b35900"];
const PLOT = 300;
const LEGEND = 26;

/**
 * Curves over one axis: a loss over training, memory use or attention focus over steps.
 *
 * NaN and ±∞ leave a gap in the curve and a mark at its foot or top.
 *
 * @param x what the curves run along, such as "sequences", and its values in ascending order.
 * @param curves by name, anything array-like of one axis and as long as `x`; with several, a legend tells them apart.
 * @param options.y what is measured; `options.mark` draws a line at one value of x, the current epoch or step.
 * @throws if there is no curve, or one has another length than `x` or more axes than one.
 * @example
 * const sequences = { name: "sequences", values: log.map((row) => row.sequences) };
 * show(lineChart(sequences, { copy: log.map((row) => row.bitsPerAnswer) }, { title: "Copy", y: "bits" }));
 */
export function lineChart(
  x: { readonly name: string; readonly values: ArrayInput },
  curves: Readonly<Record<string, ArrayInput>>,
  options: { title: string; y: string; mark?: number },
): Figure {
  const names = Object.keys(curves);
  if (names.length === 0) throw new Error("lineChart needs at least one curve.");
  const xs = numbersAlong(x.values, x.name);
  const all = names.map((name) => numbersAlong(curves[name] as ArrayInput, name));
  all.forEach((ys, index) => {
    if (ys.length !== xs.length) {
      throw new Error(`"${names[index]}" has ${ys.length} values, but "${x.name}" has ${xs.length}.`);
    }
  });
  const odd = all.flatMap((ys, curve) =>
    [...ys.keys()].filter((i) => !Number.isFinite(ys[i])).map((i) => ({ curve, i })),
  );
  const finite = all.flatMap((ys) => [...ys.filter(Number.isFinite)]);
  const low = finite.reduce((least, value) => Math.min(least, value), Number.POSITIVE_INFINITY);
  const high = finite.reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY);
  const note = odd.length > 0 ? `<span style="color:${ALARM}">× ${odd.length} not finite</span>` : "";
  const legend = names.length > 1 ? LEGEND : 0;
  const data = all.map((ys, index): Trace => {
    const name = escapeText(names[index] as string, 40);
    const few = xs.length <= 40;
    return {
      type: "scatter",
      mode: few ? "lines+markers" : "lines",
      name,
      x: encode(xs, [xs.length]),
      y: encode(ys, [ys.length]),
      line: { color: LINES[index % LINES.length], width: 2 },
      ...(few && { marker: { size: 5 } }),
      hovertemplate: `${escapeText(x.name)} %{x}<br>${name} %{y:.4~g}<extra></extra>`,
    };
  });
  if (odd.length > 0) {
    const ys = odd.map(({ curve, i }) => (all[curve]?.[i] === Number.POSITIVE_INFINITY ? high : low));
    data.push({
      type: "scatter",
      mode: "markers",
      x: odd.map(({ i }) => xs[i]),
      y: ys.map((y) => (Number.isFinite(y) ? y : 0)),
      text: odd.map(({ curve, i }) => `${escapeText(names[curve] as string, 40)} ${all[curve]?.[i]}`),
      marker: { symbol: "x-thin", size: 8, color: ALARM, line: { width: 1.5, color: ALARM } },
      hovertemplate: `${escapeText(x.name)} %{x}<br>%{text}<extra></extra>`,
      showlegend: false,
    });
  }
  const grid = { showgrid: true, gridcolor: "rgba(128,128,128,0.18)" };
  const layout = {
    ...baseLayout(options.title, note, { top: titleHeight(note) + legend, inside: PLOT, foot: 52 }),
    xaxis: { ...baseAxis(x.name), ...grid },
    yaxis: { ...baseAxis(options.y), ...EXPONENTS, ...grid, ...(low >= 0 && { rangemode: "tozero" }) },
    hovermode: "closest",
    showlegend: names.length > 1,
    legend: { orientation: "h", x: 0, xanchor: "left", y: 1, yanchor: "bottom" },
    ...(options.mark !== undefined && { shapes: [markAt(options.mark)] }),
  };
  return { data, layout, config: { ...CONFIG } };
}

/** The values of one axis; plain numbers stay in double precision, which a NamedArray has not. */
function numbersAlong(input: ArrayInput, name: string): Float64Array {
  const array = toNamedArray(input, name, ["position"]);
  checkAxes(array, 1, "lineChart");
  return Float64Array.from(Array.isArray(input) || input instanceof Float64Array ? (input as number[]) : array.data);
}

function markAt(x: number): object {
  return {
    type: "line",
    x0: x,
    x1: x,
    yref: "paper",
    y0: 0,
    y1: 1,
    line: { color: INK, width: 1.5, dash: "dot" },
    fillcolor: FAINT,
  };
}
