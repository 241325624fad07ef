import { suffixOf } from "./axes.js";
import { baseAxis, type Trace } from "./figure.js";
import type { Axis, Tile } from "./mosaic.js";

/** A stretch of an axis that is seen, one for each epoch, step, or other moment. */
export interface Windows {
  readonly count: number;
  /** Positions in each, and from the beginning of one to that of the next. */
  readonly length: number;
  readonly stride: number;
  /** Whether positions run downwards. */
  readonly down?: boolean;
}

/** The range of a Plotly axis at one window. */
export function rangeAt({ length, stride, down }: Windows, index: number): [number, number] {
  const [from, to] = [index * stride - 0.5, index * stride + length - 0.5];
  return down ? [to, from] : [from, to];
}

/** Ticks that repeat in every window, at the positions given as [position in the window, text]. */
export function ticksIn(
  { count, stride }: Windows,
  ticks: readonly (readonly [at: number, text: string])[],
): Record<string, unknown> {
  const windows = Array.from({ length: count }, (_, index) => index * stride);
  return {
    tickmode: "array",
    tickvals: windows.flatMap((start) => ticks.map(([at]) => start + at)),
    ticktext: windows.flatMap(() => ticks.map(([, text]) => text)),
    tickangle: 0,
  };
}

/** A trace of one batch; the first batch's are visible. */
export function ofBatch(trace: Trace, batch: number): Trace {
  return { ...trace, meta: { batch }, visible: batch === 0 };
}

/** An axis that only shows windows: the reader moves them by a slider, not by dragging. */
export function windowedAxis(title: string, windows: Windows, ticks: readonly (readonly [number, string])[]): Axis {
  return { ...baseAxis(title), fixedrange: true, range: rangeAt(windows, 0), ...ticksIn(windows, ticks) };
}

/** What a tile's axes and its first shape are called in a layout. */
export interface Place {
  readonly x: string;
  readonly y: string;
  readonly shape: string;
}

/** Attributes of a layout by their paths, such as "xaxis2.range". */
export type Changes = Readonly<Record<string, unknown>>;

/** A tile that changes with the epoch, the step, or both, each without the other's doing. */
export interface Moving {
  readonly tile: Tile;
  readonly epoch?: (place: Place, index: number) => Changes;
  readonly step?: (place: Place, index: number) => Changes;
}

/** The axes of a tile's traces. */
export function axesOf(panel: number): { xaxis: string; yaxis: string } {
  const n = suffixOf(panel - 1);
  return { xaxis: `x${n}`, yaxis: `y${n}` };
}

/** Windows of the steps of each epoch, an empty place between them so that no line runs from one into the next. */
export function stepWindows(epochs: number, steps: number): Windows {
  return { count: epochs, length: steps, stride: steps + 1 };
}

/** The changes of any tile whose x axis has such windows and whose shape is a band at the current step. */
export function alongSteps(windows: Windows): Required<Pick<Moving, "epoch" | "step">> {
  return {
    epoch: ({ x }, index) => ({ [`${x}.range`]: rangeAt(windows, index) }),
    step: ({ shape }, index) => ({
      [`${shape}.x0`]: index / windows.length,
      [`${shape}.x1`]: (index + 1) / windows.length,
    }),
  };
}

/** A band over the first of so many steps. */
export function stepBand(steps: number): { xref: string; yref: string } {
  const band = {
    type: "rect",
    x0: 0,
    x1: 1 / steps,
    y0: 0,
    y1: 1,
    fillcolor: "rgba(128,128,128,0.2)",
    line: { width: 0 },
    layer: "below",
  };
  return { ...band, xref: "x domain", yref: "y domain" };
}
