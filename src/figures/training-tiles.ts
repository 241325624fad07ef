import { type NamedArray, select } from "../tensors/named-array.js";
import { BLUE, baseAxis, EXPONENTS, encode, escapeText, ORANGE, type Trace } from "./figure.js";
import type { Axis, Tile } from "./mosaic.js";
import { dottedAt, valueAxis } from "./tiles.js";
import { alongSteps, axesOf, type Moving, ofBatch, rangeAt, stepBand, type Windows, windowedAxis } from "./windows.js";

interface Size {
  readonly title: string;
  readonly width: number;
  readonly height: number;
}

/** A number about every epoch, with a dotted line at the current one. */
export function metricTile(
  name: string,
  all: { readonly epochs: readonly number[]; readonly values: Float32Array },
  look: Size & { current: readonly number[] },
): Moving {
  const { epochs, values } = all;
  const { current, ...size } = look;
  const draw: Tile["draw"] = (panel) => [
    {
      type: "scatter",
      mode: epochs.length <= 40 ? "lines+markers" : "lines",
      ...axesOf(panel),
      x: [...epochs],
      y: encode(values, [values.length]),
      line: { color: BLUE, width: 2 },
      marker: { size: 4 },
      hovertemplate: `epoch %{x}<br>${escapeText(name)} %{y:.4~g}<extra></extra>`,
    },
  ];
  const fixed = { fixedrange: true };
  const x = { ...baseAxis("epoch"), ...fixed, ...(epochs.length <= 8 && { dtick: 1 }) };
  const shapes = [dottedAt("x", current[0] as number)];
  const epoch: Moving["epoch"] = ({ shape }, index) => ({
    [`${shape}.x0`]: current[index],
    [`${shape}.x1`]: current[index],
  });
  return { tile: { ...size, x, y: { ...valueAxis(""), ...fixed }, values, shapes, draw }, epoch };
}

/** A norm of every part of a model, as a dot on a logarithmic axis; [epoch, batch, part]. */
export function normTile(norms: NamedArray, size: Size): Moving {
  const [epochs, batches, parts] = norms.shape as [number, number, number];
  const axis = norms.axes[2] as string;
  const names = (norms.labels?.[axis] ?? Array.from({ length: parts }, (_, index) => `${index}`)).map((name) =>
    escapeText(name, 16),
  );
  const positive = norms.data.filter((norm) => norm > 0 && Number.isFinite(norm));
  const ends = [Math.min(...positive) / 1.6, Math.max(...positive) * 1.6].map(Math.log10);
  const windows: Windows = { count: epochs, length: parts, stride: parts, down: true };
  const grid = { showgrid: true, gridcolor: "rgba(128,128,128,0.18)" };
  const ticks = names.map((name, at) => [at, name] as const);
  const x = { ...baseAxis(norms.name), ...grid, ...EXPONENTS, type: "log", dtick: 1, range: ends, fixedrange: true };
  const y = { ...windowedAxis("", windows, ticks), ...grid };
  const draw: Tile["draw"] = (panel) =>
    Array.from({ length: batches }, (_, batch): Trace => {
      const trace: Trace = {
        type: "scatter",
        mode: "markers",
        ...axesOf(panel),
        x: encode(select(norms, { [norms.axes[1] as string]: batch }).data, [epochs * parts]),
        text: Array.from({ length: epochs }, () => names).flat(),
        marker: { size: 8, color: ORANGE },
        hovertemplate: `%{text}<br>${escapeText(norms.name)} %{x:.4~g}<extra></extra>`,
      };
      return ofBatch(trace, batch);
    });
  const epoch: Moving["epoch"] = (place, index) => ({ [`${place.y}.range`]: rangeAt(windows, index) });
  return { tile: { ...size, x, y, values: norms.data, draw }, epoch };
}

/** Lines over the steps, one for each array [epoch, batch, step], with a band at the current one. */
export function timelineTile(
  lines: readonly NamedArray[],
  look: Size & { x: Axis; windows: Windows; range: readonly [number, number] },
): Moving {
  const { windows, range, ...size } = look;
  const draw: Tile["draw"] = (panel) =>
    lines.flatMap((line, index) => {
      const [epochs, batches, steps] = line.shape as [number, number, number];
      return Array.from({ length: batches }, (_, batch) => {
        const y = new Float32Array(epochs * windows.stride).fill(Number.NaN);
        for (let epoch = 0; epoch < epochs; epoch++) {
          const start = (epoch * batches + batch) * steps;
          y.set(line.data.subarray(start, start + steps), epoch * windows.stride);
        }
        const tokens = Array.from({ length: y.length }, (_, at) => at % windows.stride);
        const trace: Trace = {
          type: "scatter",
          mode: "lines+markers",
          ...axesOf(panel),
          y: encode(y, [y.length]),
          text: tokens.map(String),
          line: { color: [BLUE, ORANGE, "#009e73", "#cc6fa5"][index % 4], width: 2 },
          marker: { size: 5 },
          hovertemplate: `token %{text}<br>${escapeText(line.name, 40)} %{y:.4~g}<extra></extra>`,
        };
        return ofBatch(trace, batch);
      });
    });
  const y = { ...valueAxis("", range), nticks: 4, fixedrange: true };
  const values = lines[0]?.data ?? new Float32Array();
  return { tile: { ...size, y, values, shapes: [stepBand(windows.length)], draw }, ...alongSteps(windows) };
}
