import { escapeText, FAINT, type Figure, type Frame, INK, titleHeight } from "./figure.js";
import type { Changes } from "./windows.js";

/** What the three sliders of a figure over a training do, each without the others' doing. */
export interface Moves {
  /** Positions along each slider. */
  readonly epochs: readonly string[];
  readonly batches: readonly string[];
  readonly steps: readonly string[];
  epoch(index: number): Changes;
  /** Which traces are visible. */
  batch(index: number): readonly boolean[];
  step(index: number): Changes;
}

const CONTROLS = 140; // pixels above the figure
const ROW = 64;
const BUTTONS = 292;
const NEVER = 1e9; // milliseconds: a step stays until the next click

/** Add sliders for epoch, batch and token, and buttons that play the tokens, pause, and go one back or on. */
export function withTrainingControls(figure: Figure, moves: Moves): Figure {
  const margin = figure.layout.margin as { t: number };
  const height = figure.layout.height + CONTROLS;
  const above = margin.t - titleHeight("") + 12; // pixels from the top of the axes to the controls
  const { epochs, batches, steps } = moves;
  const sliders = [
    slider("epoch", epochs, { x: 0, len: 0.66, above: above + ROW }, (index) => {
      return { method: "relayout", args: [moves.epoch(index)] };
    }),
    slider("batch", batches, { x: 0.72, len: 0.28, above: above + ROW }, (index) => {
      return { method: "restyle", args: [{ visible: moves.batch(index) }] };
    }),
    slider("token", steps, { x: 0, len: 1, above, left: BUTTONS }, (index) => {
      const now = { mode: "immediate", frame: { duration: 0, redraw: false }, transition: { duration: 0 } };
      return { method: "animate", args: [[String(index)], now] };
    }),
  ];
  const frames = steps.map((_, index) => frame(String(index), moves.step(index)));
  const layout = {
    ...figure.layout,
    ...{ height, margin: { ...margin, t: margin.t + CONTROLS }, sliders },
    title: { ...figure.layout.title, y: 1 - 12 / height },
    updatemenus: [buttons(steps.length, above + 16)],
  };
  return { ...figure, layout, frames: [...frames, frame(STILL, {})] };
}

/** A frame that changes nothing; see `onwards`. */
const STILL = "still";

/** A frame that changes no trace, but the layout: ranges and shapes, which need no redrawing of everything. */
function frame(name: string, layout: Changes): Frame {
  const changes: Frame & { layout: Changes } = { name, data: [], traces: [], layout };
  return changes;
}

function slider(
  name: string,
  labels: readonly string[],
  place: { x: number; len: number; above: number; left?: number },
  step: (index: number) => object,
): object {
  return {
    steps: labels.map((label, index) => ({ label: escapeText(label, 24), ...step(index) })),
    x: place.x,
    len: place.len,
    y: 1,
    yanchor: "bottom",
    pad: { t: 0, b: place.above, l: place.left ?? 0 },
    currentvalue: { prefix: `${name} `, xanchor: "left", offset: 6, font: { color: INK, size: 13 } },
    font: { size: 11 },
    transition: { duration: 0 },
    bgcolor: FAINT,
    activebgcolor: INK,
    bordercolor: FAINT,
    tickcolor: INK,
    ticklen: 4,
    minorticklen: 2,
  };
}

function buttons(count: number, above: number): object {
  const names = Array.from({ length: count }, (_, index) => String(index));
  const run = { mode: "immediate", fromcurrent: true, frame: { duration: 1000, redraw: false } };
  const stop = { mode: "immediate", frame: { duration: 0, redraw: false } };
  const button = (label: string, list: readonly (string | null)[], options: object): object => ({
    label,
    method: "animate",
    args: [list, { ...options, transition: { duration: 0 } }],
  });
  return {
    type: "buttons",
    direction: "left",
    showactive: false,
    x: 0,
    xanchor: "left",
    y: 1,
    yanchor: "bottom",
    pad: { t: 0, b: above },
    font: { color: INK },
    bgcolor: "rgba(0,0,0,0)",
    bordercolor: FAINT,
    buttons: [
      button("◀ step", ...stepping([...names.slice(1).reverse(), "0"])),
      button("▶ play", names, run),
      button("❚❚ pause", [null], stop),
      button("step ▶", ...stepping([...names.slice(1), "0"])),
    ],
  };
}

/**
 * One step along a circle of frames that ends at the first one seen, as arguments of Plotly's animate.
 *
 * Plotly knows how to go on after the current frame, not how to stop there: so the next frame is told to stay. It also
 * begins anew where the current frame stands first or last in the list, or there is none yet. With a frame that changes
 * nothing, and is gone at once, before each of the others, going on and beginning anew both come to the right one.
 */
function stepping(circle: readonly string[]): [list: readonly string[], options: object] {
  const list = circle.flatMap((name) => [STILL, name]);
  const frames = list.map((_, index) => ({ duration: index === 0 ? 0 : NEVER, redraw: false }));
  return [list, { mode: "immediate", fromcurrent: true, frame: frames }];
}
