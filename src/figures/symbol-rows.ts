import { type NamedArray, select } from "../tensors/named-array.js";
import { ALARM, BLUE, baseAxis, escapeText, INK, type Trace } from "./figure.js";
import type { Axis, Tile } from "./mosaic.js";
import { alongSteps, axesOf, type Moving, ofBatch, stepBand, type Windows } from "./windows.js";

/** What was shown, what the model answered and what is right, each [epoch, batch, step, symbol]. */
export interface Sequences {
  readonly shown: NamedArray;
  readonly answered: NamedArray;
  readonly right: NamedArray;
}

const ROWS = ["shown", "answered", "right"];

/** The symbols at every step in three rows; wrong answers stand out. Above them: which batch, and how much is right. */
export function symbolRows(
  sequences: Sequences,
  look: { width: number; height: number; x: Axis; windows: Windows; headings: readonly (readonly string[])[] },
): Moving {
  const { windows, headings, ...size } = look;
  const [epochs, batches] = sequences.shown.shape as [number, number];
  const draw: Tile["draw"] = (panel) =>
    Array.from({ length: batches }, (_, batch): Trace => {
      const cells = Array.from({ length: epochs }, (_, epoch) => cellsOf(sequences, epoch, batch, headings)).flatMap(
        (of, epoch) => of.map((cell) => ({ ...cell, x: cell.x + epoch * windows.stride })),
      );
      const trace: Trace = {
        type: "scatter",
        mode: "text",
        ...axesOf(panel),
        x: cells.map(({ x }) => x),
        y: cells.map(({ y }) => y),
        text: cells.map(({ text }) => text),
        textposition: cells.map(({ y }) => (y === 0 ? "middle right" : "middle center")),
        textfont: { color: cells.map(({ colour }) => colour), size: cells.map(({ y }) => (y === 0 ? 13 : 15)) },
        hoverinfo: "skip",
      };
      return ofBatch(trace, batch);
    });
  const ticks = { tickmode: "array", tickvals: [1, 2, 3], ticktext: ROWS };
  const y = { ...baseAxis(""), ...ticks, ticks: "", fixedrange: true, range: [3.6, -0.6] };
  const tile = { ...size, title: "", y, values: sequences.answered.data, shapes: [stepBand(windows.length)], draw };
  return { tile, ...alongSteps(windows) };
}

interface Cell {
  readonly x: number;
  readonly y: number;
  readonly text: string;
  readonly colour: string;
}

/** The texts of one sequence; row 0 is the heading. */
function cellsOf(
  { shown, answered, right }: Sequences,
  epoch: number,
  batch: number,
  headings: readonly (readonly string[])[],
): Cell[] {
  const [given, said, due] = [shown, answered, right].map((array) => symbolsAt(array, epoch, batch)) as [Row, Row, Row];
  const asked = [...due.keys()].filter((step) => due[step] !== undefined);
  const correct = asked.filter((step) => said[step] === due[step]);
  const heading = `\u00a0${headings[epoch]?.[batch]}: ${correct.length} of ${asked.length} answers are right`;
  return [
    { x: -0.5, y: 0, text: heading, colour: INK },
    ...given.flatMap((text, x) => (text === undefined ? [] : [{ x, y: 1, text: escapeText(text, 8), colour: INK }])),
    ...asked.flatMap((x) => [
      { x, y: 2, text: escapeText(said[x] ?? "", 8), colour: said[x] === due[x] ? BLUE : ALARM },
      { x, y: 3, text: escapeText(due[x] ?? "", 8), colour: INK },
    ]),
  ];
}

type Row = readonly (string | undefined)[];

/** The symbol of the largest value at each step; none where all values are equal, or not numbers. */
function symbolsAt(array: NamedArray, epoch: number, batch: number): Row {
  const [first, second, , symbol] = array.axes as [string, string, string, string];
  const { data, shape } = select(array, { [first]: epoch, [second]: batch });
  const [steps, symbols] = shape as [number, number];
  return Array.from({ length: steps }, (_, step) => {
    const values = data.subarray(step * symbols, (step + 1) * symbols);
    const most = Math.max(...values);
    const at = Math.min(...values) < most ? values.indexOf(most) : -1;
    return at < 0 ? undefined : (array.labels?.[symbol]?.[at] ?? String(at));
  });
}
