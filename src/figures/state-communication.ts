import { type ArrayInput, toNamedArray } from "../tensors/array-input.js";
import { type NamedArray, select } from "../tensors/named-array.js";
import { checkAxes, positionTitle } from "./axes.js";
import { baseLayout, CONFIG, type Figure, INK, titleHeight } from "./figure.js";
import { noteOnOddCells } from "./heatmap.js";
import { HEADING_GAP, PANEL_TITLE, panelHeading } from "./panels.js";
import { type Flow, flowOf, namesOfStates, sankey } from "./state-flow.js";
import { brief } from "./tiles.js";

/** Pixels for one state, and under a row of panels. */
const STATE = { alone: 44, several: 33 };
const UNDER = 34;

/**
 * Which state listens to which: what is heard flows from the states on the left to those that listen on the right.
 *
 * A ribbon is as wide as the attention that the state on the right pays to the one on the left, and has the colour of
 * what is heard. So the bar on the left, and the number beside it, is what a state receives in all; bars on the right are
 * equal, since each state has one whole attention to give. Hovering shows the weights. Readable up to about twelve states.
 *
 * In the Python original: `plot_state_communication`.
 *
 * @param weights of two axes, [state that listens, state that is heard], or of three with the head first, each of which
 * gets its own panel; 0 or more, and each row sums to one. NaN and ±∞ have no ribbon and are counted.
 * @throws if there are more or fewer axes, a state listens to another number of states than there are, no weight is given,
 * or one is negative.
 * @example show(stateCommunication(select(weights, { batch: 0 }), { title: "State to state" }))
 */
export function stateCommunication(weights: ArrayInput, options: { title: string }): Figure {
  const heads = headsOf(weights);
  const states = heads[0]?.array.shape[0] as number;
  const columns = Math.min(2, heads.length);
  const rows = Math.ceil(heads.length / columns);
  const titled = heads.length > 1 ? PANEL_TITLE : 0;
  const height = states * (heads.length > 1 ? STATE.several : STATE.alone);
  const between = UNDER + titled + PANEL_TITLE;
  const inside = rows * height + (rows - 1) * between;
  const note = noteOnOddCells(heads.map(({ array }) => array));
  const top = titleHeight(note) + titled + PANEL_TITLE;
  const room = roomFor(heads[0]?.array as NamedArray, columns);
  const annotations: object[] = [];
  const data = heads.flatMap(({ title, array }, index) => {
    const row = Math.floor(index / columns);
    const from = (index % columns) / columns;
    const high = 1 - (row * (height + between)) / inside;
    const domain = {
      x: [from + room.left / columns, from + (1 - room.right) / columns],
      y: [Math.max(0, high - height / inside), high],
    };
    const flow = flowOf(array, height);
    if (title) annotations.push({ ...panelHeading(title, from, high), yshift: PANEL_TITLE + HEADING_GAP });
    annotations.push(...namesOf(array, flow, domain, inside, height));
    if (flow.heard.some((sum) => sum > 0)) return [sankey(array, flow, domain)];
    annotations.push(silence(domain));
    return [];
  });
  const none = { visible: false }; // else Plotly draws axes where no panel has a ribbon
  const pixels = { top, inside, foot: UNDER };
  const layout = { ...baseLayout(options.title, note, pixels), xaxis: none, yaxis: none, annotations };
  return { data, layout, config: { ...CONFIG } };
}

function headsOf(weights: ArrayInput): { title: string; array: NamedArray }[] {
  const single = toNamedArray(weights, "attention", ["state", "heard"]);
  const headed = single.axes.length === 3;
  const array = headed ? toNamedArray(weights, "attention", ["head", "state", "heard"]) : single;
  const [axis] = array.axes as [string];
  if (!headed) checkAxes(array, 2, "stateCommunication");
  const [listening, heard] = array.shape.slice(-2) as [number, number];
  if (listening !== heard) {
    throw new Error(
      `stateCommunication draws as many states that listen as are heard: "${array.name}" has ${listening} and ${heard}. ` +
        "For tokens and states, draw routingHeatmap(weights).",
    );
  }
  if (array.data.length === 0) throw new Error(`"${array.name}" of shape [${array.shape}] holds no weight to draw.`);
  const negative = array.data.find((weight) => weight < 0);
  if (negative !== undefined) {
    throw new Error(`stateCommunication draws weights of 0 or more: "${array.name}" holds ${negative}.`);
  }
  if (!headed) return [{ title: "", array }];
  return Array.from({ length: array.shape[0] as number }, (_, index) => ({
    title: array.shape[0] === 1 ? "" : positionTitle(array, axis, index),
    array: select(array, { [axis]: index }),
  }));
}

/** In the place of a panel whose weights are all 0: it has no ribbon that Plotly could draw. */
function silence(domain: { x: number[]; y: number[] }): object {
  const middle = ([from, to]: number[]): number => ((from as number) + (to as number)) / 2;
  const place = { xref: "paper", x: middle(domain.x), yref: "paper", y: middle(domain.y) };
  return { ...place, text: "no weight above 0", showarrow: false, font: { size: 13 } };
}

/** What the names take on each side, and the numbers on the left, as parts of a column of an 820 pixels wide figure. */
function roomFor(array: NamedArray, columns: number): { left: number; right: number } {
  const longest = Math.max(...namesOfStates(array).map((name) => name.length));
  const part = (characters: number): number => Math.min(0.35, (characters * 7 * columns) / 820);
  return { left: part(longest + 8), right: part(longest + 3) };
}

/** The names beside the bars, and over each side what it is. */
function namesOf(
  array: NamedArray,
  flow: Flow,
  domain: { x: number[]; y: number[] },
  inside: number,
  height: number,
): object[] {
  const [left, right] = domain.x as [number, number];
  const high = domain.y[1] as number;
  const base = { xref: "paper", yref: "paper", showarrow: false };
  const beside = (text: string, at: number, onLeft: boolean): object => ({
    ...base,
    text,
    ...(onLeft ? { x: left, xanchor: "right", xshift: -10 } : { x: right, xanchor: "left", xshift: 10 }),
    y: high - (at * height) / inside,
    yanchor: "middle",
    font: { size: 12 },
  });
  const names = namesOfStates(array);
  const over = { ...base, y: high, yanchor: "bottom", yshift: 6, font: { size: 12, color: INK } };
  return [
    { ...over, text: "is heard, in all", x: left, xanchor: "left" },
    { ...over, text: "listens", x: right, xanchor: "right" },
    ...names.map((name, state) =>
      beside(`${name}  <b>${brief(flow.heard[state] as number)}</b>`, flow.heardAt[state] as number, true),
    ),
    ...names.map((name, state) => beside(name, flow.listeningAt[state] as number, false)),
  ];
}
