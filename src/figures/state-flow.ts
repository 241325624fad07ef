import type { NamedArray } from "../tensors/named-array.js";
import { BLUE, escapeText, ORANGE, type Trace } from "./figure.js";

/** Colours of the states that are heard, in turn; seen on white and on #111. */
const STATES = [BLUE, ORANGE, "#009e73", "#cc6fa5", "#8f7fe8", "#b35900"];
const NODE = { pad: 14, thickness: 12 };

/** What each state is heard and listens in all, and where the middles of their bars stand, from 0 at the top to 1. */
export interface Flow {
  readonly heard: readonly number[];
  readonly listening: readonly number[];
  readonly heardAt: readonly number[];
  readonly listeningAt: readonly number[];
}

/** @param height of the panel in pixels: what stands between the bars is a part of it. */
export function flowOf({ data, shape }: NamedArray, height: number): Flow {
  const count = shape[0] as number;
  const heard = new Array<number>(count).fill(0);
  const listening = new Array<number>(count).fill(0);
  data.forEach((weight, cell) => {
    if (!Number.isFinite(weight)) return;
    listening[Math.floor(cell / count)] = (listening[Math.floor(cell / count)] as number) + weight;
    heard[cell % count] = (heard[cell % count] as number) + weight;
  });
  const total = heard.reduce((sum, value) => sum + value, 0) || 1;
  const pad = NODE.pad / height;
  const scale = (1 - pad * (count - 1)) / total;
  const middles = (values: readonly number[]): number[] => {
    let end = -pad;
    return values.map((value) => {
      const start = end + pad;
      end = start + value * scale;
      return (start + end) / 2;
    });
  };
  return { heard, listening, heardAt: middles(heard), listeningAt: middles(listening) };
}

/** One panel: a bar for each state on both sides, and a ribbon for each weight above 0 that is finite; there must be one. */
export function sankey(array: NamedArray, flow: Flow, domain: object): Trace {
  const count = array.shape[0] as number;
  const names = namesOfStates(array);
  const colour = (state: number): string => STATES[state % STATES.length] as string;
  const ribbons = ribbonsOf(array, flow);
  const colours = Array.from({ length: count }, (_, state) => colour(state));
  const within = (at: number): number => Math.min(0.999, Math.max(0.001, at)); // Plotly reads 0 as "not given"
  return {
    type: "sankey",
    domain,
    arrangement: "fixed",
    textfont: { color: "rgba(0,0,0,0)", shadow: "none" }, // the names stand outside, where they can be read
    node: {
      pad: NODE.pad,
      thickness: NODE.thickness,
      line: { width: 0 },
      label: [...names, ...names],
      color: [...colours, ...colours],
      x: [...names.map(() => 0.001), ...names.map(() => 0.999)],
      y: [...flow.heardAt, ...flow.listeningAt].map(within),
      customdata: [...names.map(() => "is heard"), ...names.map(() => "listens")],
      hovertemplate: "%{label} %{customdata}: %{value:.3~f} in all<extra></extra>",
    },
    link: {
      source: ribbons.map(({ heard }) => heard),
      target: ribbons.map(({ listening }) => count + listening),
      value: ribbons.map(({ width }) => width),
      color: ribbons.map(({ heard, seen }) => `${colour(heard)}${seen ? "80" : "00"}`),
      hovertemplate: "%{target.label} listens to %{source.label}: %{value:.4~f}<extra></extra>",
    },
  };
}

interface Ribbon {
  readonly heard: number;
  readonly listening: number;
  readonly width: number;
  readonly seen: boolean;
}

/** A ribbon for each weight; one that is not seen for a state without any, which Plotly would drop, and mix up the others. */
function ribbonsOf({ data, shape }: NamedArray, flow: Flow): Ribbon[] {
  const count = shape[0] as number;
  const thin = flow.heard.reduce((sum, value) => sum + value, 0) * 1e-6;
  const ribbons: Ribbon[] = [];
  data.forEach((weight, cell) => {
    const [listening, heard] = [Math.floor(cell / count), cell % count];
    const alone = listening === heard && (flow.heard[heard] === 0 || flow.listening[listening] === 0);
    if (Number.isFinite(weight) && weight > 0) ribbons.push({ heard, listening, width: weight, seen: true });
    else if (alone) ribbons.push({ heard, listening, width: thin, seen: false });
  });
  return ribbons;
}

/** The labels of either axis, or numbers, safe and short enough to stand beside a bar. */
export function namesOfStates(array: NamedArray): string[] {
  const [axis, heard] = array.axes as [string, string];
  const labels = array.labels?.[axis] ?? array.labels?.[heard];
  return Array.from({ length: array.shape[0] as number }, (_, state) =>
    escapeText(labels?.[state] ?? `${axis} ${state}`, 14),
  );
}
